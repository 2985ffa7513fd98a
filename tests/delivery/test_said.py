"""What servers say: a thousand refusals are one line, and what tells why stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.said import MOST, alike, what_to_do
from newsletter.delivery.verdicts import Verdict, verdict_of


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown", None),
        ("550 5.1.1 ada@example.org: Recipient address rejected: User unknown", None),
        ("550 5.1.1 <x.y+z@b.example>: Recipient address rejected: User unknown", None),
    ],
)
def test_whom_an_answer_names_makes_no_other_answer(said: str, words: None) -> None:
    assert alike(said) == "550 5.1.1 …: Recipient address rejected: User unknown"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "451 4.7.1 Greylisted, please try again in 209 seconds",
            "451 4.7.1 Greylisted, please try again in … seconds",
        ),
        ("421 4.7.0 [192.0.2.1] Our system has detected", "421 4.7.0 … Our system has detected"),
        ("450 4.3.2 try later (id 4Bx9zK1mQz2Y)", "450 4.3.2 try later (id …"),
        # Names of rules are what to look up.
        (
            "550 5.7.1 messages were not sent (S3150), see AUP#1310",
            "550 5.7.1 messages were not sent (S3150), see AUP#1310",
        ),
        ("421 4.7.0 [TSS04] Messages from 192.0.2.7 deferred", "421 4.7.0 [TSS04] Messages from … deferred"),
        # A reply of several lines repeats its codes.
        (
            "550-5.1.1 The account does not exist. Please 550-5.1.1 look at 550 5.1.1 https://a.example/1 abc1.99 - z",
            "550 5.1.1 The account does not exist. Please look at … - z",
        ),
        ("the connection broke in the middle", "the connection broke in the middle"),
        ("", ""),
    ],
)
def test_what_differs_is_left_out_and_what_tells_why_stays(said: str, words: str) -> None:
    assert alike(said) == words


def test_the_name_before_the_at_is_left_out_too() -> None:
    assert alike("550 ada: user unknown", "Ada@example.org") == alike("550 bob: user unknown", "bob@example.org")


@given(st.text(max_size=400), st.emails())
def test_anything_at_all_becomes_a_line_without_the_address(said: str, address: str) -> None:
    found = alike(f"{said} <{address}> {said}", address)
    assert len(found) <= MOST
    assert address not in found
    assert "\n" not in found
    # Once more changes nothing but what was cut.
    assert len(found) == MOST or alike(found).split() == found.split()


def test_what_to_do_follows_from_what_they_mind() -> None:
    dead = verdict_of("", "550 5.1.1 No such user")
    assert "dead" in what_to_do(DeliveryState.FAILED, dead, "weekly-2026-11-27")
    blame = what_to_do(DeliveryState.FAILED, Verdict.OURS, "weekly-2026-11-27")
    assert "`newsletter doctor`" in blame
    assert "`newsletter deliveries retry --state failed --issue weekly-2026-11-27`" in blame
    assert "settle ID --sent" in what_to_do(DeliveryState.UNCERTAIN, Verdict.SOFT, "i")
    assert "by themselves" in what_to_do(DeliveryState.DEFERRED, Verdict.FULL, "i")
    assert what_to_do(DeliveryState.SENT, Verdict.NONE, "i") == ""
