"""The command line: every command, its JSON, its exit status, and its sentences."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import WordEmbedder
from newsroom import SETTINGS, entry, mails, make_project, parsed, recipients, write_entries

from newsletter.cli import main
from newsletter.store import open_store
from subscribers import database

ADA, BOB = "ada@example.org", "bob@example.org"


class Words(WordEmbedder):
    """Stands where the model's process would be started."""

    def __init__(self, model: str, *, batch: int) -> None:
        super().__init__()

    def close(self) -> None:
        """There is no process."""


@dataclass(frozen=True)
class Ran:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.status in (0, 3), self.err
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process, as `newsletter …` does."""
    monkeypatch.setattr("newsletter.newsletter.ModelProcess", Words)

    def run(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["newsletter", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Ran(int(end.value.code or 0), out, err)

    return run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newsletter with twelve entries to pull, in which we stand."""
    make_project(tmp_path / "news")
    monkeypatch.chdir(tmp_path / "news")
    return tmp_path / "news"


@pytest.fixture
def ready(project: Path, run: Run) -> Path:
    """Pulled, with two readers."""
    run("pull")
    for address in (ADA, BOB):
        run("subscribers", "add", address, "--interest", "walking robots", "--weekly", "friday", "08:00")
    return project


def fails(ran: Ran, *words: str, status: int = 1) -> None:
    """It ended with that status and one message on standard error, nothing on standard output."""
    assert (ran.status, ran.out) == (status, ""), ran.err
    assert ran.err.strip()
    for word in words:
        assert word in ran.err


# -- init, and where the project is


def test_init_makes_a_newsletter_that_the_next_commands_find(run: Run, tmp_path: Path) -> None:
    made = run("init", tmp_path / "news", "--title", "Paper Robots")
    assert made.status == 0
    assert "newsletter.toml" in made.out
    assert 'title = "Paper Robots"' in (tmp_path / "news" / "newsletter.toml").read_text()
    assert run("status", "--project", tmp_path / "news", "--json").json["entries"] == 0


def test_init_twice_changes_nothing(run: Run, tmp_path: Path) -> None:
    run("init", tmp_path / "news")
    before = (tmp_path / "news" / "newsletter.toml").read_bytes()
    fails(run("init", tmp_path / "news", "--title", "Other"), "exists already", "Name another folder")
    assert (tmp_path / "news" / "newsletter.toml").read_bytes() == before


def test_the_project_is_here_or_named_or_in_a_variable(
    run: Run, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("pull", "--json").json["entries"] == 12
    monkeypatch.chdir("/")
    fails(run("status"), "There is no newsletter.toml in /", "--project", "newsletter init")
    assert run("status", "--project", project, "--json").json["entries"] == 12
    monkeypatch.setenv("NEWSLETTER_PROJECT", str(project))
    assert run("status", "--json").json["entries"] == 12
    make_project(tmp_path / "other")
    assert run("status", "--project", tmp_path / "other", "--json").json["entries"] == 0


def test_version_and_help(run: Run) -> None:
    assert run("--version").out.startswith("newsletter 0.")
    shown = run("--help").out
    for command in ("demo", "init", "pull", "sources", "subscribers", "issue", "preview", "send", "status"):
        assert command in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["pull", "--no-such-option"],
        ["subscribers", "add"],
        ["subscribers", "add", ADA, "--weekly", "friday"],
        ["subscribers", "add", ADA, "--daily", "08:00", "--weekly", "friday", "08:00"],
        ["sources", "add", "papers.jsonl", "--year", "soon"],
    ],
)
def test_a_wrong_command_line_is_status_2(run: Run, project: Path, arguments: list[str]) -> None:
    fails(run(*arguments), status=2)


# -- pull and sources


def test_pull_as_json_has_the_promised_shape(run: Run, project: Path) -> None:
    write_entries(project, [entry(1), {"title": ""}])
    expected = {"sources": [{"name": "papers", "new": 1, "known": 0, "skipped": 1, "error": None}], "entries": 1}
    assert run("pull", "--json").json == expected
    expected["sources"] = [{"name": "papers", "new": 0, "known": 1, "skipped": 1, "error": None}]
    assert run("pull", "--json").json == expected


def test_pull_tells_a_person_what_came_and_what_was_skipped(run: Run, project: Path) -> None:
    write_entries(project, [entry(1), *[{"title": ""}] * 9])
    ran = run("pull")
    assert ran.status == 0
    assert "papers: 1 new, 0 known, 9 skipped" in ran.out
    assert "line 2: it has no title" in ran.out.replace("“", "").replace("”", "")
    assert "and 4 more" in ran.out


