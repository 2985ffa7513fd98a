"""Segments that are encoded one by one and joined."""

import html
import quopri
from collections.abc import Callable
from email import message_from_bytes, policy

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.rendering.quoted_printable import encode_html, encode_text, encode_token, encode_value

#: No lone surrogates: cleaning takes them out; "\r" would be read as the end of a line.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))
#: Of the lengths at which lines are broken, ending in all that has to be broken with care.
LONG = st.builds(
    lambda n, c, tail: c * n + tail,
    st.integers(60, 80),
    st.sampled_from("a=é. "),
    TEXTS | st.text(st.sampled_from(".ab"), max_size=8),
)
SEGMENTS = st.lists(TEXTS | LONG | st.text(st.sampled_from("=. \t\nFromé-")), max_size=8)


def decoded(segments: list[bytes]) -> str:
    return quopri.decodestring(b"".join(segments)).decode().replace("\r\n", "\n")


def by_email(segments: list[bytes]) -> str:
    """The same, as Python's mail package reads a part."""
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    content = message_from_bytes(head + b"".join(segments), policy=policy.default).get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def assert_well_formed(segments: list[bytes]) -> None:
    for segment in segments:
        assert segment == b"" or segment.endswith(b"\r\n")
        assert segment.count(b"\n") == segment.count(b"\r") == segment.count(b"\r\n")
        assert segment.isascii()
        for line in segment.split(b"\r\n"):
            assert len(line) <= 76
            assert not line.startswith(b".")
            assert not line.endswith((b" ", b"\t"))


@given(SEGMENTS)
@example(["a" * 76, "b"])
@example(["é" * 12 + "aaaa", "é" * 25])
@example(["a" * 74 + "=", " "])
@example(["a" * 74 + " \n", "a" * 75 + "\t\nb"])
@example(["\n", ".", "\n", ".\n"])
@example([".a", "..\n.. b", "." * 200, "a" * 75 + ".b\n", "a" * 72 + ".pdf"])
def test_joined_segments_read_as_the_joined_text(texts: list[str]) -> None:
    segments = [encode_text(text) for text in texts]
    assert_well_formed(segments)
    assert decoded(segments) == "".join(texts)
    assert by_email(segments).rstrip("\n") == "".join(texts).rstrip("\n")


@given(SEGMENTS)
def test_html_is_ascii_and_shows_the_same_characters(texts: list[str]) -> None:
    segments = [encode_html(text) for text in texts]
    assert_well_formed(segments)
    assert decoded(segments) == "".join(texts).encode("ascii", "xmlcharrefreplace").decode()


@given(TEXTS)
def test_a_value_in_html_is_text_whatever_it_holds(text: str) -> None:
    shown = decoded([encode_value(text)])
    assert not set(shown) & set("<>\"'")
    expected = "".join(c if c.isascii() else f"&#{ord(c)};" for c in html.escape(text).replace("&quot;", "&#34;"))
    assert shown == expected.replace("&#x27;", "&#39;")


@given(st.text(st.sampled_from("abcXYZ019-_/:.%=?&"), max_size=200))
def test_tokens_and_links_are_kept_to_the_letter(link: str) -> None:
    assert decoded([encode_token(link)]) == link
    assert_well_formed([encode_token(link)])


@pytest.mark.parametrize("encode", [encode_html, encode_text, encode_value])
def test_nothing_stays_nothing(encode: Callable[[str], bytes]) -> None:
    assert encode("") == b""


def test_half_a_character_is_replaced() -> None:
    assert decoded([encode_text("a\ud800b")]) == "a?b"
