"""Links that readers suggest by mail: kept, said in one short mail, asked about first where a sender may be forged."""

import pytest
from mailroom import ADA, FORGED, OP, Mailroom, text_of, to_whom

from subscribers.states import State

pytest_plugins = ("mailroom_fixtures",)

LINK = "https://arxiv.org/abs/1706.03762"


def suggested(room: Mailroom) -> list[tuple[str, str, bool]]:
    """Links, why, and whether they may be thanked by name."""
    return [(one.url, one.why, one.named) for look in room.newsletter.suggestions.open() for one in look.all]


def test_a_link_by_mail_is_kept_without_a_name(room: Mailroom) -> None:
    room.newsletter.readers.change(room.reader(), name="Ada", origin=room.evidence()[0].origin)
    told = room.told(f"submit <{LINK}>\nIt began all this.")
    assert (to_whom(told), told["Subject"]) == (ADA, "Done")
    assert "Thank you: a person looks at it" in text_of(told)
    assert suggested(room) == [(LINK, "It began all this.", False)]


def test_what_came_of_each_link_is_said(room: Mailroom) -> None:
    room.reader()
    told = text_of(room.told("submit https://papers.example.org/3\nsubmit arxiv.org/abs/1706.03762\n+ looms"))
    for piece in ("It is in already: “Study 3", "Thank you: a person looks at it", "You follow “looms” now."):
        assert piece in told
    assert suggested(room) == [(LINK, "", False)]
    assert "You suggested that already." in text_of(room.told(f"submit {LINK}"))


def test_more_than_five_a_day_are_not_kept_and_the_mail_says_so(room: Mailroom) -> None:
    room.reader()
    told = room.told("\n".join(f"submit https://example.org/{n}" for n in range(6)))
    assert told["Subject"] == "That did not work"
    assert "five things since yesterday" in text_of(told)
    assert suggested(room) == []


def test_without_a_link_help_says_how(room: Mailroom) -> None:
    room.reader()
    told = text_of(room.told("submit"))
    assert "a suggestion needs a link" in told
    assert "submit example.org/a-page" in told


def test_a_doubtful_sender_is_asked_first_and_the_yes_keeps_it_once(room: Mailroom) -> None:
    room.reader()
    question = room.told(f"submit {LINK} pills", Authentication_Results=FORGED)
    assert question["Subject"] == "Was that you?"
    assert "suggest something to read" in text_of(question)
    assert "arxiv" not in str(question)
    assert suggested(room) == []
    for _ in range(2):
        assert "Thank you: a person looks at it" in text_of(room.told("yes", answers=question))
    assert suggested(room) == [(LINK, "pills", False)]


@pytest.mark.parametrize("state", [None, State.PENDING, State.UNSUBSCRIBED])
def test_only_readers_suggest(room: Mailroom, state: State | None) -> None:
    if state is State.PENDING:
        room.told("subscribe")
    elif state:
        room.reader()
        room.told("stop")
    assert "is no reader of ours" in text_of(room.told(f"submit {LINK}"))
    assert suggested(room) == []


def test_who_pauses_may_suggest(room: Mailroom) -> None:
    room.reader()
    room.told("pause 3 weeks")
    room.told(f"submit {LINK}")
    assert len(suggested(room)) == 1


def test_a_letter_beside_the_link_reaches_the_operator(room: Mailroom) -> None:
    room.reader()
    room.write(f"submit {LINK}\n" + "I have worked on this for years and want to tell you all about it. " * 12)
    assert sorted(to_whom(mail) for mail in room.mails()) == [ADA, OP]
    ((_, why, _),) = suggested(room)
    assert len(why) <= 500
