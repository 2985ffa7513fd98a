"""What others wrote stays words in a picture, whatever it is."""

from xml.etree import ElementTree

from drawn import parsed, texts
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from newsletter.pictures.svg import clipped, drawing, element, percent, width_of, wrapped

ANYTHING = st.text(st.characters(codec=None), max_size=60) | st.sampled_from(
    ["</title><script>alert(1)</script>", "]]><!--", '" onload="alert(1)', "&lt;b&gt;", "\x00\x1b", "\ud83d", "\ufffe"]
)


@given(text=ANYTHING, value=ANYTHING)
def test_any_text_is_a_text_and_any_value_a_value(text: str, value: str) -> None:
    svg = drawing("one", 10, text, value, [element("text", text=text, class_=value)])

    root = parsed(str(svg))
    (said,) = texts(root)

    assert len(list(root.iter())) == 4
    assert len(said.replace("\r\n", "\n")) == len(text.replace("\r\n", "\n"))
    assert [c for c in said if c.isalnum()] == [c for c in text if c.isalnum()]
    str(svg).encode()


def test_children_are_kept_as_they_are_and_none_is_left_out() -> None:
    drawn = element("g", element("line", x1=1.26, y2=3.0), fill=None, stroke_width=2)

    assert drawn == Markup('<g stroke-width="2"><line x1="1.3" y2="3"/></g>')


def test_it_says_what_it_shows_to_who_listens() -> None:
    root = ElementTree.fromstring(drawing("map", 10, "A map", "Two topics.", []))

    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "map-title map-desc"
    assert [child.get("id") for child in root] == ["map-title", "map-desc"]


def test_a_text_is_cut_where_its_room_ends() -> None:
    title = "Sheaf networks that recommend music to people"

    assert clipped(title, 1_000) == title
    assert clipped(title, 120).endswith("…")
    assert width_of(clipped(title, 120)) <= 121
    assert clipped("x" * 50, 0) == "…"


def test_a_name_stands_in_a_line_or_two() -> None:
    name = "Cross-Domain sequential recommendation"

    assert wrapped(name, 400) == (name,)
    assert wrapped(name, 170) == ("Cross-Domain sequential", "recommendation")
    assert wrapped(name, 90) == ("Cross-Domain", clipped("sequential recommendation", 90))
    assert wrapped("Cross-Domain", 60) == ("Cross-", "Domain")
    [cut] = wrapped("x" * 50, 60)
    assert cut.endswith("…")


def test_scripts_without_spaces_and_wide_letters_are_cut_too() -> None:
    title = "大規模言語モデルによる音楽推薦の研究"

    assert len(clipped(title, 100)) < 10
    assert width_of("推薦") > width_of("ab")
    assert width_of("e\u0301") == width_of("e")


def test_places_across_are_shares_of_the_width() -> None:
    assert [percent(0), percent(1, 3), percent(1)] == ["0%", "33.33%", "100%"]
