"""What a refusal says about the person."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.verdicts import Verdict, told_by, verdict_of

HARD, SOFT, OURS, FULL = Verdict.HARD, Verdict.SOFT, Verdict.OURS, Verdict.FULL


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"])
def test_codes_of_dead_addresses_are_hard(status: str) -> None:
    assert verdict_of(status, "") is HARD
    assert verdict_of("", f"550 {status} no") is HARD


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("5.7.1", OURS),
        ("5.7.26", OURS),
        ("5.7.515", OURS),
        ("5.7.0", OURS),
        ("5.6.7", OURS),
        ("5.6.0", OURS),
        ("5.5.2", OURS),
        ("5.1.8", OURS),
        ("5.3.4", OURS),
        ("5.2.3", OURS),
        ("5.2.2", FULL),
        ("4.2.2", FULL),
        ("4.1.1", SOFT),
        ("4.4.1", SOFT),
        ("4.7.0", SOFT),
        ("5.0.0", SOFT),
        ("5.3.0", SOFT),
        ("5.5.0", SOFT),
        ("5.4.4", SOFT),
        ("5.4.7", SOFT),
        ("5.1.4", SOFT),
        ("2.1.5", Verdict.NONE),
        ("", SOFT),
        ("nonsense", SOFT),
    ],
)
def test_other_codes_are_not(status: str, expected: Verdict) -> None:
    assert verdict_of(status, "") is expected


@pytest.mark.parametrize(
    "text",
    [
        "550 User unknown",
        "550 5.0.0 <bob@example.org>... No such user here",
        "550 unknown user <bob@example.org>",
        "554 5.0.0 The email account that you tried to reach does not exist. Please check it for spaces and try again.",
        "550 Requested action not taken: mailbox unavailable",
        "550 Mailbox not found",
        "User bob (bob@example.org) not listed in Domino Directory",
        "This account has been disabled or discontinued.",
        "The recipient name is not recognized",
        "Sorry, no mailbox here by that name. (#5.1.1)",
        "This user doesn't have a example.org account",
        "550 Invalid recipient: bob@example.org",
        "551 there is no such person at this address; user unknown",
        "Host or domain name not found. Name service error for name=example.invalid type=MX: Host not found",
        "550 5.4.4 unrouteable address",
        "550 Adresse destinataire inconnue",
        "Empfänger unbekannt",
        "usuario desconocido",
        "host mx.anti-spam.example[203.0.113.9] said: 550 5.1.1 User unknown",
        "550 5.1.1 User unknown, see https://blocklist.example/spam-policy",
    ],
)
def test_words_that_say_so_are_hard(text: str) -> None:
    assert verdict_of("", text) is HARD


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        # A code of a dead address, and words about something else: the words win.
        ("5.1.1", "550 5.1.1 Mailbox is full", FULL),
        ("5.1.1", "550 5.1.1 user over quota", FULL),
        ("5.1.1", "550 5.1.1 rejected: 203.0.113.7 is listed in a blacklist", OURS),
        ("5.1.1", "550 5.1.1 This message looks like spam", OURS),
        ("5.1.1", "550 5.1.1 too many messages, try again later", SOFT),
        ("5.1.1", "450 4.1.1 User unknown in local table", SOFT),
        ("5.1.0", "550 5.1.0 blocked - see our policy", OURS),
        ("5.2.1", "mailbox temporarily disabled", SOFT),
        # Words alone.
        ("", "552 Message for bob would exceed mailbox quota", FULL),
        ("", "User mailbox exceeds allowed size: bob@example.org", FULL),
        ("", "The recipient's inbox is out of storage space", FULL),
        ("", "452 4.2.2 The email account that you tried to reach is over quota", FULL),
        ("5.0.0", "554 message rejected because of DMARC policy", OURS),
        ("", "550 5.7.515 Access denied, sending domain does not pass authentication", OURS),
        ("", "550 Your IP has been blocked due to poor reputation", OURS),
        ("", "552 Message size exceeds maximum permitted", OURS),
        ("", "554 Relay access denied", OURS),
        ("", "553 sender address rejected: unverified address", OURS),
        ("", "550 Message content rejected", OURS),
        ("", "554 transaction failed, message refused", OURS),
        ("", "451 4.7.1 Greylisted, please try again in five minutes", SOFT),
        ("4.7.0", "421 4.7.0 Messages temporarily deferred due to user complaints - 4.16.55.1", OURS),
        ("", "421 too many connections", SOFT),
        ("5.0.0", "delivery time expired", SOFT),
        ("", "connection timed out", SOFT),
        ("", "550 5.4.1 Recipient address rejected: Access denied", SOFT),
        ("5.3.0", "500 5.3.0 Error: command failed", SOFT),
        ("", "A message that you sent could not be delivered to one or more recipients.", SOFT),
        ("", "550 unknown user (in reply to end of DATA command)", SOFT),
        ("5.0.0", "smtp; 550 5.1.1 bob", HARD),
        ("5.0.0", "smtp; 550 5.7.1 bob", OURS),
        ("", "250 2.1.5 Ok", Verdict.NONE),
        ("", "smtp; 250 2.0.0 accepted", Verdict.NONE),
    ],
)
def test_words_outweigh_codes_where_they_spare_a_person(status: str, text: str, expected: Verdict) -> None:
    assert verdict_of(status, text) is expected


@pytest.mark.parametrize(
    "text", ["", "hello", "550 no", "host 203.0.113.5.1.1 said", "Postfix 5.1.1.9", "version 5.0.2195.4905"]
)
def test_where_nothing_tells_why_it_is_told(text: str) -> None:
    assert told_by("", text) is None
    assert verdict_of("", text) is SOFT


@pytest.mark.parametrize(
    "piece", ["user ", "quota ", "mailbox exceed ", "a", "5.1.1 ", "1.", "<", "@", "no such ", " "]
)
def test_an_endless_answer_is_read_in_a_moment(piece: str) -> None:
    started = time.process_time()
    verdict_of("5.0.0", piece * (1_000_000 // len(piece)))
    assert time.process_time() - started < 1


@given(st.text(max_size=20) | st.from_regex(r"\A[245]\.\d{1,3}\.\d{1,3}\Z"), st.text(max_size=200))
def test_any_answer_has_a_verdict_and_no_later_is_hard(status: str, text: str) -> None:
    assert verdict_of(status, text) in Verdict
    assert verdict_of("4.1.1", f"450 {text}") is not HARD
    assert verdict_of("5.7.1", f"550 5.7.1 {text}") is not HARD
    assert verdict_of("5.2.2", f"552 5.2.2 {text}") is not HARD