def test_a_source_that_fails_is_status_3_and_the_others_are_pulled(run: Run, tmp_path: Path) -> None:
    make_project(tmp_path, '\n[[sources]]\nname = "gone"\nlocation = "gone.xml"\n')
    ran = run("pull", "--project", tmp_path)
    assert ran.status == 3
    assert "gone: " in ran.err
    assert "12 entries in all" in ran.out
    ran = run("pull", "--project", tmp_path, "--json")
    assert ran.status == 3
    assert [source["error"] is None for source in ran.json["sources"]] == [False, True]


def test_pull_without_sources(run: Run, tmp_path: Path) -> None:
    run("init", tmp_path / "news")
    assert "There are no sources yet" in run("pull", "--project", tmp_path / "news").out


def test_sources_of_all_kinds_are_added_and_comments_stay(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = project / "newsletter.toml"
    settings.write_text("# my own words\n" + settings.read_text())
    (project / "pages").mkdir()
    (project / "pages" / "p2025.txt").write_text(
        f"Get trending papers in your email inbox!\n\nMar 11\n\nA title\n\n{'Some long abstract. ' * 20}\n"
    )
    write_entries(project, [entry(50)], "more.jsonl")
    # As seen from where one stands, not from the project.
    monkeypatch.chdir(project.parent)
    added = run("sources", "add", "news/pages", "--year", "2025", "--project", "news")
    assert (added.status, "Added 'pages': 1 entries there now" in added.out) == (0, True)
    assert run("sources", "add", "news/more.jsonl", "--name", "More", "--project", "news").status == 0
    text = settings.read_text()
    assert text.startswith("# my own words\n")
    assert 'location = "pages"' in text
    assert 'location = "more.jsonl"' in text
    assert run("pull", "--project", "news", "--json").json["entries"] == 14
    listed = run("sources", "list", "--project", "news", "--json").json
    assert [(one["name"], one["entries"], one["error"]) for one in listed] == [
        ("papers", 12, None),
        ("pages", 1, None),
        ("More", 1, None),
    ]
    assert all(one["pulled_at"] and one["location"] for one in listed)
    assert "papers" in run("sources", "list", "--project", "news").out


def test_a_file_outside_the_project_is_kept_with_its_whole_path(run: Run, project: Path, tmp_path: Path) -> None:
    write_entries(tmp_path, [entry(50)], "out side.jsonl")
    assert run("sources", "add", "../out side.jsonl").status == 0
    assert f'location = "{tmp_path}/out side.jsonl"' in (project / "newsletter.toml").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["papers.jsonl", "--name", "papers"], ["papers", "--name"]),
        (["no-such-file.xml"], ["no-such-file.xml was not added"]),
        (["http://127.0.0.1:9/feed"], ["http://127.0.0.1:9/feed was not added"]),
        (["papers.jsonl", "--name", "x", "--kind", "pigeon"], ["--kind"]),
        (["papers.jsonl", "--name", "x", "--year", "1"], ["--year"]),
        (["papers.jsonl", "--name", "<b>"], ["--name"]),
        (["papers.jsonl", "--name", "x", "--kind", "feed"], ["was not added"]),
    ],
)
def test_a_source_that_cannot_be_added_changes_nothing(
    run: Run, project: Path, arguments: list[str], words: list[str]
) -> None:
    before = (project / "newsletter.toml").read_bytes()
    fails(run("sources", "add", *arguments), *words)
    assert (project / "newsletter.toml").read_bytes() == before


def test_sources_are_checked_without_storing(run: Run, project: Path) -> None:
    checked = run("sources", "check")
    assert (checked.status, "papers: 12 entries, such as" in checked.out) == (0, True)
    assert run("status", "--json").json["entries"] == 0
    fails(run("sources", "check", "other"), "There is no source named 'other'")
    (project / "papers.jsonl").unlink()
    checked = run("sources", "check", "papers")
    assert (checked.status, "papers: " in checked.err) == (3, True)


# -- subscribers


