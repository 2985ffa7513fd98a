"""From rankings to issues: sections, places, reasons."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from newsletter.entries.entry import Entry
from newsletter.issues.composing import FEWEST_PICKS, LONGEST_TITLE, Shape, compose, favourites
from newsletter.issues.issue import NothingNew, Pick, ReasonKind, Section
from newsletter.ranking.offer import offer_of
from newsletter.ranking.scoring import Ranking, general_scores, rank
from newsletter.ranking.tastes import Tastes, Voted, Votes, nearest_lines

SHAPE = Shape(picks=7, favourites=3, outside=1, floor=1.0)


def entries(*popularity: int | None) -> list[Entry]:
    """Entries with the ids 100, 101 and so on."""
    return [Entry(100 + n, f"Entry {n}", "", (), None, None, (), p, b"") for n, p in enumerate(popularity)]


def tastes(*words: str, readers: int = 1, liked: Sequence[str] = ()) -> Tastes:
    """The interests of the first reader, and the titles of what they liked."""
    nothing = np.zeros((0, 2), np.float32)
    voted = np.eye(len(liked), 2, dtype=np.float32)
    return Tastes(
        readers,
        np.zeros((len(words), 2), np.float32),
        np.zeros(len(words), np.intp),
        nothing,
        np.zeros(0, np.intp),
        words,
        tuple(f"{word}, with 2 papers" if word == "graphs" else word for word in words),
        Voted(voted, tuple(liked)),
        votes(len(liked)),
    )


def votes(count: int, first: int = 0) -> Votes:
    """Votes of the first reader on so many rows."""
    nobody = np.zeros(count, np.intp)
    return Votes(np.arange(first, first + count), nobody, nobody - 1, np.ones(count, np.float32))


def ranking(
    places: Sequence[tuple[int, float, float, int]],
    count: int,
    *,
    outside: int = -1,
    muted: Sequence[int] = (),
    liked: Sequence[int] = (),
    taken: float = 0.0,
) -> Ranking:
    """One reader's ranking: (entry, closeness, standing, interest) for each place.

    `liked` are rows of what was voted on, -1 for none; dislikes have taken `taken` from every relevance.
    """
    hidden = np.zeros((1, count), bool)
    hidden[0, list(muted)] = True
    return Ranking(
        entry=np.array([[p[0] for p in places]], np.int64).reshape(1, -1),
        relevance=np.array([[p[1] - taken for p in places]], np.float32).reshape(1, -1),
        closeness=np.array([[p[1] for p in places]], np.float32).reshape(1, -1),
        standing=np.array([[p[2] for p in places]], np.float32).reshape(1, -1),
        interest=np.array([[p[3] for p in places]], np.int64).reshape(1, -1),
        liked=np.array([[*liked, *[-1] * (len(places) - len(liked))]], np.int64).reshape(1, -1),
        owed=np.ones((1, len(places)), np.float32),
        outside=np.array([outside]),
        muted=hidden,
    )


def composed(
    given_entries: list[Entry],
    ranked: Ranking,
    follows: Tastes,
    *,
    pinned: Sequence[int] = (),
    seen: Sequence[int] = (),
    shape: Shape = SHAPE,
    authored: Sequence[int] = (),
) -> tuple[Pick, ...] | NothingNew:
    had, by_them = np.zeros((2, 1, len(given_entries)), bool)
    had[0, list(seen)] = True
    by_them[0, list(authored)] = True
    (only,) = compose(
        given_entries,
        ranked,
        follows,
        pinned=pinned,
        seen=had,
        shape=shape,
        authored=by_them if len(authored) else None,
        authors=lambda reader, n: f"Author of {n}",
    )
    return only


def told(issue: tuple[Pick, ...] | NothingNew) -> list[tuple[int, Section, ReasonKind, str]]:
    assert isinstance(issue, tuple), issue
    return [(pick.entry_id - 100, pick.section, pick.reason, pick.words) for pick in issue]


def test_sections_come_in_their_order_and_no_entry_twice() -> None:
    issue = composed(
        entries(None, 5, 900, None, 70, 8, None, None),
        ranking([(2, 0.9, 3, 0), (0, 0.8, 2, 1), (3, 0.5, 1.5, 0), (1, 0.4, 1, 0)], 8, outside=7),
        tastes("bridges", "cells"),
        pinned=[6, 3],
    )
    assert told(issue) == [
        (6, Section.PINNED, ReasonKind.EDITOR, ""),
        (3, Section.PINNED, ReasonKind.EDITOR, ""),
        (2, Section.FOR_YOU, ReasonKind.INTEREST, "bridges"),
        (0, Section.FOR_YOU, ReasonKind.INTEREST, "cells"),
        (1, Section.FOR_YOU, ReasonKind.INTEREST, "bridges"),
        (4, Section.FAVOURITES, ReasonKind.POPULAR, "70 people"),
        (5, Section.FAVOURITES, ReasonKind.POPULAR, "8 people"),
        (7, Section.OUTSIDE, ReasonKind.OUTSIDE, ""),
    ]
    assert isinstance(issue, tuple)
    assert issue[2].score == pytest.approx(0.9)


def test_only_what_is_over_the_floor_is_for_the_reader() -> None:
    places = [(0, 0.9, 3, 0), (1, 0.8, 2, 0), (2, 0.7, 1, 0), (3, 0.6, 0.99, 0), (4, 0.19, 5, 0)]
    issue = composed(entries(*[None] * 5), ranking(places, 5), tastes("x"))
    assert [n for n, *_ in told(issue)] == [0, 1, 2]


def test_in_a_poor_week_the_nearest_few_come_and_say_so() -> None:
    places = [(0, 0.5, 3, 0), (1, 0.3, 0.5, 0), (2, 0.1, 0.4, 0), (3, 0.05, 0.3, 0)]
    issue = composed(entries(*[None] * 4), ranking(places, 4), tastes("x"))
    assert told(issue) == [
        (0, Section.FOR_YOU, ReasonKind.INTEREST, "x"),
        (1, Section.FOR_YOU, ReasonKind.INTEREST, "x"),
        (2, Section.FOR_YOU, ReasonKind.NEAREST, "x"),
    ]


def test_what_is_near_to_a_liked_entry_says_which() -> None:
    places = [(0, 0.9, 3, -1), (1, 0.8, 2, 0), (2, 0.2, 1, -1)]
    both = tastes("bridges", liked=["Cells that divide", "Cells that rest"])
    issue = composed(entries(*[None] * 3), ranking(places, 3, liked=[1, -1, 0]), both)
    assert told(issue) == [
        (0, Section.FOR_YOU, ReasonKind.LIKED, "Cells that rest"),
        (1, Section.FOR_YOU, ReasonKind.INTEREST, "bridges"),
        (2, Section.FOR_YOU, ReasonKind.NEAREST, "Cells that divide"),
    ]


def test_who_only_likes_something_has_a_floor_and_no_general_edition() -> None:
    places = [(n, 0.9 - 0.1 * n, 3.0 - n, -1) for n in range(5)]
    issue = composed(entries(*[None] * 5), ranking(places, 5, liked=[0] * 5), tastes(liked=["Cells"]))
    assert told(issue) == [(n, Section.FOR_YOU, ReasonKind.LIKED, "Cells") for n in (0, 1, 2)]


def test_a_line_with_papers_is_named_by_its_label() -> None:
    issue = composed(entries(None), ranking([(0, 0.9, 3, 0)], 1), tastes("graphs"))
    assert told(issue) == [(0, Section.FOR_YOU, ReasonKind.INTEREST, "graphs, with 2 papers")]


def test_what_a_followed_author_wrote_says_who() -> None:
    places = [(0, 0.9, 3, 0), (1, 1, 1, 0), (2, 0.5, 2, -1)]
    issue = composed(
        entries(*[None] * 3), ranking(places, 3, liked=[-1, -1, 0]), tastes("x", liked=["Cells"]), authored=[1]
    )
    assert told(issue) == [
        (0, Section.FOR_YOU, ReasonKind.INTEREST, "x"),
        (1, Section.FOR_YOU, ReasonKind.AUTHOR, "Author of 1"),
        (2, Section.FOR_YOU, ReasonKind.LIKED, "Cells"),
    ]


def test_who_follows_authors_alone_has_theirs_in_everybodys_edition() -> None:
    places = [(0, 1, 1, -1), (1, 0.1, 0.1, -1), (2, -0.1, -1, -1), (3, 0, -1, -1)]
    issue = composed(entries(*[None] * 4), ranking(places, 4), tastes(), authored=[0])
    assert told(issue)[0] == (0, Section.FOR_YOU, ReasonKind.AUTHOR, "Author of 0")
    assert [kind for _, _, kind, _ in told(issue)[1:]] == [ReasonKind.GENERAL] * 3
    asking = replace(tastes(), asking=np.zeros(1, np.intp))
    issue = composed(entries(*[None] * 4), ranking(places, 4), asking, authored=[0])
    assert told(issue)[0] == (0, Section.FOR_YOU, ReasonKind.AUTHOR, "Author of 0")
    assert [kind for _, _, kind, _ in told(issue)[1:]] == [ReasonKind.EVERYBODY] * 3, "they do follow something"


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Short", "Short"),
        ("x" * LONGEST_TITLE, "x" * LONGEST_TITLE),
        ("word " * 30, ("word " * 17).strip() + "…"),
        ("論" * 200, "論" * (LONGEST_TITLE - 1) + "…"),
        ("A " + "x" * 200, "A " + "x" * (LONGEST_TITLE - 3) + "…"),
    ],
)
def test_a_long_title_is_cut_where_it_is_a_reason(title: str, said: str) -> None:
    issue = composed(entries(None), ranking([(0, 0.9, 3, -1)], 1, liked=[0]), tastes(liked=[title]))
    assert told(issue) == [(0, Section.FOR_YOU, ReasonKind.LIKED, said)]
    assert len(said) <= LONGEST_TITLE


def test_what_is_disliked_keeps_its_true_reason_and_its_place() -> None:
    places = [(0, 0.5, 3, 0), (1, 0.4, 2, 0), (2, 0.35, 1.5, 0), (3, 0.3, 1.2, 0)]
    issue = composed(entries(*[None] * 4), ranking(places, 4, taken=0.25), tastes("x"))
    assert told(issue) == [(n, Section.FOR_YOU, ReasonKind.INTEREST, "x") for n in range(4)]


def test_what_is_muted_fills_no_place() -> None:
    places = [(0, 0.5, 3, 0), (1, 0.15, 0.5, 0), (2, 0.1, 0.4, 0), (3, -0.3, -2, 0), (-1, -np.inf, -np.inf, -1)]
    issue = composed(entries(*[None] * 4), ranking(places, 4, muted=[1, 3]), tastes("x"))
    assert [n for n, *_ in told(issue)] == [0, 2]
    # Near to something muted, and still clearly what the reader asks for.
    issue = composed(entries(*[None] * 4), ranking(places, 4, muted=[0]), tastes("x"))
    assert [n for n, *_ in told(issue)] == [0, 1, 2]


def test_who_follows_nothing_gets_everybodys_edition_without_a_floor_but_without_what_they_mute() -> None:
    places = [(0, 0.5, 3, -1), (1, 0.1, 0.1, -1), (2, -0.1, -1, -1), (3, -0.6, -2, -1)]
    issue = composed(entries(*[None] * 4), ranking(places, 4, muted=[3]), tastes())
    assert told(issue) == [(n, Section.FOR_YOU, ReasonKind.GENERAL, "") for n in (0, 1, 2)]


def test_no_more_than_the_shape_says() -> None:
    places = [(n, 0.9, 3.0, 0) for n in range(10)]
    shape = Shape(picks=2, favourites=0, outside=0, floor=1.0)
    issue = composed(entries(*[9] * 12), ranking(places, 12, outside=11), tastes("x"), shape=shape)
    assert [section for _, section, *_ in told(issue)] == [Section.FOR_YOU] * 2
    issue = composed(entries(*[9] * 12), ranking(places, 12), tastes("x"), shape=Shape(2, 1, 0, 9.0))
    assert [section for _, section, *_ in told(issue)] == [Section.FOR_YOU] * 2 + [Section.FAVOURITES]


def test_favourites_leave_out_what_is_muted_seen_or_in_the_issue_anyway() -> None:
    issue = composed(
        entries(50, 40, 30, 20, 10, 0, None),
        ranking([(0, 0.9, 3, 0)], 7, muted=[1]),
        tastes("x"),
        seen=[2],
        pinned=[3],
    )
    liked = [n for n, section, *_ in told(issue) if section is Section.FAVOURITES]
    assert liked == [4]


def test_favourites_are_what_somebody_likes_most_liked_first() -> None:
    assert favourites(entries(3, None, 0, 9, 3)) == [3, 0, 4]
    assert favourites([]) == []


def test_a_pin_that_the_reader_has_had_is_not_repeated() -> None:
    issue = composed(entries(None, None), ranking([(1, 0.9, 3, 0)], 2), tastes("x"), pinned=[0], seen=[0])
    assert told(issue) == [(1, Section.FOR_YOU, ReasonKind.INTEREST, "x")]


def test_pins_alone_make_an_issue() -> None:
    issue = composed(entries(None, None), ranking([(-1, -np.inf, -np.inf, -1)], 2), tastes("x"), pinned=[1])
    assert told(issue) == [(1, Section.PINNED, ReasonKind.EDITOR, "")]


def test_who_has_had_everything_gets_nothing_and_hears_why() -> None:
    issue = composed(entries(9, 9), ranking([(-1, -np.inf, -np.inf, -1)], 2), tastes("x"), seen=[0, 1], pinned=[0])
    assert issue == NothingNew("no entry has come in that this reader has not had")
    assert isinstance(composed([], ranking([], 0), tastes("x")), NothingNew)


def test_favourites_and_a_step_outside_alone_are_no_issue() -> None:
    issue = composed(entries(9, 9, 9), ranking([(0, -0.9, -1, 0)], 3, outside=2, muted=[0]), tastes("x"))
    assert issue == NothingNew("nothing was left for this reader after what they mute and have had")


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 12),
    picks=st.integers(1, 7),
    pins=st.integers(0, 3),
    interests=st.integers(0, 3),
    had=st.sampled_from([0, 0.4, 1]),
)
def test_any_ranking_makes_issues_without_repeats(
    seed: int, count: int, picks: int, pins: int, interests: int, had: float
) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    popularity = [int(p) if p > 3 else None for p in rng.integers(0, 10, count)]
    followed = rng.normal(size=(interests * 2, 4)).astype(np.float32)
    followed /= np.linalg.norm(followed, axis=1, keepdims=True)
    both = Tastes(
        2,
        followed,
        np.repeat(np.arange(2), interests),
        vectors[:1],
        np.array([1]),
        tuple(f"w{n}" for n in range(2 * interests)),
        tuple(f"w{n}" for n in range(2 * interests)),
    )
    seen = rng.random((2, count)) < had
    pinned = rng.permutation(count)[:pins].tolist()
    offer = offer_of(vectors, general_scores(vectors, popularity))
    ranked = rank(offer, both, picks + pins, seen=seen, elsewhere=pinned)
    given_entries = entries(*popularity)
    shape = Shape(picks, 2, 1, 0.5)
    for reader, issue in enumerate(compose(given_entries, ranked, both, pinned=pinned, seen=seen, shape=shape)):
        if isinstance(issue, NothingNew):
            continue
        ids = [pick.entry_id - 100 for pick in issue]
        assert len(set(ids)) == len(ids)
        assert not seen[reader, ids].any()
        order = [list(Section).index(pick.section) for pick in issue]
        assert order == sorted(order)
        counts = {section: [pick.section for pick in issue].count(section) for section in Section}
        assert counts[Section.FOR_YOU] <= picks
        assert counts[Section.FAVOURITES] <= 2
        assert counts[Section.OUTSIDE] <= 1
        assert counts[Section.PINNED] + counts[Section.FOR_YOU] > 0
        hidden = ranked.muted[reader]
        assert not any(hidden[n] for n, p in zip(ids, issue, strict=True) if p.section is Section.FAVOURITES)
        assert not any(hidden[n] for n, p in zip(ids, issue, strict=True) if p.reason is ReasonKind.GENERAL)
    assert FEWEST_PICKS == 3


@given(seed=st.integers(0, 2**32), count=st.integers(1, 12), interests=st.integers(0, 3), likes=st.integers(0, 3))
def test_dislikes_change_the_order_of_what_is_near_and_neither_its_reasons_nor_who_is_there(
    seed: int, count: int, interests: int, likes: int
) -> None:
    rng = np.random.default_rng(seed)

    def some(n: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        rows = rng.normal(size=(n, 6)).astype(np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    vectors, voted = some(count), some(8)
    assume((vectors @ vectors.T - np.eye(count) < 0.9).all())
    follower, nobody = np.zeros(interests, np.intp), np.zeros(0, np.intp)
    words = tuple(f"w{n}" for n in range(interests))
    shape = Shape(count, 0, 0, -5.0)

    def near(disliked: Votes) -> tuple[dict[int, tuple[ReasonKind, str]], int]:
        """The reasons of what is near, and how many picks there are."""
        one = Tastes(
            1,
            followed,
            follower,
            np.zeros((0, 6), np.float32),
            nobody,
            words,
            words,
            Voted(voted, tuple(f"t{n}" for n in range(8))),
            liked,
            disliked,
        )
        seen = np.zeros((1, count), bool)
        offer = offer_of(vectors, general_scores(vectors, [None] * count))
        ranked = rank(offer, one, count, floor=shape.floor)
        (issue,) = compose(entries(*[None] * count), ranked, one, pinned=[], seen=seen, shape=shape)
        assert isinstance(issue, tuple)
        return {p.entry_id: (p.reason, p.words) for p in issue if p.reason is not ReasonKind.NEAREST}, len(issue)

    followed = some(interests)
    line = nearest_lines(voted[:likes], np.zeros(likes, np.intp), followed, follower)
    order = np.argsort(line, kind="stable")
    liked = replace(votes(likes), row=order, line=line[order])
    assert near(Votes()) == near(votes(3, first=5))
