"""Signed links: good for one purpose and one reader, unalterable."""

import string
from base64 import urlsafe_b64decode
from collections.abc import Callable
from timeit import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering.links import PATHS, Claim, Purpose, Signer, verify, verify_detail

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


def quickest(done: Callable[[], object]) -> float:
    """Seconds; the least of several, which other work on this machine hardly touches."""
    return min(repeat(done, number=1, repeat=7))


def test_an_endless_token_takes_no_time() -> None:
    endless = "____" * 500_000
    assert verify(endless, Purpose.LEAVE, KEYS) is None
    assert quickest(lambda: verify(endless, Purpose.LEAVE, KEYS)) < quickest(lambda: urlsafe_b64decode(endless)) / 5


# -- in an address


BASE32 = string.ascii_lowercase + "234567"


@given(PURPOSES, IDS, IDS, st.sampled_from([str, str.upper, str.title, str.swapcase]))
def test_a_detail_says_what_was_signed_in_any_letter_case(
    purpose: Purpose, subscriber: int, subject: int, written: Callable[[str], str]
) -> None:
    detail = SIGNER.detail(purpose, subscriber, subject)
    assert set(detail) <= set(BASE32)
    assert verify_detail(written(detail), purpose, KEYS) == Claim(purpose, subscriber, subject)


@given(PURPOSES, PURPOSES, IDS, IDS)
def test_a_detail_does_nothing_else_than_its_purpose(one: Purpose, other: Purpose, reader: int, subject: int) -> None:
    detail = SIGNER.detail(one, reader, subject)
    assert (verify_detail(detail, other, KEYS) is None) == (one is not other)


@given(PURPOSES, IDS, IDS, st.data())
def test_an_altered_detail_never_names_anything_else(
    purpose: Purpose, subscriber: int, subject: int, data: st.DataObject
) -> None:
    """The last letter of base32 may hold bits that mean nothing; then it is another spelling of the same."""
    detail = SIGNER.detail(purpose, subscriber, subject)
    at = data.draw(st.integers(0, len(detail) - 1))
    other = data.draw(st.sampled_from(BASE32 + "018=+-. \né").filter(lambda c: c != detail[at]))
    found = verify_detail(detail[:at] + other + detail[at + 1 :], purpose, KEYS)
    assert found is None or (at == len(detail) - 1 and found == Claim(purpose, subscriber, subject))
    assert verify_detail(detail[:-2], purpose, KEYS) is None
    assert verify_detail(detail + "aa", purpose, KEYS) is None


@given(st.text() | st.text(st.sampled_from(BASE32), max_size=60), PURPOSES)
def test_a_detail_that_we_never_signed_is_none(detail: str, purpose: Purpose) -> None:
    assert verify_detail(detail, purpose, KEYS) is None


def test_a_detail_of_an_old_key_goes_on_verifying_and_a_strangers_does_not() -> None:
    old = Signer("", {1: KEYS[1]}).detail(Purpose.BOUNCE, 7, 9)
    assert verify_detail(old, Purpose.BOUNCE, KEYS) == Claim(Purpose.BOUNCE, 7, 9)
    assert verify_detail(Signer("", {2: b"x" * 32}).detail(Purpose.BOUNCE, 7, 9), Purpose.BOUNCE, KEYS) is None


def test_a_detail_fits_before_the_at_of_an_address() -> None:
    assert len(SIGNER.detail(Purpose.BOUNCE, 10**7, 10**9)) <= 44


def test_an_endless_detail_takes_no_time() -> None:
    endless = "a" * 2_000_000
    assert verify_detail(endless, Purpose.BOUNCE, KEYS) is None
    assert quickest(lambda: verify_detail(endless, Purpose.BOUNCE, KEYS)) < quickest(endless.isalnum) / 5
