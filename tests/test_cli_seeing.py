"""`newsletter status`: for a person and for a script."""

from pathlib import Path

import pytest
from commandline import ADA, BOB, Run
from ledgerbook import copies
from newsroom import make_project

from newsletter import Newsletter, ticks

#: What scripts rely on since the first version.
FIRST = {"entries", "subscribers", "sources", "coming", "deliveries", "mail_off", "not_sent"}


def test_as_json_everything_is_machine_readable_and_what_there_was_stays(run: Run, ready: Path) -> None:
    run("send", "--now", "--to", ADA)
    found = run("status", "--json").json
    assert found.keys() >= FIRST | {"verdict", "serving", "issues", "ticks", "notices", "suppressed", "suggestions"}
    assert (found["entries"], found["subscribers"], found["deliveries"]) == (12, {"active": 2}, {"sent": 1})
    assert (found["verdict"], found["mail_off"], found["serving"]) == ([], None, False)
    (source,) = found["sources"]
    assert source.keys() >= {"name", "pulled_at", "error", "entries", "good_at", "next_at", "failures", "moved_to"}
    assert (source["name"], source["entries"], source["failures"]) == ("papers", 12, 0)
    (coming,) = found["coming"]
    assert coming.keys() == {"issue", "first_hour", "readers"}
    (issue,) = (one for one in found["issues"] if one["issue"] == coming["issue"])
    assert (issue["first_hour"], issue["readers"]) == (coming["first_hour"], 2)
    assert issue["cut_off"] < issue["first_hour"]


def test_a_person_is_told_the_verdict_first_and_then_all_of_it(run: Run, ready: Path) -> None:
    run("send", "--now", "--to", ADA)
    shown = run("status").out
    assert shown.startswith("All is well.\n")
    assert "12 entries in all." in shown
    assert "2 active." in shown
    assert "papers  12 entries, last " in shown
    assert "1 sent" in " ".join(shown.split())


def test_what_went_wrong_is_said_first(run: Run, tmp_path: Path) -> None:
    make_project(tmp_path, '\n[[sources]]\nname = "gone"\nlocation = "gone.xml"\n')
    run("pull", "--project", tmp_path)
    with Newsletter(tmp_path) as newsletter:
        ticks.ended(newsletter.database, "make", newsletter._clock(), "issue/card.html, line 2: there is no such word")
    run("mail", "off", "--project", tmp_path)
    shown = run("status", "--project", tmp_path).out
    first, *bullets = shown.partition("\n\n")[0].splitlines()
    assert first == "Look at this:"
    starts = [line for line in bullets if line.startswith("• ")]
    assert [line[:14] for line in starts] == ["• No mail goes", "• Making issue", "• gone has fai"]


def test_copies_that_did_not_leave_are_named_at_the_end(run: Run, ready: Path) -> None:
    run("send", "--now")
    with Newsletter(ready) as newsletter:
        db = newsletter.database
        db.conn.execute("UPDATE deliveries SET state = 'failed', why = '550 nobody here' WHERE subscriber_id = 1")
        copies(db, None, newsletter._clock(), 1, "uncertain")
    shown = run("status").out
    assert f"failed: {ADA}, weekly-" in shown
    assert "550 nobody here" in shown
    assert "They are not repeated (delivery.on_uncertain)." in shown
    assert BOB not in shown


@pytest.mark.parametrize("sources", [3, 60])
def test_it_fits_a_terminal(run: Run, tmp_path: Path, sources: int) -> None:
    more = "".join(f'\n[[sources]]\nname = "source {n}"\nlocation = "papers.jsonl"\n' for n in range(sources))
    make_project(tmp_path, more)
    run("pull", "--project", tmp_path)
    shown = run("status", "--project", tmp_path).out
    assert max(map(len, shown.splitlines())) <= 80
    assert len(shown.splitlines()) < 30
