"""Pieces with holes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering.fragments import Holes, cut, hole, without_holes

NAMES = st.sampled_from(["reader.name", "pick.more", "also.0", "body"])
PARTS = st.lists(st.text(st.characters(exclude_characters="\ue000\ue001"), max_size=20) | NAMES.map(hole), max_size=8)


def utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


@given(PARTS)
def test_a_filled_fragment_is_the_text_with_its_values(parts: list[str]) -> None:
    values = {name: f"<{name} 100% %b>".encode() for name in ("reader.name", "pick.more", "also.0", "body")}
    fragment = cut("".join(parts), utf8)
    expected = "".join(parts)
    for name, value in values.items():
        expected = expected.replace(hole(name), value.decode())
    assert fragment.filled(values) == utf8(expected)
    assert b"".join(fragment.around("body", [b"<body ", b"100% %b>"], values)) == utf8(expected)
    partly = fragment.partly_filled({"pick.more": values["pick.more"]})
    assert "pick.more" not in partly.holes
    assert partly.filled(values) == utf8(expected)
    assert partly.size == len(utf8(expected)) - sum(len(values[name]) for name in partly.holes)


def test_text_without_holes_needs_no_values() -> None:
    fragment = cut("100 % plain", utf8)
    assert (fragment.holes, fragment.filled({}), fragment.size) == ((), b"100 % plain", 11)


def test_a_hole_without_a_value_is_no_silent_gap() -> None:
    with pytest.raises(KeyError):
        cut(f"Dear {hole('reader.name')}", utf8).filled({})


def test_a_namespace_of_holes_and_a_text_that_is_freed_of_them() -> None:
    holes = Holes("reader", ("name", "address"))
    assert holes["address"] == hole("reader.address")
    assert without_holes(f"a{hole('reader.address')}b") == "areader.addressb"
    assert cut(without_holes(f"a{hole('x')}\ue000"), utf8).holes == ()
