"""The answer to a confirmation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mailbox.answers import is_no, is_yes


@pytest.mark.parametrize(
    "line",
    """
    yes / Yes! / YES please / Yes, I confirm / ok / okay, subscribe me / confirm / Confirmed.
    I confirm my subscription
    Please confirm my subscription / subscribe / sure / Sure, thanks / ja / Ja bitte / gerne / oui
    Oui, merci / si / sí
    Sì, grazie / sim / ja graag / thanks / Thank you! / Yes, this is me, Ada / yes it is me / y / 👍 / ✅
    """.replace("\n", "/").split("/"),
)
def test_a_plain_yes_is_one(line: str) -> None:
    if line := line.strip():
        assert is_yes(True, ["", line, "", "Ada"])
        assert not is_no(True, [line])


@pytest.mark.parametrize(
    "line",
    """
    no / No. / No thanks / nein / Nein, danke / not me / It wasn't me / I did not sign up for this / stop / unsubscribe
    No, I did not ask for this / non, merci / nee, bedankt / não / remove me / please don't
    """.replace("\n", "/").split("/"),
)
def test_a_plain_no_is_one(line: str) -> None:
    if line := line.strip():
        assert is_no(True, [line])
        assert not is_yes(True, [line])


@pytest.mark.parametrize(
    "line",
    """
    no problem / No idea what this is / yes? / ok but who are you / Ok, but why do you write to me / hello / who are you
    yes no / ok stop / Thanks but no thanks / Si vous voulez, je peux vous appeler / +1 / No, wait, yes / maybe
    . / 👍👎
    Yes and when you come to London next summer we should really have dinner together with Charles and his machine
    """.replace("\n", "/").split("/"),
)
def test_anything_else_is_neither(line: str) -> None:
    if line := line.strip():
        assert not is_yes(True, [line])
        assert not is_no(True, [line])


def test_an_empty_reply_confirms_and_an_empty_mail_does_not() -> None:
    assert is_yes(True, [])
    assert is_yes(True, ["", " "])
    assert not is_yes(False, [])
    assert not is_no(True, [])
    assert not is_no(False, [])


@given(
    st.booleans(),
    st.lists(st.text(max_size=40) | st.sampled_from(["yes", "no", "ok, no", "no, yes", "si"]), max_size=3),
)
def test_nothing_is_both(is_reply: bool, lines: list[str]) -> None:
    assert not (is_yes(is_reply, lines) and is_no(is_reply, lines))
