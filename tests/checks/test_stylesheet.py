"""The CSS of mails: which rule is about which element, and which of two counts."""

import pytest

from newsletter.checks.colours import Painted, painted, parse_colour
from newsletter.checks.page import parse
from newsletter.checks.stylesheet import declarations, parse_sheet


def seen(html: str, *, dark: bool = False) -> dict[str, Painted]:
    """Every text that can be seen, by its words."""
    return {one.words: one for one in painted(parse(html), dark=dark)}


def colours(html: str, *, dark: bool = False) -> tuple[str, str]:
    """Colour and ground of the only text."""
    (one,) = seen(html, dark=dark).values()
    return one.colour, one.ground


SHEET = """<style>
  @import url(x.css);
  /* p { color: #999 } */
  p { color: #111111; }
  .soft, .other { color: #222222; }
  .sheet > p { background: #eeeeee; }
  .sheet .soft a { color: #333333; }
  @media (prefers-color-scheme: dark) { p { color: #dddddd !important; } body { background-color: #000 } }
  @media only screen and (max-width: 480px) { p { color: #ff0000 !important; } }
  @media print { p { color: #00ff00 !important; } }
  p:hover { color: #0000ff !important; }
  [data-ogsc] p { color: #0000ff !important; }
</style>"""


@pytest.mark.parametrize(
    ("body", "colour"),
    [
        ("<p>x</p>", "#111111"),
        ('<p class="soft">x</p>', "#222222"),
        ('<p class="a other b">x</p>', "#222222"),
        ('<p class="soft" style="color:#444">x</p>', "#444444"),
        ('<div class="sheet"><div class="soft"><b><a href="y">x</a></b></div></div>', "#333333"),
        ('<p style="color:rgb(1, 2, 3)">x</p>', "#010203"),
        ('<p style="color:inherit">x</p>', "#000000"),
        ('<font color="#555555">x</font>', "#555555"),
        ('<p><a href="y">x</a></p>', "#0000ee"),
        ('<p><a name="y">x</a></p>', "#111111"),
    ],
)
def test_what_is_said_most_exactly_counts(body: str, colour: str) -> None:
    assert colours(SHEET + body)[0] == colour


def test_what_is_important_counts_more_than_the_elements_own_style() -> None:
    html = f'{SHEET}<p style="color:#444444">x</p>'
    assert colours(html)[0] == "#444444"
    assert colours(html, dark=True)[0] == "#dddddd"


def test_a_child_is_not_a_grandchild() -> None:
    assert colours(f'{SHEET}<div class="sheet"><p>x</p></div>')[1] == "#eeeeee"
    assert colours(f'{SHEET}<div class="sheet"><div><p>x</p></div></div>')[1] == "#ffffff"


def test_a_ground_shines_through_what_has_none() -> None:
    html = (
        '<body style="background:#123456"><table bgcolor="#abcdef"><tr><td style="background:none">x</td></tr></table>'
    )
    assert colours(html)[1] == "#abcdef"
    assert colours(f"{SHEET}<body><i>x</i></body>", dark=True)[1] == "#000000"


def test_a_mail_that_knows_no_night_is_shown_as_by_day() -> None:
    assert colours("<p>x</p>", dark=True) == ("#000000", "#ffffff")
    scheme = '<meta name="color-scheme" content="light dark"><p>x</p>'
    assert colours(scheme, dark=True) == ("#ffffff", "#121212")


def test_what_nobody_sees_is_passed_over() -> None:
    hidden = (
        "<head><title>t</title></head><!--[if mso]><p>for Outlook</p><![endif]-->"
        '<div style="display:none">d</div><div style="font-size:0">z</div><i style="visibility:hidden">v</i>'
        "<p>&#8203;&nbsp;</p><p>x</p>"
    )
    assert list(seen(hidden)) == ["x"]


def test_large_text_is_told_from_small() -> None:
    html = "<p>p</p><h1>h</h1><p style='font-size:14pt'>m</p>"
    html += "<b style='font-size:14pt'>b</b><i style='font-size:200%'>w</i>"
    assert {words: one.large for words, one in seen(html).items()} == {"p": 0, "h": 1, "m": 0, "b": 1, "w": 1}


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("#AbC", "#aabbcc"),
        ("#a1b2c3", "#a1b2c3"),
        ("rgba(10,20,30,.5)", "#0a141e"),
        ("rgba(10, 20, 30, 0)", None),
        ("url(https://example.org/a.png) #fff no-repeat", "#ffffff"),
        ("white", "#ffffff"),
        ("transparent", None),
        ("var(--ink)", None),
        ("", None),
    ],
)
def test_colours_are_read_in_the_ways_of_mails(text: str, colour: str | None) -> None:
    assert parse_colour(text) == colour


def test_broken_css_and_html_stop_nobody() -> None:
    assert parse_sheet("p { color: #111 } } { a b") != []
    assert parse_sheet("@media (prefers-color-scheme: dark) {") == []
    assert declarations("color; : ; background: url(a;b) #fff")["background"].value == "url(a;b) #fff"
    assert seen("</p><table><td>a</div><p>b").keys() == {"a", "b"}
