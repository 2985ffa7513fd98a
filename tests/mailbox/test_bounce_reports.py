"""Reports of mail systems: in the standard's words and in their own."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters import PIECES, html_letter, letter, parts_of_mail

from newsletter.delivery.verdicts import Verdict
from newsletter.mailbox.bounces import Report, bounce_in, verdict
from newsletter.mailbox.parts import parse

RETURN_PATH = "news+b-abcdefghij@example.net"
ORIGINAL = f"""Return-Path: <{RETURN_PATH}>
Message-ID: <weekly-1.abc@example.net>
From: News <news@example.net>
To: bob@example.org
Subject: spam, quota, user unknown
List-Unsubscribe: <https://news.example.net/u/abc>

Our own text: mailbox full, blocked, no such user.
"""
MACHINE = {"From": "Mail Delivery System <MAILER-DAEMON@mx.example.com>", "Return_Path": "<>"}


def machine(body: str, **headers: str) -> bytes:
    return letter(body, **{"Subject": "Undelivered Mail Returned to Sender"} | MACHINE | headers)


def standard(fields: str, words: str = "Your message could not be delivered.", original: str = ORIGINAL) -> bytes:
    """A report as RFC 3464 wants it."""
    kind, body = parts_of_mail(
        f"Content-Type: text/plain\n\n{words}",
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n"
        f"Original-Envelope-Id: b-abcdefghij\n\n{fields}",
        f"Content-Type: message/rfc822\n\n{original}",
        kind="report",
    )
    return machine(body, Content_Type=f"{kind}; report-type=delivery-status")


def report(raw: bytes) -> Report:
    found = bounce_in(parse(raw), raw)
    assert found is not None
    return found


def test_a_standard_report_is_read_whole() -> None:
    found = report(
        standard(
            "Final-Recipient: rfc822; Bob@inner.example.org\nOriginal-Recipient: rfc822;bob@example.org\n"
            "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n"
        )
    )
    assert found.kind == "bounce"
    assert found.recipients == ("bob@example.org", "Bob@inner.example.org")
    assert (found.status, found.text) == ("5.1.1", "smtp; 550 5.1.1 User unknown")
    assert found.original_headers == {
        "return-path": f"<{RETURN_PATH}>",
        "message-id": "<weekly-1.abc@example.net>",
        "to": "bob@example.org",
        "list-unsubscribe": "<https://news.example.net/u/abc>",
        "original-envelope-id": "b-abcdefghij",
    }
    assert RETURN_PATH in found.addresses
    assert verdict(found) is Verdict.HARD


@pytest.mark.parametrize(
    ("fields", "words", "kind", "expected"),
    [
        ("Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 mailbox full", "", "bounce", Verdict.FULL),
        ("Action: failed\nStatus: 5.7.515\nDiagnostic-Code: smtp; 550 Access denied", "", "bounce", Verdict.OURS),
        ("Action: failed\nStatus: 4.4.7\nDiagnostic-Code: smtp; 450 later", "", "bounce", Verdict.SOFT),
        ("Action: failed\nStatus: 4.1.1\nDiagnostic-Code: smtp; 450 User unknown", "", "bounce", Verdict.SOFT),
        ("Action: failed (permanent)\nStatus: 5.1.1 (bad)", "", "bounce", Verdict.HARD),
        ("Action: error\nStatus: 5.1.1", "", "bounce", Verdict.HARD),
        ("Status: 5.1.1", "", "bounce", Verdict.HARD),
        ("Action: failed\nStatus: 5.0.0", "<bob@example.org>: no such user here", "bounce", Verdict.HARD),
        ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: x; 41", "disk quota exceeded", "bounce", Verdict.FULL),
        ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 unknown user",
         "host mx said: 550 unknown user (in reply to end of\n    DATA command)", "bounce", Verdict.SOFT),
        ("Action: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; 421 User unknown", "", "delay", Verdict.DELAY),
        ("Action: relayed\nStatus: 5.1.1", "", "delay", Verdict.DELAY),
        ("Action: delivered\nStatus: 2.1.5\nDiagnostic-Code: smtp; 250 Ok", "", "delay", Verdict.NONE),
    ],
)  # fmt: skip
def test_action_status_and_words_decide(fields: str, words: str, kind: str, expected: Verdict) -> None:
    found = report(standard(f"Final-Recipient: rfc822; bob@example.org\n{fields}\n", words))
    assert (found.kind, verdict(found)) == (kind, expected)
    assert found.recipients == ("bob@example.org",)


def test_who_failed_counts_where_others_got_it() -> None:
    found = report(
        standard(
            "Final-Recipient: rfc822; ada@example.org\nAction: delivered\nStatus: 2.0.0\n\n"
            "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n"
        )
    )
    assert (found.kind, found.recipients, verdict(found)) == ("bounce", ("bob@example.org",), Verdict.HARD)


def test_a_report_that_lies_in_the_text_is_found() -> None:
    found = report(machine("It failed.\n\nFinal-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n"))
    assert (found.recipients, verdict(found)) == (("bob@example.org",), Verdict.HARD)


def test_a_bare_status_part_is_a_report() -> None:
    raw = machine(
        "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n",
        Content_Type="message/delivery-status",
    )
    assert verdict(report(raw)) is Verdict.HARD


PLAIN = {
    "qmail": (
        "failure notice",
        "Hi. This is the qmail-send program at mx.example.com.\nI'm afraid I wasn't able to deliver your message to "
        "the following addresses.\nThis is a permanent error; I've given up.\n\n<bob@example.org>:\n"
        "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n",
        Verdict.HARD,
    ),
    "exim": (
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
        "delivered to one or more of its\nrecipients. The following address(es) failed:\n\n  bob@example.org\n"
        "    SMTP error from remote mail server after RCPT TO:<bob@example.org>:\n    host mx.example.org [192.0.2.1]: "
        "552 mailbox full\n\n------ This is a copy of the message, including all the headers. ------\n\n",
        Verdict.FULL,
    ),
    "a filter": (
        "Undeliverable: your message",
        "Your message to <bob@example.org> was blocked by our spam filter.\n\n-- Original message follows --\n\n",
        Verdict.OURS,
    ),
    "an old one": (
        "Returned mail: User unknown",
        "   ----- Transcript of session follows -----\n550 bob@example.org... User unknown\n\n"
        "   ----- Unsent message follows -----\n",
        Verdict.HARD,
    ),
    "one that says nothing": (
        "Undeliverable Mail",
        "undeliverable to bob@example.org\n\nOriginal message follows.\n\n",
        Verdict.SOFT,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("subject", "words", "expected"), PLAIN.values(), ids=PLAIN)
def test_bounces_in_servers_own_words_are_read_and_our_words_below_are_not(
    subject: str, words: str, expected: Verdict
) -> None:
    found = report(machine(words + ORIGINAL, Subject=subject))
    assert (found.kind, found.recipients, verdict(found)) == ("bounce", ("bob@example.org",), expected)
    assert found.original_headers["return-path"] == f"<{RETURN_PATH}>"
    assert RETURN_PATH in found.addresses
    assert "Our own text" not in found.text


def test_a_bounce_in_html_is_read() -> None:
    raw = html_letter(
        "<p>Your message did not reach</p><ul><li>bob@example.org</li></ul><p>No such user</p>",
        **{"Subject": "Undeliverable"} | MACHINE,
    )
    assert (report(raw).recipients, verdict(report(raw))) == (("bob@example.org",), Verdict.HARD)


def test_the_header_that_names_whom_it_failed_for_is_believed_first() -> None:
    raw = machine("The following address failed:\n\n  carol@example.org\n", X_Failed_Recipients="bob@example.org")
    assert report(raw).recipients == ("bob@example.org",)


def test_where_only_our_message_names_somebody_that_is_who() -> None:
    kind, body = parts_of_mail(
        "Content-Type: text/plain\n\nNo such user.", f"Content-Type: message/rfc822\n\n{ORIGINAL}"
    )
    found = report(machine(body, Content_Type=kind))
    assert (found.recipients, verdict(found)) == (("bob@example.org",), Verdict.HARD)


def test_a_warning_is_a_delay_and_giving_up_is_none() -> None:
    warning = machine(
        "Your message to bob@example.org has not yet been delivered. It will be retried.", Subject="Delivery delayed"
    )
    assert (report(warning).kind, verdict(report(warning))) == ("delay", Verdict.DELAY)
    over = machine("bob@example.org: still trying for 4 days, giving up", Subject="Returned mail: delivery failed")
    assert (report(over).kind, verdict(report(over))) == ("bounce", Verdict.SOFT)


def test_our_return_path_is_found_where_the_message_came_back_as_a_file() -> None:
    kind, body = parts_of_mail(
        "Content-Type: text/plain\n\nbob@example.org: no such user",
        f"Content-Type: application/octet-stream; name=original.eml\n\n{ORIGINAL}",
    )
    found = report(machine(body, Content_Type=kind))
    assert found.original_headers == {}
    assert RETURN_PATH in found.addresses


def complaint(fields: str, original: str = ORIGINAL) -> bytes:
    kind, body = parts_of_mail(
        "Content-Type: text/plain\n\nThis is an abuse report.",
        f"Content-Type: message/feedback-report\n\n{fields}",
        f"Content-Type: message/rfc822\n\n{original}",
        kind="report",
    )
    return letter(body, From="fbl@example.com", Content_Type=f"{kind}; report-type=feedback-report")


def test_a_complaint_names_the_person_and_our_token() -> None:
    found = report(complaint("Feedback-Type: abuse\nUser-Agent: x\nVersion: 1\nOriginal-Mail-From: <x@example.net>"))
    assert (found.kind, found.recipients, found.text) == ("complaint", ("bob@example.org",), "abuse")
    assert found.original_headers["list-unsubscribe"] == "<https://news.example.net/u/abc>"
    assert found.original_headers["original-mail-from"] == "<x@example.net>"
    assert verdict(found) is Verdict.NONE
    several = "Feedback-Type: abuse\nOriginal-Rcpt-To: <ada@example.org>\nOriginal-Rcpt-To: carol@example.org"
    assert report(complaint(several)).recipients == ("ada@example.org", "carol@example.org")


@pytest.mark.parametrize("kind", ["auth-failure", "not-spam", "virus", "DMARC"])
def test_other_feedback_is_no_complaint(kind: str) -> None:
    assert bounce_in(parse(complaint(f"Feedback-Type: {kind}"))) is None


def test_a_complaint_that_only_encloses_our_message_is_one() -> None:
    enclosed = ORIGINAL.replace("To: bob@example.org", "To: undisclosed\nX-HmXmrOriginalRecipient: bob@example.org")
    kind, body = parts_of_mail(f"Content-Type: message/rfc822\n\n{enclosed}")
    found = report(letter(body, Subject="complaint about message from 192.0.2.1", Content_Type=kind))
    assert (found.kind, found.recipients) == ("complaint", ("bob@example.org",))


@pytest.mark.parametrize(
    "headers",
    [
        {"Subject": "Automatic reply: Papers", "Return_Path": "<>"},
        {"Subject": "Re: Papers", "Auto_Submitted": "auto-replied"},
        {"Subject": "Papers", "X_Autoreply": "yes"},
        {"Subject": "Abwesenheitsnotiz: Papers"},
    ],
)
def test_a_vacation_notice_is_no_bounce(headers: dict[str, str]) -> None:
    found = report(letter("I no longer work here; bob@example.org may help. This mailbox is not available.", **headers))
    assert (found.kind, found.recipients, verdict(found)) == ("vacation", ("ada@example.org",), Verdict.NONE)


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Papers", "My mailbox was full and mail to bob@example.org was not delivered: user unknown. Can you help?"),
        ("Delivery problems with your newsletter", "My issue was not delivered to bob@example.org, can you look?"),
        ("Fwd: Undelivered Mail Returned to Sender", "<bob@example.org>: no such user. What does it mean?"),
        ("What is this?", "I got: Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n\nHelp!"),
        ("unsubscribe", ""),
        ("", ""),
    ],
)
def test_a_person_who_writes_about_bounces_sends_none(subject: str, body: str) -> None:
    assert bounce_in(parse(letter(body, Subject=subject, Return_Path="<ada@example.org>"))) is None


def test_other_automatic_mail_is_no_report() -> None:
    assert (
        bounce_in(parse(machine("The server is up again.", Subject="Status", Auto_Submitted="auto-generated"))) is None
    )


def test_what_is_kept_of_a_report_is_bounded() -> None:
    fields = "\n\n".join(f"Final-Recipient: rfc822; r{n}@example.org\nAction: failed\nStatus: 5.1.1" for n in range(90))
    found = report(standard(f"{fields}\nDiagnostic-Code: smtp; {'x' * 9_000}\n", "y" * 90_000))
    assert len(found.recipients) == 20
    assert len(found.text) <= 2_000


@pytest.mark.parametrize(
    "piece",
    [
        *(b"a", b"@", b"a@", b"a@b ", b"<a@b>:\n", b"\n", b"From: a\n", b"user ", b"-", b"550 5.1.1 "),
        b"A message that you sent could not be delivered\n",
        b"Hi. This is the deliver program at\n" + b"a" * 190 + b"\n",
    ],
)
@pytest.mark.parametrize("kind", ["text/plain", "text/html", "message/delivery-status"])
def test_a_report_made_to_be_slow_is_read_within_a_second(piece: bytes, kind: str) -> None:
    raw = machine("", Content_Type=kind) + piece * (1_000_000 // len(piece))
    started = time.process_time()
    bounce_in(parse(raw), raw)
    assert time.process_time() - started < 1


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=30), max_size=30).map(b"".join), st.booleans())
def test_any_bytes_are_a_report_or_none(raw: bytes, by_machine: bool) -> None:
    raw = machine("") + raw if by_machine else raw
    found = bounce_in(parse(raw), raw)
    if found:
        assert verdict(found) in Verdict