def test_subscribers_are_added_listed_shown_and_removed(run: Run, project: Path) -> None:
    options = ["--interest", "graph networks", "--interest", "not: surveys", "--weekly", "monday", "8:30"]
    added = run("subscribers", "add", "Ada@EXAMPLE.org", *options, "--timezone", "Europe/Paris", "--name", "Ada")
    assert (added.status, added.out) == (
        0,
        "Added Ada@example.org: weekly on Mondays at 08:30, Europe/Paris.\n",
    )
    (person,) = run("subscribers", "list", "--json").json
    assert person["created_at"] == person["confirmed_at"]
    expected = {
        "email": "Ada@example.org",
        "name": "Ada",
        "state": "active",
        "frequency": "weekly",
        "day": 1,
        "at": "08:30",
        "timezone": "Europe/Paris",
        "interests": ["graph networks", "not: surveys"],
    }
    assert person | expected == person
    assert "graph networks, not: surveys" in run("subscribers", "list").out
    shown = run("subscribers", "show", ADA)
    assert "mutes  surveys" in shown.out
    assert "The operator states" in shown.out
    assert run("subscribers", "show", ADA, "--json").json["evidence"][0]["origin"] == "operator"
    assert run("subscribers", "remove", ADA, "--json").json == {"removed": ADA}
    assert run("subscribers", "list", "--json").json == []
    assert "Nobody yet" in run("subscribers", "list").out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ("weekly", 5, "08:00", "UTC")),
        (["--daily", "7:15"], ("daily", 0, "07:15", "UTC")),
        (["--monthly", "31", "9"], ("monthly", 31, "09:00", "UTC")),
        (["--timezone", "Asia/Tokyo"], ("weekly", 5, "08:00", "Asia/Tokyo")),
    ],
)
def test_a_cadence_is_what_was_asked_for_else_the_settings(
    run: Run, project: Path, options: list[str], expected: tuple[object, ...]
) -> None:
    added = run("subscribers", "add", ADA, *options, "--json").json
    assert (added["frequency"], added["day"], added["at"], added["timezone"]) == expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-address"], ["'no-address' is not an email address"]),
        (['"ada lovelace"@'], ["is not an email address"]),
        (["a" * 300 + "@example.org"], ["is not an email address"]),
        (["ada@example.org\r\nBcc: eve@example.org"], ["is not an email address"]),
        (["ädä@example.org"], ["letters outside ASCII before the @"]),
        ([ADA, "--interest", "x" * 5_000], ["5,000 characters; 300 is the most"]),
        ([ADA, "--interest", "🤖🤖"], ["holds no word"]),
        ([ADA, "--interest", "not:"], ["holds no word"]),
        ([ADA, "--weekly", "someday", "08:00"], ["'someday' is no weekday; write monday to sunday"]),
        ([ADA, "--weekly", "friday", "25:00"], ["'25:00' is no time of day"]),
        ([ADA, "--monthly", "32", "08:00"], ["'32' is no day of a month"]),
        ([ADA, "--timezone", "Mars/Olympus"], ["'Mars/Olympus' is no time zone; write it as Europe/Paris"]),
    ],
)
def test_bad_input_about_people_is_a_sentence_and_adds_nobody(
    run: Run, project: Path, arguments: list[str], words: list[str]
) -> None:
    fails(run("subscribers", "add", *arguments), *words)
    assert run("subscribers", "list", "--json").json == []


@pytest.mark.parametrize("address", ["ada+papers@example.org", "ada@bücher.example", "o'hara@example.org"])
def test_odd_addresses_that_are_right_are_taken(run: Run, project: Path, address: str) -> None:
    assert run("subscribers", "add", address).status == 0
    (person,) = run("subscribers", "list", "--json").json
    assert person["email"] == address.replace("bücher", "xn--bcher-kva")
    assert run("subscribers", "show", address).status == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["subscribers", "show", "eve@example.org"],
        ["subscribers", "remove", "eve@example.org"],
        ["preview", "--subscriber", "eve@example.org"],
        ["send", "--now", "--to", "eve@example.org"],
    ],
)
def test_a_stranger_is_a_sentence(run: Run, ready: Path, arguments: list[str]) -> None:
    fails(run(*arguments), "Nobody is subscribed as eve@example.org", "newsletter subscribers add")


def test_adding_twice_is_a_sentence(run: Run, ready: Path) -> None:
    fails(run("subscribers", "add", ADA), "ada@example.org is subscribed already (active)")


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


def test_preview_without_out_writes_into_the_project(run: Run, ready: Path) -> None:
    run("preview", "--subscriber", ADA, "--no-open")
    run("preview", "--no-open")
    folders = sorted(path.name.split("-", 4)[4] for path in (ready / "previews").iterdir())
    assert folders == ["ada@example.org", "everybody"]


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
        (["preview", "--issue", "soon"], ["'soon' names no issue; write it as weekly-2026-11-27"]),
        (["issue", "show", "weekly-2026-13-27"], ["names no issue"]),
        (["preview", "--subscriber", ADA, "--issue", "daily-2026-11-27"], ["is not theirs"]),
    ],
)
def test_an_unknown_issue_is_a_sentence(run: Run, ready: Path, arguments: list[str], words: list[str]) -> None:
    fails(run(*arguments), *words)


