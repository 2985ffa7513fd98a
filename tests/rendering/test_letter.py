"""A notice as bytes: right for any mail program, and safe from every word in it."""

import re
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from letterpaper import SAMPLES, sample, stationery

from newsletter.rendering.letter import Attachment, Letter, attach, load_letter

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
LETTER = Letter(
    title="Paper Robots",
    address="papers@news.example.org",
    to="ada@example.org",
    name="Ada",
    subject="Do you want Paper Robots?",
    text="Somebody asked.\n\n-- \nPaper Robots\n",
    html="<!doctype html><p>Somebody asked.</p>",
    message_id="<c-abc@news.example.org>",
    headers=(("Auto-Submitted", "auto-generated"), ("Reply-To", "papers+c-abc@news.example.org")),
)
#: What would be a header, a recipient or a part if it were written as it is.
SIGNS = (
    *("\r\nBcc: eve@evil.example", "\n\nbody", "=?utf-8?q?x?=", '"', "\\", ",", "<eve@evil.example>", ";", "("),
    *("é", "日本語", "👩‍🔬", "\0", "\u2028Cc: x@y.z", "\x0bX: y", "\x85Z: y", "a " * 40),
)
HOSTILE = st.text(max_size=120) | st.lists(st.sampled_from(SIGNS), max_size=6).map("".join)


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def headers_of(raw: bytes) -> list[tuple[str, str]]:
    """Names and unfolded values, from the bytes alone."""
    head = re.sub(rb"\r\n[ \t]+", b" ", raw.partition(b"\r\n\r\n")[0]).decode("ascii")
    found = [line.partition(":") for line in head.split("\r\n")]
    return [(name.lower(), value.strip()) for name, _, value in found]


def assert_wellformed(raw: bytes) -> None:
    assert raw.isascii()
    assert b"\0" not in raw
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    body = raw.partition(b"\r\n\r\n")[2].split(b"\r\n")
    assert max(map(len, body)) <= 76


def test_every_header_stands_once_in_its_order() -> None:
    assert headers_of(LETTER.message(NOON)) == [
        ("from", "Paper Robots <papers@news.example.org>"),
        ("to", "Ada <ada@example.org>"),
        ("subject", "Do you want Paper Robots?"),
        ("date", "Fri, 27 Nov 2026 12:00:00 +0000"),
        ("message-id", "<c-abc@news.example.org>"),
        ("auto-submitted", "auto-generated"),
        ("reply-to", "papers+c-abc@news.example.org"),
        ("mime-version", "1.0"),
        ("content-type", 'multipart/alternative; boundary="=_two-parts_="'),
    ]


def test_text_comes_before_html_and_both_are_read_as_written() -> None:
    message = parsed(LETTER.message(NOON))
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n").rstrip("\n") == LETTER.text.rstrip("\n")
    assert html.get_content().strip() == LETTER.html


def test_the_same_letter_and_date_are_the_same_bytes() -> None:
    assert LETTER.message(NOON) == load_letter(LETTER.dump()).message(NOON)
    assert LETTER.message(NOON) != LETTER.message(NOON + timedelta(seconds=1))


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_template_makes_a_well_formed_message(name: str) -> None:
    written = stationery().write(name, **sample(name))
    raw = replace(LETTER, subject=written.subject, text=written.text, html=written.html).message(NOON)
    assert_wellformed(raw)
    message = parsed(raw)
    assert message["subject"] == written.subject
    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n").strip() == written.text.strip()


