"""The editor's intro and pins, from a file that people write by hand."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import IssueError
from newsletter.issues.editorial import (
    MAX_CHARACTERS,
    Editorial,
    editorial_text,
    parse_editorial,
    read_editorial,
    write_editorial,
)
from newsletter.issues.issue import IssueKey, parse_issue_key
from newsletter.issues.rewriting import with_intro, with_pins
from subscribers.cadence import Frequency

KEY = IssueKey(Frequency.WEEKLY, date(2026, 11, 27))


@pytest.mark.parametrize(
    ("text", "intro", "pins"),
    [
        ("Good *morning*!\n", "Good *morning*!", ()),
        ('+++\npins = ["arxiv:2510.14914", " A title "]\n+++\nHello', "Hello", ("arxiv:2510.14914", "A title")),
        ('\ufeff+++\r\npins = ["x"]\r\n+++\r\nHello\r\nyou', "Hello\nyou", ("x",)),
        ("\ufeffHello", "Hello", ()),
        ("+++\n+++\nHello", "Hello", ()),
        ("+++\n+++", "", ()),
        ('+++  \n# a remark about +++\npins = ["a+++"]\n+++\t\nHello\n+++\nmore', "Hello\n+++\nmore", ("a+++",)),
        ("+++ pins are fine", None, ()),
        ("C+++ is no language", "C+++ is no language", ()),
        ("", "", ()),
    ],
)
def test_a_file_is_an_intro_with_pins_above(text: str, intro: str | None, pins: tuple[str, ...]) -> None:
    if intro is None:
        with pytest.raises(IssueError, match=r"no second line of \+\+\+"):
            parse_editorial(text, "x.md")
    else:
        assert parse_editorial(text, "x.md") == Editorial(intro, pins, "x.md")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("+++\npins = x\n+++\n", r"The lines between \+\+\+ in x\.md are not valid TOML: .*line 2"),
        (
            "+++\npin = []\n+++\n",
            r"x\.md has 'pin' between its \+\+\+ lines; only pins, drops and edits are known there",
        ),
        ('+++\npins = "a"\n+++\n', r"pins in x\.md must be a list"),
        ("+++\npins = [1]\n+++\n", r"pins in x\.md must be a list"),
        ('+++\npins = ["a", " "]\n+++\n', r"pins in x\.md must be a list"),
        ('+++\npins = ["a"]\nHello', r"x\.md begins with \+\+\+, but no second"),
        ("a" * (MAX_CHARACTERS + 1), r"The intro in x\.md has 20,001 characters; 20,000 is the most"),
    ],
)
def test_a_mistake_names_the_file_and_what_to_mend(text: str, message: str) -> None:
    with pytest.raises(IssueError, match=message):
        parse_editorial(text, "x.md")


@given(st.text() | st.text(st.sampled_from('+\n "=[]pins\r\ufeff')))
def test_whatever_is_in_the_file_is_read_or_refused_in_words(text: str) -> None:
    try:
        editorial = parse_editorial(text, "x.md")
    except IssueError as error:
        assert "x.md" in str(error)
    else:
        assert editorial.intro == editorial.intro.strip()


BY_HAND = (
    '\ufeff+++\r\n# of this week\r\npins = [\r\n  "a", # the first\r\n  "b",\r\n]\r\n# end\r\n+++\r\nHello\r\nyou\r\n'
)


@pytest.mark.parametrize(
    ("before", "pins", "after"),
    [
        ("", ["q"], '+++\npins = ["q"]\n+++\n'),
        ("Hello", ["q", "r"], '+++\npins = ["q", "r"]\n+++\nHello'),
        ("Hello\r\nyou", ["q"], '+++\r\npins = ["q"]\r\n+++\r\nHello\r\nyou'),
        ("+++\n+++\nHello", ["q"], '+++\npins = ["q"]\n+++\nHello'),
        ("+++\n+++", ["q"], '+++\npins = ["q"]\n+++'),
        ("+++\n# mine\n+++\nHello", ["q"], '+++\n# mine\npins = ["q"]\n+++\nHello'),
        (BY_HAND, ["a", "b", "c"], BY_HAND.replace('  "b",\r\n', '  "b",\r\n  "c",\r\n')),
        (BY_HAND, ["a"], BY_HAND.replace('  "b",\r\n', "")),
        (BY_HAND, ["b"], BY_HAND.replace('  "a", # the first\r\n', "")),
        (BY_HAND, ["a", "b"], BY_HAND),
    ],
)
def test_pins_are_written_and_everything_else_stays(before: str, pins: list[str], after: str) -> None:
    assert with_pins(before, pins, "x.md") == after


@pytest.mark.parametrize(
    ("before", "intro", "after"),
    [
        ("", "Hello", "Hello\n"),
        ("Hello", "Good morning\n\n", "Good morning\n"),
        ("Hello", "", ""),
        ('+++\npins = ["q"]\n+++', "Hello", '+++\npins = ["q"]\n+++\nHello\n'),
        (BY_HAND, "\ufeffGood\nmorning", BY_HAND.replace("Hello\r\nyou", "Good\r\nmorning")),
        (BY_HAND, " ", BY_HAND.removesuffix("Hello\r\nyou\r\n")),
    ],
)
def test_an_intro_is_written_and_everything_else_stays(before: str, intro: str, after: str) -> None:
    assert with_intro(before, intro, "x.md") == after


def test_an_intro_that_would_be_read_as_pins_or_is_too_long_is_refused() -> None:
    for intro in ('+++\npins = ["a"]\n+++\nHello', "+++\n+++", "+++\nHello", " +++"):
        with pytest.raises(IssueError, match=r"must not begin with \+\+\+: that is how the pins of x\.md begin"):
            with_intro("Hello", intro, "x.md")
    with pytest.raises(IssueError, match=r"has 20,001 characters; 20,000 is the most\. Nothing was written"):
        with_intro("Hello", "a" * (MAX_CHARACTERS + 1), "x.md")


_TEXTS = st.text() | st.text(st.sampled_from('+\n "=[]#apins\r\ufeff,'))


@given(_TEXTS, st.lists(st.text(min_size=1).map(str.strip).filter(bool)), st.text())
def test_whatever_is_written_is_read_back_and_the_rest_is_as_it_was(text: str, pins: list[str], intro: str) -> None:
    try:
        before = parse_editorial(text, "x.md")
        pinned = with_pins(text, pins, "x.md")
    except IssueError as error:
        assert "x.md" in str(error)
        return
    assert parse_editorial(pinned, "x.md") == Editorial(before.intro, tuple(pins), "x.md")
    try:
        both = with_intro(pinned, intro, "x.md")
    except IssueError as error:
        assert "x.md" in str(error)
    else:
        assert parse_editorial(both, "x.md").pins == tuple(pins)


def test_a_file_is_written_whole_and_who_may_read_it_stays(tmp_path: Path) -> None:
    assert editorial_text(tmp_path, KEY) == (tmp_path / "issues" / "weekly-2026-11-27.md", None)
    path = write_editorial(tmp_path, KEY, "Hello\r\n")
    path.chmod(0o640)
    assert editorial_text(tmp_path, KEY) == (path, "Hello\r\n")
    write_editorial(tmp_path, KEY, "Good morning")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"Good morning", 0o640)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    path.unlink()
    path.mkdir()
    with pytest.raises(IssueError, match=r"weekly-2026-11-27\.md cannot be written: .*Check the folder"):
        write_editorial(tmp_path, KEY, "Hello")
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_an_issues_own_file_comes_before_its_periods(tmp_path: Path) -> None:
    assert read_editorial(tmp_path, KEY) == Editorial()
    folder = tmp_path / "issues"
    folder.mkdir()
    (folder / "2026-W48.md").write_text("Of the week")
    assert read_editorial(tmp_path, KEY).intro == "Of the week"
    (folder / "weekly-2026-11-27.md").write_text("Of the day")
    assert read_editorial(tmp_path, KEY).intro == "Of the day"
    assert read_editorial(tmp_path, IssueKey(Frequency.WEEKLY, date(2026, 11, 26))).intro == "Of the week"
    assert read_editorial(tmp_path, IssueKey(Frequency.DAILY, date(2026, 11, 27))).intro == ""


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "issues"
    folder.mkdir()
    (folder / "2026-W48.md").write_bytes(b"Caf\xe9")
    with pytest.raises(IssueError, match=r"2026-W48\.md cannot be read: .*Save it as UTF-8 text"):
        read_editorial(tmp_path, KEY)
    (folder / "weekly-2026-11-27.md").mkdir()
    with pytest.raises(IssueError, match=r"weekly-2026-11-27\.md cannot be read"):
        read_editorial(tmp_path, KEY)


def test_an_issues_name_is_read_back() -> None:
    assert parse_issue_key(" weekly-2026-11-27\n") == KEY
    assert str(KEY) == "weekly-2026-11-27"
    assert KEY.period == "2026-W48"


@given(st.sampled_from(Frequency), st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_every_issues_name_is_read_back(frequency: Frequency, due: date) -> None:
    assert parse_issue_key(str(IssueKey(frequency, due))) == IssueKey(frequency, due)


@pytest.mark.parametrize(
    "text",
    ["", "weekly", "weekly-", "2026-11-27", "yearly-2026-11-27", "weekly-2026-13-01", "weekly-27.11.2026",
     "weekly-20261127", "weekly-2026-W48", "daily-9999-12-31", "daily-0001-01-01"],
)  # fmt: skip
def test_what_names_no_issue_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(IssueError, match=r"names no issue; write it as weekly-2026-11-27"):
        parse_issue_key(text)
