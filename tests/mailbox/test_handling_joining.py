"""Joining by mail: a question, a yes, and never more than a question for anybody else."""

from typing import Any

import pytest
from letters import html_letter
from mailroom import ADA, BOB, EVE, FORGED, OP, OURS, Mailroom, text_of, to_whom, token_in

from newsletter.rendering.links import Purpose
from subscribers import consent, people
from subscribers.bounces import HARD, note
from subscribers.evidence import Origin
from subscribers.states import State
from subscribers.suppression import Reason, suppress, suppression_of

pytest_plugins = ("mailroom_fixtures",)

ASKS = "Hello there,\n\nsubscribe\nwalking robots\nnot: surveys\n\nThank you!\nAda\n-- \nAda L.\n"
MAIL = Origin("mail")


def test_a_mail_a_question_a_yes_and_the_evidence_of_it_all(room: Mailroom) -> None:
    question = room.told(ASKS, Subject="Hello")
    assert (to_whom(question), room.state()) == (ADA, State.PENDING)
    assert room.interests() == []
    assert "walking robots" not in str(question)
    welcome = room.told("Yes please\n\n> Somebody, we hope you, asked", answers=question)
    assert (to_whom(welcome), room.state()) == (ADA, State.ACTIVE)
    assert room.interests() == ["walking robots", "not: surveys"]
    assert "You are in. Your issues come on Fridays at 08:00" in text_of(welcome)
    assert "the first one in a few minutes, and the one after it on Friday, 27 November" in text_of(welcome)
    asked, confirmed = room.evidence()
    assert (asked.event, confirmed.event) == ("asked to subscribe", "confirmed")
    assert (asked.at, confirmed.at) == (room.clock.now, room.clock.now)
    assert (asked.origin.how, asked.origin.page, asked.origin.message_id) == (
        "mail",
        f"mail from {ADA}",
        "<1@example.org>",
    )
    assert confirmed.origin.message_id == "<2@example.org>"
    assert "subscribe\nwalking robots\nnot: surveys" in asked.words
    assert confirmed.words.endswith("Yes please")


def test_the_question_says_when_it_would_come_as_it_was_asked_for(room: Mailroom) -> None:
    question = room.told("subscribe\nweekly on monday at 7:30\ntime zone Europe/Paris\nwalking robots")
    assert "on Mondays at 07:30, Paris time" in text_of(question)
    room.told("yes", answers=question)
    cadence = room.person().cadence
    assert (str(cadence.frequency), cadence.day, f"{cadence.at:%H:%M}", cadence.timezone) == (
        "weekly",
        1,
        "07:30",
        "Europe/Paris",
    )
    assert room.interests() == ["walking robots"]


def test_interests_may_be_written_in_each_of_the_ways(room: Mailroom) -> None:
    question = room.told("subscribe\n- walking robots\n+ tumours\nnot: surveys\n", Subject="+ forests")
    room.told("yes", answers=question)
    assert sorted(room.interests()) == ["forests", "not: surveys", "tumours", "walking robots"]


@pytest.mark.parametrize("way", ["link", "address", "references", "html"])
def test_a_yes_is_heard_whichever_way_it_names_the_question(room: Mailroom, way: str) -> None:
    question = room.told(ASKS)
    token = token_in(question)
    match way:
        case "link":
            room.write(f"yes\n\n> https://news.example.org/confirm/{token}", Subject="Re: whatever")
        case "address":
            room.write("yes", to=f"PAPERS+C-{token.upper()}@news.example.org")
        case "references":
            room.write("yes", to=OURS, References=f"<0@example.org>\n {question['Message-ID']}")
        case "html":
            raw = html_letter("<p>Yes please</p>", In_Reply_To=question["Message-ID"], Subject="Re: Do you")
            room.take(raw)
    assert room.state() is State.ACTIVE


@pytest.mark.parametrize("words", ["No", "It wasn't me.", "nein", "stop", "unsubscribe"])
def test_a_no_forgets_the_request_and_answers_nothing(room: Mailroom, words: str) -> None:
    question = room.told(ASKS)
    room.write(words, answers=question)
    assert room.mails() == []
    assert room.state() is None
    room.write("yes", answers=question)
    (told,) = room.mails()
    assert told["Subject"] == "That was too late"
    assert room.state() is None


