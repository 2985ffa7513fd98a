"""Signed links: good for one purpose and one reader, unalterable."""

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering.links import PATHS, Claim, Purpose, Signer, verify

KEYS = {1: b"1" * 32, 2: b"2" * 32}
SIGNER = Signer("https://news.example.org", KEYS)
PURPOSES = st.sampled_from(Purpose)
IDS = st.integers(0, 2**63 - 1)
LETTERS = string.ascii_letters + string.digits + "-_"


@given(PURPOSES, IDS, IDS)
def test_a_token_says_what_was_signed(purpose: Purpose, subscriber: int, subject: int) -> None:
    token = SIGNER.token(purpose, subscriber, subject)
    assert set(token) <= set(LETTERS)
    assert verify(token, purpose, KEYS) == Claim(purpose, subscriber, subject)


@given(PURPOSES, IDS, IDS, st.data())
def test_a_token_with_any_other_character_is_none(
    purpose: Purpose, subscriber: int, subject: int, data: st.DataObject
) -> None:
    token = SIGNER.token(purpose, subscriber, subject)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(LETTERS + "=+/. \né").filter(lambda c: c != token[at]))
    assert verify(token[:at] + other + token[at + 1 :], purpose, KEYS) is None
    assert verify(token[:at], purpose, KEYS) is None
    assert verify(token + other, purpose, KEYS) is None


@given(PURPOSES, PURPOSES, IDS, IDS)
def test_a_token_does_nothing_else_than_its_purpose(one: Purpose, other: Purpose, reader: int, subject: int) -> None:
    token = SIGNER.token(one, reader, subject)
    assert (verify(token, other, KEYS) is None) == (one is not other)


@given(PURPOSES, PURPOSES, IDS, IDS)
def test_no_two_purposes_share_a_signature(one: Purpose, other: Purpose, reader: int, subject: int) -> None:
    if one is not other:
        assert SIGNER.token(one, reader, subject)[-21:] != SIGNER.token(other, reader, subject)[-21:]


@given(st.text() | st.text(st.sampled_from(LETTERS), max_size=60), PURPOSES)
def test_what_we_never_signed_is_none(token: str, purpose: Purpose) -> None:
    assert verify(token, purpose, KEYS) is None


def test_a_key_that_we_do_not_have_signs_nothing() -> None:
    stranger = Signer("", {2: b"x" * 32})
    assert verify(stranger.token(Purpose.LEAVE, 7), Purpose.LEAVE, KEYS) is None
    unknown = Signer("", {3: b"2" * 32})
    assert verify(unknown.token(Purpose.LEAVE, 7), Purpose.LEAVE, KEYS) is None


def test_old_keys_go_on_verifying_and_the_newest_signs() -> None:
    old = Signer("", {1: KEYS[1]}).token(Purpose.LEAVE, 7)
    assert verify(old, Purpose.LEAVE, KEYS) == Claim(Purpose.LEAVE, 7, 0)
    assert SIGNER.with_key(1).token(Purpose.LEAVE, 7) == old != SIGNER.token(Purpose.LEAVE, 7)
    assert SIGNER.with_key(2) is SIGNER


@pytest.mark.parametrize("purpose", Purpose)
def test_a_link_is_the_path_of_its_purpose_with_the_token(purpose: Purpose) -> None:
    token = SIGNER.token(purpose, 7, 9)
    assert SIGNER.url(purpose, 7, 9) == f"https://news.example.org/{PATHS[purpose]}/{token}"
    assert len(set(PATHS.values())) == len(Purpose)


def test_a_link_to_leave_fits_into_a_header_line() -> None:
    url = SIGNER.url(Purpose.LEAVE, 2**20)
    assert len(f" <{url}>,") <= 78
    assert len(SIGNER.token(Purpose.LEAVE, 2**20)) <= 30


def test_an_endless_token_takes_no_time() -> None:
    start = time.perf_counter()
    assert verify("____" * 500_000, Purpose.LEAVE, KEYS) is None
    assert time.perf_counter() - start < 0.1
