"""What readers ask for by mail: it is done, said in one short mail, and can be taken back by what that mail says."""

import re

import pytest
from mailroom import ADA, BOB, FORGED, OP, OURS, Mailroom, text_of, to_whom, token_in

from newsletter.mailbox.envelope import Disposition
from newsletter.rendering.words import rhythm
from subscribers.states import State

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

pytest_plugins = ("mailroom_fixtures",)

#: What a reader writes, and a piece of what they are told.
WISHES = [
    ("+ tumours in scans", "You follow “tumours in scans” now."),
    ("- walking robots", "“walking robots” is dropped."),
    ("- surveys", "“surveys” is dropped."),
    ("not: tumours", "“tumours” is kept away now."),
    ("not: walking robots", "“walking robots” is kept away now."),
    ("+ surveys", "You follow “surveys” now."),
    ("daily", "Your issues come every day at 08:00, UTC from now on"),
    ("daily at 7:30", "Your issues come every day at 07:30"),
    ("weekly on monday at 19:15", "Your issues come on Mondays at 19:15"),
    ("monthly", "Your issues come on day 1 of each month at 08:00"),
    ("monthly on the 15th", "Your issues come on day 15 of each month at 08:00"),
    ("at 9", "Your issues come on Fridays at 09:00"),
    ("time zone America/New_York", "on Fridays at 08:00, New York time"),
    ("daily at 6\ntime zone Asia/Tokyo", "every day at 06:00, Tokyo time"),
    ("+ a\n+ b\nnot: c", "You follow “b” now."),
    ("pause 3 weeks", "You get nothing until Sunday, 13 December."),
    ("pause", "You get nothing until you say so."),
    ("stop", "You have left. Nothing more comes, not even an issue that was ready."),
]


def standing(room: Mailroom, address: str = ADA) -> tuple[object, ...]:
    """All that a wish may change about somebody."""
    person = room.person(address)
    return person.state, person.cadence, person.paused_until, sorted(room.interests(address))


@pytest.mark.parametrize(("words", "said"), WISHES)
def test_a_wish_is_done_and_said(room: Mailroom, words: str, said: str) -> None:
    room.reader(ADA, "walking robots", "not: surveys")
    before = standing(room)
    told = room.told(words)
    assert to_whom(told) == ADA
    assert said in text_of(told)
    assert standing(room) != before


@pytest.mark.parametrize(("words", "said"), WISHES[-5:])
def test_it_may_stand_in_the_subject(room: Mailroom, words: str, said: str) -> None:
    room.reader()
    first, _, rest = words.partition("\n")
    assert said in text_of(room.told(rest, Subject=first))


@pytest.mark.parametrize(("words", "said"), [one for one in WISHES if one[0] != "stop"])
def test_what_an_answer_says_takes_it_back(room: Mailroom, words: str, said: str) -> None:
    room.reader(ADA, "walking robots", "not: surveys", cadence=("weekly", "friday", "8", "UTC"))
    before = standing(room)
    told = room.told(words)
    undo = re.findall(r"“([^”]+)” (?:takes it back|brings it back|ends the pause)", text_of(told))
    assert undo
    room.told("\n".join(undo), answers=told)
    assert standing(room) == before


@pytest.mark.parametrize("words", ["pause 3 weeks", "pause"])
def test_the_end_of_a_pause_can_be_taken_back(room: Mailroom, words: str) -> None:
    room.reader()
    room.told(words)
    paused = standing(room)
    told = room.told("resume")
    assert room.state() is State.ACTIVE
    (undo,) = re.findall(r"“([^”]+)” pauses it again", text_of(told))
    room.told(undo)
    assert standing(room) == paused


@pytest.mark.parametrize(
    ("frequency", "day", "at"),
    [("daily", "", "0"), ("weekly", "sunday", "23:59"), ("monthly", "31", "8"), ("monthly", "1", "00:01")],
)
def test_every_rhythm_can_be_brought_back(room: Mailroom, frequency: str, day: str, at: str) -> None:
    before = room.reader(cadence=(frequency, day, at, "Europe/Paris")).cadence
    told = room.told("weekly on wednesday at 12:34" if frequency == "daily" else "daily at 12:34")
    (undo,) = re.findall(r"“([^”]+)” takes it back", text_of(told))
    room.told(undo)
    assert room.person().cadence == before


