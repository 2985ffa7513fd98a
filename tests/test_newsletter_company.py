"""The main line: what like-minded readers voted before one's own hour brings an entry forward, if they are three."""

from pathlib import Path

import numpy as np
import pytest
from mainline import ADA, Open, subscribe
from newsroom import Clock, make_project
from test_newsletter_votes import MUSIC, ROBOTS, bring, vote

from newsletter import Newsletter
from newsletter.company import Voters, company_of
from newsletter.issues.issue import Pick, ReasonKind, Section
from newsletter.looking import PartName, Whom
from newsletter.press import _reword
from newsletter.ranking.embedding import Vectors
from newsletter.ranking.scoring import Ranking
from newsletter.ranking.tastes import Tastes
from newsletter.rendering.edition import Edition
from newsletter.reports import Preview

FANS = tuple(f"robots{n}@example.org" for n in range(3))
STRANGERS = tuple(f"music{n}@example.org" for n in range(3))
LAST = "Study 3"


@pytest.fixture
def newsletter(tmp_path: Path, open_newsletter: Open, clock: Clock) -> Newsletter:
    """Twelve entries of four subjects have come in; Ada and three others follow robots, three follow music."""
    make_project(tmp_path, "[issue]\noutside = 0\nfavourites = 0\n", entries=0)
    newsletter = open_newsletter()
    bring(newsletter, 1)
    subscribe(newsletter, interests=(ROBOTS,))
    for address in FANS:
        subscribe(newsletter, address, interests=(ROBOTS,))
    for address in STRANGERS:
        subscribe(newsletter, address, interests=(MUSIC,))
    return newsletter


def place(shown: Preview, title: str) -> int:
    [found] = [n for n, pick in enumerate(shown.picks) if pick.title.startswith(f"{title} ")]
    return found


def score(shown: Preview, title: str) -> float:
    return shown.picks[place(shown, title)].pick.score


def test_what_three_like_minded_readers_want_comes_first(newsletter: Newsletter) -> None:
    before = newsletter.preview(ADA)
    for address in FANS:
        vote(newsletter, LAST, 1, address)
    after = newsletter.preview(ADA)
    assert place(after, LAST) == 0
    assert score(after, LAST) > score(before, LAST) + 0.5
    assert not any(address in after.html for address in FANS), "who they are stays theirs"


def test_votes_of_two_change_nothing_that_could_be_read_from_anothers_issue(newsletter: Newsletter) -> None:
    before = newsletter.preview(ADA)
    for address in FANS[:2]:
        vote(newsletter, LAST, 1, address)
    assert [pick.pick.score for pick in newsletter.preview(ADA).picks] == [pick.pick.score for pick in before.picks]


def test_votes_of_strangers_count_for_less(newsletter: Newsletter) -> None:
    for address in FANS:
        vote(newsletter, "Study 2", 1, address)
    for address in STRANGERS:
        vote(newsletter, LAST, 1, address)
    shown = newsletter.preview(ADA)
    assert score(shown, "Study 2") > score(shown, LAST) + 0.3


def test_the_desk_says_what_they_added(newsletter: Newsletter) -> None:
    for address in FANS:
        vote(newsletter, LAST, 1, address)
    look = newsletter.looks.look(Whom(ADA))
    told = {
        pick.entry.title.partition(" about")[0]: {part.name: part.value for part in pick.entry.parts}
        for pick in look.picks
    }
    assert told[LAST][PartName.COMPANY] > 0.5
    assert PartName.COMPANY not in told["Study 1"]


def test_issues_that_have_no_words_for_a_reason_give_another_true_one(newsletter: Newsletter) -> None:
    edition = newsletter.issue("weekly-2026-11-27")[0].frozen.edition
    assert edition.has_words_for(ReasonKind.AUTHOR) and edition.has_words_for(ReasonKind.COMPANY)
    old = Edition(
        {name: text.replace('"author"', '"nobody"') for name, text in edition.sources.items()}, edition.shared
    )
    pick = Pick(1, Section.FOR_YOU, 1.0, ReasonKind.AUTHOR, "Ada Lovelace")
    _reword([pick], edition)
    assert pick.reason is ReasonKind.AUTHOR
    _reword([pick], old)
    assert (pick.reason, pick.words) == (ReasonKind.INTEREST, "Ada Lovelace")
    ancient = Edition(
        {name: text.replace('"everybody"', "0") for name, text in edition.sources.items()}, edition.shared
    )
    for one, reason in ((edition, ReasonKind.EVERYBODY), (ancient, ReasonKind.GENERAL)):
        everybody = Pick(1, Section.FOR_YOU, 1.0, ReasonKind.EVERYBODY, "")
        _reword([everybody], one)
        assert everybody.reason is reason


def rankings(entry: list[int], owed: list[float]) -> Ranking:
    places, numbers = np.array([entry]), np.array([owed], np.float32)
    none = np.full_like(places, -1)
    muted = np.zeros((1, 3), bool)
    return Ranking(places, numbers, numbers, numbers, none, none, numbers, np.array([-1]), muted)


def follows(vector: Vectors) -> Tastes:
    nothing = np.zeros((0, 2), np.float32)
    nobody = np.zeros(0, np.intp)
    return Tastes(1, vector, np.zeros(1, np.intp), nothing, nobody, ("robots",), ("robots",))


def test_it_is_a_reason_where_it_outweighs_all_others_and_they_are_enough() -> None:
    near, far = [1.0, 0.1], [0.1, 1.0]
    voters = np.array([near, near, near, far, far, far], np.float32)
    entry = np.array([0, 0, 0, 1, 1, 1])
    found = Voters({7: 3}, voters, np.arange(6), entry, 3)
    company = company_of(found, np.zeros(2, np.float32), [9], follows(np.array([[1, 0]], np.float32)))
    assert company.reasons(rankings([0, 1, 2], [0.1, 0.1, 0.1])).tolist() == [[3, 0, 0]]
    assert company.reasons(rankings([0, 1, 2], [9.0, 9.0, 9.0])).tolist() == [[0, 0, 0]]
