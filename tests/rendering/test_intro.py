"""The editor's Markdown becomes HTML that is fit for a mail."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering.intro import intro_html, intro_text

PIECES = ["<script>", "</p>", "<img src=x onerror=y>", "[a](javascript:x)", "![a](http://x/y.png)", "<javascript:x>"]
PIECES += ["<a href='x' onclick='y'>", "<!--", "-->", "&lt;script&gt;", "**", "\n\n", "[a]: data:x\n\n[a]", "`", "# "]


def test_paragraphs_emphasis_links_and_lists_are_kept() -> None:
    made = intro_html("Good *morning*, [all](https://example.org/?a=1&b=2)!\n\n- one\n- **two**")
    assert "<em>morning</em>" in made
    assert 'href="https://example.org/?a=1&amp;b=2"' in made
    assert made.count("<p>") == 1
    assert "<li><strong>two</strong></li>" in made


def test_raw_html_is_shown_as_text() -> None:
    made = intro_html("<b>x</b> <script>alert(1)</script>\n\n<div onclick=x>")
    assert "<b>" not in made
    assert "&lt;b&gt;x&lt;/b&gt; &lt;script&gt;" in made


@pytest.mark.parametrize("scheme", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd"])
def test_links_that_do_something_else_than_lead_somewhere_are_gone(scheme: str) -> None:
    for markdown in (f"[x]({scheme})", f"<{scheme}>", f"[x][1]\n\n[1]: {scheme}", f"[x]({scheme.upper()})"):
        assert "href" not in intro_html(markdown)


def test_links_that_lead_nowhere_in_a_mail_are_gone() -> None:
    for markdown in ("[x](/about)", "[x](about.html)", "[x](#top)", "[x](//example.org)"):
        assert "href" not in intro_html(markdown)


def test_pictures_are_left_out() -> None:
    assert "<img" not in intro_html("![a bridge](https://example.org/x.png)")


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=10), max_size=10).map("".join))
def test_whatever_is_written_nothing_dangerous_comes_out(markdown: str) -> None:
    made = intro_html(markdown)
    tags = re.findall(r"<(/?[a-zA-Z!][^\s>]*)([^>]*)>", made)
    assert all(re.fullmatch(r"/?(p|a|em|strong|ul|ol|li|blockquote|br|code|h2|h3|hr)", tag) for tag, _ in tags)
    for _, attributes in tags:
        assert re.fullmatch(r'( href="(?i:https?:|mailto:)[^"]*")?( rel="noopener noreferrer")?', attributes)


def test_the_text_part_has_the_markdown_as_it_was_written_in_lines() -> None:
    long = "word " * 30
    made = intro_text(f"Good *morning*!\n\n{long}\n\n\n\n- one")
    assert made.startswith("Good *morning*!\n\nword word")
    assert all(len(line) <= 72 for line in made.splitlines())
    assert made.endswith("\n\n- one")
    assert intro_html("") == intro_text("") == ""
