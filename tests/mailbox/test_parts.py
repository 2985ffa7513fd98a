"""Any bytes become parts, in linear time."""

import time
from binascii import b2a_base64
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters import PIECES, letter, parts_of_mail

from newsletter.mailbox.decoding import decoded, in_unicode, one_line
from newsletter.mailbox.parts import (
    MAX_DEPTH,
    MAX_PARTS,
    addresses,
    header,
    headers,
    is_attachment,
    parameter,
    parse,
    parts_of,
    subparts,
    text_of,
)


def depth_of(message: Message) -> int:
    return 1 + max((depth_of(part) for part in subparts(message)), default=0)


def count_of(message: Message) -> int:
    return 1 + sum(count_of(part) for part in subparts(message))


def test_parts_are_found_in_their_order() -> None:
    kind, body = parts_of_mail(
        "Content-Type: text/plain\n\nplain", "Content-Type: text/html\n\n<p>html", "Content-Type: image/png\n\nxx"
    )
    parts = list(parts_of(parse(letter(body, Content_Type=kind))))
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html", "image/png"]
    assert text_of(parts[0]) == "plain"
    assert [is_attachment(part) for part in parts] == [False, False, True]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_all_ends_of_lines_are_the_same(end: str) -> None:
    kind, body = parts_of_mail("Content-Type: text/plain\n\none\ntwo")
    raw = letter(body, Subject="hello", Content_Type=kind).replace(b"\n", end.encode())
    (part,) = parts_of(parse(raw))
    assert text_of(part) == "one\ntwo"


def test_an_enclosed_message_is_one_part_with_its_own_headers() -> None:
    kind, body = parts_of_mail("Content-Type: message/rfc822\n\nSubject: within\nTo: bob@example.org\n\nhello")
    (part,) = parts_of(parse(letter(body, Content_Type=kind)))
    (enclosed,) = subparts(part)
    assert header(enclosed, "subject") == "within"
    assert text_of(enclosed) == "hello"


def test_a_report_is_read_block_by_block_also_from_base64() -> None:
    report = "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; bob@example.org\nAction: failed\n"
    coded = b2a_base64(report.encode()).decode()
    plain = "Reporting-MTA: dns; mx\n \t\n\n\nFinal-Recipient: rfc822; bob@example.org\nAction: failed\n"
    for text in (
        f"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n{coded}",
        f"Content-Type: message/delivery-status\n\n{plain}",
    ):
        kind, body = parts_of_mail(text, kind="report")
        (part,) = parts_of(parse(letter(body, Content_Type=kind)))
        assert [header(block, "Final-Recipient") for block in subparts(part)] == ["", "rfc822; bob@example.org"]


def test_a_head_that_stops_being_one_is_followed_by_the_body() -> None:
    message = parse(b"From MAILER-DAEMON Mon\nSubject: hello\nthis is no header\nmore")
    assert header(message, "Subject") == "hello"
    assert text_of(message) == "this is no header\nmore"
    assert text_of(parse(b"no header at all")) == "no header at all"
    assert header(parse(b"Subject: only"), "Subject") == "only"
    assert text_of(parse(b"\nSubject: below")) == "Subject: below"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?b?R3LDvMOfZQ==?= an =?iso-8859-1?q?Z=FCrich?=", "Grüße an Zürich"),
        ("Grüße, raw", "Grüße, raw"),
        ("=?klingon?q?Q=61pla?=", "Qapla"),
        ("=?utf-8?b?a?=", "=?utf-8?b?a?="),
        ("one\n two\n\tthree", "one two three"),
        ("a\x00b\u202ec", "a bc"),
        ("", ""),
    ],
)
def test_headers_are_read_as_people_read_them(value: str, expected: str) -> None:
    assert header(parse(letter(Subject=value)), "Subject") == expected


def test_headers_that_come_several_times_are_all_there_from_the_top() -> None:
    assert headers(parse(b"received: a\nX: y\nReceived: b\n\n"), "RECEIVED") == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "charset", "expected"),
    [
        (b"gr\xfc\xdfe", "iso-8859-1", "grüße"),
        (b"gr\xc3\xbc\xc3\x9fe", "us-ascii", "grüße"),
        (b"gr\xfc\xdfe", "utf-8", "grüße"),
        (b"gr\xfc\xdfe", "no-such-charset", "grüße"),
        (b"gr\xfc\xdfe", "punycode", "grüße"),
        (b"\\u00fc", "unicode_escape", "\\u00fc"),
        (b"hex", "hex", "hex"),
        (b"x\x9c", "zlib", "xœ"),
        (b"\xff\xfeh\x00i\x00", "utf-16", "hi"),
        (b"\xef\xbb\xbfhi", "utf-8", "hi"),
        (b"cut off gr\xc3", "utf-8", "cut off gr"),
        (b"nul", "\x00", "nul"),
        (b"long", "x" * 100_000, "long"),
    ],
)
def test_any_charset_gives_text(text: bytes, charset: str, expected: str) -> None:
    assert in_unicode(text, charset) == expected


