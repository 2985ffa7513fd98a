"""`newsletter issue drop|undrop|arrange|edit|unedit|schedule`: what a person types and reads."""

from pathlib import Path

import pytest
from commandline import Run, fails
from newsroom import mails

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

FIRST, SECOND = "https://papers.example.org/0", "https://papers.example.org/1"


def coming(run: Run) -> str:
    """The name of the readers' coming issue."""
    return str(run("issue", "list", "--json").json[0]["issue"])


def test_entries_are_dropped_shown_and_taken_back(ready: Path, run: Run) -> None:
    issue = coming(run)
    assert run("issue", "drop", issue, FIRST, SECOND).out.splitlines() == [
        "1. Study 0 of walking robots with springy legs",
        "2. Study 1 of segmentation of brain tumours in scans",
        f"2 are dropped from {issue} (issues/{issue}.md).",
    ]
    assert "Dropped: Study 0 of walking robots" in run("issue", "show", issue).out
    assert len(run("issue", "show", issue, "--json").json["entries"]) == 10
    assert "1 is dropped" in run("issue", "undrop", issue, FIRST).out
    assert len(run("issue", "show", issue, "--json").json["drops"]) == 1
    fails(run("issue", "pin", issue, SECOND), "is dropped from", f"`newsletter issue undrop {issue} …`")


def test_pins_are_arranged(ready: Path, run: Run) -> None:
    issue = coming(run)
    run("issue", "pin", issue, FIRST, SECOND)
    assert run("issue", "arrange", issue, SECOND, FIRST).out.splitlines()[0].startswith("1. Study 1 of")
    fails(run("issue", "arrange", issue, FIRST), f"Also pinned in {issue} is: {SECOND}")


def test_an_entry_gets_other_words_and_its_own_again(ready: Path, run: Run) -> None:
    issue = coming(run)
    fails(run("issue", "edit", issue, FIRST), "There is nothing to edit")
    assert f"has your words in {issue} now" in run("issue", "edit", issue, FIRST, "--title", "Folded").out
    assert "Edited: Folded" in run("issue", "show", issue).out
    assert run("issue", "show", issue, "--json").json["edits"] == ["Folded"]
    assert "has its own words" in run("issue", "unedit", issue, FIRST).out
    assert "Edited" not in run("issue", "show", issue).out


def test_a_schedule_is_listed_and_kept(ready: Path, run: Run) -> None:
    issue = coming(run)
    day = issue.removeprefix("weekly-")
    said = run("issue", "schedule", issue, f"{day}T23:30", "--timezone", "Asia/Tokyo").out
    assert f"{issue} is held until {day} 14:30 UTC and then goes out by itself" in said
    assert f"{day} 14:30" in run("issue", "list").out
    assert f"You said: hold until {day} 14:30 UTC." in run("issue", "show", issue).out
    run("send", "--now")
    assert mails(ready) == []
    assert f"Nothing of it goes out: it is held until {day} 14:30 UTC." in run("issue", "show", issue).out
    run("issue", "release", issue)
    run("send")
    assert len(mails(ready)) == 2
    fails(run("issue", "schedule", issue, "2020-01-01T10:00"), "is past")
    fails(run("issue", "schedule", issue, "soon"), "is no date and time")
    fails(run("issue", "schedule", issue, f"{day}T10:00", "--timezone", "Nowhere"), "is no time zone")