@pytest.mark.parametrize(
    "words", ["+ walking robots", "not: surveys", "- nothing of mine", "resume", "weekly on friday at 8"]
)
def test_what_is_so_already_stays_so_and_has_no_undo(room: Mailroom, words: str) -> None:
    room.reader(ADA, "walking robots", "not: surveys")
    before = standing(room)
    told = text_of(room.told(words))
    assert standing(room) == before
    assert "takes it back" not in told
    assert "brings it back" not in told


def test_leaving_can_be_taken_back_on_the_page_that_is_named(room: Mailroom) -> None:
    person = room.reader()
    told = text_of(room.told("unsubscribe"))
    assert "take it back within a day on this page" in told
    (token,) = re.findall(r"https://news\.example\.org/u/([\w-]+)", told)
    found = room.newsletter.correspondence.leaving_by(token)
    assert found
    assert found.id == person.id


def test_who_has_left_is_answered_no_more_than_that(room: Mailroom) -> None:
    room.reader()
    room.told("stop")
    told = room.told("stop")
    assert f"{ADA} gets nothing from us" in text_of(told)
    room.write("stop")
    room.write("unsubscribe")
    assert room.mails() == []
    assert [one.event for one in room.evidence()] == ["subscribed and confirmed", "active → unsubscribed"]


def test_leaving_is_in_force_for_a_copy_that_waits(room: Mailroom) -> None:
    room.reader()
    room.newsletter.send(now=True)
    assert len(room.new_mails()) == 1
    room.clock.set("2026-12-04 07:00")
    told = room.told("stop")
    assert "not even an issue that was ready" in text_of(told)
    room.clock.set("2026-12-04 09:00")
    room.newsletter.send()
    assert room.new_mails() == []


def test_interests_lists_them(room: Mailroom) -> None:
    room.reader(ADA, "walking robots", "not: surveys", "réseaux 网络")
    told = room.told("interests")
    assert told["Subject"] == "What you follow"
    assert "- walking robots - not: surveys - réseaux 网络" in text_of(told)
    room.reader(BOB, "x")
    room.told("- x", sender=BOB)
    assert "You follow nothing yet." in text_of(room.told("interests", sender=BOB))


def test_several_wishes_are_one_answer(room: Mailroom) -> None:
    room.reader()
    told = text_of(room.told("+ tumours\ndaily at 7\npause 2 weeks\ninterests"))
    for piece in ("You follow “tumours” now.", "every day at 07:00", "nothing until", "- walking robots"):
        assert piece in told
    assert room.state() is State.PAUSED


def test_of_wishes_of_which_one_cannot_be_done_none_is(room: Mailroom) -> None:
    room.reader()
    before = standing(room)
    told = room.told("daily\n" + "\n".join(f"+ topic {n}" for n in range(60)))
    assert told["Subject"] == "That did not work"
    assert "50 is the most. Nothing of what your mail asks for was done." in text_of(told)
    assert standing(room) == before


CONTRADICTIONS = [
    "subscribe\nunsubscribe",
    "pause 2 weeks\nresume",
    "pause 2 weeks\npause 3 weeks",
    "daily\nmonthly",
    "+ robots\n- robots",
    "+ robots\nnot: robots",
    "more 3\nless 3",
    "time zone UTC\ntime zone Europe/Paris",
    "stop\nresume",
]
UNCLEAR = ["pause 99 weeks", "pause for a while", "more abc", "less", "time zone Mars/Olympus", "more 1000", ""]


@pytest.mark.parametrize("words", [*CONTRADICTIONS, *UNCLEAR])
def test_what_contradicts_itself_or_is_unclear_changes_nothing_and_is_helped_once_a_day(
    room: Mailroom, words: str
) -> None:
    room.reader()
    before = standing(room)
    told = room.told(words)
    assert told["Subject"] == "How to write to Paper Robots"
    assert "so nothing was done: " in text_of(told)
    room.write(words)
    assert room.mails() == []
    room.clock.forward(days=1, seconds=1)
    room.told(words)
    assert standing(room) == before


