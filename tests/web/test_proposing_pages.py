"""Pages that ask about an interest that votes show: they do that one thing, when a button is pressed, and no other."""

import sqlite3

import pytest
from test_preferences import SAME
from website import ADA, BOB, Website, text_of

from newsletter.ranking.proposals import Proposal, ProposalState, keep, number_of, proposals_of
from newsletter.rendering.links import Purpose
from subscribers.evidence import Origin
from subscribers.interests import MAX_INTERESTS

pytest_plugins = ("website_fixtures",)

NAME = "brain tumours <in> scans"
LIKED = (2, 6, 10)


@pytest.fixture
def website(website: Website) -> Website:
    """Ada likes three entries about tumours, and is asked about them."""
    db, ada = website.newsletter.database, website.ada()
    for entry_id in LIKED:
        website.newsletter.readers.vote(ada, entry_id, 1)
    keep(db, {ada.id: Proposal(NAME, LIKED)}, website.clock())
    return website


def link(website: Website) -> str:
    return website.link(Purpose.PROPOSAL, number_of(NAME))


def interests(website: Website) -> list[str]:
    return [str(one) for one in website.ada().interests]


def state(website: Website) -> ProposalState:
    ada = website.ada().id
    return proposals_of(website.newsletter.database, [ada])[ada][0].state


def rows(website: Website) -> list[tuple[object, ...]]:
    with sqlite3.connect(website.project / "newsletter.db") as db:
        return db.execute("SELECT * FROM proposals").fetchall()


def test_the_mails_link_asks_and_says_why(website: Website) -> None:
    before = website.state(), rows(website)
    page = website.get(link(website))
    assert text_of(page).startswith(f"Follow {NAME} ?")
    assert "three of the entries that you wanted more like are about it:" in text_of(page)
    assert "Study 1 of segmentation of brain tumours in scans" in text_of(page)
    assert "<in>" not in page.text
    # A scanner that gets it, or posts without what the form carries, does nothing.
    website.client.head(link(website))
    website.client.post(link(website), data={"act": "follow"})
    assert (website.state(), rows(website)) == before


def test_yes_adds_the_line_and_can_be_taken_back(website: Website) -> None:
    page = website.press(link(website), act="follow")
    assert f"You follow {NAME} ." in text_of(page)
    assert interests(website) == ["walking robots", "not: surveys", NAME]
    assert state(website) is ProposalState.FOLLOWED
    assert "Take it back" in website.get(link(website)).text
    website.press(link(website), act="follow")
    assert interests(website) == ["walking robots", "not: surveys", NAME]
    website.press(link(website), act="undo")
    assert interests(website) == ["walking robots", "not: surveys"]
    assert state(website) is ProposalState.DECLINED


def test_no_is_kept_and_can_be_a_yes_after_all(website: Website) -> None:
    page = website.press(link(website), act="decline")
    assert "we do not ask about it again" in text_of(page)
    assert interests(website) == ["walking robots", "not: surveys"]
    assert state(website) is ProposalState.DECLINED
    website.press(link(website), act="follow")
    assert NAME in interests(website)


@pytest.mark.parametrize("act", ["follow", "decline"])
def test_the_preferences_ask_too_and_ask_once(website: Website, act: str) -> None:
    path, before = website.link(Purpose.PREFERENCES), website.ada()
    assert f"You seem to like {NAME} : three of the entries" in text_of(website.get(path))
    page = website.press(path, act=act, number=str(number_of(NAME)))
    assert "seem to like" not in text_of(page)
    assert ((f"You now follow: {NAME}") if act == "follow" else "We do not ask about") in text_of(page)
    assert (NAME in interests(website)) is (act == "follow")
    assert "seem to like" not in text_of(website.get(path))
    # What else was wished is as it was.
    assert website.ada().cadence == before.cadence


def test_saving_the_wishes_answers_nothing(website: Website) -> None:
    page = website.press(website.link(Purpose.PREFERENCES), **SAME)
    assert state(website) is ProposalState.PROPOSED
    assert "You seem to like" in text_of(page)


@pytest.mark.parametrize("number", ["", "7", "-1", "x", "²", "9" * 30, str(2**70)])
def test_a_number_that_is_no_proposal_does_nothing(website: Website, number: str) -> None:
    before = website.state(), rows(website)
    answer = website.press(website.link(Purpose.PREFERENCES), act="follow", number=number)
    assert answer.status_code == 200
    assert (website.state(), rows(website)) == before


def test_a_link_is_good_for_its_reader_and_its_proposal_alone(website: Website) -> None:
    for other in (website.link(Purpose.PROPOSAL, number_of(NAME), BOB), website.link(Purpose.PROPOSAL, 5)):
        assert "There is nothing to follow here." in text_of(website.get(other))
    mixed = link(website).replace("/interest/", "/p/")
    assert website.get(mixed).status_code == 404


def test_whoever_follows_too_much_is_told_so(website: Website) -> None:
    many = [f"thing {n}" for n in range(MAX_INTERESTS)]
    website.newsletter.readers.change(website.ada(), origin=Origin("page"), interests=many)
    answer = website.press(link(website), act="follow")
    assert answer.status_code == 400
    assert "too many" in text_of(answer)
    assert interests(website) == many
    assert state(website) is ProposalState.PROPOSED


def test_the_person_who_left_or_was_erased_is_asked_nothing(website: Website) -> None:
    path = link(website)
    website.press(website.link(Purpose.LEAVE), act="leave")
    assert "You get no issues at present." in text_of(website.get(path))
    website.newsletter.remove(ADA)
    assert website.get(path).status_code == 410


def test_what_is_kept_names_it(website: Website) -> None:
    page = website.get(website.link(Purpose.PRIVACY))
    assert "what your votes show that you like" in page.text.casefold()
