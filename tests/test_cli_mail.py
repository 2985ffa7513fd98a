"""The command line: previews, sending, how things stand, and what can go wrong with them."""

import os
import signal
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from commandline import ADA, BOB, Run, fails, silent_server, start
from newsroom import SETTINGS, entry, mails, make_project, parsed, recipients, write_entries

from newsletter.store import open_store
from subscribers import database

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

# -- preview, issues


def test_preview_writes_three_files(run: Run, ready: Path, tmp_path: Path) -> None:
    ran = run("preview", "--subscriber", ADA, "--no-open", "--out", tmp_path / "looked" / "at")
    assert ran.status == 0
    assert "A draft" in ran.out
    folder = tmp_path / "looked" / "at"
    html, text, message = (folder / f"issue.{kind}" for kind in ("html", "txt", "eml"))
    assert len(list(folder.iterdir())) == 3
    mail = parsed(message.read_bytes())
    body, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert body is not None
    assert plain is not None
    assert html.read_bytes().decode() == body.get_content()
    assert text.read_bytes().decode() == plain.get_content()
    assert mail["to"] == ADA


def test_preview_without_any_of_these_opens_the_desk(run: Run, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = list[dict[str, Any]]()
    monkeypatch.setattr("newsletter.studio.running.run", lambda _, **how: opened.append(how))
    run("preview", "--subscriber", ADA, "--issue", "weekly-2026-11-27", "--no-open")
    run("preview", "--port", "0")
    assert [(how["reader"], how["issue"], how["port"]) for how in opened] == [
        (ADA, "weekly-2026-11-27", None),
        ("", "", 0),
    ]


def test_preview_as_json_has_the_promised_shape(run: Run, ready: Path) -> None:
    shown = run("preview", "--subscriber", ADA, "--json").json
    assert {"subject", "picks"} <= shown.keys()
    for pick in shown["picks"]:
        assert pick.keys() == {"title", "url", "section", "score", "reason", "sentence"}
        assert pick["section"] in ("for-you", "outside")
        assert isinstance(pick["score"], float)
        assert pick["url"].startswith("https://papers.example.org/")
    assert shown["picks"][0]["reason"] == "Because you follow: walking robots"
    assert shown["picks"][0]["title"] in shown["subject"]
    assert not (ready / "previews").exists()


def test_an_entry_without_a_link_has_none_in_json(run: Run, project: Path) -> None:
    write_entries(project, [{"title": f"Linkless {n}", "summary": "Robots walk. " * 5} for n in range(4)])
    run("pull")
    assert {pick["url"] for pick in run("preview", "--json").json["picks"]} == {None}


def test_preview_as_text(run: Run, ready: Path) -> None:
    ran = run("preview", "--subscriber", ADA, "--text")
    assert "Because you follow: walking robots" in ran.out
    assert "1 Example Street" in ran.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["preview", "--text", "--issue", "soon"], ["'soon' names no issue; write it as weekly-2026-11-27"]),
        (["issue", "show", "weekly-2026-13-27"], ["names no issue"]),
        (
            ["preview", "--subscriber", ADA, "--issue", "daily-2026-11-27"],
            ["daily-2026-11-27 is not ada@example.org's"],
        ),
    ],
)
def test_an_unknown_issue_is_a_sentence(run: Run, ready: Path, arguments: list[str], words: list[str]) -> None:
    fails(run(*arguments), *words)


def test_issues_are_listed_and_shown(run: Run, ready: Path) -> None:
    (coming,) = run("issue", "list", "--json").json
    assert (coming["state"], coming["readers"], coming.keys()) == (
        "open",
        2,
        {"issue", "state", "word", "held_until", "held_why", "first_hour", "readers"},
    )
    shown = run("issue", "show", coming["issue"], "--json").json
    assert (len(shown["entries"]), shown["pins"], shown["deliveries"]) == (12, [], {})
    run("send", "--now")
    assert [one["state"] for one in run("issue", "list", "--json").json] == ["released"]
    assert run("issue", "show", coming["issue"], "--json").json["deliveries"] == {"sent": 2}
    assert "Copies: 2 sent." in run("issue", "show", coming["issue"]).out
    assert coming["issue"] in run("issue", "list").out


