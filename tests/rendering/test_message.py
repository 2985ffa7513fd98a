"""A whole message, as bytes and as mail programs read it."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from proofs import BASE_URL, KEYS, READER, SIGNER, card, edition, pick, recipe

from newsletter.rendering.edition import Edition
from newsletter.rendering.links import Signer
from newsletter.rendering.message import Letterhead, mailbox, subject

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
#: Names and titles as people and feeds write them, and as nobody should.
LINES = st.text(max_size=200) | st.lists(
    st.sampled_from(
        ["é", "日本語", "👩‍🔬", " ", "=?utf-8?q?x?=", "?=", "=?", '"', "\\", ",", "<a@b.c>", "\r\nBcc: x@y.z", "\0"]
    )
    | st.text(st.sampled_from("abc "), min_size=1, max_size=30),
    max_size=12,
).map("".join)


@cache
def issue_at(base_url: str) -> Edition:
    return edition(base_url=base_url)


def sent(*, title: str = "Paper Robots", name: str = "Ada", heading: str = "Title", base_url: str = BASE_URL) -> bytes:
    signer = Signer(base_url, KEYS)
    body = issue_at(base_url).assemble(recipe(pick(1)), {1: card(1, tidy(heading) or "x")}, READER, signer)
    letterhead = Letterhead(title=title, address="papers@example.org", issue="weekly-2026-11-27")
    return letterhead.message(
        body, subscriber_id=READER.subscriber_id, name=name, address=READER.address, date=NOON, signer=signer
    )


def tidy(text: str) -> str:
    """One readable line, as headers show it."""
    return " ".join("".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in text).split())


def head_of(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[0]


def headers_of(raw: bytes) -> dict[str, list[str]]:
    """Unfolded headers, by lower-case name, from the bytes alone."""
    found: dict[str, list[str]] = {}
    for line in re.sub(rb"\r\n[ \t]+", b" ", head_of(raw)).decode("ascii").split("\r\n"):
        name, colon, value = line.partition(":")
        assert colon
        found.setdefault(name.lower(), []).append(value.strip())
    return found


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


ONCE = ["from", "to", "subject", "date", "message-id", "mime-version", "content-type", "list-id"]
ONCE += ["list-unsubscribe", "list-unsubscribe-post", "list-post", "feedback-id"]


def test_every_header_stands_once_in_short_lines() -> None:
    raw = sent()
    headers = headers_of(raw)
    assert sorted(headers) == sorted(ONCE)
    assert all(len(values) == 1 for values in headers.values())
    assert max(map(len, head_of(raw).split(b"\r\n"))) <= 78
    assert headers["from"] == ["Paper Robots <papers@example.org>"]
    assert headers["to"] == ["Ada <ada@example.com>"]
    assert headers["date"] == ["Fri, 27 Nov 2026 12:00:00 +0000"]
    assert headers["list-id"] == ["Paper Robots <paper-robots.example.org>"]
    assert headers["list-unsubscribe-post"] == ["List-Unsubscribe=One-Click"]
    assert re.fullmatch(r"weekly-2026-11-27:weekly:issue:[a-z0-9]{5,15}", headers["feedback-id"][0])


def test_two_parts_text_first() -> None:
    message = parsed(sent())
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    url = re.findall("<(https:[^>]*)>", headers_of(sent())["list-unsubscribe"][0])[0]
    assert url in text.get_content()
    assert f'href="{url}"' in html.get_content()


def test_the_same_reader_and_issue_have_the_same_message_id_and_bytes() -> None:
    assert sent() == sent()
    letterhead = Letterhead(title="x", address="a@example.org", issue="weekly-2026-11-27")
    other = Letterhead(title="x", address="a@example.org", issue="weekly-2026-12-04")
    ids = {letterhead.message_id(7), letterhead.message_id(8), other.message_id(7)}
    assert len(ids) == 3
    assert letterhead.message_id(7) in ids
    assert all(re.fullmatch(r"<weekly-[0-9-]+\.[0-9a-f]+@example\.org>", one) for one in ids)


@pytest.mark.parametrize("length", [20, 78, 150])
def test_a_long_link_to_leave_stays_whole(length: int) -> None:
    base_url = "https://news.example.org/" + "n" * (length - 25)
    raw = sent(base_url=base_url)
    (value,) = headers_of(raw)["list-unsubscribe"]
    web, mail = value.split(", ")
    token = web.rpartition("/")[2].removesuffix(">")
    assert re.fullmatch(rf"<{re.escape(base_url)}/u/[A-Za-z0-9_-]+>", web)
    assert mail == f"<mailto:papers@example.org?subject=leave%20{token}>"
    assert "=?" not in value
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@given(LINES)
@example("a" * 300)
@example("=?utf-8?q?hello?=")
@example("می\u200cخواهم 👩\u200d🔬")
@example("Ein schöner, langer Titel über " * 5)
@example("A, b; c, d " * 12)
def test_a_subject_reads_as_it_was_written(text: str) -> None:
    written = subject(text)
    raw = b"Subject: " + written.encode("ascii")
    assert all(len(line) <= 78 or b"=?" not in line for line in raw.split(b"\r\n"))
    assert all(line.startswith(b" ") for line in raw.split(b"\r\n")[1:])
    unfolded = written.replace("\r\n", "").strip()  # a word too long for the first line begins on the second
    assert str(make_header(decode_header(unfolded))) == tidy(text)
    assert "?==?" not in written
    assert all(len(word) <= 75 for word in re.findall(r"=\?[^?\s]+\?[bq]\?[^?\s]*\?=", written))


@given(LINES)
@example("=?utf-8?q?hello?=")
@example('"' * 60)
@example("Doe, John")
@example("long " * 40)
def test_a_name_reads_as_it_was_written_and_is_no_second_recipient(name: str) -> None:
    value = mailbox(name, "ada@example.com")
    lines = f"From: {value}".encode("ascii").split(b"\r\n")
    assert max(map(len, lines)) <= 78
    unfolded = value.replace("\r\n", "")
    ((read_name, address),) = getaddresses([unfolded])
    assert address == "ada@example.com"
    assert str(make_header(decode_header(read_name))) == tidy(name)[:150].rstrip()
    assert "?==?" not in value


@given(title=LINES, name=LINES, heading=LINES)
def test_no_text_becomes_a_header_or_a_recipient(title: str, name: str, heading: str) -> None:
    raw = sent(title=title, name=name, heading=heading)
    assert sorted(headers_of(raw)) == sorted(ONCE)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\0" not in raw
    assert b"\n" not in raw.replace(b"\r\n", b"")
    message = parsed(raw)
    assert [address.addr_spec for address in message["to"].addresses] == ["ada@example.com"]
    assert [address.addr_spec for address in message["from"].addresses] == ["papers@example.org"]
    assert re.search(r"<[a-z0-9-]+\.example\.org>$", headers_of(raw)["list-id"][0])


def test_a_long_address_stays_whole() -> None:
    address = f"{'a' * 64}@{'b' * 60}.example.org"
    assert mailbox("Ada", address).replace("\r\n", "") == f"Ada <{address}>"
    assert mailbox(" \t", address) == address


@pytest.mark.parametrize("name", ["Ada", "Ådä Łøvelace, PhD", "", '"; DROP'])
@pytest.mark.parametrize("title", ["Paper Robots", "Les robots de papier — été", "論文"])
def test_the_judge_finds_nothing(shared_data: Path, tmp_path: Path, name: str, title: str) -> None:
    judge = shared_data.parent / "tools" / "judges" / "checkmail.py"
    if not judge.is_file():
        pytest.skip("the judge is not on this machine")
    path = tmp_path / "x.eml"
    path.write_bytes(sent(title=title, name=name, heading="Größe & “Zitate” 👩‍🔬 in einem recht langen Titel"))
    done = subprocess.run([sys.executable, str(judge), str(path)], capture_output=True, text=True, check=False)
    assert "FAIL" not in done.stdout
    assert "WARN" not in done.stdout
    assert done.returncode == 0, done.stderr


def test_the_signer_of_the_copy_signs_its_header() -> None:
    letterhead = Letterhead(title="x", address="a@example.org", issue="weekly-2026-11-27")
    body = edition().assemble(recipe(pick(1), key_id=1), {1: card(1)}, READER, SIGNER)
    raw = letterhead.message(
        body, subscriber_id=7, name="", address="b@example.org", date=NOON, signer=SIGNER.with_key(1)
    )
    url = re.findall("<(https:[^>]*)>", headers_of(raw)["list-unsubscribe"][0])[0]
    text = parsed(raw).get_body(("plain",))
    assert text is not None
    assert url in text.get_content()
