"""A theme, a colour, letters and a logo, put into templates before all else."""

import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from proofs import READER, SIGNER, card, edition, pick, read, recipe
from pydantic import ValidationError

from newsletter.errors import TemplateError
from newsletter.issues.issue import ReasonKind, Section
from newsletter.rendering.look import Look, look_in
from newsletter.rendering.palette import READABLE, contrast
from newsletter.rendering.templates import shipped_templates
from newsletter.rendering.themes import THEMES, Ground
from newsletter.sections import LookSettings

COLOURS = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")
NAMES = st.sampled_from(sorted(THEMES))
EVERYTHING = recipe(
    pick(1),
    pick(2),
    pick(3, Section.FAVOURITES, ReasonKind.POPULAR, "1,234 people"),
    pick(4, Section.OUTSIDE, ReasonKind.OUTSIDE, ""),
)


def dressed(theme: str = "paper", language: str = "en", **chosen: object) -> Look:
    return look_in(LookSettings.model_validate({"theme": theme, **chosen}), language=language)


def copy(look: Look, overrides: Path = Path("no-such-folder"), image: str = "") -> str:
    """The HTML of an issue with every section."""
    cards = {n: card(n, image=image) for n in range(1, 5)}
    issue = edition(overrides, look=look)
    html, _ = read(issue.assemble(EVERYTHING, cards, READER, SIGNER))
    return unescape(html)


# -- what is put in


def test_a_name_is_its_value_where_it_is_printed_and_where_it_decides() -> None:
    source = (
        "{{ look.ink }} {{- look.start -}} {% if look.thumbnails and pick.image %}x{% endif %}{{ 'a' if look.brief }}"
    )
    filled = "#1d1b18left{% if false and pick.image %}x{% endif %}{{ 'a' if false }}"
    assert dressed().apply(source, "x") == filled.replace("left", " left ")


def test_what_only_looks_like_a_name_stays() -> None:
    source = "{{ outlook.ink }} {{ a.look.ink }} {{ 'look.ink' }} look.ink {# look.nothing #}"
    assert dressed().apply(source, "x") == source


@pytest.mark.parametrize("tag", ["{{ look.inq }}", "{% if look.inq %}{% endif %}", "{{ 1 if look.inq }}"])
def test_a_name_that_there_is_not_is_told_with_its_line_and_what_it_may_have_meant(tag: str) -> None:
    with pytest.raises(TemplateError, match=r"own\.html, line 3: there is no look\.inq\. Did you mean look\.ink\?"):
        dressed().apply(f"a\n{{{{ look.ink }}}}\nb {tag}\n", "own.html")


@pytest.mark.parametrize("theme", THEMES)
def test_colours_that_a_template_wrote_out_before_there_were_themes_become_the_themes(theme: str) -> None:
    look = dressed(theme)
    old = "#1d1b18 #5f5a52 #fffdf9 #e4ddd0 #a8401c / #ece6da #a39c8f #1a1917 #35322d #f0936b / #123456"
    names = "ink soft sheet rule brand / ink_night soft_night sheet_night rule_night brand_night".split()
    by_name = " ".join(name if name == "/" else look.style(name) for name in names)
    assert look.apply(old, "x") == f"{by_name} / #123456"


def test_a_chosen_colour_that_was_one_of_the_first_theme_stays_what_it_is() -> None:
    look = look_in(LookSettings(theme="minimal"), brand="#1d1b18")
    assert look.apply("{{ look.brand }} {{ look.ink }}", "x") == "#1d1b18 #161616"


def test_every_part_of_every_theme_is_there_and_used_by_a_template_of_ours() -> None:
    sources = "".join(
        path.read_text("utf-8")
        for room in ("issue", "mail", "web")
        for path in (shipped_templates() / room).glob("*.*")
    )
    used = set(re.findall(r"look\.(\w+)", sources)) | {"button", "rule"}
    for theme in THEMES.values():
        assert theme.parts.keys() == THEMES["paper"].parts.keys()
        assert theme.parts.keys() <= used


# -- what can be read


@given(COLOURS, NAMES)
@example("#ffffff", "dense")
@example("#000000", "minimal")
@example("#ffff00", "dense")
@example("#767676", "minimal")
@example("#a8401c", "dense")
def test_any_brand_can_be_read_on_every_ground_of_every_theme(brand: str, theme: str) -> None:
    look = look_in(LookSettings(theme=theme), brand=brand)
    for ground, colour in ((look.theme.day, look.palette.light), (look.theme.night, look.palette.dark)):
        assert min(contrast(colour, under) for under in (ground.sheet, ground.tint, ground.field)) >= READABLE


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("time", ["day", "night"])
def test_ink_and_soft_ink_can_be_read_on_every_ground_and_so_can_a_button(theme: str, time: str) -> None:
    ground: Ground = getattr(THEMES[theme], time)
    for colour in (ground.ink, ground.soft):
        for under in (ground.sheet, ground.tint, ground.field, ground.page):
            assert contrast(colour, under) >= READABLE
    assert contrast(ground.sheet, ground.ink) >= READABLE  # words on a button
    assert contrast(ground.frame, ground.field) >= 3  # WCAG 1.4.11: where to type


