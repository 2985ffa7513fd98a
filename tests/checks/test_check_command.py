"""`newsletter check issue`: what a person reads, and what a script."""

from pathlib import Path

import pytest
from commandline import Run, fails

pytestmark = pytest.mark.slow  # whole issues


def coming(run: Run) -> str:
    return str(run("issue", "list", "--json").json[0]["issue"])


def test_a_person_reads_what_is_to_be_done_first(ready: Path, run: Run) -> None:
    issue = coming(run)
    ran = run("check", "issue")
    lines = ran.out.splitlines()
    assert ran.status == 0
    assert lines[0].startswith(f"{issue} (draft, 2 readers): ")
    assert "is well" in lines[0] or "are well" in lines[0] or "are well" in lines[1]
    assert lines.index("Worth knowing:") < lines.index("Well:")
    assert "• Intro: There is no intro." in lines
    assert f"  at {Path('issues') / f'{issue}.md'}" in lines
    assert all(len(line) <= 80 for line in lines)
    assert ran.err == ""


def test_a_script_reads_json_and_the_status(ready: Path, run: Run) -> None:
    issue = coming(run)
    ran = run("check", "issue", issue, "--json")
    assert ran.status == 0
    assert {name: ran.json[name] for name in ("issue", "draft", "readers", "verdict")} == {
        "issue": issue,
        "draft": True,
        "readers": 2,
        "verdict": "note",
    }
    intro = next(one for one in ran.json["findings"] if one["check"] == "Intro")
    assert intro["severity"] == "note"
    assert intro["places"] == [{"kind": "intro", "name": f"issues/{issue}.md"}]


def test_a_warning_is_no_failure_and_an_error_is(ready: Path, run: Run) -> None:
    issue = coming(run)
    (ready / "issues").mkdir(exist_ok=True)
    (ready / "issues" / f"{issue}.md").write_text("TODO")
    warned = run("check", "issue")
    assert warned.status == 0
    assert "Look at this:" in warned.out
    (ready / "issues" / f"{issue}.md").write_text('+++\npins = ["10.1/nowhere"]\n+++\n')
    broken = run("check", "issue")
    assert broken.status == 3
    assert "Must be mended:" in broken.out
    assert run("check", "issue", "--json").json["verdict"] == "error"


def test_of_one_that_is_made_a_person_reads_that_it_stays_so(ready: Path, run: Run) -> None:
    issue = coming(run)
    run("send", "--now")
    ran = run("check", "issue", issue)
    assert ran.out.startswith(f"{issue} (made, 2 readers): ")
    assert f"its words and looks stay as they are; `newsletter issue hold {issue}`" in " ".join(ran.out.split())


def test_entries_are_told_by_their_titles_and_not_by_numbers(ready: Path, run: Run) -> None:
    run("issue", "edit", coming(run), "https://papers.example.org/0", "--title", "Robots that walk and walk " * 6)
    ran = run("check", "issue", "--json")
    named = [one for one in ran.json["findings"] if any(place["kind"] == "entry" for place in one["places"])]
    assert named
    places = [line for line in run("check", "issue").out.splitlines() if line.startswith("  at ")]
    assert places
    assert not any(part.isdecimal() for line in places for part in line[5:].split(", "))


def test_an_issue_that_there_is_not_is_refused(ready: Path, run: Run) -> None:
    fails(run("check", "issue", "weekly-2020-01-01"), "was never made")
    fails(run("check", "issue", "friday"), "names no issue")
