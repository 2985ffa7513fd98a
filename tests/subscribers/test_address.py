"""Addresses as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.address import address_key, parse_address
from subscribers.errors import InvalidAddress

ANYTHING = st.text(max_size=300) | st.text('ada@.-+<>"\\ \r\n\x00\u202e\ud800éß', max_size=40)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ada@example.org", "ada@example.org"),
        ("  ada@example.org \n", "ada@example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BÜCHER.Example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada+papers@example.org", "ada+papers@example.org"),
        ("Ada.Lovelace@EXAMPLE.Org", "Ada.Lovelace@example.org"),
        ("o'neil@example.org", "o'neil@example.org"),
        ("ada@sub.domain.example.org", "ada@sub.domain.example.org"),
    ],
)
def test_an_address_is_brought_into_the_form_that_mail_wants(typed: str, expected: str) -> None:
    assert expected == parse_address(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "ada",
        "ada@",
        "@example.org",
        "ada@example",
        "ada@@example.org",
        "ada@example..org",
        ".ada@example.org",
        "ada@exa mple.org",
        '"ada lovelace"@example.org',
        '"ada"@example.org',
        "Ada <ada@example.org>",
        "ada@example.org, bob@example.org",
        "ada@[192.0.2.1]",
        "ada\r\nBcc: bob@example.org",
        "ada@example.org\r\nBcc: bob@example.org",
        "ada\n@example.org",
        "ada\x00@example.org",
        "ada\ud800@example.org",
        "ada@" + "a" * 64 + ".org",
        "a" * 288 + "@example.org",
        "ada\u202e@example.org",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidAddress, match="is not an email address"):
        parse_address(typed)


def test_a_local_part_outside_ascii_is_refused_with_the_reason() -> None:
    with pytest.raises(InvalidAddress, match="letters outside ASCII before the @"):
        parse_address("zoë@example.org")


@pytest.mark.parametrize("typed", ["x" * 5_000, "ada\r\n\x1b[31m\u202ebob"])
def test_the_refusal_shows_the_text_short_and_in_one_line(typed: str) -> None:
    with pytest.raises(InvalidAddress) as refusal:
        parse_address(typed)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 400


@given(ANYTHING | st.emails())
def test_any_text_gives_one_ascii_line_with_one_at_sign_or_is_refused(typed: str) -> None:
    try:
        address = parse_address(typed)
    except InvalidAddress:
        return
    assert address.isascii()
    assert address.isprintable()
    assert " " not in address
    assert address.count("@") == 1
    assert address == parse_address(address)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Example.org", "ada@example.org"),
        (" ada@example.org ", "ada@example.org"),
        ("ada@bücher.example", "ADA@xn--bcher-kva.example"),
    ],
)
def test_one_reader_has_one_key_however_the_address_is_written(one: str, other: str) -> None:
    assert address_key(one) == address_key(other)


def test_a_plus_sign_makes_another_reader() -> None:
    assert address_key("ada@example.org") != address_key("ada+papers@example.org")


@given(ANYTHING)
def test_any_text_has_a_key(typed: str) -> None:
    assert address_key(typed) == address_key(typed)
