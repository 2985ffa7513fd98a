"""Drops and edits in the editor's file: read as people write them, changed by program with the rest left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import IssueError
from newsletter.issues.editorial import Edit, Editorial, Settled, load_settled, parse_editorial
from newsletter.issues.rewriting import with_drops, with_edits, with_intro, with_pins

BY_HAND = """\
+++
# of this week
pins = ["a"] # the first
drops = [
  "b", # an advertisement
  "c",
]

[[edits]] # it shouted
entry = "d"
# shorter
title = "A title"

[[edits]]
entry = "e"
summary = '''
It is
of two lines.'''
# end
+++
Hello
"""


def test_drops_and_edits_stand_beside_pins() -> None:
    assert parse_editorial(BY_HAND, "x.md") == Editorial(
        "Hello", ("a",), "x.md", ("b", "c"), {"d": Edit("A title"), "e": Edit(None, "It is of two lines.")}
    )


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ('drops = "a"', r"drops in x\.md must be a list"),
        ("drops = [' ']", r"drops in x\.md must be a list"),
        ("edits = 3", r"edits in x\.md must be written as \[\[edits\]\]"),
        ("[edits]\nentry = 'a'", r"edits in x\.md must be written as \[\[edits\]\]"),
        ("[[edits]]\ntitle = 'a'", r"The edit 1 in x\.md names no entry"),
        ("[[edits]]\nentry = ' '\ntitle = 'a'", r"The edit 1 in x\.md names no entry"),
        ("[[edits]]\nentry = 'a'", r"The edit 1 in x\.md changes nothing"),
        ("[[edits]]\nentry = 'a'\ntitle = 2", r"The edit 1 in x\.md must be of texts"),
        ("[[edits]]\nentry = 'a'\ntitle = ' '", r"The edit 1 in x\.md, of 'a', has an empty title"),
        ("[[edits]]\nentry = 'a'\nname = 'b'", r"The edit 1 in x\.md has 'name'; only entry, title and summary"),
        (f"[[edits]]\nentry = 'a'\ntitle = '{'t' * 301}'", r"has a title of 301 characters; 300 is the most"),
        (f"[[edits]]\nentry = 'a'\nsummary = '{'t' * 6001}'", r"has a summary of 6,001 characters; 6,000 is the most"),
        (
            "[[edits]]\nentry = 'a'\ntitle = 'b'\n[[edits]]\nentry = ' a'\ntitle = 'c'",
            r"The edit 2 in x\.md is of 'a', as one before it is",
        ),
        ("pin = []", r"x\.md has 'pin' between its \+\+\+ lines; only pins, drops and edits are known there"),
    ],
)
def test_a_mistake_names_file_and_place(head: str, message: str) -> None:
    with pytest.raises(IssueError, match=message):
        parse_editorial(f"+++\n{head}\n+++\n", "x.md")


@pytest.mark.parametrize(
    ("before", "drops", "after"),
    [
        ("Hello", ["q"], '+++\ndrops = ["q"]\n+++\nHello'),
        ('+++\npins = ["a"]\n+++\nHello', ["q"], '+++\npins = ["a"]\ndrops = ["q"]\n+++\nHello'),
        (BY_HAND, ["b", "c", "q"], BY_HAND.replace('  "c",\n', '  "c",\n  "q",\n')),
        (BY_HAND, ["b"], BY_HAND.replace('  "c",\n', "")),
        (
            "+++\r\n[[edits]]\r\nentry = 'a'\r\ntitle = 'b'\r\n+++\r\n",
            ["q"],
            "+++\r\ndrops = [\"q\"]\r\n[[edits]]\r\nentry = 'a'\r\ntitle = 'b'\r\n+++\r\n",
        ),
    ],
)
def test_drops_are_written_and_everything_else_stays(before: str, drops: list[str], after: str) -> None:
    assert with_drops(before, drops, "x.md") == after


ALL = parse_editorial(BY_HAND, "x.md").edits


@pytest.mark.parametrize(
    ("before", "edits", "after"),
    [
        ("Hello", {"q": Edit("T", "S")}, '+++\n[[edits]]\nentry = "q"\ntitle = "T"\nsummary = "S"\n+++\nHello'),
        ("Hello", {"q": Edit(None, "")}, '+++\n[[edits]]\nentry = "q"\nsummary = ""\n+++\nHello'),
        (
            '+++\r\npins = ["a"]\r\n+++\r\nHello',
            {"q": Edit("T")},
            '+++\r\npins = ["a"]\r\n\r\n[[edits]]\r\nentry = "q"\r\ntitle = "T"\r\n+++\r\nHello',
        ),
        (BY_HAND, {**ALL, "d": Edit("Another")}, BY_HAND.replace('"A title"', '"Another"')),
        (BY_HAND, {**ALL, "d": Edit("A title", "S")}, BY_HAND.replace('"A title"\n', '"A title"\nsummary = "S"\n')),
        (BY_HAND, ALL, BY_HAND),
    ],
)
def test_edits_are_written_and_everything_else_stays(before: str, edits: dict[str, Edit], after: str) -> None:
    assert with_edits(before, edits, "x.md") == after


def test_an_edit_that_is_taken_back_leaves_nothing_behind() -> None:
    one = with_edits(BY_HAND, {"e": ALL["e"]}, "x.md")
    assert '"d"' not in one
    assert "# of this week" in one
    none = with_edits(one, {}, "x.md")
    assert "[[edits]]" not in none
    assert '  "b", # an advertisement' in none
    assert with_edits(with_edits("Hello", {"q": Edit("T")}, "x.md"), {}, "x.md") == "+++\n+++\nHello"


def test_edits_in_one_line_are_written_anew() -> None:
    inline = '+++\nedits = [{entry = "a", title = "b"}]\n+++\n'
    changed = with_edits(inline, {"a": Edit("c"), "q": Edit("d")}, "x.md")
    assert parse_editorial(changed, "x.md").edits == {"a": Edit("c"), "q": Edit("d")}


_TEXTS = (
    st.text()
    | st.text(st.sampled_from('+\n "=[]#apins\r\ufeff,'))
    | st.sampled_from([BY_HAND, BY_HAND.replace("\n", "\r\n"), BY_HAND.replace("[[edits]]", "[[ edits ]]"), "+++\n+++"])
)
_NAMES = st.text(min_size=1).map(str.strip).filter(bool)
_SAID = st.none() | st.text().map(lambda text: " ".join(text.split())).filter(str.isprintable)
_EDITS = st.dictionaries(_NAMES | st.sampled_from("de"), st.builds(Edit, _SAID.filter(lambda one: one != ""), _SAID))


@given(_TEXTS, st.lists(_NAMES, unique=True), st.lists(_NAMES, unique=True), _EDITS, st.text())
def test_whatever_is_written_is_read_back_and_the_rest_is_as_it_was(
    text: str, pins: list[str], drops: list[str], edits: dict[str, Edit], intro: str
) -> None:
    edits = {name: edit for name, edit in edits.items() if edit != Edit()}
    try:
        before = parse_editorial(text, "x.md")
        changed = with_drops(text, drops, "x.md")
        changed = with_edits(changed, edits, "x.md")
        changed = with_pins(changed, pins, "x.md")
        changed = with_intro(changed, before.intro, "x.md")
    except IssueError as error:
        assert "x.md" in str(error)
        return
    said = parse_editorial(changed, "x.md")
    assert (said.intro, said.pins, said.drops) == (before.intro, tuple(pins), tuple(drops))
    assert {name: edit.title for name, edit in said.edits.items()} == {name: edit.title for name, edit in edits.items()}


def test_what_an_issue_keeps_is_read_back() -> None:
    kept = Settled("Good *morning*", (3, 1), {7: Edit("A “title”", ""), 2: Edit(None, "S")})
    assert load_settled(kept.dump()) == kept
    assert load_settled("") is None
