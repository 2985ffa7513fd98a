"""`model compare|change`: which model reads, how well and how fast, and the change to another one."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import AsJson, Project, counted, opened, say, say_json, table, warn

if TYPE_CHECKING:
    from newsletter.evaluation.comparing_models import Compared
    from newsletter.evaluation.judged import Statements

app = typer.Typer(help="The model that turns text into vectors: compare, change.", no_args_is_help=True)
#: Fewer tell nothing about neighbours.
_LEAST = 20


@app.command()
def compare(
    models: Annotated[
        list[str] | None,
        typer.Argument(help="Other models to try, by folder or name; first comes the one of the settings."),
    ] = None,
    texts: Annotated[
        int, typer.Option("--texts", min=_LEAST, help="Your newest entries that each of them reads.")
    ] = 300,
    judged: Annotated[
        Path | None,
        typer.Option("--judged", help="Also measure on this folder (docs.jsonl, queries.jsonl, qrels.tsv)."),
    ] = None,
    project: Project = ".",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """Measure the model in all its back ends, and others, side by side: speed, memory, agreement, quality."""
    from newsletter.cli.output import progress_bars
    from newsletter.entries import store as entries
    from newsletter.errors import ModelError
    from newsletter.evaluation.comparing_models import compare as run
    from newsletter.models import choice_of
    from newsletter.ranking.model_choice import Backend, ModelChoice

    data = _statements(judged) if judged else None
    with opened(project) as newsletter:
        settings, home = newsletter.settings.model, newsletter.project
        newest = entries.newest_id(newsletter.database)
        found = entries.by_ids(newsletter.database, range(max(newest - texts, 0) + 1, newest + 1))
    read = [entry.text for entry in found.values()]
    if len(read) < _LEAST and data:
        read = [entry.text for entry in data.entries[:texts]]
    if len(read) < _LEAST:
        raise ModelError(f"There are {counted(len(read), 'entry', 'entries')} to read. Run `newsletter pull` first.")
    own = choice_of(settings).model
    choices = [ModelChoice(own, backend) for backend in Backend if backend is not Backend.AUTO]
    choices += [ModelChoice(name) for name in models or ()]
    with progress_bars() as told:
        rows = run(choices, read, home, settings.batch, told, data)
    if as_json:
        say_json([asdict(row) for row in rows])
        return
    say(f"Each read {counted(len(read), 'text')}. Agreement: of ten nearest neighbours, as the first line finds them.")
    say()
    table(
        ["model.name", "model.backend", "computed in", "texts/s a core", "agreement", "nDCG@10", "MB"],
        [_row(row) for row in rows if not row.trouble],
    )
    for row in rows:
        if row.trouble:
            warn(f"{row.choice}: {row.trouble}")


def _statements(folder: Path) -> "Statements":
    from newsletter.errors import EvaluationError
    from newsletter.evaluation.judged import Statements
    from newsletter.evaluation.layouts import read

    found = read(folder)
    if not isinstance(found, Statements):
        raise EvaluationError(f"{folder} holds people, not statements. Name a folder with docs, queries and qrels.")
    return found


def _row(row: "Compared") -> list[str]:
    return [
        row.choice.model,
        row.choice.backend,
        row.precision,
        f"{row.speed:,.1f}",
        "–" if row.agreement is None else f"{row.agreement:.1%}",
        "–" if row.ndcg is None else f"{row.ndcg:.3f}",
        f"{row.memory / 1_000_000:,.0f}",
    ]


@app.command()
def change(project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """Let the model that the settings name read everything now, instead of in the background, and go by it."""
    with opened(project) as newsletter:
        before = newsletter.models.standing()
        after = newsletter.models.change() or before
    if as_json:
        say_json(asdict(after))
    elif before.coming:
        say(f"Everything goes by {after.serving} now; before it was {before.serving}.")
    else:
        say(f"Everything goes by {after.serving}, as the settings say.")