def test_who_asks_a_question_back_is_no_reader_and_a_person_reads_it(room: Mailroom) -> None:
    question = room.told(ASKS)
    forwarded = room.told("Who are you, and what would you send me?", answers=question)
    assert (to_whom(forwarded), room.state()) == (OP, State.PENDING)


def test_a_yes_may_be_said_twice_and_from_another_address(room: Mailroom) -> None:
    question = room.told(ASKS)
    first = room.told("yes", answers=question, sender="ada@home.example")
    again = room.told("yes", answers=question)
    assert (to_whom(first), to_whom(again)) == (ADA, ADA)
    assert text_of(first) == text_of(again)
    assert [one.event for one in room.evidence()] == ["asked to subscribe", "confirmed"]


@pytest.mark.parametrize("words", ["stop", "unsubscribe", "Please unsubscribe me."])
@pytest.mark.parametrize("below", ["the question", "the welcome"])
def test_who_is_in_and_says_stop_below_either_mail_has_left(room: Mailroom, words: str, below: str) -> None:
    question = room.told(ASKS)
    welcome = room.told("yes", answers=question)
    told = room.told(words, answers=question if below == "the question" else welcome)
    assert (room.state(), told["Subject"]) == (State.UNSUBSCRIBED, "You have left")


def test_a_stop_below_the_question_is_heard_from_any_address_because_it_holds_the_token(room: Mailroom) -> None:
    question = room.told(ASKS)
    room.told("yes", answers=question)
    told = room.told("unsubscribe", answers=question, sender="ada@home.example")
    assert (to_whom(told), room.state()) == (ADA, State.UNSUBSCRIBED)


def test_a_no_below_a_question_that_was_answered_is_for_a_person_to_read(room: Mailroom) -> None:
    question = room.told(ASKS)
    room.told("yes", answers=question)
    forwarded = room.told("No, that was not me.", answers=question)
    assert (to_whom(forwarded), room.state()) == (OP, State.ACTIVE)


def test_what_stands_below_the_yes_is_done_too_and_once(room: Mailroom) -> None:
    question = room.told(ASKS)
    welcome = room.told("Yes please!\n+ tumours\nmonthly on the 3rd\n", answers=question)
    assert room.interests() == ["walking robots", "not: surveys", "tumours"]
    assert "You are in. Your issues come on day 3 of each month" in text_of(welcome)
    assert "“- tumours” takes it back. “weekly on friday at 08:00” takes it back." in text_of(welcome)
    room.told("- tumours", answers=welcome)
    room.told("Yes please!\n+ tumours", answers=question)
    assert room.interests() == ["walking robots", "not: surveys"]


def test_what_cannot_be_done_below_a_yes_takes_nothing_from_it(room: Mailroom) -> None:
    question = room.told(ASKS)
    welcome = room.told("\n".join(["yes", *(f"+ topic {n}" for n in range(60))]), answers=question)
    assert (room.state(), room.interests()) == (State.ACTIVE, ["walking robots", "not: surveys"])
    assert "50 is the most" in text_of(welcome)


@pytest.mark.parametrize(("answer", "state"), [("Yes please.", State.ACTIVE), ("No.", None)])
def test_words_to_a_person_below_the_answer_reach_one(room: Mailroom, answer: str, state: State | None) -> None:
    question = room.told(ASKS)
    room.write(f"{answer}\n\nHow did you get to know of me? I would like to hear that.", answers=question)
    assert room.state() is state
    (forwarded,) = [mail for mail in room.mails() if to_whom(mail) == OP]
    assert "How did you get to know of me?" in text_of(forwarded)


@pytest.mark.parametrize("words", ["yes\nstop", "yes\nno", "no\nyes"])
def test_a_yes_and_a_no_at_once_are_neither(room: Mailroom, words: str) -> None:
    question = room.told(ASKS)
    told = room.told(words, answers=question)
    assert room.state() is State.PENDING
    assert told["Subject"] == "How to write to Paper Robots"


def test_a_new_address_is_confirmed_by_a_reply_from_there(room: Mailroom) -> None:
    room.newsletter.readers.change_address(room.reader(), BOB, origin=MAIL)
    (question,) = room.mails()
    assert to_whom(question) == BOB
    room.write("yes", answers=question, sender=BOB)
    assert (room.state(), room.state(BOB)) == (None, State.ACTIVE)
    assert sorted((to_whom(mail), mail["Subject"]) for mail in room.mails())[1] == (BOB, "Your address is changed")