# -- send, status


def test_send_as_json_counts_by_state(run: Run, ready: Path) -> None:
    zero = {
        "queued": 0,
        "sent": 0,
        "deferred": 0,
        "failed": 0,
        "dropped": 0,
        "uncertain": 0,
        "already": 0,
        "waiting": 0,
        "stopped": {},
    }
    assert run("send", "--json").json == zero
    plan = run("send", "--now", "--dry-run", "--json").json
    assert (plan["queued"], plan["dropped"], plan["already"]) == (2, 0, 0)
    assert [(row["email"], row["why_not"]) for row in plan["plan"]] == [(ADA, ""), (BOB, "")]
    assert mails(ready) == []
    assert run("send", "--now", "--to", BOB, "--json").json == zero | {"sent": 1}
    assert run("send", "--now", "--json").json == zero | {"sent": 1, "already": 1}
    assert run("send", "--now", "--json").json == zero | {"already": 2}
    assert recipients(mails(ready)) == [ADA, BOB]


def test_send_tells_a_person_what_happened(run: Run, ready: Path) -> None:
    assert "Nothing was sent. 2 due." in run("send", "--now", "--dry-run").out
    assert run("send", "--now").out == "Done: 2 sent into the outbox folder.\n"
    assert run("send", "--now").out == "Done: nothing was due. 2 had theirs already.\n"


def test_send_without_entries_tells_why(run: Run, project: Path) -> None:
    run("subscribers", "add", ADA)
    ran = run("send", "--now")
    assert (ran.status, f"no mail to {ADA}: nothing has come in" in ran.out) == (0, True)
    assert f"{ADA}  weekly-" in run("send", "--now", "--dry-run").out


def test_without_a_postal_address_nothing_is_sent(run: Run, tmp_path: Path) -> None:
    make_project(tmp_path, settings=SETTINGS.replace("postal", "# postal"))
    fails(run("send", "--now", "--project", tmp_path), "postal_address is not set in", "newsletter.toml")


def test_a_server_that_is_down_is_a_sentence_and_the_next_run_sends(run: Run, ready: Path) -> None:
    (ready / "outbox").write_text("")
    fails(run("send", "--now"), "outbox", "still queued")
    assert sum(run("status", "--json").json["deliveries"].values()) == 2
    (ready / "outbox").unlink()
    assert run("send", "--json").json["sent"] == 2


# -- what can be wrong


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = \n", ["newsletter.toml is not valid TOML", "line 1"]),
        ("titel = 'x'\n", ["titel in ", "is no setting. Did you mean title?"]),
        ("[issue]\npicks = 'many'\n", ["issue.picks in "]),
        ("base_url = 'http://example.org'\n", ["base_url in ", "https://"]),
        ("[smtp]\npassword = 5\n", ["smtp.password in "]),
    ],
)
def test_wrong_settings_are_told_by_name_and_file(run: Run, tmp_path: Path, text: str, words: list[str]) -> None:
    (tmp_path / "newsletter.toml").write_text(text)
    for command in ("status", "pull", "send"):
        fails(run(command, "--project", tmp_path), *words)


def test_a_template_mistake_names_file_and_line(run: Run, ready: Path) -> None:
    template = ready / "templates" / "issue" / "card.html"
    template.parent.mkdir(parents=True)
    template.write_text("<p>\n{{ pick.titel }}\n{% if %}</p>\n")
    for command in (["send", "--now"], ["preview", "--text"], ["preview", "--json"]):
        fails(run(*command), "issue/card.html", "3")
    assert mails(ready) == []


@pytest.mark.parametrize("command", [["status"], ["subscribers", "list"], ["subscribers", "add", BOB], ["pull"]])
def test_a_database_of_another_kind_is_a_sentence(run: Run, project: Path, command: list[str]) -> None:
    (project / "newsletter.db").write_bytes(b"no database at all " * 500)
    fails(run(*command), "newsletter.db is not a database of this program")


