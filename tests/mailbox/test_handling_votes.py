"""Votes by mail: for the entry that bears the number in the reader's own copy, and the next issue shows it."""

import re
from email.message import EmailMessage

import pytest
from mailroom import ADA, BOB, FORGED, Mailroom, text_of, to_whom
from newsroom import entry, write_entries

from newsletter.issues.issue import ReasonKind

pytest_plugins = ("mailroom_fixtures",)

OLD, LATEST = "weekly-2026-11-27", "weekly-2026-12-04"


@pytest.fixture
def copies(read_room: Mailroom) -> dict[tuple[str, str], EmailMessage]:
    """Who has had which issue: their copy."""
    return {(to_whom(mail), str(mail["Message-ID"])[1:].partition(".")[0]): mail for mail in read_room.new_mails()}


def title(copy: EmailMessage, number: int) -> str:
    """Of the entry with that number, as its reader sees it."""
    body = str(copy.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    (found,) = re.findall(rf"^{number}\. (.+?)\r?$", body, re.MULTILINE)
    return str(found)


def voted(room: Mailroom, address: str = ADA) -> dict[str, int]:
    """Title → vote."""
    rows = room.db.conn.execute(
        "SELECT title, value FROM votes JOIN entries ON entries.id = entry_id WHERE subscriber_id = ?",
        [room.person(address).id],
    )
    return dict(rows.fetchall())


Copies = dict[tuple[str, str], EmailMessage]


@pytest.mark.parametrize("address", [ADA, BOB])
@pytest.mark.parametrize("issue", [OLD, LATEST])
@pytest.mark.parametrize(("words", "value"), [("more 2", 1), ("less 2", -1)])
def test_a_number_is_that_of_the_issue_that_is_answered(
    read_room: Mailroom, copies: Copies, address: str, issue: str, words: str, value: int
) -> None:
    copy = copies[address, issue]
    told = text_of(read_room.told(words, answers=copy, sender=address))
    assert f"{'More' if value > 0 else 'Less'} like “{title(copy, 2)}” from your next issue on." in told
    assert voted(read_room, address) == {title(copy, 2): value}


def test_of_no_issue_it_is_that_of_the_latest(read_room: Mailroom, copies: Copies) -> None:
    read_room.told("more 1")
    assert voted(read_room) == {title(copies[ADA, LATEST], 1): 1}


def test_an_answer_to_the_answer_is_still_about_that_issue(read_room: Mailroom, copies: Copies) -> None:
    copy = copies[ADA, OLD]
    told = read_room.told("more 2", answers=copy)
    again = text_of(read_room.told("less 3", answers=told))
    assert f"Less like “{title(copy, 3)}”" in again
    assert voted(read_room) == {title(copy, 2): 1, title(copy, 3): -1}


def test_without_in_reply_to_the_references_tell(read_room: Mailroom, copies: Copies) -> None:
    copy = copies[ADA, OLD]
    read_room.told("more 2", References=f"<0@example.org> {copy['Message-ID']}")
    assert voted(read_room) == {title(copy, 2): 1}


def test_several_at_once_and_one_that_there_is_not(read_room: Mailroom, copies: Copies) -> None:
    copy = copies[ADA, LATEST]
    told = text_of(read_room.told("more 1 and 3\nless 2\nmore 99", answers=copy))
    assert voted(read_room) == {title(copy, 1): 1, title(copy, 2): -1, title(copy, 3): 1}
    assert re.search(r"There is no entry 99 in that issue: it has \d+\.", told)
    assert "“less 1, 3” turns that around. “more 2” turns that around." in told


def test_what_turns_a_vote_around_does(read_room: Mailroom, copies: Copies) -> None:
    copy = copies[ADA, LATEST]
    told = read_room.told("more 1, 3", answers=copy)
    (undo,) = re.findall(r"“([^”]+)” turns that around", text_of(told))
    read_room.told(undo, answers=told)
    assert voted(read_room) == {title(copy, 1): -1, title(copy, 3): -1}


@pytest.mark.parametrize(
    "name",
    [
        "weekly-2026-99-99.ab",
        "weekly-0000-00-00.ab",
        "daily-2026-12-04.ab",
        "weekly-2031-01-03.ab",
        "weekly-2026-02-30.ab",
    ],
)
def test_an_issue_that_there_is_not_may_be_named(read_room: Mailroom, copies: Copies, name: str) -> None:
    """Anybody can write any Message-ID into a header."""
    read_room.told("more 1", In_Reply_To=f"<{name}@news.example.org>")
    assert voted(read_room) == {title(copies[ADA, LATEST], 1): 1}


def test_who_has_had_no_issue_is_told(room: Mailroom) -> None:
    room.reader()
    assert "There is no entry 1 in that issue: you have had no issue yet." in text_of(room.told("more 1"))


def test_a_vote_in_answer_to_a_copy_that_was_forwarded_is_about_one_s_own(read_room: Mailroom, copies: Copies) -> None:
    read_room.told("more 1", answers=copies[ADA, LATEST], sender=BOB)
    assert voted(read_room, BOB) == {title(copies[BOB, LATEST], 1): 1}
    assert voted(read_room, ADA) == {}


def test_a_doubtful_vote_counts_with_the_yes_and_for_the_issue_that_was_answered(
    read_room: Mailroom, copies: Copies
) -> None:
    copy = copies[ADA, OLD]
    question = read_room.told("more 2", answers=copy, Authentication_Results=FORGED)
    assert voted(read_room) == {}
    read_room.told("yes", answers=question)
    assert voted(read_room) == {title(copy, 2): 1}


def test_a_vote_by_mail_changes_the_next_issue(read_room: Mailroom, copies: Copies) -> None:
    """Ada follows robots; the last entry of her issue was far from that, on purpose, and about music."""
    newsletter, copy = read_room.newsletter, copies[ADA, LATEST]
    assert "music" in title(copy, 4)
    # Of the six of that week one is about it: among few, what a quarter is about is nothing out of the common.
    others = ("tides", "bees", "lava", "glass")
    about = [entry(300), entry(302), *(entry(n, f"On {what}", summary=what) for n, what in enumerate(others, 303))]
    write_entries(newsletter.project, about)
    newsletter.pull()
    read_room.clock.set("2026-12-11 07:00")
    liked = [pick for pick in newsletter.preview(ADA).picks if pick.pick.reason is ReasonKind.LIKED]
    assert liked == []
    read_room.told("more 4", answers=copy)
    liked = [pick for pick in newsletter.preview(ADA).picks if pick.pick.reason is ReasonKind.LIKED]
    assert liked
    assert "music" in liked[0].title