@pytest.mark.parametrize("words", ["no", "stop", "unsubscribe"])
def test_who_is_not_that_somebody_ends_no_more_than_the_question(room: Mailroom, words: str) -> None:
    room.newsletter.readers.change_address(room.reader(), BOB, origin=MAIL)
    (question,) = room.mails()
    room.write(words, answers=question, sender=BOB)
    assert (room.mails(), room.state(), room.state(BOB)) == ([], State.ACTIVE, None)
    room.write("yes", answers=question, sender=BOB)
    assert room.state() is State.ACTIVE


# -- tokens that are none


def test_an_expired_question_is_answered_with_that(room: Mailroom) -> None:
    question = room.told(ASKS)
    room.clock.forward(days=3, seconds=1)
    told = room.told("yes", answers=question)
    assert (told["Subject"], room.state()) == ("That was too late", State.PENDING)
    assert "Ask again, and answer within three days." in text_of(told)


def test_an_altered_token_confirms_nothing(room: Mailroom) -> None:
    question = room.told(ASKS)
    token = token_in(question)
    altered = ("b" if token[0] == "a" else "a") + token[1:]
    room.write("yes", to=f"papers+c-{altered}@news.example.org", sender=BOB)
    (told,) = room.mails()
    assert (told["Subject"], to_whom(told)) == ("That was too late", BOB)
    assert room.state() is State.PENDING


@pytest.mark.parametrize("token", ["", "x", "a" * 400, "ä" * 26, "a" * 26 + "'; DROP TABLE subscribers; --"])
def test_nonsense_for_a_token_is_survived(room: Mailroom, token: str) -> None:
    room.write("yes", to=f"papers+c-{token}@news.example.org")
    assert len(room.mails()) <= 1
    assert people.count_by_state(room.db) == {}


def test_made_up_tokens_in_somebody_s_name_bring_them_one_mail_a_day(room: Mailroom) -> None:
    for n in range(20):
        room.write("yes", to=f"papers+c-{chr(97 + n) * 26}@news.example.org", sender=BOB)
    assert len(room.mails()) == 1


@pytest.mark.parametrize("purpose", [Purpose.LEAVE, Purpose.PREFERENCES, Purpose.BOUNCE])
def test_another_kind_of_token_confirms_nothing(room: Mailroom, purpose: Purpose) -> None:
    room.write(ASKS)
    token = room.signer.detail(purpose, room.person().id)
    room.write("yes", to=f"papers+c-{token}@news.example.org")
    assert room.state() is State.PENDING


# -- who asks is known


@pytest.mark.parametrize("paused", [False, True])
def test_a_reader_who_asks_again_is_told_and_stays_as_they_are(room: Mailroom, paused: bool) -> None:
    person = room.reader()
    if paused:
        consent.pause(room.db, person, None, words="", origin=MAIL, now=room.clock())
    before = room.rows("subscribers", "interests", "confirmations")
    told = room.told("subscribe\ncasinos")
    assert (told["Subject"], to_whom(told)) == ("You read Paper Robots already", ADA)
    assert "casinos" not in str(told)
    assert room.rows("subscribers", "interests", "confirmations") == before


def test_who_asks_again_before_the_yes_gets_another_question_and_the_last_wishes_that_are_confirmed_count(
    room: Mailroom,
) -> None:
    first = room.told("subscribe\nwalking robots")
    second = room.told("subscribe\ntumours")
    assert token_in(first) != token_in(second)
    room.told("yes", answers=second)
    assert (room.state(), room.interests()) == (State.ACTIVE, ["tumours"])
    room.told("yes", answers=first)
    assert room.interests() == ["tumours"]


def test_who_left_comes_back_by_a_yes_only(room: Mailroom) -> None:
    room.reader()
    room.told("stop")
    question = room.told("subscribe")
    assert (question["Subject"], room.state()) == ("Do you want Paper Robots?", State.UNSUBSCRIBED)
    room.told("yes", answers=question)
    assert (room.state(), room.interests()) == (State.ACTIVE, ["walking robots"])


