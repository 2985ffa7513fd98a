"""`evaluate`: rankings side by side on judged data, or on the newsletter's own votes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import AsJson, Project, opened, progress_bars, say, say_json, table, wrapped

if TYPE_CHECKING:
    from newsletter.evaluation.community import CommunityReport
    from newsletter.evaluation.measuring import Measured
    from newsletter.evaluation.replay import Replay
    from newsletter.evaluation.sentences import SentencesReport
    from newsletter.ranking.embedding import Embedder


def evaluate(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Judged data; without it this newsletter's own votes.", show_default=False),
    ] = None,
    mix: Annotated[
        int, typer.Option("--mix", min=1, max=20, help="Make one person of so many, to see if small interests survive.")
    ] = 1,
    as_json: AsJson = False,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Rank judged data as this newsletter would, and as others do, and say which finds more of what people chose.

    A folder holds people over a stream (pool.jsonl, users.json), statements with graded documents (docs.jsonl,
    queries.jsonl, qrels.tsv), profiles with graded papers (docs.jsonl, profiles.json, grades.tsv), labelled sentences
    (labelled-sentences.csv) or libraries (users.dat, mult.dat); the README tells what is in them.
    """
    if folder is None:
        _tell(*_own_votes(project, mix), as_json)
        return
    from newsletter.evaluation.labelled import holds_labelled
    from newsletter.evaluation.libraries import holds_libraries

    if holds_libraries(folder):
        from newsletter.evaluation.community import evaluate_community

        with progress_bars() as told:
            _tell_other(evaluate_community(folder, told("Ranking")), as_json)
        return
    with progress_bars() as told, _model(project) as embedder:
        if holds_labelled(folder):
            from newsletter.evaluation.evaluating import reader_of
            from newsletter.evaluation.sentences import evaluate_sentences

            with reader_of(embedder, told) as read:
                report = evaluate_sentences(folder, read)
            _tell_other(report, as_json)
            return
        from newsletter.evaluation.evaluating import evaluate_folder

        replay, found = evaluate_folder(folder, embedder, told, mix=mix)
    _tell(replay, found, as_json)


def _own_votes(project: Path, mix: int) -> "tuple[Replay, list[Measured]]":
    from newsletter.evaluation.evaluating import evaluate_votes

    with progress_bars() as told, opened(project) as newsletter:
        return evaluate_votes(newsletter.database, newsletter.models.embedder, told, mix=mix)


@contextmanager
def _model(project: Path) -> "Iterator[Embedder]":
    """The model of the newsletter in that folder, if there is one, else the bundled one."""
    from newsletter.models import choice_of
    from newsletter.ranking.model import ModelProcess
    from newsletter.sections import ModelSettings
    from newsletter.settings import FILE, load

    settings = load(project).model if (project / FILE).exists() else ModelSettings()
    with ModelProcess(choice_of(settings), batch=settings.batch, home=project) as model:
        yield model


def _tell(replay: "Replay", found: "list[Measured]", as_json: bool) -> None:
    from newsletter.evaluation.report import as_dict, tables

    if as_json:
        say_json(as_dict(replay, found))
        return
    say("\n".join(wrapped(replay.story)))
    for title, head, rows in tables(replay, found):
        say()
        say(title)
        table(head, rows)


def _tell_other(report: "CommunityReport | SentencesReport", as_json: bool) -> None:
    """A report of another kind: it tells itself."""
    if as_json:
        say_json(report.as_json())
        return
    say("\n".join(wrapped(report.told())))
    for head, rows in (report.table(), report.differences()):
        say()
        table(head, rows)