def test_help_that_is_asked_for_is_given_each_time_within_reason(room: Mailroom) -> None:
    room.reader()
    told = room.told("help")
    assert "We did not understand" not in text_of(told)
    assert "unsubscribe" not in text_of(told)
    assert len(str(told)) < 20_000
    for _ in range(20):
        room.write("help")
    assert len(room.mails()) == 9


def test_whatever_help_names_is_understood(room: Mailroom) -> None:
    room.reader()
    html = str(room.told("help").get_body(("html",)).get_content())  # type: ignore[union-attr]
    named = re.findall(r"<strong>([^<]+)</strong>", html)
    assert {"stop", "daily", "weekly friday 8:00", "+ protein design"} <= set(named)
    for n, words in enumerate(named):
        room.reader(f"r{n}@example.org")
        told = room.told(words, sender=f"r{n}@example.org")
        assert (to_whom(told), "How to write" in told["Subject"]) == (f"r{n}@example.org", False), words


def test_the_month_is_named_in_help_as_it_is_understood(room: Mailroom) -> None:
    room.reader()
    assert "monthly 1" not in text_of(room.told("help")) or to_whom(room.told("monthly 1")) == ADA


def test_words_to_a_person_beside_a_wish_reach_one(room: Mailroom) -> None:
    room.reader()
    room.write("pause 3 weeks\n\nI am on a long trip, and look forward to reading you again. It is a great letter!")
    mails = room.mails()
    assert {to_whom(mail) for mail in mails} == {ADA, OP}
    assert room.state() is State.PAUSED


def test_words_to_a_person_beside_wishes_that_cannot_be_done_reach_one_too(room: Mailroom) -> None:
    room.reader()
    room.write("+ robots\n- robots\n\nI cannot tell any more what I like, so please choose for me. Is that possible?")
    mails = {to_whom(mail): text_of(mail) for mail in room.mails()}
    assert "so nothing was done" in mails[ADA]
    assert "please choose for me" in mails[OP]


def test_who_is_no_reader_is_told_so_once_a_day_and_nothing_is_kept(room: Mailroom) -> None:
    for words in ("pause 3 weeks", "+ robots", "interests", "data", "erase me", "more 1", "stop"):
        room.write(words)
    (told,) = room.mails()
    assert f"{ADA} is no reader of ours, so nothing was done." in text_of(told)
    assert room.state() is None
    assert room.rows("evidence", "confirmations") == {"evidence": [], "confirmations": []}


@pytest.mark.parametrize("state", [State.PENDING, State.UNSUBSCRIBED])
def test_who_reads_no_more_or_not_yet_changes_nothing(room: Mailroom, state: State) -> None:
    if state is State.PENDING:
        room.told("subscribe")
    else:
        room.reader()
        room.told("stop")
    room.clock.forward(days=2)
    before = standing(room)
    told = room.told("resume\n+ tumours\ndaily")
    assert "is no reader of ours" in text_of(told)
    assert standing(room) == before


# -- what is private goes nowhere but to the address that is kept


@pytest.mark.parametrize(
    ("words", "headers"),
    [
        ("data", {}),
        ("erase me", {"Reply_To": "eve@evil.example"}),
        ("data\nerase me", {"Authentication_Results": FORGED}),
    ],
)
def test_private_links_go_to_the_kept_address_alone(room: Mailroom, words: str, headers: dict[str, str]) -> None:
    room.reader("Ada.Lovelace@example.org")
    told = room.told(words, sender="ada.lovelace@EXAMPLE.org", **headers)
    assert (to_whom(told), told["Subject"]) == ("Ada.Lovelace@example.org", "What we keep about you")
    assert "https://news.example.org/confirm/" in text_of(told) or "/privacy/" in text_of(told)
    assert room.state("ada.lovelace@example.org") is State.ACTIVE
    for _ in range(10):
        room.write(words, sender="ada.lovelace@example.org")
    assert len(room.mails()) == 2


def test_a_wish_beside_data_is_done_and_answered_too(room: Mailroom) -> None:
    room.reader()
    room.write("data\n+ tumours")
    assert sorted(mail["Subject"] for mail in room.mails()) == ["Done", "What we keep about you"]


