"""`newsletter subscribers import` and `export`."""

import errno
import json
import sqlite3
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest
from commandline import ADA, Run, fails, start
from sqlite_utils import Database

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

MAILCHIMP = "Email Address,First Name,Last Name,OPTIN_TIME,CONFIRM_TIME,LEID,EUID,TAGS\n"
PEOPLE = MAILCHIMP + (
    "ada@example.org,Ada,Lovelace,,2018-02-12 10:54:27,1,a,VIP\n"
    "bob@example.org,Bob,,,,2,b,\n"
    "nobody,Nobody,,,,3,c,\n"
    "Ada@example.org,Ada,,,,4,d,\n"
)


@pytest.fixture
def people(project: Path) -> Path:
    """A list with a reader, one who is pending, a bad row and one twice; good rows only in `good.csv`."""
    (project / "people.csv").write_text(PEOPLE, "utf-8")
    (project / "good.csv").write_text(PEOPLE.replace("nobody,", "carol@example.org,"), "utf-8")
    return project


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Somebody sits there and answers."""

    def at_terminal(*answers: bool) -> None:
        coming = iter(answers)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("typer.confirm", lambda question, **_: next(coming))

    return at_terminal


def addresses(run: Run) -> dict[str, str]:
    return {person["email"]: person["state"] for person in run("subscribers", "list", "--json").json}


def test_without_a_terminal_it_shows_what_it_understood_and_changes_nothing(people: Path, run: Run) -> None:
    ran = run("subscribers", "import", "people.csv")
    assert ran.status == 1
    assert ran.out.startswith("people.csv: 4 rows from Mailchimp (UTF-8, cells between commas).\n")
    for words in (
        "CONFIRM_TIME (date of consent: confirmed)",
        "Ignored: LEID, EUID, TAGS",
        "2     ada@example.org  Ada Lovelace  active       2018-02-12",
        "3     bob@example.org  Bob           pending      none",
        "        1  come in as readers, with their own date of consent",
        "        1  come in as pending: no date of consent, so they get nothing until they confirm",
        "        1  stand in the list a second time",
        "        1  cannot be used",
    ):
        assert words in ran.out
    assert "line 4: 'nobody' is not an email address" in ran.err
    assert ran.err.splitlines()[-1] == "Nothing was changed. Add --yes to bring them in without being asked."
    assert addresses(run) == {}


def test_with_yes_it_brings_them_in_and_bad_rows_end_with_status_3(people: Path, run: Run) -> None:
    ran = run("subscribers", "import", "people.csv", "--yes")
    assert ran.status == 3
    assert "Brought in 2 of 4:" in ran.out
    assert "import people.csv --yes --confirm` sends each of the 1 one mail to confirm." in ran.out
    assert addresses(run) == {"ada@example.org": "active", "bob@example.org": "pending"}
    again = run("subscribers", "import", "people.csv", "--yes")
    assert (again.status, "Brought in 0 of 4:" in again.out) == (3, True)
    assert "        2  are known here, and stay as they are" in again.out


def test_without_bad_rows_all_went_well(people: Path, run: Run) -> None:
    assert run("subscribers", "import", "good.csv", "--yes").status == 0


def test_somebody_at_the_terminal_is_asked(people: Path, run: Run, at_terminal: Callable[..., None]) -> None:
    at_terminal(False)
    ran = run("subscribers", "import", "people.csv")
    assert (ran.status, ran.out.splitlines()[-1]) == (1, "Nothing was changed.")
    assert addresses(run) == {}
    at_terminal(True, False)  # bring them in; no confirmations
    assert run("subscribers", "import", "good.csv").status == 0
    assert len(addresses(run)) == 3
    at_terminal()
    ran = run("subscribers", "import", "good.csv")
    assert (ran.status, ran.out.splitlines()[-1]) == (0, "There is nothing to bring in.")


def asked() -> int:
    """How many confirmations were asked for so far."""
    with sqlite3.connect("newsletter.db") as db:
        (count,) = db.execute("SELECT count(*) FROM confirmations WHERE purpose = 'subscribe'").fetchone()
    db.close()
    return int(count)


def test_confirmations_are_asked_for_once_each(people: Path, run: Run, at_terminal: Callable[..., None]) -> None:
    run("subscribers", "import", "good.csv", "--yes")
    assert asked() == 0
    ran = run("subscribers", "import", "good.csv", "--yes", "--confirm")
    assert (ran.status, asked()) == (0, 2)
    assert "Asked 2 of them to confirm: one mail each, in the outbox." in ran.out
    ran = run("subscribers", "import", "good.csv", "--yes", "--confirm")
    assert (ran.status, asked()) == (0, 2)
    Path("more.csv").write_text("email\ndan@example.org\n", "utf-8")
    at_terminal(True, True)
    assert "Asked 1 of them" in run("subscribers", "import", "more.csv").out
    assert asked() == 3


def test_a_script_gets_json(people: Path, run: Run) -> None:
    shown = run("subscribers", "import", "people.csv", "--json")
    assert shown.status == 1
    understood = json.loads(shown.out)["understood"]
    assert (understood["system"], understood["rows"], understood["active"], understood["bad"]) == ("Mailchimp", 4, 1, 1)
    assert understood["first"][0] == {
        "line": 2,
        "email": "ada@example.org",
        "name": "Ada Lovelace",
        "state": "active",
        "confirmed_at": "2018-02-12T10:54:27+00:00",
        "interests": [],
    }
    assert [row["line"] for row in understood["bad_rows"]] == [4]
    ran = run("subscribers", "import", "people.csv", "--yes", "--json")
    assert ran.status == 3
    assert {k: v for k, v in ran.json["imported"].items() if v} == {"active": 1, "pending": 1, "repeated": 1, "bad": 1}


def test_the_operator_names_the_column_that_holds_interests(people: Path, run: Run) -> None:
    run("subscribers", "import", "people.csv", "--yes", "--interests-from", "tags")
    assert run("subscribers", "show", ADA, "--json").json["interests"] == ["VIP"]
    fails(run("subscribers", "import", "people.csv", "--interests-from", "likes"), "has no column 'likes'")


def test_readers_without_a_cadence_get_the_usual_one(people: Path, run: Run) -> None:
    toml = Path("newsletter.toml")
    toml.write_text(toml.read_text("utf-8") + '\n[cadence]\nfrequency = "monthly"\nday = "7"\nat = "17:30"\n', "utf-8")
    run("subscribers", "import", "good.csv", "--yes")
    ada = run("subscribers", "show", ADA, "--json").json
    assert (ada["frequency"], ada["day"], ada["at"]) == ("monthly", 7, "17:30")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.csv", None, "No such file"),
        ("empty.csv", b"", "is empty"),
        ("no.csv", b"city,country\nParis,France\n", 'Name that column "email"'),
        ("list.xlsx", b"PK\x03\x04....", "a ZIP archive or a spreadsheet"),
        ("list.json", b'{"readers": 1}', "holds no list of readers"),
    ],
)
def test_a_file_that_is_no_list_ends_with_a_sentence(
    project: Path, run: Run, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        Path(name).write_bytes(content)
    fails(run("subscribers", "import", name, "--yes"), words)


def test_of_many_bad_rows_some_are_told(project: Path, run: Run) -> None:
    Path("bad.csv").write_text("email\n" + "nobody\n" * 50, "utf-8")
    ran = run("subscribers", "import", "bad.csv", "--yes")
    assert ran.status == 3
    assert len(ran.err.splitlines()) == 21
    assert "… and 30 more rows that cannot be used." in ran.err


# -- export


@pytest.mark.parametrize("name", ["all.csv", "all.json", "all.txt"])
def test_an_export_is_for_its_owner_only_and_imports_back(people: Path, run: Run, name: str) -> None:
    run("subscribers", "import", "good.csv", "--yes")
    before = run("subscribers", "list", "--json").json
    Path(name).write_text("older", "utf-8")
    Path(name).chmod(0o644)
    ran = run("subscribers", "export", name)
    assert (ran.status, ran.out.split(".")[0]) == (0, f"Wrote 3 people to {Path(name).stem}")
    assert stat.S_IMODE(Path(name).stat().st_mode) == 0o600
    Path("newsletter.db").unlink()
    assert run("subscribers", "import", name, "--yes").status == 0
    assert run("subscribers", "list", "--json").json == before


def test_the_json_of_list_imports_too(people: Path, run: Run) -> None:
    run("subscribers", "import", "good.csv", "--yes")
    listed = run("subscribers", "list", "--json")
    Path("listed.json").write_text(listed.out, "utf-8")
    Path("newsletter.db").unlink()
    assert run("subscribers", "import", "listed.json", "--yes").status == 0
    assert run("subscribers", "list", "--json").json == listed.json


def test_an_export_goes_to_the_terminal_in_the_format_that_is_asked_for(people: Path, run: Run) -> None:
    run("subscribers", "import", "good.csv", "--yes")
    assert run("subscribers", "export").out.startswith("email,name,state,interests,")
    assert len(json.loads(run("subscribers", "export", "--format", "json").out)["subscribers"]) == 3
    run("subscribers", "export", "--format", "json", "all.csv")
    assert json.loads(Path("all.csv").read_text("utf-8"))["subscribers"][0]["email"] == ADA


def test_an_export_that_fails_half_way_leaves_the_older_one_and_nothing_else(
    people: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(db: Database, stream: TextIO) -> int:
        stream.write("email,name")
        raise OSError(errno.ENOSPC, "No space left on device")

    run("subscribers", "export", "all.csv")
    before = {path: path.read_bytes() for path in people.glob("*.csv*")}
    monkeypatch.setattr("subscribers.exporting.export_csv", full)
    fails(run("subscribers", "export", "all.csv"), "No space left on device")
    assert before == {path: path.read_bytes() for path in people.iterdir() if "csv" in path.name}


@pytest.mark.parametrize(("target", "words"), [("/dev/full", "No space left"), ("missing/all.csv", "No such file")])
def test_an_export_that_cannot_be_written_ends_with_a_sentence(people: Path, run: Run, target: str, words: str) -> None:
    fails(run("subscribers", "export", target), words)


@pytest.mark.slow
def test_an_export_through_a_pipe_ends_with_who_reads_it(people: Path, run: Run) -> None:
    run("subscribers", "import", "good.csv", "--yes")
    process = start("subscribers", "export", cwd=people)
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline().startswith("email,name")
    process.stdout.close()
    assert process.wait(30) in (0, 1)
    assert process.stderr.read() == ""
    process.stderr.close()
