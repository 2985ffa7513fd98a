"""What feeds and pages write becomes plain Unicode in one line."""

import re
import time
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.entries.text import (
    MAX_RAW,
    MAX_SUMMARY,
    MAX_TITLE,
    clean_names,
    clean_summary,
    clean_text,
    clean_title,
    clip,
    decode,
    parse_date,
    plausible_date,
    safe_url,
)

TODAY = date(2026, 11, 22)
#: Text of all kinds, and text made of the pieces that mean something to HTML, LaTeX or a terminal.
ANYTHING = st.text(max_size=300) | st.lists(
    st.sampled_from(
        [
            "<",
            ">",
            "&",
            "&lt;",
            "&amp;",
            "&#0;",
            "<b>",
            "</b>",
            "<script>",
            "-->",
            "<!--",
            "<![CDATA[",
            "]]>",
            "$",
            "$$",
            "\\",
            "{",
            "}",
            "{\\em",
            "\\frac",
            "\\alpha",
            "^",
            "_",
            "%",
            "#",
            "~",
            "\r\n",
            "\x00",
            "\x1b",
            "\u202e",
            "\u200d",
            "�",
            "\ue000",
            "é",
            "🧬",
            "{{",
            "}}",
            "{%",
            "%}",
            "a",
            "b",
            "1",
            "\\begin{x}",
            "\\end{x}",
            "\\(",
            "\\[",
            "\\verb|",
        ]
    ),
    max_size=30,
).map("".join)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (r"the {\em usual} suspects", "the usual suspects"),
        (r"\emph{Very} \textbf{bold}", "Very bold"),
        (r"20\% better", "20% better"),
        ("20% of the readers", "20% of the readers"),
        (r"20% of \emph{all} readers & R#1", "20% of all readers & R#1"),
        ("between $5 and $10", "between $5 and $10"),
        (r"5 \textpm 1", "5 ±1"),
        (r"a na\"{\i}ve method", "a naïve method"),
        (r"Erd\H{o}s and Poincar\'e", "Erdős and Poincaré"),
        (r"$\ell_0$ pruning", "ℓ₀ pruning"),
        (r"in $O(n^2)$ steps", "in O(n²) steps"),
        ("{VLA}$^2$ at work", "VLA² at work"),
        ("P{-}ConvNet", "P-ConvNet"),
        (r"\input{/etc/hostname}done", "done"),
        ("A <b>bold</b> claim", "A bold claim"),
        ("<p>One.</p><p>Two.</p>", "One. Two."),
        ("One.<br>Two.", "One. Two."),
        ("Hello <script>alert(1)</script>World", "Hello World"),
        ("x<style>p{}</style>y", "xy"),
        ("<!-- hidden -->shown", "shown"),
        ("<![CDATA[Wrapped]]>", "Wrapped"),
        ("AT&amp;T &#8211; &eacute;t&eacute;", "AT&T – été"),
        ("p < 0.05 and q > 0.1", "p < 0.05 and q > 0.1"),
        ("I <3 cats", "I <3 cats"),
        ("an open <!-- comment", "an open <!-- comment"),
        ("tail ]]> tail", "tail ]]> tail"),
        ("{{ 7*7 }}", "{{ 7*7 }}"),
        ("{% for x in y %}", "{% for x in y %}"),
        ("Subject\r\nBcc: eve@example.org", "Subject Bcc: eve@example.org"),
        ("one\ttwo\u2028three\x0bfour\u00a0five", "one two three four five"),
        ("null\x00 bell\x07 escape\x1b[31m", "null bell escape [31m"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("hyphen\u00adated zero\u200bwidth \ufeffmark", "hyphenated zerowidth mark"),
        ("👩‍🔬 in the lab 🧬", "👩‍🔬 in the lab 🧬"),
        ("می‌خواهم", "می‌خواهم"),
        ("cafe\u0301", "café"),
        ("half \ud800 pair", "half pair"),
        ("<b>half</b> \ud800 pair", "half pair"),
        ("", ""),
        (" \n\t ", ""),
    ],
)
def test_text_is_made_plain(raw: str, expected: str) -> None:
    assert expected == clean_text(raw)


@given(ANYTHING)
def test_any_text_becomes_one_line_without_control_characters(raw: str) -> None:
    text = clean_text(raw)
    assert text == " ".join(text.split())
    assert not {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} & {unicodedata.category(c) for c in text}
    assert not {c for c in text if unicodedata.category(c) == "Cf"} - {"\u200c", "\u200d"}
    text.encode()


@given(ANYTHING)
def test_cleaning_leaves_no_script_and_a_second_cleaning_adds_no_markup(raw: str) -> None:
    tag = re.compile(r"<[a-zA-Z/!]")
    once = clean_text(raw)
    if not tag.search(once):
        assert not tag.search(clean_text(once)) or "&" in once


