"""Judged data as issues: how a stream is cut, what is known of whom, and people made of several."""

import json
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from judgements import paper, write_profiles, write_statements, write_stream
from newsroom import write_entries

from newsletter.errors import EvaluationError
from newsletter.evaluation.layouts import read
from newsletter.evaluation.replay import BACKGROUND, Replay, mixed, replay_of


def offered(replay: Replay, issue: int) -> list[str]:
    return [replay.entries[row].title for row in replay.candidates[replay.issues[issue]]]


def test_a_dated_stream_ends_in_four_weekly_issues(tmp_path: Path) -> None:
    replay = replay_of(read(write_stream(tmp_path)))
    days = [[replay.entries[row].published for row in replay.candidates[issue]] for issue in replay.issues]
    assert [(own[0], own[-1]) for own in days] == [
        (date(2024, 3, 4), date(2024, 3, 10)),
        (date(2024, 3, 11), date(2024, 3, 17)),
        (date(2024, 3, 18), date(2024, 3, 24)),
        (date(2024, 3, 25), date(2024, 3, 31)),
    ]
    assert [person.name for person in replay.people] == ["robin", "tom"]
    assert "1 who chose nothing of that time are left out" in replay.story


def test_arxiv_ids_end_in_a_month_of_four_issues(tmp_path: Path) -> None:
    replay = replay_of(read(write_stream(tmp_path, dated=False)))
    assert "March 2024" in replay.story
    assert [offered(replay, n)[0] for n in range(4)] == [paper(n)["title"] for n in (120, 135, 150, 165)]


def test_only_what_was_chosen_before_is_known_and_newest_first(tmp_path: Path) -> None:
    replay = replay_of(read(write_stream(tmp_path)))
    robin = replay.people[0]
    liked = [replay.entries[row].title for row in robin.liked]
    assert liked == [paper(n)["title"] for n in range(90, -1, -6)]
    assert robin.liked_age.tolist() == sorted(robin.liked_age)
    assert robin.liked_age[0] == 2  # the issues begin with the 96th paper, three a day
    assert {replay.entries[row].title for row in replay.candidates[replay.grades[0] > 0]} == {
        paper(n)["title"] for n in range(96, 180, 6)
    }
    assert not set(replay.background.tolist()) & set(replay.candidates.tolist())


def test_of_n_votes_the_newest_are_known(tmp_path: Path) -> None:
    replay = replay_of(read(write_stream(tmp_path)))
    assert replay.votes() == (0, 1, 3, 5, 10, 20, None)
    tom = replay.people[1]
    assert tom.newest(3).liked.tolist() == tom.liked[:3].tolist()
    assert tom.newest(0).liked.tolist() == []
    assert tom.newest(0).statements == tom.statements


def test_dislikes_are_known_as_far_back_as_likes(tmp_path: Path) -> None:
    write_entries(tmp_path, [paper(n, date=str(date(2024, 1, n + 1))) for n in range(31)], "pool.jsonl")
    people = [{"user": "ada", "likes": ["0", "2", "30"], "dislikes": ["1", "29"]}]
    (tmp_path / "users.json").write_text(json.dumps(people), "utf-8")
    ada = replay_of(read(tmp_path)).people[0]
    assert (len(ada.liked), len(ada.disliked)) == (2, 1)
    assert [len(ada.newest(n).disliked) for n in (0, 1, 2)] == [0, 0, 1]


def test_a_vote_that_came_later_is_not_known(tmp_path: Path) -> None:
    write_entries(tmp_path, [paper(n, date=str(date(2024, 1, n + 1))) for n in range(31)], "pool.jsonl")
    people = [{"user": "ada", "likes": [{"id": "0", "date": "2024-01-30"}, "1", "30"]}]
    (tmp_path / "users.json").write_text(json.dumps(people), "utf-8")
    replay = replay_of(read(tmp_path))
    assert [replay.entries[row].title for row in replay.people[0].liked] == [paper(1)["title"]]


def test_statements_are_one_issue(tmp_path: Path) -> None:
    replay = replay_of(read(write_statements(tmp_path)))
    assert (len(replay.issues), len(replay.people), replay.votes()) == (1, 2, (0,))
    assert replay.grades[0, :4].tolist() == [1, 0, 0, 4]
    assert "1 who have no relevant one are left out" in replay.story


def test_profiles_are_one_issue_of_graded_pairs(tmp_path: Path) -> None:
    replay = replay_of(read(write_profiles(tmp_path)))
    assert replay.in_pairs
    assert replay.votes() == (1, 3, None)
    assert len(replay.candidates) == 6
    assert not np.isnan(replay.grades).any()
    assert not set(replay.background.tolist()) & set(replay.candidates.tolist())


def test_nobody_left_is_told(tmp_path: Path) -> None:
    write_stream(tmp_path)
    (tmp_path / "users.json").write_text('[{"user": "ada", "likes": ["0"]}]', "utf-8")
    with pytest.raises(EvaluationError, match="Nobody chose anything"):
        replay_of(read(tmp_path))


def test_several_people_made_one_keep_their_interests_apart(tmp_path: Path) -> None:
    single = replay_of(read(write_stream(tmp_path)))
    replay = mixed(single, 2)
    (both,) = replay.people
    assert sorted(both.statements) == sorted(line for person in single.people for line in person.statements)
    assert len(both.liked) == sum(len(person.liked) for person in single.people)
    assert both.liked_age.tolist() == sorted(both.liked_age)
    assert (replay.grades[0] > 0).tolist() == (single.grades > 0).any(axis=0).tolist()
    robots = replay.interest[0][single.grades[0] > 0]
    others = replay.interest[0][single.grades[1] > 0]
    assert len(set(robots.tolist())) == 1
    assert not set(robots.tolist()) & set(others.tolist())
    assert (replay.interest[0][replay.grades[0] == 0] == -1).all()
    with pytest.raises(EvaluationError, match="too few to make one of 3"):
        mixed(single, 3)


def test_the_given_curators(shared_data: Path) -> None:
    replay = replay_of(read(shared_data / "ranking" / "arxiv-curators"))
    assert len(replay.candidates) == 5_637
    assert {len(range(len(replay.candidates))[issue]) for issue in replay.issues} == {1_409, 1_410}
    assert len(replay.background) == BACKGROUND
    assert len(replay.people) == 19
    assert not any(math.isnan(age) for person in replay.people for age in person.liked_age)
