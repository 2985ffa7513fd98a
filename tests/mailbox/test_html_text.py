"""What HTML of a mail shows."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mailbox.html_text import seen


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo\n\n"),
        ("<div>one<div>two</div><div><br></div><div>three</div></div>", "one\ntwo\n\nthree\n"),
        ("a &amp; b &lt;c&gt; &#8211; &nbsp;d", "a & b <c> – \xa0d"),
        ("<ul><li>robots</li><li>proteins</li></ul>", "robots\nproteins\n"),
        ("line\nbreaks\tare spaces", "line breaks are spaces"),
        ("<pre>kept\nhere</pre>", "kept\nhere\n"),
        ("<head><title>no</title></head><style>no</style><script>no</script>yes<!-- no -->", "yes"),
        ("yes<style>this never ends", "yes"),
        ("yes<!-- this never ends", "yes"),
        ("<!DOCTYPE html><?xml?>yes<![endif]>", "yes"),
        (
            '<a href="https://news.example.net/u/abc?x=1&amp;y=2">leave</a>',
            "leave <https://news.example.net/u/abc?x=1&y=2> ",
        ),
        ("<a href='mailto:a@example.org'>write</a>", "write"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("&#" + "9" * 5_000 + ";", "&#" + "9" * 5_000 + ";"),
        ("", ""),
    ],
)
def test_markup_becomes_the_lines_that_a_person_sees(markup: str, expected: str) -> None:
    assert seen(markup).written == expected


@pytest.mark.parametrize(
    "quote",
    [
        '<div class="gmail_quote"><div class="gmail_attr">On Friday<br></div><blockquote>QUOTED</blockquote></div>',
        '<div class="gmail_quote gmail_quote_container"><div>QUOTED</div><div><div>more</div></div></div>',
        '<blockquote type="cite"><div>QUOTED</div></blockquote>',
        "<blockquote type=cite><p>QUOTED<p>more</blockquote>",
        '<div class="moz-cite-prefix">On Friday</div><blockquote type="cite" cite="mid:x">QUOTED</blockquote>',
        '<div id="yahoo_quoted_1"><div>QUOTED</div></div>',
        '<blockquote class="protonmail_quote">QUOTED</blockquote>',
    ],
)
def test_quotes_of_mail_programs_are_kept_apart_and_what_follows_is_not(quote: str) -> None:
    shown = seen(f"<div>above</div>{quote}<div>below</div>")
    assert shown.written.split() == ["above", "below"]
    assert "QUOTED" in shown.quoted


@pytest.mark.parametrize(
    "mark",
    ['<div id="appendonsend"></div>', '<div id="divRplyFwdMsg">From: us</div>', '<hr id="stopSpelling">'],
)
def test_after_the_marks_of_outlook_all_is_quoted(mark: str) -> None:
    shown = seen(f"<div>above</div>{mark}<div>QUOTED</div>")
    assert shown.written.split() == ["above"]
    assert "QUOTED" in shown.quoted


def test_a_quote_that_never_ends_goes_on_to_the_end() -> None:
    shown = seen('above<blockquote type="cite"><div>QUOTED</div>')
    assert (shown.written.strip(), shown.quoted.strip()) == ("above", "QUOTED")


def test_an_element_that_holds_nothing_opens_no_quote() -> None:
    assert seen('<br class="gmail_quote">all of this<img class="gmail_quote"> is written').quoted == ""


@pytest.mark.parametrize(
    "piece",
    ["<div>", "</div>", "<", "<a ", "<!--", "<style>", "&#9", "&amp", '<div class="gmail_quote">', "<a href=", ">"],
)
def test_markup_made_to_be_slow_is_read_in_a_moment(piece: str) -> None:
    started = time.process_time()
    seen(piece * (300_000 // len(piece)))
    assert time.process_time() - started < 1


@given(st.text("<>/=\"'&;#ab pdivq-!\n", max_size=300))
def test_any_markup_is_survived(markup: str) -> None:
    shown = seen(markup)
    assert len(shown.written) + len(shown.quoted) <= 4 * len(markup) + 4
