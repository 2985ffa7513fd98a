"""`newsletter issue …`: what a person types and reads."""

import io
import json
import sys
from pathlib import Path

import pytest
from commandline import ADA, Run, fails
from newsroom import entry as made_up
from newsroom import mails, parsed, write_entries

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

FIRST = "https://papers.example.org/0"


def coming(run: Run) -> str:
    """The name of the readers' coming issue."""
    return str(run("issue", "list", "--json").json[0]["issue"])


def test_the_list_tells_state_word_and_until_when(ready: Path, run: Run) -> None:
    issue = coming(run)
    (row,) = run("issue", "list", "--json").json
    assert (row["state"], row["word"], row["held_until"], row["readers"]) == ("open", None, None, 2)
    run("issue", "hold", issue)
    assert run("issue", "list", "--json").json[0]["word"] == "hold"
    shown = run("issue", "list").out.splitlines()
    assert shown[0].split("  ")[0] == "issue"
    assert "your word" in shown[0]
    assert "hold" in shown[1]
    run("send", "--now")
    assert run("issue", "list", "--json").json[0]["state"] == "held"


def test_a_review_is_told_with_its_end(ready: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_ISSUE_REVIEW_HOURS", "24")
    issue = coming(run)
    run("send", "--now")
    until = run("issue", "show", issue, "--json").json["held_until"]
    shown = run("issue", "show", issue).out
    assert f"{issue} is held, with 12 entries." in shown
    assert f"Nothing of it goes out: it is held until {until[:16].replace('T', ' ')} UTC." in shown
    assert until[:16].replace("T", " ") in run("issue", "list").out


def test_a_word_is_answered_with_what_it_means_now(ready: Path, run: Run) -> None:
    issue = coming(run)
    assert run("issue", "hold", issue).out == (
        f"{issue} will be held when it is made: nothing of it goes out until `newsletter issue release {issue}`.\n"
    )
    assert "You said: hold." in run("issue", "show", issue).out
    run("send", "--now")
    assert mails(ready) == []
    assert run("issue", "hold", issue).out == (
        f"{issue} is held: 2 copies wait; `newsletter issue release {issue}` lets them go.\n"
    )
    assert "is released: 2 copies to go" in run("issue", "release", issue).out
    run("send")
    assert len(mails(ready)) == 2
    fails(run("issue", "skip", issue), "cannot be skipped", f"`newsletter issue cancel {issue}`")
    assert "is cancelled: 0 copies were dropped. 2 copies are out already." in run("issue", "cancel", issue).out
    assert "Nothing of it goes out: the operator cancelled this issue." in run("issue", "show", issue).out


def test_a_skipped_issue_says_how_to_take_that_back(ready: Path, run: Run) -> None:
    issue = coming(run)
    assert f"`newsletter issue release {issue}` takes that back" in run("issue", "skip", issue).out
    assert run("issue", "list", "--json").json[0]["word"] == "skip"
    run("issue", "release", issue)
    run("send", "--now")
    assert len(mails(ready)) == 2


def test_an_issue_that_there_is_not_is_refused_with_those_near(ready: Path, run: Run) -> None:
    for command in ("show", "hold", "release", "skip", "cancel"):
        fails(run("issue", command, "monthly-2020-01-01"), "was never made", f"Near are: {coming(run)}.")
    fails(run("issue", "hold", "friday"), "names no issue")


def test_pins_are_set_shown_and_taken_away(ready: Path, run: Run) -> None:
    issue = coming(run)
    pinned = run("issue", "pin", issue, FIRST, "https://papers.example.org/3")
    assert pinned.out.splitlines() == [
        "1. Study 0 of walking robots with springy legs",
        "2. Study 3 of forests counted from satellites",
        f"2 are pinned in {issue} ({Path('issues') / f'{issue}.md'}).",
    ]
    assert "Pinned: Study 3 of forests" in run("issue", "show", issue).out
    assert run("issue", "unpin", issue, FIRST).out.endswith(f"1 is pinned in {issue} (issues/{issue}.md).\n")
    fails(run("issue", "pin", issue, "Study 2000 of graph networks"), "No entry is stored", "Near are: “Study ")


def test_an_intro_comes_from_a_file_or_standard_input_and_is_printed(
    ready: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = coming(run)
    assert f"has no intro. `newsletter issue intro {issue} FILE` writes one" in run("issue", "intro", issue).out
    (ready / "intro.md").write_text("Good *morning*!\n")
    assert f"has the intro of {issue} now" in run("issue", "intro", issue, "intro.md").out
    assert run("issue", "intro", issue).out == "Good *morning*!\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Olá\n".encode())))
    run("issue", "intro", issue, "-")
    assert run("issue", "intro", issue).out == "Olá\n"
    (ready / "intro.md").write_bytes(b"Ol\xe9")
    fails(run("issue", "intro", issue, "intro.md"), "intro.md is not UTF-8 text (byte 2)")
    fails(run("issue", "intro", issue, "nowhere.md"), "nowhere.md")
    (ready / "intro.md").write_text("")
    assert "has no intro now" in run("issue", "intro", issue, "intro.md").out


def test_what_is_made_takes_neither(ready: Path, run: Run) -> None:
    issue = coming(run)
    run("send", "--now")
    fails(run("issue", "pin", issue, FIRST), f"{issue} is made: its intro and pins are fixed")


def test_a_test_is_mailed_at_once(ready: Path, run: Run) -> None:
    issue = coming(run)
    fails(run("issue", "test", issue), "Name an address with --to, or set mailbox.operator")
    said = run("issue", "test", issue, "--to", "me@example.org", "--as", ADA).out
    (mail,) = mails(ready)
    assert parsed(mail)["to"] == "me@example.org"
    assert said == f"“{parsed(mail)['subject']}” is sent to me@example.org (into the outbox folder).\n"
    assert json.loads(run("status", "--json").out)["deliveries"] == {"sent": 1}


def test_a_test_waits_where_no_mail_can_leave(ready: Path, run: Run) -> None:
    run("mail", "off")
    issue = coming(run)
    fails(run("issue", "test", issue, "--to", "me@example.org"), "The test waits for its turn", "newsletter mail on")
    assert mails(ready) == []


def test_a_test_that_is_refused_is_no_success(ready: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from newsletter.delivery.outcomes import Outcome, Refused
    from newsletter.delivery.transport import FolderTransport

    def refuse(self: FolderTransport, message: bytes, **_: str) -> Outcome:
        return Refused("550 5.1.1 No such user")

    monkeypatch.setattr(FolderTransport, "send", refuse)
    ran = run("issue", "test", coming(run), "--to", "me@example.org")
    assert (ran.status, ran.out) == (3, "")
    assert "did not reach me@example.org (failed): 550 5.1.1 No such user" in ran.err


def test_help_names_every_command(run: Run) -> None:
    shown = run("issue", "--help").out
    for command in ("list", "show", "hold", "release", "skip", "cancel", "pin", "unpin", "intro", "test"):
        assert f" {command} " in shown


def test_new_entries_are_pinned_once_they_are_pulled(ready: Path, run: Run) -> None:
    issue = coming(run)
    fails(run("issue", "pin", issue, "https://papers.example.org/99"), "pull its source first")
    write_entries(ready, [made_up(99)])
    run("pull")
    assert "1. Study 99" in run("issue", "pin", issue, "https://papers.example.org/99").out
