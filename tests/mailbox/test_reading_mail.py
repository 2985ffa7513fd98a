"""From the bytes of a mail to what a person wrote."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters import PIECES, html_letter, letter, parts_of_mail

from newsletter.mailbox.parts import parse
from newsletter.mailbox.reading import MAX_QUOTED, read


def test_an_ordinary_reply_is_read_whole() -> None:
    incoming = read(
        letter(
            "Hi there,\n\nmore 3\n+ robots\n\nBest,\nAda\n\nOn Fri, Nov 27, 2026 News <news@example.net> wrote:\n"
            "> https://news.example.net/more/abc\n",
            Subject="=?utf-8?q?Re=3A_AW=3A_Papers_f=C3=BCr_Ada?=",
            Message_ID="<one@example.org>",
            In_Reply_To="<two@example.net>",
            References="<three@example.net>\n <two@example.net>",
            Return_Path="<ada@example.org>",
        )
    )
    assert incoming.sender == "ada@example.org"
    assert incoming.sender_name == "Ada Lovelace"
    assert incoming.envelope_from == "ada@example.org"
    assert incoming.recipients == ("news@example.net",)
    assert (incoming.subject, incoming.subject_is_reply) == ("Papers für Ada", True)
    assert incoming.message_id == "<one@example.org>"
    assert incoming.references == ("<two@example.net>", "<three@example.net>")
    assert incoming.lines == ("more 3", "+ robots")
    assert "https://news.example.net/more/abc" in incoming.quoted
    assert not incoming.attachments
    assert incoming.dmarc == "none"


def test_a_message_that_is_parsed_already_is_read_the_same() -> None:
    raw = letter("yes", Subject="Re: x")
    assert read(parse(raw)) == read(raw)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("ada@example.org", "ada@example.org"),
        ('"Lovelace, Ada" <Ada@EXAMPLE.org>', "Ada@example.org"),
        ("Ada <ada@bücher.example>", "ada@xn--bcher-kva.example"),
        ('"bob@example.org" <ada@example.org>', "ada@example.org"),
        ("ada@example.org, bob@example.org", None),
        ("Ada <zoë@example.org>", None),
        ("undisclosed:;", None),
        ("nobody", None),
        ("<>", None),
        ("", None),
    ],
)
def test_the_sender_is_the_one_valid_address_in_from(written: str, expected: str | None) -> None:
    assert read(letter(From=written)).sender == expected


def test_two_from_headers_name_no_sender() -> None:
    assert read(b"From: ada@example.org\nFrom: bob@example.org\n\nyes").sender is None


@pytest.mark.parametrize(
    ("given", "path", "expected"),
    [
        (None, "", None),
        (None, "<>", ""),
        (None, "<ada@example.org>", "ada@example.org"),
        ("", "<ada@example.org>", ""),
        ("<>", "<ada@example.org>", ""),
        ("bob@example.org", "<ada@example.org>", "bob@example.org"),
    ],
)
def test_the_envelope_sender_is_known_unknown_or_null(given: str | None, path: str, expected: str | None) -> None:
    assert read(letter(Return_Path=path), envelope_from=given).envelope_from == expected


def test_recipients_are_the_envelopes_or_else_those_of_the_headers() -> None:
    raw = letter(To="News <news@example.net>", Cc="bob@example.org", Delivered_To="news+b-abc@example.net")
    assert read(raw, recipients=["news+x@example.net"]).recipients == ("news+x@example.net",)
    assert read(raw).recipients == ("news+b-abc@example.net", "news@example.net", "bob@example.org")


@pytest.mark.parametrize(
    ("subject", "expected", "is_reply"),
    [
        ("unsubscribe", "unsubscribe", False),
        ("Re: unsubscribe", "unsubscribe", True),
        ("RE[2]: Fwd: AW: SV: Antw.: Odp: x", "x", True),
        ("Réf : x", "Réf : x", False),
        ("Re:", "", True),
        ("Regarding: x", "Regarding: x", False),
        ("two\n lines", "two lines", False),
        ("Re: " * 2_000, "", True),
    ],
)
def test_a_subject_loses_the_prefixes_of_replies(subject: str, expected: str, is_reply: bool) -> None:
    incoming = read(letter(Subject=subject))
    assert (incoming.subject, incoming.subject_is_reply) == (expected, is_reply)


def test_plain_text_is_preferred_and_html_stands_in_for_it() -> None:
    both, body = parts_of_mail(
        "Content-Type: text/plain\n\nplain", "Content-Type: text/html\n\n<p>html</p>", kind="alternative"
    )
    assert read(letter(body, Content_Type=both)).lines == ("plain",)
    blank, body = parts_of_mail("Content-Type: text/plain\n\n \n", "Content-Type: text/html\n\n<p>html</p>")
    assert read(letter(body, Content_Type=blank)).lines == ("html",)
    assert read(html_letter("<p>yes</p>")).lines == ("yes",)


def test_a_mail_in_html_only_loses_quote_signature_and_greeting() -> None:
    incoming = read(
        html_letter(
            "<html><head><style>p{color:red}</style></head><body><div>Hi,</div><div><br></div><div>subscribe</div>"
            "<div>walking robots</div><div>protein&nbsp;design</div><div><br></div><div>Sent from my iPhone</div>"
            '<div class="gmail_quote"><blockquote>confirm <a href="https://news.example.net/confirm/abc">here</a>'
            "</blockquote></div></body></html>"
        )
    )
    assert incoming.lines == ("subscribe", "walking robots", "protein design")
    assert "<https://news.example.net/confirm/abc>" in incoming.quoted


def test_a_long_style_sheet_before_the_words_hides_none_of_them() -> None:
    assert read(html_letter(f"<style>{'p{color:red}' * 10_000}</style>yes")).lines == ("yes",)


def test_soft_breaks_of_flowed_text_are_undone() -> None:
    flowed = "text/plain; charset=utf-8; format=flowed"
    body = "subscribe\nrobots that learn \nto walk\n> quoted \nproteins\n-- \nAda"
    assert read(letter(body, Content_Type=flowed)).lines == ("subscribe", "robots that learn to walk", "proteins")
    assert read(letter(body)).lines == ("subscribe", "robots that learn", "to walk", "proteins")


def test_lines_are_tidied_and_paragraphs_kept_apart() -> None:
    assert read(letter("\n\n  one \t two\x00\n\n\n\nthree\u200b\n\n")).lines == ("one two", "", "three")


def test_attachments_are_noticed_and_never_read() -> None:
    kind, body = parts_of_mail(
        "Content-Type: text/plain\n\nyes",
        'Content-Type: text/plain\nContent-Disposition: attachment; filename="a.txt"\n\nunsubscribe',
        "Content-Type: application/zip; name=bomb.zip\nContent-Transfer-Encoding: base64\n\nUEsDBA==",
    )
    incoming = read(letter(body, Content_Type=kind))
    assert incoming.attachments
    assert incoming.lines == ("yes",)


def test_a_mail_that_encloses_another_is_not_taken_for_it() -> None:
    kind, body = parts_of_mail("Content-Type: message/rfc822\n\nSubject: x\n\nunsubscribe")
    incoming = read(letter(body, Content_Type=kind))
    assert incoming.lines == ()
    assert incoming.attachments


def test_quoted_text_is_kept_up_to_a_bound() -> None:
    assert len(read(letter("> quoted text\n" * 100_000)).quoted) <= MAX_QUOTED


def test_what_dmarc_says_counts_for_the_sender() -> None:
    results = "mx.example.net; dmarc=pass header.from=example.org"
    assert read(letter(Authentication_Results=results)).dmarc == "pass"
    assert read(letter(Authentication_Results=results), authserv_id="mx.example.net").dmarc == "pass"
    assert read(letter(Authentication_Results=results), authserv_id="other.example").dmarc == "none"
    assert read(letter(Authentication_Results=results, From="bob@example.com")).dmarc == "none"


def test_signs_of_machines_are_collected() -> None:
    raw = b"Received: a\n" * 3 + letter(
        Auto_Submitted="Auto-Replied",
        Precedence="Bulk",
        List_Id="x",
        List_Unsubscribe="y",
        X_Autoreply="yes",
        X_Auto_Response_Suppress="None",
        X_Loop="news@example.net",
    )
    signs = read(raw).signs
    assert (signs.auto_submitted, signs.precedence, signs.hops) == ("auto-replied", "bulk", 3)
    assert signs.list_headers == ("list-id", "list-unsubscribe")
    assert signs.auto_headers == ("x-autoreply",)
    assert signs.loops == ("news@example.net",)
    assert not signs.report


@pytest.mark.parametrize(
    "line", [b">", b"a", b" ", b"\x00", b"- ", b"On 1@x ", b"\xcc\x81", b"\n", b"wrote: 1\n", b"<div>"]
)
@pytest.mark.parametrize("kind", [b"text/plain; charset=utf-8", b"text/html", b"text/plain; format=flowed"])
def test_a_megabyte_of_anything_is_read_within_a_second(line: bytes, kind: bytes) -> None:
    started = time.process_time()
    read(b"Content-Type: " + kind + b"\n\n" + line * (1_000_000 // len(line)))
    assert time.process_time() - started < 1


@given(
    st.binary(max_size=400) | st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=30).map(b"".join),
    st.none() | st.text(max_size=20),
)
def test_any_bytes_are_read(raw: bytes, sender: str | None) -> None:
    incoming = read(raw, envelope_from=sender)
    assert all("\n" not in line and "\x00" not in line for line in (*incoming.lines, incoming.subject))
    assert incoming.sender is None or incoming.sender.count("@") == 1