def test_broken_base64_is_survived() -> None:
    message = parse(b"Content-Transfer-Encoding: base64\n\naGVsbG8*gd29ybGQ")
    assert text_of(message).startswith("hello")


def test_parameters_and_names_of_files_may_be_broken() -> None:
    nameless = letter(Content_Type="text/plain", Content_Disposition="inline; filename*=\x00''x")
    assert not is_attachment(parse(nameless))
    assert parameter(parse(letter(Content_Type="text/plain; charset")), "charset") == ""
    assert parameter(parse(letter(Content_Type="text/plain; charset*=utf-8''latin1")), "charset") == "latin1"


def test_addresses_are_found_and_nonsense_is_left_out() -> None:
    found = addresses(["Ada <ada@example.org>, nobody, bob@example.org", "=?", "(" * 3_000])
    assert found == [("Ada", "ada@example.org"), ("", "bob@example.org")]


def test_parts_are_limited_in_number_and_depth() -> None:
    kind, body = parts_of_mail(*["Content-Type: text/plain\n\nx"] * 5_000)
    assert count_of(parse(letter(body, Content_Type=kind))) == MAX_PARTS
    nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(200))
    assert depth_of(parse(nested.encode())) <= MAX_DEPTH + 1
    assert depth_of(parse(b"Content-Type: message/rfc822\n\n" * 10_000)) <= MAX_DEPTH + 1


def test_what_stands_before_two_hundred_nested_parts_is_read() -> None:
    nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(200))
    kind, body = parts_of_mail("Content-Type: text/plain\n\nunsubscribe", nested)
    first = next(iter(parts_of(parse(letter(body, Content_Type=kind)))))
    assert text_of(first) == "unsubscribe"


NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(200))


@pytest.mark.slow
@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"Content-Type: application/zip\n\n" + b"A" * 10_000_000, id="10 MB attached"),
        pytest.param(b"Subject: x\n\n" + b"A\n" * 5_000_000, id="10 MB of short lines"),
        pytest.param(NESTED + b"\n" * 3_000_000, id="blank lines within 200 parts"),
        pytest.param(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 50_000, id="one boundary for all"),
        pytest.param(b"Content-Type: message/rfc822\n\n" * 100_000, id="messages in messages"),
        pytest.param(b"Content-Type: a/b" + b';"' * 500_000 + b"\n\nx", id="parameters"),
        pytest.param(b"Subject: " + b"=?a?q?" * 200_000 + b"\n\nx", id="encoded words"),
        pytest.param(b"From: " + b"(" * 1_000_000 + b"\n\nx", id="comments"),
        pytest.param(b"a: b\n" * 500_000, id="headers"),
        pytest.param(b"Subject: a\n" + b" b\n" * 500_000, id="folds"),
        pytest.param(b"Content-Type: message/delivery-status\n\n" + b"\n \n" * 500_000, id="empty blocks"),
        pytest.param(b"Content-Type: text/plain; charset=punycode\n\n" + b"a-" * 500_000, id="punycode"),
        pytest.param(b"Subject: " + b"\xcc\x81" * 500_000 + b"\n\nx", id="combining marks"),
    ],
)
def test_a_mail_made_to_be_slow_is_read_within_two_seconds(raw: bytes) -> None:
    started = time.process_time()
    message = parse(raw)
    for part in parts_of(message):
        text_of(part)
        is_attachment(part)
    addresses(headers(message, "From"))
    header(message, "Subject")
    assert time.process_time() - started < 2


@given(st.binary(max_size=400) | st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=30).map(b"".join))
def test_any_bytes_are_parsed(raw: bytes) -> None:
    message = parse(raw)
    for part in parts_of(message):
        assert isinstance(text_of(part), str)
        is_attachment(part)
        parameter(part, "boundary")
    addresses(headers(message, "From"))
    assert header(message, "Subject").isprintable()


@given(st.text(max_size=200))
def test_any_text_becomes_one_printable_line(text: str) -> None:
    line = one_line(text)
    assert all(c.isprintable() or c in "\u200c\u200d" for c in line)
    assert line == one_line(line)
    decoded(text.encode("utf-8", "surrogatepass").decode("ascii", "surrogateescape"))