@pytest.mark.parametrize("words", ["yes", "no", "stop"])
def test_a_reply_to_a_private_link_does_nothing_private(room: Mailroom, words: str) -> None:
    room.reader()
    link = room.told("erase me")
    room.write(words, answers=link)
    assert room.state() is (State.UNSUBSCRIBED if words == "stop" else State.ACTIVE)


# -- a sender who may be forged


@pytest.mark.parametrize(("words", "said"), WISHES[::3])
def test_a_doubtful_sender_is_asked_and_the_yes_does_it_once(room: Mailroom, words: str, said: str) -> None:
    room.reader(ADA, "walking robots", "not: surveys")
    before = standing(room)
    question = room.told(words, Authentication_Results=FORGED)
    assert (question["Subject"], to_whom(question)) == ("Was that you?", ADA)
    assert standing(room) == before
    told = room.told("yes", answers=question)
    assert said in text_of(told)
    after = standing(room)
    assert after != before
    again = room.told("yes", answers=question)
    assert text_of(again) == text_of(told)
    assert standing(room) == after


def test_the_click_and_the_reply_do_it_once_together(room: Mailroom) -> None:
    person = room.reader()
    question = room.told("+ tumours", Authentication_Results=FORGED)
    readers = room.newsletter.readers
    readers.confirm(token_in(question), words="Yes, do it", origin=room.evidence()[0].origin)
    assert room.interests() == ["walking robots", "tumours"]
    readers.change(person, origin=room.evidence()[0].origin, interests=["walking robots"])
    told = room.told("yes", answers=question)
    assert "You follow “tumours” now." in text_of(told)
    assert room.interests() == ["walking robots"]


def test_a_question_repeats_nothing_that_a_forger_wrote(room: Mailroom) -> None:
    room.reader()
    question = room.told(
        "+ cheap pills at https://evil.example/now\nnot: pills\n- pills of mine\ninterests\nmore 3\npause 2 weeks",
        Authentication_Results=FORGED,
    )
    assert "pills" not in str(question)
    for wish in ("follow something more", "mute something", "tell what you follow", "more like entry 3", "two weeks"):
        assert wish in text_of(question)


def test_a_no_or_three_days_of_silence_do_nothing(room: Mailroom) -> None:
    room.reader()
    before = standing(room)
    question = room.told("+ tumours", Authentication_Results=FORGED)
    room.write("no", answers=question)
    assert room.mails() == []
    room.told("yes", answers=question)
    late = room.told("daily", Authentication_Results=FORGED)
    room.clock.forward(days=3, seconds=1)
    assert room.told("yes", answers=late)["Subject"] == "That was too late"
    assert standing(room) == before


def test_a_stop_below_the_question_whether_it_was_they_is_a_stop(room: Mailroom) -> None:
    room.reader()
    question = room.told("+ tumours", Authentication_Results=FORGED)
    told = room.told("unsubscribe", answers=question)
    assert (told["Subject"], room.state()) == ("You have left", State.UNSUBSCRIBED)
    room.told("yes", answers=question)
    assert room.interests() == ["walking robots"]


@pytest.mark.parametrize("words", ["interests", "help", "data"])
def test_what_changes_nothing_is_answered_at_once(room: Mailroom, words: str) -> None:
    room.reader()
    assert room.told(words, Authentication_Results=FORGED)["Subject"] != "Was that you?"


def test_a_forger_causes_three_questions_a_day_at_most(room: Mailroom) -> None:
    room.reader()
    for _ in range(30):
        room.write("stop", Authentication_Results=FORGED)
    assert [mail["Subject"] for mail in room.mails()] == ["Was that you?"] * 3


def test_what_the_answers_look_like_to_a_mail_program(room: Mailroom) -> None:
    room.reader()
    told = room.told("+ tumours", References="<0@example.org> <00@example.org>")
    assert told["From"] == f"Paper Robots <{OURS}>"
    assert (told["Auto-Submitted"], told["In-Reply-To"]) == ("auto-replied", "<1@example.org>")
    assert told["References"].split() == ["<0@example.org>", "<00@example.org>", "<1@example.org>"]
    assert [told[name] for name in ("Cc", "Bcc", "Reply-To", "List-Unsubscribe", "Precedence")] == [None] * 5
    assert room.disposition is Disposition.DONE
    assert rhythm(room.person().cadence) not in text_of(told)
