"""From whom and to whom a message came, as servers wrote it down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mailbox.envelope import Envelope, envelope_of, message_id_of, place_of

BODY = b"From: Ada <ada@readers.test>\r\nTo: papers@news.test\r\n\r\nReturn-Path: <no@header.test>\r\n"


def test_the_topmost_return_path_is_the_sender() -> None:
    raw = b"Return-Path: <ada+x@readers.test>\r\nReturn-Path: <forged@elsewhere.test>\r\n" + BODY
    assert envelope_of(raw) == Envelope("ada+x@readers.test", ())


@pytest.mark.parametrize("path", [b"<>", b" < > ", b"<\r\n >"])
def test_a_null_sender_is_empty(path: bytes) -> None:
    assert envelope_of(b"Return-Path: " + path + b"\r\n" + BODY).sender == ""


def test_where_nothing_is_written_down_nothing_is_made_up() -> None:
    assert envelope_of(BODY) == Envelope(None, ())
    assert envelope_of(b"") == Envelope(None, ())
    assert envelope_of(b"Return-Path: \r\nDelivered-To: papers\r\n" + BODY) == Envelope(None, ())


def test_recipients_come_once_each_and_with_their_details() -> None:
    raw = (
        b"Delivered-To: papers@news.test\r\nX-Original-To: papers+token@news.test\r\n"
        b"Delivered-To: <papers@news.test>\r\nEnvelope-To: papers@news.test, leave+x@news.test\r\n" + BODY
    )
    assert envelope_of(raw).recipients == ("papers@news.test", "papers+token@news.test", "leave+x@news.test")


def test_addresses_in_utf8_are_kept() -> None:
    raw = "Return-Path: <zoë@readers.test>\nDelivered-To: papers@näws.test\n\n".encode()
    assert envelope_of(raw) == Envelope("zoë@readers.test", ("papers@näws.test",))


def test_what_is_cut_is_called_so() -> None:
    assert envelope_of(BODY, cut=True) == Envelope(None, (), cut=True)


def test_a_message_id_is_one_line() -> None:
    assert message_id_of(b"Message-ID:\r\n <a@b>\r\n\r\n") == "<a@b>"
    assert message_id_of(BODY) == ""


def test_a_place_names_no_words_of_the_error() -> None:
    try:
        raise ValueError("ada@readers.test")
    except ValueError as error:
        assert place_of(error).startswith("ValueError in test_envelope.py, line ")
    assert place_of(ValueError("never raised")) == "?"


_HEADER = st.sampled_from([b"Return-Path", b"Delivered-To", b"X-Original-To", b"Message-ID"])
_VALUE = st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))


@given(st.lists(st.tuples(_HEADER, _VALUE), max_size=8), st.binary(max_size=200))
def test_any_head_is_survived(headers: list[tuple[bytes, bytes]], rest: bytes) -> None:
    raw = b"".join(name + b": " + value + b"\r\n" for name, value in headers) + rest
    found = envelope_of(raw)
    message_id_of(raw)
    for address in (found.sender or "", *found.recipients):
        assert not any(c.isspace() for c in address)
        assert address.isprintable()


def test_an_endless_head_is_read_in_a_moment() -> None:
    raw = b"Delivered-To: papers@news.test\r\n" * 400_000
    assert envelope_of(raw).recipients == ("papers@news.test",)
    assert envelope_of(b"Return-Path: " + b"(" * 1_000_000 + b"\r\n").sender is None