# -- what a mail is


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_says_the_same_with_its_own_colours(theme: str) -> None:
    look, html = dressed(theme), copy(dressed(theme))
    for words in ("Title 1", "Bridges sing in the wind.", "Because you follow", "▲", "▼", "Everybody’s favourites"):
        assert words in html
    assert f"background-color:{look.theme.day.page}" in html
    assert f"background-color: {look.theme.night.page} !important" in html
    assert "look." not in html


def test_the_dense_theme_leaves_out_what_its_title_links_to_and_shortens_sentences() -> None:
    long = ("Bridges sing " * 30 + ".", "They do.")
    issue, cards = edition(look=dressed("dense")), {1: card(1, sentences=long)}
    html, text = read(issue.assemble(recipe(pick(1)), cards, READER, SIGNER))
    assert "Read it&nbsp;" not in html
    assert "More&nbsp;" in html
    assert "They do." not in html
    for said in (html, " ".join(text.split())):
        assert "Bridges sing Bridges" in said
        assert "Bridges sing " * 15 not in said


def test_a_logo_stands_in_the_titles_place_and_says_it() -> None:
    html = copy(dressed(logo="https://example.org/logo.png?a=1&b=2"))
    (logo,) = re.findall(r"<img [^>]*>", html)
    assert 'src="https://example.org/logo.png?a=1&b=2"' in logo
    assert 'alt="Paper Robots"' in logo
    assert "<img" not in copy(dressed())


def test_pictures_of_entries_are_shown_only_where_they_are_wanted() -> None:
    picture = "https://example.org/a.png?b=1&c=2"
    assert "<img" not in copy(dressed(), image=picture)
    shown = re.findall(r"<img [^>]*>", copy(dressed(thumbnails=True), image=picture))
    assert len(shown) == 2  # the two cards; favourites and the step outside are small
    assert all('src="https://example.org/a.png?b=1&c=2" alt=""' in one for one in shown)


@pytest.mark.parametrize(
    ("language", "direction"),
    [("en", "ltr"), ("ar", "rtl"), ("he", "rtl"), ("fa-IR", "rtl"), ("AR-eg", "rtl"), ("fr", "ltr"), ("arn", "ltr")],
)
def test_a_mail_is_mirrored_where_people_read_from_the_right(language: str, direction: str) -> None:
    html = copy(dressed(language=language))
    start, end = ("right", "left") if direction == "rtl" else ("left", "right")
    assert f'dir="{direction}"' in html.partition("<head>")[0]
    assert f"border-{start}:3px solid" in html
    assert f"border-{end}:" not in html
    assert ("direction:ltr" in html) == (direction == "ltr")


def test_an_operators_own_template_takes_its_style_from_the_theme(tmp_path: Path) -> None:
    (tmp_path / "issue").mkdir()
    (tmp_path / "issue" / "card.html").write_text('<p style="{{ look.title }};color:#1d1b18">{{ pick.title }}</p>')
    html = copy(dressed("minimal"), tmp_path)
    assert f'<p style="{dressed("minimal").style("title")};color:#161616">Title 1</p>' in html


# -- what may be chosen


@pytest.mark.parametrize(
    "stack", ["Georgia", "Charter, 'Iowan Old Style', Times New Roman, serif", "-apple-system,Arial"]
)
def test_stacks_of_fonts_as_css_has_them_are_taken(stack: str) -> None:
    assert f"font-family:{stack}" in copy(dressed(sans=stack, serif=stack))


@pytest.mark.parametrize(
    "stack", ["", "a;color:red", 'a"b', "a'b", "url(x)", "a,", "'a", "<b>", "a}", "a\nb", "{{ 1 }}", "$ink"]
)
def test_what_could_end_a_style_is_no_font(stack: str) -> None:
    with pytest.raises(ValidationError, match="write the fonts' names"):
        dressed(serif=stack)


@pytest.mark.parametrize(
    "logo",
    [
        "http://example.org/a.png",
        "logo.png",
        "https://a/b c",
        'https://a/b"c',
        "javascript:1",
        "https:///a",
        "https://a/{{ 1 }}",
        "https://a.b",
    ],
)
def test_a_logo_is_an_https_address(logo: str) -> None:
    with pytest.raises(ValidationError, match="write the https:// address of a picture"):
        dressed(logo=logo)