def test_a_file_named_by_latex_is_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.tex"
    secret.write_text("the secret")
    for command in (r"\input", r"\include", r"\verbatiminput"):
        assert "the secret" not in clean_text(f"{command}{{{secret}}} $x^2$")


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    ["<!--", "<![CDATA[", "<!DOCTYPE", "<a ", "<div>", "{", "\\", "$$", "\\frac", "\\begin{a}", "\\(", "&", "\\verb"],
)
def test_long_nonsense_is_cleaned_in_a_moment(unit: str) -> None:
    start = time.perf_counter()
    clean_text(unit * (MAX_RAW // len(unit)))
    assert time.perf_counter() - start < 3


def test_broken_latex_is_not_told_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    clean_text(r"$\frac{$ and \frac and \sqrt[")
    assert capfd.readouterr() == ("", "")


def test_a_title_of_10000_characters_is_clipped_at_a_word() -> None:
    title = clean_title("word " * 2_000)
    assert len(title) <= MAX_TITLE
    assert title.endswith("word…")


def test_a_title_without_spaces_is_clipped_too() -> None:
    assert clean_title("x" * 10_000) == "x" * (MAX_TITLE - 1) + "…"


def test_a_summary_has_its_limit() -> None:
    assert len(clean_summary("word " * 20_000)) <= MAX_SUMMARY


def test_names_are_cleaned_and_empty_ones_fall_out() -> None:
    assert clean_names([r"Paul Erd\H{o}s", "", " \n", "<b>Ada</b>", "x" * 200])[:2] == ("Paul Erdős", "Ada")
    assert clean_names(["", "\x00"]) == ()
    assert len(clean_names(["x" * 200])[0]) == 80
    assert len(clean_names(["x"] * 100_000)) == 500


@given(st.text(max_size=200), st.integers(2, 50))
def test_a_clipped_text_is_never_longer_than_asked(text: str, most: int) -> None:
    clipped = clip(text, most)
    assert len(clipped) <= most
    assert clipped == text if len(text) <= most else clipped.endswith("…")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "http://example.org/a?b=c#d",
        "HTTPS://EXAMPLE.ORG/",
        "https://example.org:8443/a",
        "https://bücher.example/é",
    ],
)
def test_an_absolute_web_address_is_safe(url: str) -> None:
    assert safe_url(f" {url}\n") == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://example.org",
        "//example.org/a",
        "/a",
        "a",
        "",
        "https://",
        "https:///path",
        "https://user:password@example.org/",
        "https://example.org/\r\nBcc: eve@example.org",
        "https://example.org/a b",
        'https://example.org/"onclick="',
        "https://example.org/<script>",
        "https://example.org/{{ 7*7 }}",
        "https://example.org/\u202egpj",
        "https://example.org/\ud800",
        "http://[",
        "https://example.org:port/",
        "https://example.org/" + "x" * 3_000,
        None,
        5,
        ["https://example.org"],
        {"url": "https://example.org"},
    ],
)
def test_everything_else_is_no_link(url: object) -> None:
    assert safe_url(url) is None


@given(ANYTHING)
def test_any_text_is_a_link_or_none(text: str) -> None:
    for url in (text, f"https://{text}", f"https://example.org/{text}"):
        if safe := safe_url(url):
            assert safe.lower().startswith(("http://", "https://"))
            assert safe.isprintable()
            assert not set(safe) & set('<>" ')


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2026-11-20", date(2026, 11, 20)),
        (" 2026-11-20T23:30:00-05:00 ", date(2026, 11, 21)),
        ("2026-11-20T08:00:00Z", date(2026, 11, 20)),
        ("2020-01-04T01:00:00+0100", date(2020, 1, 4)),
        ("2026-11-24", date(2026, 11, 24)),
        ("2026-11-25", None),
        ("1970-01-01", None),
        ("1970-01-01T00:00:00Z", None),
        ("2099-01-01", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-02-30", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1_700_000_000, None),
        (["2026-11-20"], None),
    ],
)
def test_a_date_is_read_as_far_as_it_is_plausible(raw: object, expected: date | None) -> None:
    assert expected == parse_date(raw, TODAY)


@given(st.text(max_size=30) | st.datetimes(timezones=st.timezones()).map(lambda when: when.isoformat()))
def test_any_text_is_a_plausible_date_or_none(raw: str) -> None:
    found = parse_date(raw, TODAY)
    assert found == plausible_date(found, TODAY)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_bytes_are_decoded_by_what_they_begin_with(encoding: str) -> None:
    assert decode("Poincaré – ünïcode".encode(encoding)) == "Poincaré – ünïcode"


def test_bytes_of_an_old_windows_editor_are_decoded_too() -> None:
    assert decode("Poincaré – “so”".encode("cp1252")) == "Poincaré – “so”"


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded(content: bytes) -> None:
    assert isinstance(decode(content), str)


def test_a_character_of_endless_number_is_none() -> None:
    assert clean_text(f"one &#{'9' * 5_000}; two &#x{'f' * 5_000} three &#38; four") == "one two three & four"
