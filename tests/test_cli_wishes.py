"""The command line: what readers ask an operator for, and running a newsletter for real."""

import json
import shutil
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from commandline import ADA, BOB, Run, fails
from conftest import WordEmbedder
from mainline import rows, subscribe
from newsroom import mails, make_project, recipients

from newsletter import Newsletter
from newsletter.store import open_store
from subscribers import bounces, consent, people
from subscribers.evidence import Origin
from subscribers.suppression import Reason

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

WORD = "The operator states that they asked."
NEXT_WEEK = f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%d}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, quick_templates: None) -> Path:
    """A newsletter whose entries are pulled, with two readers. Made once."""
    project = make_project(tmp_path_factory.mktemp("built"))
    with Newsletter(project, embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        for address in (ADA, BOB):
            subscribe(newsletter, address)
    return project


@pytest.fixture
def ready(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own copy of it, in which we stand."""
    project = Path(shutil.copytree(built, tmp_path / "news"))
    monkeypatch.chdir(project)
    return project


def person(run: Run, email: str = ADA) -> dict[str, object]:
    found: dict[str, object] = run("subscribers", "show", email, "--json").json
    return found


def suppress(project: Path, email: str, reason: Reason, why: str = "550 5.1.1 User unknown") -> None:
    """As if their mail had come back, or they had complained."""
    db = open_store(project / "newsletter.db")
    try:
        found = people.get(db, email)
        if reason is Reason.BOUNCED:
            bounces.note(db, found.id, "1", bounces.HARD, why, found.created_at)
        consent.suppress_person(db, found, reason, words=why, origin=Origin("mail"), now=found.created_at)
    finally:
        db.conn.close()


def test_nobody_is_known_under_that_address(run: Run, ready: Path) -> None:
    for command in ("change", "pause", "resume", "leave", "data", "lift"):
        ran = run("subscribers", command, "nobody@example.org")
        fails(ran, "Nobody is subscribed as nobody@example.org", "newsletter subscribers list")


@pytest.mark.parametrize(
    "arguments",
    [
        ["subscribers", "pause"],
        ["subscribers", "pause", ADA, "--until", "soon"],
        ["subscribers", "pause", ADA, "--until", "2026-13-01"],
        ["subscribers", "change", ADA, "--daily", "08:00", "--monthly", "1", "08:00"],
        ["mail"],
        ["mail", "maybe"],
        ["announce"],
        ["backup"],
        ["restore", "backup.zip"],
    ],
)
def test_a_wrong_command_line_is_status_2(run: Run, ready: Path, arguments: list[str]) -> None:
    fails(run(*arguments), status=2)


# -- change


def test_what_is_named_changes_and_the_rest_stays(run: Run, ready: Path) -> None:
    before = person(run)
    assert "weekly on Fridays at 08:00" in run("subscribers", "change", ADA, "--name", "Countess").out
    changed = run("subscribers", "change", ADA, "--interest", "bees", "--interest", "not: wasps", "--daily", "06:30")
    assert changed.out == f"{ADA}: daily at 06:30, UTC; bees, not: wasps.\n"
    after = person(run)
    assert (after["name"], after["interests"], after["frequency"]) == ("Countess", ["bees", "not: wasps"], "daily")
    assert after["created_at"] == before["created_at"]
    moved = run("subscribers", "change", ADA, "--timezone", "Asia/Tokyo")
    assert moved.out == f"{ADA}: daily at 06:30, Asia/Tokyo; bees, not: wasps.\n"
    assert run("subscribers", "change", ADA).out == moved.out  # nothing named, nothing changed


def test_a_mistake_changes_nothing(run: Run, ready: Path) -> None:
    before = person(run)
    fails(run("subscribers", "change", ADA, "--name", "X", "--interest", "…"), "holds no word")
    fails(run("subscribers", "change", ADA, "--name", "X", "--weekly", "someday", "08:00"), "is no weekday")
    fails(run("subscribers", "change", ADA, "--name", "X", "--timezone", "Mars/Base"), "is no time zone")
    assert person(run) == before


# -- pause, resume, leave


def test_pause_and_resume(run: Run, ready: Path) -> None:
    assert run("subscribers", "pause", ADA, "--until", NEXT_WEEK).out == f"{ADA} gets nothing until {NEXT_WEEK}.\n"
    assert person(run)["state"] == "paused"
    assert "until somebody says so" in run("subscribers", "pause", ADA).out
    run("send", "--now")
    assert recipients(mails(ready)) == [BOB]
    assert run("subscribers", "resume", ADA).out == f"{ADA} gets issues again.\n"
    assert person(run)["state"] == "active"
    run("send", "--now")
    assert recipients(mails(ready)) == [ADA, BOB]


def test_a_pause_until_a_day_that_is_over_is_none(run: Run, ready: Path) -> None:
    ran = run("subscribers", "pause", ADA, "--until", "2020-01-01")
    assert ran.status != 0
    assert person(run)["state"] == "active"


def test_leaving_by_the_operator_is_in_force_for_what_is_composed(run: Run, ready: Path) -> None:
    for _ in range(2):
        left = run("subscribers", "leave", ADA)
        assert (left.status, f"newsletter subscribers remove {ADA}" in left.out) == (0, True)
    fails(run("subscribers", "pause", ADA), "cannot become paused")
    fails(run("subscribers", "resume", ADA), "cannot resume")
    run("send", "--now")
    assert recipients(mails(ready)) == [BOB]
    proof = person(run)["evidence"]
    assert isinstance(proof, list)
    assert [(one["event"], one["origin"]) for one in proof] == [
        ("subscribed and confirmed", "operator"),
        ("active → unsubscribed", "operator"),
    ]
    assert proof[-1]["words"] == WORD


# -- data


def test_everything_about_a_person_as_json_and_nothing_of_another(run: Run, ready: Path) -> None:
    run("send", "--now")
    found = run("subscribers", "data", ADA).json
    assert found["subscribers"][0]["address"] == ADA
    assert len(found["received"]) > 0
    assert BOB not in json.dumps(found)


def test_data_in_a_file_are_for_the_owners_eyes(run: Run, ready: Path) -> None:
    assert run("subscribers", "data", ADA, "--out", "ada.json").out == "Written to ada.json.\n"
    assert stat.S_IMODE((ready / "ada.json").stat().st_mode) == 0o600
    assert json.loads((ready / "ada.json").read_text("utf-8")) == run("subscribers", "data", ADA).json
    fails(run("subscribers", "data", ADA, "--out", "no/such/folder.json"), "no/such/folder.json", "No such file")


# -- suppressed, lift


def test_nobody_is_suppressed(run: Run, ready: Path) -> None:
    assert run("subscribers", "suppressed").out == "Nobody.\n"
    assert run("subscribers", "suppressed", "--json").json == []


def test_who_bounced_is_shown_with_the_reason_and_lifted(run: Run, ready: Path) -> None:
    suppress(ready, ADA, Reason.BOUNCED)
    shown = run("subscribers", "suppressed").out
    assert f"{ADA}  bounced" in shown
    assert "550 5.1.1 User unknown" in shown
    (one,) = run("subscribers", "suppressed", "--json").json
    assert (one["email"], one["reason"], one["bounces"][0]["weight"]) == (ADA, "bounced", bounces.HARD)
    run("send", "--now")
    assert recipients(mails(ready)) == [BOB]
    assert run("subscribers", "lift", ADA).out == f"{ADA} is active.\n"
    run("send", "--now")
    assert recipients(mails(ready)) == [ADA, BOB]
    assert run("subscribers", "suppressed").out == "Nobody.\n"


def test_who_complained_is_asked_before_anything_else(run: Run, ready: Path) -> None:
    suppress(ready, ADA, Reason.COMPLAINED)
    fails(run("subscribers", "add", ADA), "once reported our mail as unwanted")
    assert "is asked to confirm" in run("subscribers", "lift", ADA).out
    run("send", "--now")
    assert recipients(mails(ready)) == [ADA, BOB]
    (asked,) = [raw for raw in mails(ready) if f"To: {ADA}".encode() in raw]
    assert b"Subject: Do you want Paper Robots?" in asked
    assert person(run)["state"] == "pending"


def test_the_operator_can_lift_the_complaint_of_who_was_erased(run: Run, ready: Path) -> None:
    suppress(ready, ADA, Reason.COMPLAINED)
    run("subscribers", "remove", ADA)
    assert run("subscribers", "lift", ADA).status == 0
    assert run("subscribers", "add", ADA).status == 0


# -- announce


def test_an_announcement_is_counted_written_down_and_sent_once(run: Run, ready: Path) -> None:
    (ready / "news.md").write_text("# What is new\n\nA page.\n", "utf-8")
    assert run("announce", "news.md", "--dry-run").out.startswith("“What is new” would go to 2 readers.")
    assert rows(ready)["deliveries"] == 0
    assert run("announce", "news.md").out == "“What is new” waits for 2 readers; `newsletter send` sends it.\n"
    assert "Nobody new" in run("announce", "news.md").out
    run("send")
    assert recipients(mails(ready)) == [ADA, BOB]
    assert all(b"Subject: What is new\r\n" in raw for raw in mails(ready))
    run("send")
    assert len(mails(ready)) == 2


def test_what_cannot_be_announced_is_said(run: Run, ready: Path) -> None:
    (ready / "news.md").write_text("What is new\n\nA page.\n", "utf-8")
    fails(run("announce", "news.md"), "news.md must begin with a heading")
    fails(run("announce", "none.md"), "none.md")


def test_a_file_that_is_no_utf_8_is_said_to_be_none(run: Run, ready: Path) -> None:
    (ready / "news.md").write_bytes("# Größe\n\nÄrger\n".encode("latin-1"))
    fails(run("announce", "news.md"), "UTF-8")


# -- backup, restore, sending


def test_a_backup_is_made_restored_and_silent(run: Run, ready: Path) -> None:
    made = run("backup", "backup.zip")
    assert (made.status, "keep it safe" in made.out) == (0, True)
    fails(run("backup", "backup.zip"), "exists already")
    back = run("restore", "backup.zip", "copy")
    assert (back.status, "newsletter mail on --project copy" in back.out) == (0, True)
    fails(run("restore", "backup.zip", "copy"), "There is a newsletter in copy already")
    fails(run("send", "--now", "--project", "copy"), "Sending is switched off", "restored copy", "newsletter mail on")
    assert "restored copy" in run("status", "--project", "copy").out
    assert "newsletter mail on --project copy --all" in back.out
    assert run("mail", "on", "--all", "--project", "copy").out == "Mail goes out.\n"
    assert run("send", "--now", "--project", "copy").status == 0
    assert recipients(mails(ready / "copy")) == [ADA, BOB]


def test_what_may_have_been_sent_since_a_backup_is_told(run: Run, ready: Path) -> None:
    run("backup", "before.zip")
    run("send", "--now")
    with sqlite3.connect(ready / "newsletter.db") as db:
        db.execute("UPDATE deliveries SET state = 'queued', due_at = '2020-01-01T08:00:00+00:00', date = NULL")
    db.close()
    run("backup", "backup.zip")
    run("restore", "backup.zip", "copy")
    on = run("mail", "on", "--project", "copy")
    assert "(2 copies wait): it may have been sent since" in on.out
    for command in ("newsletter deliveries retry --state uncertain", "newsletter mail on --all"):
        assert f"`{command}`" in on.out
    # Of one in which nothing waits, too: what was due is still to be composed.
    run("restore", "before.zip", "empty")
    assert "UTC: it may have been sent since" in run("mail", "on", "--project", "empty").out
    assert run("mail", "off", "--all").status == 2


def test_what_is_no_backup_is_said(run: Run, ready: Path) -> None:
    (ready / "odd.zip").write_text("odd")
    fails(run("restore", "odd.zip", "copy"), "odd.zip is damaged, or no backup of a newsletter")
    fails(run("restore", "none.zip", "copy"), "none.zip")
    fails(run("backup", "backup.zip", "--project", "nowhere"), "There is no newsletter in")
    assert not (ready / "copy").exists()


def test_sending_is_switched_off_and_on_for_every_process(run: Run, ready: Path) -> None:
    assert "No mail goes out" in run("mail", "off").out
    fails(run("send", "--now"), "Sending is switched off: the operator switched it off", "newsletter mail on")
    assert "the operator switched it off" in run("status").out
    assert mails(ready) == []
    run("mail", "on")
    assert run("send", "--now").status == 0
    assert len(mails(ready)) == 2
    with sqlite3.connect(ready / "newsletter.db") as db:
        assert db.execute("SELECT name, off FROM switches").fetchall() == [("sending", 0)]
    db.close()


def test_papers_and_authors_of_a_reader_are_shown_by_their_titles(ready: Path, run: Run) -> None:
    bibtex = "State-space models:\n@misc{a, title={Mamba}, eprint={2312.00752}, archivePrefix={arXiv}}"
    ran = run(
        "subscribers", "change", ADA, "--interest", bibtex, "--interest", "not: by: J. Wang", "--interest", "2401.00001"
    )
    assert "State-space models, with one paper, not: by: J. Wang, one paper" in ran.out
    shown = run("subscribers", "show", ADA).out
    assert "follows  State-space models, with one paper\n    Mamba\n" in shown
    assert "mutes  by: J. Wang\n" in shown
    assert "follows  one paper\n    2401.00001: It is not looked up yet.\n" in shown
    fails(run("subscribers", "change", ADA, "--interest", "@misc{a, year=2020}"), "neither a title nor an identifier")