@pytest.mark.parametrize(
    ("table", "command"),
    [
        ("subscribers", ["subscribers", "list"]),
        ("subscribers", ["send", "--now"]),
        ("sources", ["pull"]),
        ("entries", ["preview", "--text"]),
        ("deliveries", ["send", "--now"]),
        ("_sqlite_migrations", ["status"]),
    ],
)
def test_a_damaged_database_is_a_sentence(run: Run, ready: Path, table: str, command: list[str]) -> None:
    path = ready / "newsletter.db"
    db = sqlite3.connect(path)
    (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table]).fetchone()
    (size,) = db.execute("PRAGMA page_size").fetchone()
    db.close()
    content = bytearray(path.read_bytes())
    content[(page - 1) * size : page * size] = b"\xa5" * size
    path.write_bytes(content)
    fails(run(*command), "newsletter.db", "damaged", "backup")


def test_a_locked_database_is_a_sentence(run: Run, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    other = sqlite3.connect(ready / "newsletter.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for command in (["subscribers", "remove", BOB], ["pull"], ["send", "--now"]):
        fails(run(*command), "newsletter.db is locked by another process")
    other.execute("ROLLBACK")
    other.close()
    assert run("send", "--now", "--json").json["sent"] == 2


def test_a_full_disk_is_a_sentence(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def small(path: Path, *, durable: bool = True) -> Any:
        db = open_store(path, durable=durable)
        db.conn.execute("PRAGMA max_page_count = 1")
        return db

    monkeypatch.setattr("newsletter.newsletter.open_store", small)
    write_entries(project, [entry(n, summary="long " * 2_000) for n in range(200)])
    fails(run("pull"), "The disk is full", "what was stored before is safe")


def test_a_preview_on_a_full_disk_is_a_sentence(run: Run, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_text", full)
    fails(run("preview", "--no-open", "--out", ready / "looked"), "No space left on device")


def test_a_preview_where_a_file_is_in_the_way_is_a_sentence(run: Run, ready: Path) -> None:
    (ready / "file").write_text("")
    fails(run("preview", "--no-open", "--out", ready / "file"), "file")


# -- in a process of its own


@pytest.mark.slow
def test_output_that_nobody_reads_to_its_end_is_no_trouble(run: Run, project: Path) -> None:
    for n in range(10):
        run("subscribers", "add", f"r{n}@example.org", "--interest", "a rather long interest of this reader " * 6)
    reading, writing = os.pipe()
    listing = start("subscribers", "list", "--project", project, "--json")
    os.close(writing)
    assert listing.stdout
    listing.stdout.close()
    os.close(reading)
    assert listing.stderr
    assert listing.stderr.read() == ""
    listing.stderr.close()
    assert listing.wait(20) == 1


@pytest.mark.slow
def test_letters_that_the_terminal_does_not_know_are_no_trouble(run: Run, project: Path) -> None:
    run("subscribers", "add", ADA, "--interest", "réseaux 网络")
    listing = start("subscribers", "list", "--project", project, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    out, err = listing.communicate(timeout=20)
    assert (listing.returncode, err) == (0, "")
    assert "seaux" in out


@pytest.mark.slow
def test_an_interruption_is_a_sentence_and_what_was_done_is_kept(run: Run, project: Path, tmp_path: Path) -> None:
    # A feed that never ends: a pipe that nobody writes to.
    with silent_server() as (port, accepted):
        more = f'\n[[sources]]\nname = "endless"\nlocation = "http://127.0.0.1:{port}/feed"\n'
        (project / "newsletter.toml").write_text((project / "newsletter.toml").read_text() + more)
        # Whoever runs the tests in the background has SIGINT ignored, and all their children too.
        heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        pulling = start("pull", "--project", project, preexec_fn=heard)
        accepted()
        pulling.send_signal(signal.SIGINT)
        out, err = pulling.communicate(timeout=20)
    assert (pulling.returncode, out) == (130, "")
    assert err.strip() == "Interrupted. What was done so far is kept."
    assert run("status", "--json").json["entries"] == 12