def test_a_dead_address_that_writes_is_alive(room: Mailroom) -> None:
    person = room.reader()
    note(room.db, person.id, "1", HARD, "no such user", room.clock())
    consent.suppress_person(room.db, person, Reason.BOUNCED, words="", origin=MAIL, now=room.clock())
    question = room.told("subscribe")
    assert room.state() is State.SUPPRESSED
    room.told("yes", answers=question)
    assert (room.state(), suppression_of(room.db, ADA)) == (State.ACTIVE, None)
    assert room.rows("bounces") == {"bounces": []}


def test_who_was_erased_may_ask_again(room: Mailroom) -> None:
    room.reader()
    room.newsletter.remove(ADA)
    question = room.told("subscribe")
    assert suppression_of(room.db, ADA) is Reason.ERASED
    room.told("yes", answers=question)
    assert (room.state(), suppression_of(room.db, ADA)) == (State.ACTIVE, None)


@pytest.mark.parametrize("known", [True, False])
def test_who_complained_is_written_to_no_more_whatever_is_asked_in_their_name(room: Mailroom, known: bool) -> None:
    if known:
        consent.suppress_person(room.db, room.reader(), Reason.COMPLAINED, words="", origin=MAIL, now=room.clock())
    else:
        suppress(room.db, ADA, Reason.COMPLAINED, room.clock())
    for words in ("subscribe", "stop", "help", "interests", "pause 99 weeks", "daily", ""):
        room.write(words)
        room.clock.forward(days=1)
    assert room.mails() == []
    assert suppression_of(room.db, ADA) is Reason.COMPLAINED


def test_what_is_kept_about_them_they_may_see_all_the_same_and_write_to_a_person(room: Mailroom) -> None:
    consent.suppress_person(room.db, room.reader(), Reason.COMPLAINED, words="", origin=MAIL, now=room.clock())
    assert to_whom(room.told("data\nstop")) == ADA
    assert to_whom(room.told("That was a mistake of mine. May I have the mails again?")) == OP


def test_a_yes_of_who_complained_after_the_question_lifts_nothing(room: Mailroom) -> None:
    question = room.told(ASKS)
    consent.suppress_person(room.db, room.person(), Reason.COMPLAINED, words="", origin=MAIL, now=room.clock())
    told = room.told("yes", answers=question)
    assert (told["Subject"], room.state()) == ("That did not work", State.SUPPRESSED)
    assert suppression_of(room.db, ADA) is Reason.COMPLAINED


# -- who asks in somebody else's name


def test_a_forged_sender_gets_their_victim_one_question_a_day(room: Mailroom) -> None:
    for _ in range(30):
        room.write("subscribe\nhttps://evil.example/casino", sender=ADA, envelope=EVE, Authentication_Results=FORGED)
    questions = room.mails()
    assert [to_whom(mail) for mail in questions] == [ADA]
    assert not any("casino" in str(mail) for mail in questions)
    assert room.state() is State.PENDING
    # Nor can a forger take back what was asked for.
    room.write("stop", sender=ADA, envelope=EVE, Authentication_Results=FORGED)
    assert room.state() is State.PENDING
    room.mails()
    room.clock.forward(days=1, seconds=1)
    room.write("subscribe", sender=ADA, envelope=EVE)
    assert len(room.mails()) == 1


def test_reply_to_and_sender_and_other_headers_name_nobody(room: Mailroom) -> None:
    for header in (
        "Reply_To",
        "Sender",
        "Resent_From",
        "Errors_To",
        "Return_Receipt_To",
        "Disposition_Notification_To",
    ):
        victim: dict[str, Any] = {header: "victim@example.com"}
        room.write("subscribe", **victim)
        room.write("Who makes this? I would love to know that.", **victim)
    assert {to_whom(mail) for mail in room.mails()} == {ADA, OP}
    assert room.state("victim@example.com") is None


def test_the_newsletter_does_not_subscribe_itself(room: Mailroom) -> None:
    for address in (OURS, OURS.upper(), "papers+x@news.example.org"):
        room.write("subscribe", sender=address, envelope=ADA)
        room.write("subscribe", sender=ADA, envelope=address)
    assert room.mails() == []
    assert people.count_by_state(room.db) == {}


def test_an_interest_that_cannot_be_kept_is_said_without_repeating_it(room: Mailroom) -> None:
    told = room.told("\n".join(["subscribe", *(f"pills of kind {n}" for n in range(60))]))
    assert told["Subject"] == "How to write to Paper Robots"
    assert "pills" not in str(told)
    assert room.state() is None
