"""The map of an issue."""

import re
from time import thread_time

import numpy as np
import pytest
from drawn import SVG, followed, grouped, parsed, texts, tips
from hypothesis import given
from hypothesis import strategies as st

from newsletter.pictures.coverage import Followed
from newsletter.pictures.map import FEW_LINES, Dot, draw_map

SUBJECTS = ("walking robots", "brain scans", "graph networks")
GROUPS = [n % 3 for n in range(12)]
DOTS = [Dot(f"Study {n} of {SUBJECTS[n % 3]}", readers=n, pinned=n == 4) for n in range(12)]
READERS = followed(["robots with legs", "tumours", "owls at night"], [0, 1, 9], [(1, 0), (2, 0), (2, 1), (3, 2)])


def test_it_names_topics_and_tells_who_follows_them_what_is_missing_and_what_nobody_wants() -> None:
    picture = draw_map(DOTS, grouped(GROUPS), READERS, 3, 0.5)

    said = texts(parsed(picture.svg))

    assert {"walking robots", "brain scans", "graph networks", "“owls at night”"} <= set(said)
    assert {"2 readers", "1 reader", "nobody follows", "1 reader · no entry"} <= set(said)
    assert "No entry is about “owls at night” (one reader)." in picture.caption
    assert "Nobody follows graph networks." in picture.caption


def test_every_entry_is_a_dot_with_its_title_the_larger_the_more_get_it() -> None:
    root = parsed(draw_map(DOTS, grouped(GROUPS), READERS, 3, 0.5).svg)

    size = {
        tip: float(circle.get("r", "0"))
        for circle in root.iter("{http://www.w3.org/2000/svg}circle")
        for tip in texts(circle, "title")
        if tip.startswith("Study")
    }

    assert sorted(size, key=lambda tip: size[tip])[-1] == "Study 11 of graph networks — eleven readers"
    assert "Study 4 of brain scans — four readers, pinned" in size
    assert len(size) == 12


def test_a_wide_one_shows_the_same_on_more_room() -> None:
    picture = draw_map(DOTS, grouped(GROUPS), READERS, 3, 0.5)
    narrow, wide = parsed(picture.svg), parsed(picture.wide)

    assert sorted(tips(narrow)) == sorted(tips(wide))
    assert sorted(texts(narrow)) == sorted(texts(wide))
    assert float(wide.get("height", "")) < float(narrow.get("height", ""))
    assert not {one.get("id") for one in narrow.iter() if one.get("id")} & {one.get("id") for one in wide.iter()}


def test_no_mark_lies_on_a_dot() -> None:
    root = parsed(draw_map(DOTS, grouped(GROUPS), READERS, 3, 0.5).svg)
    dots = {(one.get("cx"), one.get("cy")) for one in root.iter(SVG + "circle") if one.find(SVG + "title") is not None}
    marks = {(one.get("x"), one.get("y")) for one in root.iter(SVG + "svg") if one.get("x")}

    assert len(marks) == 3 + 1  # and the legend's
    assert not dots & marks


def test_the_same_issue_gives_the_same_picture() -> None:
    assert draw_map(DOTS, grouped(GROUPS), READERS, 3, 0.5) == draw_map(DOTS, grouped(GROUPS), READERS, 3, 0.5)


def test_many_lines_become_outlines() -> None:
    count = FEW_LINES + 50
    many = followed([f"line {n}" for n in range(count)], [n % 2 for n in range(count)], [(n, n) for n in range(count)])

    picture = draw_map(DOTS, grouped(GROUPS), many, count, 0.5)

    assert 'viewBox="0 0 1000 1000"' in picture.svg
    assert len(tips(parsed(picture.svg))) == 12


def test_without_readers_it_shows_what_there_is() -> None:
    picture = draw_map([Dot("Owls", 0)], grouped([0]), followed([], [], []), 0, 0.5)

    assert "owls" in texts(parsed(picture.svg))
    assert picture.caption == "One entry in one topic; nobody gets this issue yet."


def test_without_entries_it_is_a_sentence() -> None:
    picture = draw_map([], np.zeros((0, 1), np.float32), READERS, 3, 0.5)

    assert not picture.svg
    assert "No entry has come in" in picture.caption


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=5), st.text(min_size=1, max_size=40))
def test_titles_and_interests_never_become_markup(titles: list[str], line: str) -> None:
    hostile = [Dot(f"{title}</text><script>{title}", n) for n, title in enumerate(titles)]
    wish = f'{line}"/><a href="javascript:alert(1)">'

    for group in (0, 9):
        parsed(draw_map(hostile, grouped([0] * len(hostile)), followed([wish], [group], [(1, 0)]), 2, 0.5).svg)


def test_it_stands_on_no_style_and_no_width() -> None:
    svg = draw_map(DOTS, grouped(GROUPS), READERS, 3, 0.5).svg

    assert "style" not in svg
    assert not re.search(r' (?:cx|x)="-', svg)
    assert 'width="100%"' in svg


@pytest.mark.slow
def test_ten_thousand_readers_and_a_thousand_entries_are_drawn_in_no_time() -> None:
    rng = np.random.default_rng(0)
    centre = rng.standard_normal((9, 384))

    def rows(count: int, around: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        found = centre[np.arange(count) % 9] + around * rng.standard_normal((count, 384))
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)

    dots = [Dot(f"Study {n} of {SUBJECTS[n % 3]}", n % 90) for n in range(1_000)]
    lines = Followed(
        [f"line {n}" for n in range(8_000)],
        rows(8_000, 1.5),
        np.repeat(np.arange(10_000), 3),
        rng.integers(0, 8_000, 30_000),
    )
    entries = rows(1_000, 1.0)
    draw_map(dots, entries, lines, 10_000, 0.28)

    taken = []
    for _ in range(5):
        start = thread_time()
        draw_map(dots, entries, lines, 10_000, 0.28)
        taken.append(thread_time() - start)

    # It is 0.1 s; time that a busy machine takes away is not counted, and a slow one has room.
    assert min(taken) < 1.5
