"""`newsletter evaluate`: on folders of judged data, and on a newsletter's own votes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import pytest
from commandline import ADA, BOB, Run, Words, fails
from judgements import write_profiles, write_statements, write_stream
from mainline import Open
from newsroom import Clock, entry, make_project, write_entries

from newsletter import Newsletter
from newsletter.evaluation.evaluating import evaluate_votes
from newsletter.evaluation.own_votes import replay_of_votes
from newsletter.evaluation.product import NAME
from newsletter.ranking.arrays import Vectors
from subscribers.people import everybody


class Model(Words):
    """Stands where the model's process would be started by the command itself."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a test is kept in the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("newsletter.ranking.model.ModelProcess", Model)


def test_methods_stand_side_by_side(run: Run, tmp_path: Path) -> None:
    ran = run("evaluate", write_stream(tmp_path / "judged"))
    assert ran.status == 0, ran.err
    assert ran.out.startswith("2 people judge 2024-03-04 to 2024-03-31 in 4 weekly issues (84 entries);")
    lines = ran.out.splitlines()
    head = next(line for line in lines if line.split() == "0 1 3 5 10 20 all".split())
    ours = next(line for line in lines if line.startswith(NAME))
    assert len(ours.removeprefix(NAME).split()) == len(head.split())
    for told in ("How much better this newsletter is than each", "recall@50  hit@10  coverage  diversity  novelty"):
        assert told in ran.out
    zotero = [line for line in lines if line.startswith("log-decayed mean")]
    assert zotero[0].split()[3] == "–"  # nothing is known yet
    assert "[" in zotero[1]


def test_for_scripts_all_of_it_is_json(run: Run, tmp_path: Path) -> None:
    found = run("evaluate", write_stream(tmp_path / "judged"), "--json").json
    assert (found["people"], found["compared_by"]) == (["robin", "tom"], "nDCG@10")
    by = {(row["method"], row["votes"]): row for row in found["methods"]}
    ours = by[NAME, "all"]
    assert ours["ours_better_by"] is None
    assert ours["means"]["nDCG@10"] == pytest.approx(sum(ours["each"]["nDCG@10"]) / 2)
    other = by["centroid of likes", "all"]
    apart = other["ours_better_by"]
    assert apart["low"] <= apart["difference"] <= apart["high"]
    assert apart["difference"] == pytest.approx(ours["means"]["nDCG@10"] - other["means"]["nDCG@10"])


def test_people_may_be_mixed(run: Run, tmp_path: Path) -> None:
    ran = run("evaluate", write_stream(tmp_path / "judged"), "--mix", "2", "--json")
    assert len(ran.json["people"]) == 1
    assert "Every 2 of them were made into one person" in ran.json["story"]
    fails(run("evaluate", tmp_path / "judged", "--mix", "5"), "too few to make one of 5")


@pytest.mark.parametrize(("write", "said"), [(write_statements, "nDCG@10"), (write_profiles, "Loss of pairs")])
def test_statements_and_profiles_are_measured_too(run: Run, tmp_path: Path, write: Any, said: str) -> None:
    ran = run("evaluate", write(tmp_path / "judged"))
    assert ran.status == 0, ran.err
    assert said in ran.out


def test_what_was_read_once_is_kept(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    plainly = Model.embed

    def embed(self: Model, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        asked.extend(texts)
        return plainly(self, texts, progress)

    monkeypatch.setattr(Model, "embed", embed)
    first = run("evaluate", write_statements(tmp_path / "judged"))
    assert len(asked) == 30 + 2  # a statement that nothing answers is not read
    assert run("evaluate", tmp_path / "judged").out == first.out
    assert len(asked) == 32
    assert (tmp_path / "cache" / "newsletter").is_dir()


def test_a_mistake_in_the_data_is_told_in_one_sentence(run: Run, tmp_path: Path) -> None:
    fails(run("evaluate", tmp_path), "holds no judged data", "pool.jsonl", "qrels.tsv")
    write_statements(tmp_path / "judged")
    with (tmp_path / "judged" / "qrels.tsv").open("a") as file:
        file.write("\n0\t1\tgood\n")
    fails(run("evaluate", tmp_path / "judged"), "qrels.tsv, line 22", "is not a number")


def test_without_votes_there_is_nothing_to_measure(run: Run, ready: Path) -> None:
    fails(run("evaluate"), "No reader has liked anything of an issue yet")


def voted(newsletter: Newsletter, clock: Clock) -> None:
    """Two readers, three issues; Ada liked something of all of them, Bob of the second."""
    for address in (ADA, BOB):
        newsletter.subscribe(address, interests=["walking robots", "not: brain tumours"])
    for week, monday in enumerate(("2026-11-23", "2026-11-30", "2026-12-07")):
        clock.set(f"{monday} 12:00")
        write_entries(newsletter.project, [entry(week * 12 + n) for n in range(12)])
        newsletter.pull()
        newsletter.send(now=True)
        clock.forward(days=1)
        newsletter.readers.vote(newsletter.subscriber(ADA), week * 12 + 1, 1)
        newsletter.readers.vote(newsletter.subscriber(ADA), week * 12 + 2, -1)
        if week == 1:
            newsletter.readers.vote(newsletter.subscriber(BOB), 13, 1)


def test_of_each_reader_the_last_issue_that_they_liked_is_left_out(
    tmp_path: Path, open_newsletter: Open, clock: Clock
) -> None:
    make_project(tmp_path, entries=0)
    newsletter = open_newsletter()
    voted(newsletter, clock)
    replay = replay_of_votes(newsletter.database, list(everybody(newsletter.database)))
    ada, bob = replay.people
    title = [entry.title for entry in replay.entries]
    newest = newsletter.database.execute("SELECT id, title FROM entries WHERE id IN (1, 13, 25)").fetchall()
    first, second, third = (row[1] for row in sorted(newest))
    assert [title[row] for row in ada.liked] == [second, first]
    assert ada.liked_age[0] < ada.liked_age[1]
    assert len(ada.disliked) == 2
    assert (bob.liked.tolist(), ada.statements) == ([], ("walking robots",))
    sought = [[title[row] for row in replay.candidates[own > 0]] for own in replay.grades]
    assert sought == [[third], [second]]
    assert [len(replay.candidates[issue]) for issue in replay.issues] == [12, 12]
    _, found = evaluate_votes(newsletter.database, newsletter.models.embedder, lambda what: lambda done, todo: None)
    assert {one.votes for one in found if one.method == NAME} == {0, 1, None}
