"""Who gets which entry."""

from drawn import SVG, parsed, texts, tips
from hypothesis import given
from hypothesis import strategies as st

from newsletter.pictures.shares import MOST, MOST_WIDE, Share, draw_shares, half_of
from newsletter.pictures.svg import NARROW, width_of


def test_the_longest_bar_comes_first_and_the_rest_is_counted() -> None:
    shares = [Share(f"Study {n}", n, 0) for n in range(1, MOST + 13)]

    picture = draw_shares(shares, 100)
    rows = tips(parsed(picture.svg))

    assert len(rows) == MOST
    assert rows[0] == "Study 27 — 27 readers, picked for none of them"
    assert "and twelve more, with twelve readers or fewer each" in texts(parsed(picture.svg))
    wide = parsed(picture.wide)
    assert len(tips(wide)) == MOST_WIDE
    assert "and two more, with two readers or fewer each" in texts(wide)


def test_where_nobody_has_more_than_one_it_does_not_say_or_fewer() -> None:
    picture = draw_shares([Share(f"Study {n}", 1, 1) for n in range(MOST + 2)], 9)

    assert "and two more, with one reader each" in texts(parsed(picture.svg))


def test_all_of_its_legend_has_room_in_the_desks_column() -> None:
    root = parsed(draw_shares([Share("Owls", 3, 1)], 9).svg)
    signs = [one for one in root.findall(f"{SVG}text") if one.get("x") == "20"]

    assert ["".join(one.itertext()) for one in signs] == ["picked for them", "a favourite, a pin or a step outside"]
    assert all(20 + width_of("".join(one.itertext())) <= NARROW for one in signs)


def test_it_says_how_the_places_are_shared() -> None:
    shares = [Share("Owls", 10, 4, pinned=True), Share("Foxes", 3, 3), Share("Hares", 3, 3), Share("Moths", 0, 0)]

    picture = draw_shares(shares, 10)

    assert picture.caption == (
        "Ten readers and 16 places: half of them go to one entry. Everybody gets “Owls”. "
        "One entry is in nobody’s issue."
    )
    assert "pinned Owls" in texts(parsed(picture.svg))


def test_half_of_the_places_is_a_few_entries_where_they_are_shared_unfairly() -> None:
    assert half_of([1, 1, 1, 1]) == 2
    assert half_of([1, 97, 1, 1]) == 1
    assert half_of([5]) == 1


def test_without_readers_it_is_a_sentence() -> None:
    picture = draw_shares([Share("Owls", 0, 0)], 0)

    assert not picture.svg
    assert "Nobody gets this issue" in picture.caption


@given(st.lists(st.tuples(st.text(max_size=400), st.integers(1, 9)), min_size=1, max_size=4))
def test_titles_never_become_markup(found: list[tuple[str, int]]) -> None:
    rows = [Share(f"{title}</title><script>", count, count) for title, count in found]

    assert len(tips(parsed(draw_shares(rows, 9).svg))) == len(rows)