@given(title=HOSTILE, name=HOSTILE, subject=HOSTILE, words=HOSTILE, value=HOSTILE)
@example(title="x" * 3_000, name="y" * 3_000, subject="z" * 3_000, words="w" * 90_000, value="v " * 900)
@example(title="", name="", subject="", words="a\rb\r\nc\r\r", value="")
def test_no_word_becomes_a_header_a_recipient_or_a_part(
    title: str, name: str, subject: str, words: str, value: str
) -> None:
    headers = (*LETTER.headers, ("In-Reply-To", value))
    letter = replace(LETTER, title=title, name=name, subject=subject, text=words, html=words, headers=headers)
    raw = letter.message(NOON)
    assert_wellformed(raw)
    names = [header for header, _ in headers_of(raw)]
    plain = [header for header, _ in headers_of(LETTER.message(NOON))]
    assert sorted(names) == sorted([*plain, "in-reply-to"])
    values = dict(headers_of(raw))
    assert [address for _, address in getaddresses([values["to"]])] == ["ada@example.org"]
    assert [address for _, address in getaddresses([values["from"]])] == ["papers@news.example.org"]
    assert len(list(parsed(raw).walk())) == 3
    shown = " ".join("".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in subject).split())
    read = str(make_header(decode_header(values["subject"])))
    assert read == shown or (len(read) > 200 and shown.startswith(read))


@pytest.mark.parametrize(
    "words", ["--=_two-parts_=", "--=_two-parts_=--", "--=_letter-and-file_=", ".", "From here on"]
)
def test_words_that_look_like_the_end_of_a_part_are_words(words: str) -> None:
    letter = replace(
        LETTER, text=f"a\n{words}\nb\n", html=f"<p>\n{words}\n</p>", attachment=attach("a.txt", "text/plain", b"x")
    )
    message = parsed(letter.message(NOON))
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/plain",
    ]
    text = message.get_body(("plain",))
    assert text is not None
    assert words in text.get_content()


@given(st.binary(max_size=4_000))
@example(b"--=_letter-and-file_=--\r\n")
@example(bytes(range(256)) * 300)
def test_a_file_arrives_as_it_was(content: bytes) -> None:
    raw = replace(LETTER, attachment=attach("what-we-keep.json", "application/json", content)).message(NOON)
    assert_wellformed(raw)
    (file,) = parsed(raw).iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("what-we-keep.json", "application/json")
    assert file.get_content_disposition() == "attachment"
    payload = file.get_payload(decode=True)
    assert payload == content
    body = parsed(raw).get_body(("html",))
    assert body is not None
    assert body.get_content().strip() == LETTER.html


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(
    st.builds(
        Letter,
        WORDS,
        WORDS,
        WORDS,
        WORDS,
        WORDS,
        WORDS,
        WORDS,
        WORDS,
        st.lists(st.tuples(WORDS, WORDS), max_size=3).map(tuple),
        st.booleans(),
        st.none() | st.builds(Attachment, WORDS, WORDS, WORDS),
    )
)
def test_a_letter_waits_as_json_and_comes_out_the_same(letter: Letter) -> None:
    assert load_letter(letter.dump()) == letter


def test_attaching_keeps_the_content() -> None:
    assert b64decode(attach("x", "text/plain", b"\0\xff").content) == b"\0\xff"


def test_a_long_link_in_a_header_stays_whole() -> None:
    url = "https://news.example.org/quiet/" + "a" * 180
    letter = replace(LETTER, headers=(("List-Unsubscribe", f"<{url}>, <mailto:papers@news.example.org?subject=x>"),))
    raw = letter.message(NOON)
    assert f"<{url}>".encode() in raw
    assert dict(headers_of(raw))["list-unsubscribe"] == f"<{url}>, <mailto:papers@news.example.org?subject=x>"


def test_many_references_are_folded_between_them() -> None:
    ids = [f"<{n:060}@example.org>" for n in range(11)]
    raw = replace(LETTER, headers=(("References", " ".join(ids)),)).message(NOON)
    assert_wellformed(raw)
    assert dict(headers_of(raw))["references"].split() == ids


def test_lone_surrogates_from_broken_mail_do_not_stop_a_letter() -> None:
    broken = "a\ud800b"
    raw = replace(LETTER, subject=broken, name=broken, text=broken, html=broken).message(NOON)
    assert_wellformed(raw)
