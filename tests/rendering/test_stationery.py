"""Notices: both bodies say the same, and nobody's words become anything but words."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from letterpaper import (
    LINKS,
    NEWSLETTER,
    SAMPLES,
    body_of,
    sample,
    seen,
    stationery,
    tags,
    values_of,
    without_foot,
    words,
)
from markdown_it import MarkdownIt
from markupsafe import Markup

from newsletter.errors import TemplateError
from newsletter.rendering.intro import intro_markdown
from newsletter.rendering.look import look_in
from newsletter.rendering.palette import contrast
from newsletter.rendering.stationery import Stationery, text_of
from newsletter.rendering.templates import shipped_templates

NAMES = sorted(SAMPLES)
#: What Markdown, HTML, Jinja or a mail program might take for more than words.
NASTY = [
    "[click](https://evil.example/)",
    "<https://evil.example/>",
    "https://evil.example/free",
    "![pixel](https://evil.example/p.png)",
    "[a]: https://evil.example/ 'x'",
    "[a][b]",
    "<b onmouseover=x>&amp;&#60;script&#62;</b><!--",
    "# heading",
    "=====",
    "---",
    "***",
    "- item",
    "+ item",
    "1. one",
    "99) many",
    "> quoted",
    "```",
    "~~~ html",
    "    code",
    "a  ",
    "back\\",
    "\\[x](y)",
    "`tick` *star* _low_ **strong** __x__ ~~gone~~",
    "| a | b |",
    "{{ 7 * 7 }}{% raw %}{# x #}",
    "two\n\nparagraphs\r\n# and more",
    "a\u2028b\x85c\x0bd\x1ce",
    "\0",
    "&nbsp;&copy;",
    "mailto:eve@evil.example",
    "www.evil.example",
    "]( javascript:alert(1) )",
    "\u202egnp.exe",
    "é日本語👩‍🔬",
]
WORDS = (
    st.sampled_from(NASTY)
    | st.lists(st.sampled_from(NASTY) | st.text(max_size=8), min_size=1, max_size=4).map(" ".join)
).filter(lambda text: bool(text.split()))


def tidy(text: str) -> str:
    """What can be seen of it, in one line."""
    shown = (c if (c.isprintable() or c in "\u200c\u200d") and c != "\ufffd" else " " for c in text)
    return " ".join("".join(shown).split())


def test_every_template_is_tried_here() -> None:
    shipped = {path.stem for path in (shipped_templates() / "mail").glob("*.md")}
    assert shipped == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_both_bodies_say_the_same(name: str) -> None:
    written = stationery().write(name, **sample(name))
    assert words(without_foot(written.text)) == words(seen(body_of(written.html)))
    foot = written.text.rpartition("\n-- \n")[2]
    for part in (foot, seen(written.html)):
        assert "Paper Robots, 1 Example Street, 12345 Exampleton" in part
        assert "https://news.example.org/privacy" in part


@pytest.mark.parametrize("name", NAMES)
def test_the_subject_is_the_heading_and_one_short_line(name: str) -> None:
    written = stationery().write(name, **sample(name))
    assert written.subject == " ".join(written.subject.split())
    assert 4 <= len(written.subject) < 70
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", written.html) == [written.subject]
    assert f"<title>{written.subject}</title>" in written.html


@pytest.mark.parametrize("name", NAMES)
def test_text_is_wrapped_for_any_mail_program(name: str) -> None:
    written = stationery().write(name, **sample(name))
    for line in without_foot(written.text).splitlines():
        assert len(line) <= 76 or "://" in line
        assert line == line.rstrip()
    assert "\n\n\n" not in written.text
    assert not written.text.startswith("\n")


@pytest.mark.parametrize("name", NAMES)
def test_every_notice_says_without_colour_and_pictures_what_it_wants(name: str) -> None:
    written = stationery().write(name, **sample(name))
    assert "<img" not in written.html
    assert "url(" not in written.html
    assert not re.search(r"https?://(?!news\.example\.org|www\.w3\.org)", written.html)


FOREIGN = [name for name in NAMES if name != "announcement"]


@pytest.mark.parametrize("name", FOREIGN)
def test_nothing_nasty_becomes_a_link_or_any_markup(name: str) -> None:
    assert_only_words(name, " ".join(NASTY))


@given(st.sampled_from(FOREIGN), WORDS)
@example("alarm", "x" * 5_000)
@example("answer", "[" * 500 + "](" * 500)
def test_nobodys_words_become_a_link_or_any_markup(name: str, value: str) -> None:
    assert_only_words(name, value)


def assert_only_words(name: str, value: str) -> None:
    """Whatever stands in its place: the same tags, the same addresses, and the words as they were written."""
    innocent = stationery().write(name, **sample(name, lambda _: "word"))
    written = stationery().write(name, **sample(name, lambda _: value))
    assert tags(written.html) == tags(innocent.html)
    shown = tidy(seen(written.html))
    for one in values_of(sample(name, lambda _: value)):
        assert tidy(one) in shown
    assert words(without_foot(written.text)) == words(seen(body_of(written.html)))


@given(WORDS)
def test_in_an_announcement_only_its_own_words_are_markdown(value: str) -> None:
    body = Markup("There *is* something.")
    innocent = stationery().write("announcement", subject="S", body=body, address="a", links=LINKS)
    written = stationery().write("announcement", subject=value, body=body, address=value, links=LINKS)
    assert tags(written.html) == tags(innocent.html)
    assert written.subject == tidy(value)


@given(st.text(max_size=300))
def test_a_subject_is_one_line(value: str) -> None:
    written = stationery().write("alarm", **sample("alarm") | {"subject": value})
    assert len(written.subject.splitlines()) == 1
    assert re.search(r"<h1[^>]*>[^<>]*</h1>", written.html)


def test_the_title_of_the_newsletter_and_its_address_are_words_too() -> None:
    odd = NEWSLETTER | {"title": "A *B* <C> [d](https://evil.example/)", "postal_address": '1 "Q" <b>Street</b>'}
    written = Stationery(Path("none"), look_in(), odd).write("confirm", **sample("confirm"))
    assert {href for tag, href in tags(written.html) if tag == "a"} == {
        LINKS["confirm"],
        "https://news.example.org/privacy",
    }
    assert "<C>" not in written.html
    assert "<b>" not in written.html
    assert "asked for A *B* <C> [d](https://evil.example/) at" in written.text.replace("\n", " ")


def test_a_confirmation_repeats_nothing_of_what_a_stranger_typed() -> None:
    """Whoever fills in a form must not be able to write to somebody else through us."""
    typed = sample("confirm") | {"interests": ["cheap watches at evil example", "not: you"]}
    written = stationery().write("confirm", **typed)
    assert "watches" not in written.text + written.html
    assert len(written.text) < 1_000


def test_without_anybody_who_reads_replies_none_is_asked_for() -> None:
    deaf = Stationery(Path("none"), look_in(), NEWSLETTER | {"replies": False})
    for name in ("confirm", "remind", "address", "command"):
        assert "reply" not in deaf.write(name, **sample(name)).text
        assert "just reply “yes”" in stationery().write(name, **sample(name)).text


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("address", "confirm"),
        ("already", "preferences"),
        ("answer", "preferences"),
        ("command", "confirm"),
        ("confirm", "confirm"),
        ("help", "preferences"),
        ("private", "private"),
        ("remind", "confirm"),
    ],
)
def test_what_a_notice_wants_is_a_button_and_has_a_line_of_its_own(name: str, link: str) -> None:
    written = stationery().write(name, **sample(name))
    assert re.search(rf"\n\n[A-Z][^\n]+:\n{re.escape(LINKS[link])}\n\n", written.text)
    (button,) = re.findall(rf'<a href="{re.escape(LINKS[link])}"[^>]*>', written.html)
    assert 'class="read"' in button


def test_a_forwarded_mail_keeps_its_lines() -> None:
    written = stationery().write("forwarded", **sample("forwarded"))
    assert "\n> Dear you,\n>\n> what is this?\n> Yours, Eve\n" in written.text
    assert "what is this?<br />\nYours, Eve" in written.html


def test_values_with_special_signs_in_links_stay_whole() -> None:
    link = "https://news.example.org/lift/A-_z~b*c?d=e&f=__g__#h"
    written = stationery().write("alarm", **sample("alarm") | {"link": link})
    assert link in written.text
    assert ("a", link) in [(tag, href) for tag, href in tags(written.html)]


def test_endless_words_take_no_time() -> None:
    begin = time.perf_counter()
    written = stationery().write("forwarded", **sample("forwarded") | {"lines": ["*[](" * 5_000] * 2})
    assert time.perf_counter() - begin < 3
    assert written.text.count("*[](") == 10_000


# -- the operator's Markdown


def announced(markdown: str) -> tuple[str, str]:
    """(text without its foot, HTML of what was written) of an announcement."""
    written = stationery().write(
        "announcement", subject="News", body=intro_markdown(markdown), address="ada@example.org", links=LINKS
    )
    return without_foot(written.text), body_of(written.html)


def test_an_announcement_reads_well_as_text() -> None:
    text, html = announced(
        "# One\n\nA *word* and a [link](https://a.example/b?c=d&e=f).\n\n1. first\n2. second\n   * in it\n\n"
        "```\ncode  here\n```\n\n> said\n>\n> again\n\n![a picture](https://a.example/p.png)\n\n"
        "* [item](https://a.example/i)\n\nend\\\nof it"
    )
    assert text.startswith(
        "One\n\nA word and a link (https://a.example/b?c=d&e=f).\n\n1. first\n2. second\n   - in it\n\n"
        "    code  here\n\n> said\n>\n> again\n\na picture\n\n- item (https://a.example/i)\n\nend\nof it\n\n* * *\n"
    )
    assert "<h1" not in html
    assert html.count('class="read"') == 0


@given(
    st.lists(
        st.sampled_from(
            ["# h", "a *b*", "> q", "* i", "1. n", "  * deep", "---", "[l](https://x.example)", "", "a\\", "<b>"]
        )
        | st.text("ab*_`[]()<>#\n ", max_size=12),
        max_size=8,
    ).map("\n".join)
)
def test_text_and_html_of_any_markdown_have_the_same_words(markdown: str) -> None:
    tokens = MarkdownIt("commonmark", {"html": False}).parse(markdown)
    html = MarkdownIt("commonmark", {"html": False}).render(markdown)
    numbered = re.sub(r"(?m)^[> ]*(?:\d+[.)] )*", "", text_of(tokens))
    assert sorted(set(words(seen(html))) - set("0123456789")) == sorted(set(words(numbered)) - set("0123456789"))


def test_markup_in_an_announcement_is_shown_and_what_looks_like_a_template_is_none() -> None:
    text, html = announced("<script>x</script> {{ newsletter.title }} {% if %} &lt;")
    assert "<script>x</script> {{ newsletter.title }} {% if %} <" in text
    assert "<script" not in html


# -- an operator's own templates


def own(tmp_path: Path, name: str, text: str | bytes) -> Stationery:
    (tmp_path / "mail").mkdir(exist_ok=True)
    (tmp_path / "mail" / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return Stationery(tmp_path, look_in(brand="#0055aa"), NEWSLETTER)


def test_an_operators_own_template_is_taken_before_ours(tmp_path: Path) -> None:
    made = own(tmp_path, "confirm.md", "Subject: Yes?\n\nHello {{ address }}: [go]({{ links.confirm }})\n")
    written = made.write("confirm", **sample("confirm"))
    assert (written.subject, written.text.splitlines()[0]) == (
        "Yes?",
        f"Hello ada@example.org: go ({LINKS['confirm']})",
    )
    assert made.write("remind", **sample("remind")).text == stationery().write("remind", **sample("remind")).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("No subject\n", r"confirm\.md, line 1: a notice begins with a line `Subject: …`"),
        ("Subject: a\n\n{% if %}\n", r"confirm\.md, line 3: "),
        ("Subject: {{ a\n\nb\n", r"confirm\.md, line 1: "),
        ("Subject: a\n\nb\n\n{{ nobody }}\n", r"confirm\.md, line 5: 'nobody' is undefined"),
        ("Subject: {{ nobody }}\n\nb\n", r"confirm\.md, line 1: 'nobody' is undefined"),
        ("Subject: a\n\n{{ interests + 1 }}\n", r"confirm\.md, line 3: can only concatenate list"),
        ("Subject: a\n\n{{ 1 / 0 }}\n", r"confirm\.md, line 3: division by zero"),
        (b"Subject: a\n\n\xff\n", r"confirm\.md cannot be read: .* Save it as UTF-8"),
    ],
)
def test_a_mistake_in_it_is_told_with_file_and_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    made = own(tmp_path, "confirm.md", text)
    with pytest.raises(TemplateError, match=said):
        made.write("confirm", **sample("confirm"))
    # It stops no other notice.
    assert made.write("remind", **sample("remind"))


def test_a_broken_frame_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"frame\.mjml, line 1"):
        own(tmp_path, "frame.mjml", "<mjml><mj-body></mjml>")


def test_the_colour_is_the_operators_and_readable() -> None:
    html = Stationery(Path("none"), look_in(brand="#ffee00"), NEWSLETTER).write("confirm", **sample("confirm")).html
    (light,) = set(re.findall(r'class="brand" style="[^"]*color:(#[0-9a-f]{6})"', html))
    assert light != "#a8401c"
    assert contrast(light, "#fffdf9") >= 4.5


def test_writing_is_the_same_every_time() -> None:
    assert stationery().write("help", **sample("help")) == stationery().write("help", **sample("help"))
