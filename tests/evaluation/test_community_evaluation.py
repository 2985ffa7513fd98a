"""What other people's choices add: measured on made-up readers whose tastes are known, and on the given ones."""

from pathlib import Path

import numpy as np
import pytest

from newsletter.errors import EvaluationError
from newsletter.evaluation import community
from newsletter.evaluation.bootstrap import interval
from newsletter.evaluation.community import OURS, WORDS, CommunityReport, evaluate_community
from newsletter.evaluation.libraries import read_libraries
from newsletter.evaluation.readership import Readership, cut, some
from newsletter.evaluation.tasting import Taster


def made(folder: Path, *, agree: bool, people: int = 400, entries: int = 600, groups: int = 4) -> Path:
    """People of some groups, each choosing twelve entries of their group.

    Where they agree it is mostly the same third of the group's, which no word tells from the rest.
    """
    dice = np.random.default_rng(3)
    group = dice.integers(0, groups, entries)
    good = dice.random(entries) < 1 / 3
    words = []
    for own in group:
        text = np.unique(np.concatenate([own * 30 + dice.integers(0, 30, 8), groups * 30 + dice.integers(0, 60, 8)]))
        words.append(f"{len(text)} " + " ".join(f"{word}:1" for word in text))
    libraries = []
    for person in range(people):
        weight = np.where(group == person % groups, np.where(good & agree, 20.0, 1.0), 0)
        chosen = dice.choice(entries, 12, replace=False, p=weight / weight.sum())
        libraries.append(f"{len(chosen)} " + " ".join(map(str, chosen)))
    (folder / "mult.dat").write_text("\n".join(words) + "\n")
    (folder / "users.dat").write_text("\n".join(libraries) + "\n")
    return folder


def gain(report: CommunityReport, votes: int | None) -> tuple[float, float]:
    """Ours above words alone: the interval."""
    mine, words = (
        next(r for r in report.reached if r.method == method and r.votes == votes) for method in (OURS, WORDS)
    )
    found = interval(mine.ndcg, words.ndcg)
    assert found
    return found.low, found.high


def test_early_votes_help_where_readers_agree_on_what_words_do_not_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(community, "VOTES", (5,))
    report = evaluate_community(made(tmp_path, agree=True), early=0.5)
    assert gain(report, 5)[0] > 0.05
    assert report.early_votes > 0
    assert "voted before" in report.told()


def test_no_gain_is_told_where_readers_of_one_taste_agree_on_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(community, "VOTES", (None,))
    low, _ = gain(evaluate_community(made(tmp_path, agree=False), early=0.5), None)
    assert low <= 0


def test_the_report_has_every_way_at_every_number_of_votes(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    report = evaluate_community(
        made(tmp_path, agree=True, people=60, entries=200), lambda done, todo: told.append((done, todo))
    )
    assert told[-1] == (len(community.VOTES), len(community.VOTES))
    head, lines = report.table()
    assert all(len(line) == len(head) for line in lines)
    assert {line[0] for line in lines} == {"0", "1", "3", "5", "10", "20", "all"}
    head, lines = report.differences()
    assert all(len(line) == len(head) for line in lines)
    assert WORDS not in {line[1] for line in lines}
    values = report.as_json()
    assert len(values["methods"]) == len(report.reached)
    assert all(0 <= method["ndcg"] <= 1 for method in values["methods"])


@pytest.mark.parametrize("tuning", [False, True])
def test_reported_readers_are_nobodys_neighbours_and_never_tuned_on(tmp_path: Path, tuning: bool) -> None:
    libraries = read_libraries(made(tmp_path, agree=True, people=60))
    ours, other = cut(libraries, tuning=tuning), cut(libraries, tuning=not tuning)

    def rows(one: Readership) -> set[bytes]:
        return {row.tobytes() for row in np.concatenate([one.before.toarray(), one.since.toarray()], axis=1)}

    assert not rows(ours) & rows(other)
    assert ours.before.shape[0] + ours.others.shape[0] == 60
    assert sorted([*ours.old, *ours.new]) == list(range(600))


def test_some_choices_are_the_readers_own_and_so_many(tmp_path: Path) -> None:
    before = cut(read_libraries(made(tmp_path, agree=True, people=60))).before
    known = some(before, 3)
    assert (known.toarray() <= before.toarray()).all()
    assert known.sum(axis=1).max() == 3
    assert (some(before, 5).toarray() >= known.toarray()).all(), "more votes are the same ones and some more"
    assert some(before, None) is before


def test_voters_vote_on_what_they_were_sent_and_like(tmp_path: Path) -> None:
    libraries = read_libraries(made(tmp_path, agree=True))
    taster = Taster(libraries, cut(libraries, early=0.5))
    votes, everything = taster.votes.toarray(), taster.all_votes.toarray()
    assert (votes <= everything).all()
    assert 0 < votes.sum() < everything.sum()


def test_too_few_people_are_told(tmp_path: Path) -> None:
    (tmp_path / "users.dat").write_text("1 0\n")
    (tmp_path / "mult.dat").write_text("1 0:1\n1 1:1\n")
    with pytest.raises(EvaluationError, match="too little"):
        evaluate_community(tmp_path)


@pytest.mark.slow
def test_on_real_libraries_early_votes_help_newcomers_and_flatten_no_specialist(shared_data: Path) -> None:
    report = evaluate_community(shared_data / "ranking" / "citeulike-t")
    for votes in (1, 5, None):
        assert gain(report, votes)[0] > 0
    head, lines = report.differences()
    specialists = head.index("specialists")
    assert not any(line[specialists].startswith("-") for line in lines if line[1] == OURS)