def test_issues_are_listed_and_shown(run: Run, ready: Path) -> None:
    (coming,) = run("issue", "list", "--json").json
    assert (coming["state"], coming["readers"], coming.keys()) == (
        "open",
        2,
        {"issue", "state", "first_hour", "readers"},
    )
    shown = run("issue", "show", coming["issue"], "--json").json
    assert (len(shown["entries"]), shown["pins"], shown["deliveries"]) == (12, [], {})
    run("send", "--now")
    assert [one["state"] for one in run("issue", "list", "--json").json] == ["released"]
    assert run("issue", "show", coming["issue"], "--json").json["deliveries"] == {"sent": 2}
    assert "sent: 2" in run("issue", "show", coming["issue"]).out
    assert coming["issue"] in run("issue", "list").out


# -- send, status


def test_send_as_json_counts_by_state(run: Run, ready: Path) -> None:
    zero = {"queued": 0, "sent": 0, "deferred": 0, "failed": 0, "dropped": 0, "uncertain": 0, "already": 0}
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
    assert "Nothing was sent. 2 due, 0 have theirs already." in run("send", "--now", "--dry-run").out
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


def test_status_as_json_and_in_words(run: Run, ready: Path) -> None:
    run("send", "--now", "--to", ADA)
    found = run("status", "--json").json
    assert found["entries"] == 12
    assert found["subscribers"] == {"active": 2}
    assert found["deliveries"] == {"sent": 1}
    assert [source.keys() for source in found["sources"]] == [{"name", "pulled_at", "error", "entries"}]
    assert [one.keys() for one in found["coming"]] == [{"issue", "first_hour", "readers"}]
    assert "T" in found["coming"][0]["first_hour"]
    shown = run("status").out
    assert "12 entries; readers: 2 active." in shown
    assert "papers: 12 entries, last pulled 20" in shown
    assert "2 readers." in shown
    assert "Deliveries sent: 1" in shown


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
    for command in (["send", "--now"], ["preview", "--no-open"], ["preview", "--json"]):
        fails(run(*command), "issue/card.html", "3")
    assert mails(ready) == []


@pytest.mark.parametrize("command", [["status"], ["subscribers", "list"], ["subscribers", "add", BOB], ["pull"]])
def test_a_database_of_another_kind_is_a_sentence(run: Run, project: Path, command: list[str]) -> None:
    (project / "newsletter.db").write_bytes(b"no database at all " * 500)
    fails(run(*command), "newsletter.db is not a database of this program")


@pytest.mark.parametrize(
    ("table", "command"),
    [
        ("subscribers", ["status"]),
        ("subscribers", ["subscribers", "list"]),
        ("subscribers", ["send", "--now"]),
        ("entry_keys", ["pull"]),
        ("entries", ["preview", "--no-open"]),
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
    fails(run("preview", "--no-open"), "No space left on device")


def test_a_preview_where_a_file_is_in_the_way_is_a_sentence(run: Run, ready: Path) -> None:
    (ready / "file").write_text("")
    fails(run("preview", "--no-open", "--out", ready / "file"), "file")


# -- in a process of its own


def start(*arguments: str | Path, **options: Any) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "newsletter", *map(str, arguments)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


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


def test_letters_that_the_terminal_does_not_know_are_no_trouble(run: Run, project: Path) -> None:
    run("subscribers", "add", ADA, "--interest", "réseaux 网络")
    listing = start("subscribers", "list", "--project", project, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    out, err = listing.communicate(timeout=20)
    assert (listing.returncode, err) == (0, "")
    assert "seaux" in out


def test_an_interruption_is_a_sentence_and_what_was_done_is_kept(run: Run, project: Path, tmp_path: Path) -> None:
    # A feed that never ends: a pipe that nobody writes to.
    with open_listener() as (port, accepted):
        more = f'\n[[sources]]\nname = "endless"\nlocation = "http://127.0.0.1:{port}/feed"\n'
        (project / "newsletter.toml").write_text((project / "newsletter.toml").read_text() + more)
        pulling = start("pull", "--project", project)
        accepted()
        pulling.send_signal(signal.SIGINT)
        out, err = pulling.communicate(timeout=20)
    assert (pulling.returncode, out) == (130, "")
    assert err.strip() == "Interrupted. What was done so far is kept."
    assert run("status", "--json").json["entries"] == 12


def open_listener() -> Any:
    """A server that accepts and then says nothing: (port, wait until somebody came)."""
    import socket
    from contextlib import contextmanager

    @contextmanager
    def listening() -> Any:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(20)
            taken = []

            def accepted() -> None:
                taken.append(server.accept()[0])
                time.sleep(0.1)

            try:
                yield server.getsockname()[1], accepted
            finally:
                for connection in taken:
                    connection.close()

    return listening()
