"""From a whole mail to what it asks for: which rule comes first, and where our tokens are found."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from letters import PIECES, html_letter, letter
from reports import complaint, returned

from newsletter.mailbox.decision import Action, Commands, Ignore, LeaveByToken, Letter, Reply, Returned, decide
from newsletter.readers.asked import Command, Follow, Leave, More, Pause, Subscribe

OURS = "news@example.net"
TOKEN = "abcdefghijklmnopqrstuvwx27"
OTHER = "zyxwvutsrqponmlkjihgfedc72"
#: A token of List-Unsubscribe, where letter case counts.
LEAVE = "AAEDALT4KhEqGKbKKPjOmLLX_-g"
QUESTION = f"<c-{TOKEN}@example.net>"
REPLY = {"Subject": "Re: Do you want News?", "In_Reply_To": QUESTION}
#: Written as a program would, in each of the ways in which programs say so.
AUTOMATIC: list[dict[str, str]] = [
    {"Auto_Submitted": "auto-replied"},
    {"Auto_Submitted": "auto-generated; owner-email=ada@example.org"},
    {"Precedence": "bulk"},
    {"Precedence": "auto_reply"},
    {"X_Autoreply": "yes"},
    {"X_Auto_Response_Suppress": "All"},
    {"Return_Path": "<>"},
    {"From": "mailer-daemon@example.org"},
    {"From": "no-reply@example.org"},
    {"List_Id": "<staff.example.org>"},
    {"X_Loop": OURS},
    {"From": OURS},
]


def decided(raw: bytes, *, to: str | None = OURS, **more: Any) -> Action:
    options = {"sender": None, "address": OURS, "delimiter": "+", "authserv_id": "mx.example.net"} | more
    return decide(raw, recipients=(to,) if to else (), **options)


def nothing(action: Action) -> bool:
    """Is nothing done, and nothing answered?"""
    return isinstance(action, Ignore) or (isinstance(action, Returned) and action.report.kind == "vacation")


def wishes(action: Action) -> tuple[Command, ...]:
    assert isinstance(action, Commands), action
    return action.understood.commands


def answer(action: Action) -> tuple[str, bool]:
    """Token, and whether it is a yes."""
    assert isinstance(action, Reply), action
    return action.token, action.yes


# -- what a person writes


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (letter(Subject="subscribe"), (Subscribe(),)),
        (letter("Hello there,\n\nsubscribe\nwalking robots\n\nThanks!\nAda\n"), (Subscribe(("walking robots",)),)),
        (html_letter("<p>Hi,</p><p>stop</p>"), (Leave(),)),
        (letter("+ robots\npause 2 weeks\n\n-- \nAda\nstop"), (Follow("robots"), Pause(2))),
        (letter("more 3\n\n> less 3", Subject="Re: Robots are walking"), (More((3,)),)),
        (letter("", Subject="Re: stop"), (Leave(),)),
    ],
)
def test_wishes_are_wishes(raw: bytes, expected: tuple[Command, ...]) -> None:
    action = decided(raw)
    assert wishes(action) == expected
    assert isinstance(action, Commands)
    assert action.genuine


@pytest.mark.parametrize(
    "raw",
    [
        letter("Who makes this? I would love to know where it comes from.", Subject="A question"),
        letter("I never asked for this", Subject="Re: Robots are walking"),
        letter("No.", Subject="Re: Robots are walking"),
        letter("This one was wonderful, I have forwarded it to all my students.", Subject="Re: Robots are walking"),
        letter("Hello, I would like to know more.", From="zoë@example.org"),
        letter("Two of us wrote this together.", From="ada@example.org, bob@example.org"),
    ],
)
def test_a_person_who_writes_to_a_person_is_a_letter(raw: bytes) -> None:
    assert isinstance(decided(raw), Letter)


@pytest.mark.parametrize("subject", ["", "Re: Robots are walking"])
def test_a_mail_with_nothing_in_it_is_an_attempt_at_something(subject: str) -> None:
    assert wishes(decided(letter("", Subject=subject))) == ()


def test_without_any_sender_nothing_is_done() -> None:
    assert isinstance(decided(letter("subscribe", From="")), Ignore)
    assert isinstance(decided(letter("subscribe", From="Ada")), Ignore)


def test_who_cannot_be_answered_is_no_subscriber_but_may_say_yes_with_a_token() -> None:
    assert isinstance(decided(letter("subscribe", From="zoë@example.org")), Letter)
    assert answer(decided(letter("yes", From="zoë@example.org", **REPLY))) == (TOKEN, True)


# -- what nobody wrote


@pytest.mark.parametrize("headers", AUTOMATIC)
@pytest.mark.parametrize("body", ["yes", "stop", "subscribe", "Who makes this? I would love to know it."])
def test_what_a_program_wrote_is_neither_a_yes_nor_a_wish_nor_a_letter(headers: dict[str, str], body: str) -> None:
    assert nothing(decided(letter(body, **REPLY | headers)))
    assert nothing(decided(letter(body, **REPLY | headers), to=f"news+c-{TOKEN}@example.net"))


@pytest.mark.parametrize("envelope", ["", "<>"])
def test_the_null_sender_of_the_envelope_outweighs_a_friendly_from(envelope: str) -> None:
    raw = letter("yes", Return_Path="<ada@example.org>", **REPLY)
    assert isinstance(decided(raw, sender=envelope), Ignore)


@pytest.mark.parametrize(
    "subject", ["Automatic reply: Do you want News?", "Re: Out of office: Do you want News?", "Abwesenheit: Frage"]
)
def test_a_vacation_answer_to_a_confirmation_confirms_nothing(subject: str) -> None:
    raw = letter("Yes, I am away until Monday.", Subject=subject, In_Reply_To=QUESTION)
    assert nothing(decided(raw, to=f"news+c-{TOKEN}@example.net"))


@pytest.mark.parametrize("words", ["Thank you for your email.", "Thank you for your message.", "Thanks for your mail!"])
def test_a_ticket_system_that_thanks_for_the_mail_confirms_nothing(words: str) -> None:
    """Such systems often say in no header what they are; somebody may have typed their address into our form."""
    assert not isinstance(decided(letter(words, **REPLY)), Reply)


def test_a_vacation_note_to_the_return_path_is_no_failure() -> None:
    raw = letter("I am back on Monday.", Subject="Out of office", Auto_Submitted="auto-replied")
    assert nothing(decided(raw, to="news+b-abc@example.net"))


# -- answers to a confirmation


@pytest.mark.parametrize(
    "headers",
    [
        {"In_Reply_To": QUESTION},
        {"In_Reply_To": QUESTION.upper()},
        {"In_Reply_To": f"<C-{TOKEN}@EXAMPLE.NET>"},
        {"In_Reply_To": f'Your message of "Sun, 22 Nov 2026" {QUESTION}'},
        {"References": QUESTION},
        {"References": f"<1@example.org>\n {QUESTION}"},
        {"In_Reply_To": QUESTION, "References": f"<1@example.org> {QUESTION}"},
        {"In_Reply_To": "<of-a-mail-program@example.org>", "References": QUESTION},
    ],
)
def test_the_token_is_found_in_the_headers_of_a_reply(headers: dict[str, str]) -> None:
    assert answer(decided(letter("Yes please", Subject="Re: Do you want News?", **headers))) == (TOKEN, True)
    assert answer(decided(letter("No, not me", Subject="Re: Do you want News?", **headers))) == (TOKEN, False)


@pytest.mark.parametrize("to", [f"news+c-{TOKEN}@example.net", f"NEWS+C-{TOKEN.upper()}@Example.NET"])
def test_the_token_is_found_in_the_address_in_any_letter_case(to: str) -> None:
    assert answer(decided(letter("ok"), to=to)) == (TOKEN, True)
    assert answer(decided(letter("ok", To=to), to=None)) == (TOKEN, True)
    assert answer(decided(letter("ok", Delivered_To=to), to=None)) == (TOKEN, True)


def test_the_token_is_found_in_the_link_that_was_quoted() -> None:
    link = f"https://news.example.net/confirm/{TOKEN}"
    assert answer(decided(letter(f"Yes\n\n> Do you want News?\n> {link}\n"))) == (TOKEN, True)
    html = f'<div>Yes</div><div class="gmail_quote">News wrote:<blockquote><a href="{link}">Yes</a></blockquote></div>'
    assert answer(decided(html_letter(html))) == (TOKEN, True)


def test_the_address_outweighs_the_headers_and_these_the_quoted_link() -> None:
    body = f"yes\n\n> https://news.example.net/confirm/{OTHER}\n"
    assert answer(decided(letter(body, **REPLY)))[0] == TOKEN
    assert answer(decided(letter(body, **REPLY), to=f"news+c-{OTHER}@example.net"))[0] == OTHER


def test_an_empty_reply_to_a_confirmation_is_a_yes_and_an_empty_mail_is_none() -> None:
    assert answer(decided(letter("", **REPLY))) == (TOKEN, True)
    assert not isinstance(decided(letter("", Subject="hello", In_Reply_To=QUESTION)), Reply)


@pytest.mark.parametrize(
    "token", ["", TOKEN[:-1], TOKEN + "a", "1" * 26, TOKEN.replace("c", ""), TOKEN.replace("a", "ä")]
)
def test_what_has_not_the_shape_of_a_token_is_none(token: str) -> None:
    found = decided(letter("yes", Subject="Re: Do you want News?", In_Reply_To=f"<c-{token}@example.net>"))
    assert not isinstance(found, Reply)
    body = f"yes\n\n> https://news.example.net/confirm/{token}\n"
    assert not isinstance(decided(letter(body, Subject="Re: Do you want News?")), Reply)


@pytest.mark.parametrize(
    "to", [f"news-c-{TOKEN}@example.net", f"news+c-{TOKEN}@example.com", f"n+c-{TOKEN}@example.net"]
)
def test_an_address_that_is_not_ours_holds_no_token(to: str) -> None:
    assert not isinstance(decided(letter("yes"), to=to), Reply)


def test_another_delimiter_or_none() -> None:
    assert answer(decided(letter("yes"), to=f"news-c-{TOKEN}@example.net", delimiter="-"))[0] == TOKEN
    assert not isinstance(decided(letter("yes"), to=f"news+c-{TOKEN}@example.net", delimiter=""), Reply)


def test_a_wish_in_answer_to_a_confirmation_is_a_wish() -> None:
    assert wishes(decided(letter("pause 3 weeks", **REPLY))) == (Pause(3),)


def test_what_is_neither_yes_nor_no_below_a_confirmation_is_a_letter() -> None:
    assert isinstance(decided(letter("Who are you, and how do you know of me?", **REPLY)), Letter)


@pytest.mark.parametrize("words", ["stop", "unsubscribe", "Please unsubscribe me.", "remove"])
def test_a_stop_further_down_in_the_talk_is_a_stop_and_no_answer_to_its_first_question(words: str) -> None:
    """The mail that welcomes refers to the question, and so does everything that is written below it."""
    references = f"{QUESTION} <2@example.org> <answer.0123@example.net>"
    for headers in ({"In_Reply_To": "<answer.0123@example.net>", "References": references}, {"References": references}):
        raw = letter(words, Subject="Re: Welcome to News", **headers)
        assert wishes(decided(raw)) == (Leave(),)


def test_what_the_words_of_an_answer_ask_for_otherwise_is_known_too() -> None:
    action = decided(letter("unsubscribe", **REPLY))
    assert isinstance(action, Reply)
    assert wishes(action.otherwise) == (Leave(),)


# -- leaving by the address of List-Unsubscribe


@pytest.mark.parametrize("subject", [f"leave {LEAVE}", f"LEAVE  {LEAVE}", f"Re: leave {LEAVE}", f"leave:{LEAVE}"])
def test_the_token_of_list_unsubscribe_is_found_in_the_subject(subject: str) -> None:
    action = decided(letter(Subject=subject))
    assert isinstance(action, LeaveByToken)
    assert action.token == LEAVE


@pytest.mark.parametrize("headers", AUTOMATIC)
def test_a_program_may_send_it_for_its_user(headers: dict[str, str]) -> None:
    action = decided(letter(Subject=f"leave {LEAVE}", **headers), sender="")
    assert isinstance(action, LeaveByToken)
    assert isinstance(action.otherwise, Ignore)


def test_an_altered_token_still_says_that_its_sender_wants_to_leave() -> None:
    action = decided(letter("", Subject=f"leave {LEAVE[:-1]}"))
    assert isinstance(action, LeaveByToken)
    assert wishes(action.otherwise) == (Leave(),)


def test_a_long_word_after_leave_is_no_token_and_the_letter_is_not_lost() -> None:
    body = "They have done nothing to you. I wonder why you wrote about them like this."
    action = decided(letter(body, Subject="Leave electroencephalographers alone"))
    assert isinstance(action, LeaveByToken)
    assert isinstance(action.otherwise, Letter)


# -- what comes back


def details(action: Action) -> tuple[str, ...]:
    assert isinstance(action, Returned), action
    return action.details


def test_a_bounce_is_known_by_the_address_that_it_comes_to() -> None:
    assert details(decided(returned(), to="news+b-abc27@example.net")) == ("abc27",)
    assert details(decided(returned(), to="News+B-ABC27@EXAMPLE.net")) == ("abc27",)


def test_a_bounce_is_known_by_what_it_sends_back() -> None:
    original = "Return-Path: <news+b-abc27@example.net>"
    assert details(decided(returned(original=original))) == ("abc27",)
    both = decided(returned(original=original), to="news+b-other@example.net")
    assert details(both) == ("other", "abc27")


def test_a_bounce_without_our_address_names_nothing() -> None:
    assert details(decided(returned(original="Return-Path: <news+b-abc27@example.com>"))) == ()
    assert details(decided(returned(), to="news+c-abc27@example.net")) == ()


@pytest.mark.parametrize("headers", [REPLY, {"Subject": f"leave {LEAVE}"}, {"In_Reply_To": QUESTION}])
def test_a_bounce_is_a_bounce_whatever_else_it_looks_like(headers: dict[str, Any]) -> None:
    """Of a confirmation that could not be delivered, say; ours has "yes" in it."""
    action = decided(returned(**headers), to=f"news+c-{TOKEN}@example.net")
    assert isinstance(action, Returned)


def test_a_complaint_is_known_by_the_link_that_leaves() -> None:
    action = decided(
        complaint(f"List-Unsubscribe:\n <https://news.example.net/u/{LEAVE}>,\n <mailto:{OURS}?subject=x>")
    )
    assert isinstance(action, Returned)
    assert (action.report.kind, action.details, action.leave) == ("complaint", (), LEAVE)


# -- may the sender be forged?

PASS = "mx.example.net; dmarc=pass header.from=example.org"
FAIL = "mx.example.net; dmarc=fail header.from=example.org"
NONE = "mx.example.net; dmarc=none header.from=example.org"


def with_results(*results: str) -> bytes:
    head = "".join(f"Authentication-Results: {one}\n" for one in results)
    return head.encode() + letter("+ robots")


@pytest.mark.parametrize(
    ("results", "trusted", "genuine"),
    [
        ((), "mx.example.net", True),
        ((PASS,), "mx.example.net", True),
        ((NONE,), "mx.example.net", True),
        ((FAIL,), "mx.example.net", False),
        ((FAIL,), "MX.example.NET", False),
        # the forger's own, below our server's
        ((FAIL, PASS), "mx.example.net", False),
        ((FAIL, PASS), "", False),
        ((FAIL, PASS, PASS), "mx.example.net", False),
        # another server's says nothing where ours is named
        (("other.example; dmarc=fail header.from=example.org", PASS), "mx.example.net", True),
        (("other.example; dmarc=pass header.from=example.org", FAIL), "mx.example.net", False),
        (("other.example; dmarc=fail header.from=example.org",), "mx.example.net", True),
        # and counts where it is the topmost, and none is named
        (("other.example; dmarc=fail header.from=example.org", PASS), "", False),
        # a comment, a quoted string and another domain say nothing
        (("mx.example.net; spf=pass (dmarc=pass); dmarc=fail header.from=example.org",), "mx.example.net", False),
        (('mx.example.net; spf=pass reason="; dmarc=pass"; dmarc=fail header.from=example.org',), "", False),
        (("mx.example.net; dmarc=fail header.from=example.com",), "mx.example.net", True),
    ],
)
def test_only_our_own_server_says_that_a_sender_may_be_forged(
    results: tuple[str, ...], trusted: str, genuine: bool
) -> None:
    action = decided(with_results(*results), authserv_id=trusted)
    assert isinstance(action, Commands)
    assert action.genuine is genuine


def test_a_token_needs_no_genuine_sender() -> None:
    assert answer(decided(letter("yes", Authentication_Results=FAIL, **REPLY))) == (TOKEN, True)
    assert isinstance(decided(letter(Subject=f"leave {LEAVE}", Authentication_Results=FAIL)), LeaveByToken)


# -- anything at all


def test_reply_to_is_nobody() -> None:
    action = decided(letter("subscribe", Reply_To="victim@example.com"))
    assert isinstance(action, Commands)
    assert action.incoming.sender == "ada@example.org"
    assert "victim" not in repr(replace(action.incoming, signs=None))  # type: ignore[arg-type]


_HEADS = [
    b"From: Ada <ada@example.org>\n",
    b"From: =?utf-8?b?\xff?= <\xff@\xfe>\n",
    b"To: news+b-\xff@example.net\n",
    f"To: news+c-{TOKEN}@example.net\n".encode(),
    b"Subject: leave " + b"a" * 30 + b"\n",
    b"Subject: =?x-no-such?q?=ff=fe?=\n",
    b"References: <" + b"r" * 300 + b"\n",
    f"In-Reply-To: {QUESTION}\n".encode(),
    b"Content-Type: text/plain; charset=utf-7\n",
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
    b"Authentication-Results: ((((\n",
    b"\nyes\n",
    b"\nmore 3\n+ \xff\xfe\n",
]


@settings(max_examples=150)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(st.sampled_from([*PIECES, *_HEADS]) | st.binary(max_size=20), max_size=20).map(b"".join),
    ),
    st.none() | st.text(max_size=20),
    st.lists(st.text(max_size=30) | st.just(f"news+b-{TOKEN}@example.net"), max_size=2),
    st.sampled_from(["+", "-", "=", ""]),
)
def test_any_bytes_are_decided(raw: bytes, sender: str | None, recipients: list[str], delimiter: str) -> None:
    action = decide(raw, sender=sender, recipients=tuple(recipients), address=OURS, delimiter=delimiter)
    assert isinstance(action, Ignore | Returned | Reply | LeaveByToken | Commands | Letter)
    again = decide(raw, sender=sender, recipients=tuple(recipients), address=OURS, delimiter=delimiter)
    assert repr(action) == repr(again)
