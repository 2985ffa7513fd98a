"""`newsletter deliveries …` and `issue show`: what a person types and reads."""

import stat
from pathlib import Path

import pytest
from commandline import ADA, BOB, Run, fails
from newsroom import mails, parsed

from newsletter import Newsletter
from newsletter.delivery.whole_issues import stop_issue

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

ROW = {
    "id",
    "email",
    "issue",
    "notice",
    "state",
    "why",
    "answer",
    "next_try",
    "attempts",
    "took_ms",
    "date",
    "changed_at",
}


@pytest.fixture
def issue(ready: Path, run: Run) -> str:
    """The name of an issue that was sent; Ada's copy (1) failed, Bob's (2) is uncertain."""
    run("send", "--now")
    put(ready, 1, "failed", "550 5.1.1 <ada@example.org>: no such user, id 12ab34")
    put(ready, 2, "uncertain", "the connection broke")
    return str(run("issue", "list", "--json").json[0]["issue"])


def put(project: Path, delivery_id: int, state: str, why: str = "") -> None:
    """As it is when a server has had its say."""
    with Newsletter(project) as newsletter:
        conn = newsletter.database.conn
        conn.execute("UPDATE deliveries SET state = ?, why = ?, took = 40 WHERE id = ?", [state, why, delivery_id])
        if state == "failed":
            conn.execute("DELETE FROM received WHERE delivery_id = ?", [delivery_id])


def test_the_list_shows_what_did_not_leave_below_the_counts_of_all(issue: str, run: Run) -> None:
    shown = run("deliveries").out.splitlines()
    assert shown[0] == "1 failed, 1 uncertain."
    assert shown[2].split() == "id state to what tries took next try (UTC) why".split()
    assert shown[3].split()[:6] == ["2", "uncertain", BOB, issue, "1", "40"]
    assert shown[4].endswith("550 5.1.1 <ada@example.org>: no such user, id 12ab34")
    assert run("deliveries", "--state", "sent").out.endswith("None of them is sent.\n")
    assert "And more: --limit shows them" in run("deliveries", "--limit", "1").out
    assert ADA not in run("deliveries", "--to", BOB).out


def test_as_json_it_is_rows_and_counts(issue: str, run: Run) -> None:
    found = run("deliveries", "--state", "failed", "--issue", issue, "--domain", "example.org", "--json").json
    assert (found["counts"], found["more"]) == ({"failed": 1, "uncertain": 1}, False)
    [row] = found["deliveries"]
    assert row.keys() == ROW
    assert (row["id"], row["email"], row["issue"], row["state"], row["attempts"]) == (1, ADA, issue, "failed", 1)


def test_where_all_is_well_that_is_said(ready: Path, run: Run) -> None:
    assert run("deliveries").out == "No deliveries.\nNothing failed, is put off or uncertain.\n"
    fails(run("deliveries", "--state", "lost"), "'lost' is no state of a delivery")
    fails(run("deliveries", "--issue", "weekly-2031-01-03"), "is not made yet")
    fails(run("deliveries", "--to", "eve@example.org"), "eve@example.org")


def test_one_delivery_is_told_whole(issue: str, run: Run) -> None:
    shown = run("deliveries", "show", "1").out
    assert shown.startswith(f"Delivery 1: {issue} to {ADA}.\nIt is failed since ")
    assert "Why: 550 5.1.1 <ada@example.org>: no such user" in shown
    assert "1 try, the last one took 40 ms." in shown
    assert run("deliveries", "show", "--to", ADA, "--issue", issue).out == shown
    assert run("deliveries", "show", "1", "--json").json.keys() == ROW
    fails(run("deliveries", "show", "99"), "There is no delivery 99")
    assert run("deliveries", "show").status == 2


def test_the_exact_message_is_printed_and_written_for_its_owner_only(ready: Path, issue: str, run: Run) -> None:
    kept = next(mail for mail in mails(ready) if parsed(mail)["to"] == ADA)
    shown = run("deliveries", "show", "1", "--message", "--out", "ada.eml").out
    assert f"From papers@news.example.org to {ADA}, {len(kept):,} bytes." in shown
    assert f"Message-ID: {parsed(kept)['message-id']}" in shown
    assert Path("ada.eml").read_bytes() == kept
    assert stat.S_IMODE(Path("ada.eml").stat().st_mode) == 0o600
    found = run("deliveries", "show", "1", "--message", "--json").json
    assert (found["message"].encode(), found["recipient"], found["doubts"]) == (kept, ADA, [])


def test_words_of_a_notice_are_shown_by_no_command(ready: Path, issue: str, run: Run) -> None:
    run("issue", "test", issue, "--to", "me@example.org")
    number = run("deliveries", "--state", "sent", "--json").json["deliveries"][0]["id"]
    fails(run("deliveries", "show", number, "--message"), "is a notice (test). Its words and links are")


def test_without_a_limit_it_is_only_counted_until_you_say_yes(ready: Path, issue: str, run: Run) -> None:
    shown = run("deliveries", "retry").out
    assert shown == (
        "1 delivery would be sent again (1 failed).\n"
        "Nothing was done: without a state, an issue, a reader or a domain, add --yes.\n"
    )
    assert run("deliveries", "--state", "failed", "--json").json["counts"]["failed"] == 1
    shown = run("deliveries", "retry", "--yes").out
    assert shown.startswith("1 delivery is queued again (1 failed).\n`newsletter serve` sends them at once")
    assert run("deliveries", "--state", "queued", "--json").json["counts"] == {"queued": 1, "uncertain": 1}


def test_uncertain_ones_are_sent_again_with_a_warning(issue: str, run: Run) -> None:
    ran = run("deliveries", "retry", "--state", "uncertain")
    assert "1 delivery is queued again (1 uncertain)." in ran.out
    assert "who has it gets it twice, with the same Message-ID" in ran.err


def test_what_is_not_sent_again_says_why(issue: str, run: Run) -> None:
    run("deliveries", "retry", "--to", ADA)
    run("send")
    ran = run("deliveries", "retry", "1", "99")
    assert ran.status == 3
    assert "0 deliveries are queued again." in ran.out
    assert "  1 not sent again (1): it was sent, and nobody gets the same twice\n" in ran.out
    assert "  1 not sent again (99): there is no such delivery\n" in ran.out


def test_as_json_a_dry_run_says_would(issue: str, run: Run) -> None:
    dry = run("deliveries", "retry", "--issue", issue, "--dry-run", "--json").json
    assert dry == {"would_queue": {"failed": 1}, "refused": {}, "held": []}
    assert run("deliveries", "retry", "--issue", issue, "--json").json == {
        "queued": {"failed": 1},
        "refused": {},
        "held": [],
    }


def test_what_keeps_it_from_leaving_is_said(issue: str, run: Run) -> None:
    run("issue", "hold", issue)
    run("mail", "off")
    ran = run("deliveries", "retry", "--state", "failed")
    assert f"They wait until you release {issue}." in ran.err
    assert "No mail goes out until `newsletter mail on`." in ran.out


def test_uncertain_ones_are_settled(issue: str, run: Run) -> None:
    assert run("deliveries", "settle", "2").status == 2
    ran = run("deliveries", "settle", "1", "2", "--not-sent")
    assert ran.status == 3
    assert f"2: {issue} to {BOB} is failed now. `newsletter deliveries retry 2` sends it after all." in ran.out
    assert "1 left as they are (1): it is failed, and only an uncertain one can be settled" in ran.out
    assert run("deliveries", "retry", "2").status == 0


def test_what_the_log_has_is_sent(issue: str, run: Run) -> None:
    found = run("deliveries", "settle", "2", "--sent", "--json").json
    assert (found["settled"][0]["state"], found["settled"][0]["answer"]) == ("sent", "by the operator's word")
    assert found["refused"] == {}


# -- issue show


def test_an_issue_tells_what_became_of_its_copies_and_what_to_do(ready: Path, issue: str, run: Run) -> None:
    run("subscribers", "add", "cy@gmail.example", "--interest", "walking robots")
    run("send", "--now")
    put(ready, 2, "uncertain", "the connection broke")  # into a folder it was repeated
    shown = run("issue", "show", issue).out
    assert "Copies: 1 failed, 1 uncertain, 1 sent.\n" in shown
    assert "Most failed at: example.org 1 of 2.\n" in shown
    assert "1 failed: 550 5.1.1 …: no such user, id …\n    These addresses are dead." in shown
    assert "1 uncertain: the connection broke\n    The server may or may not have these." in shown
    assert f"Each one: `newsletter deliveries --issue {issue}`." in shown
    domains = [line.split() for line in shown.splitlines() if line.startswith(("example.org", "gmail.example"))]
    assert [row[:5] for row in domains] == [["example.org", "2", "0", "1", "0"], ["gmail.example", "1", "1", "0", "0"]]
    found = run("issue", "show", issue, "--json").json
    history = found["history"]
    assert found["deliveries"] == {"failed": 1, "uncertain": 1, "sent": 1}
    assert {row["domain"]: row["counts"] for row in history["domains"]} == {
        "example.org": {"failed": 1, "uncertain": 1},
        "gmail.example": {"sent": 1},
    }
    assert history["said"][0] == {
        "state": "failed",
        "words": "550 5.1.1 …: no such user, id …",
        "count": 1,
        "verdict": "hard",
    }
    assert history["took_ms"].keys() == {"median", "p95"}
    assert {row["email"] for row in found["not_sent"]} == {ADA, BOB}


def test_what_waits_says_until_when(ready: Path, run: Run) -> None:
    issue = str(run("issue", "list", "--json").json[0]["issue"])
    assert run("issue", "show", issue, "--json").json["history"] is None
    run("issue", "hold", issue)
    run("send", "--now")
    assert "  queued: 2, the next from " in run("issue", "show", issue).out
    assert run("issue", "show", issue, "--json").json["history"]["waiting"]["queued"]["count"] == 2


def test_an_issue_that_the_program_stopped_says_why(ready: Path, issue: str, run: Run) -> None:
    with Newsletter(ready) as newsletter:
        stored = newsletter.frozen_issues()[0]
        stop_issue(newsletter.database, stored.id, "gmail.com refuses our mail", newsletter._clock())
    why = "Nothing of it goes out: it was stopped, because gmail.com refuses our mail; it is held until you release it."
    assert why in run("issue", "show", issue).out
    assert run("issue", "show", issue, "--json").json["held_why"] == "gmail.com refuses our mail"
    assert f"{issue} was stopped, because gmail.com refuses our mail." in run("issue", "list").out
    assert run("issue", "list", "--json").json[0]["held_why"] == "gmail.com refuses our mail"
    run("issue", "release", issue)
    assert run("issue", "list", "--json").json[0]["held_why"] is None


def test_help_names_every_command(run: Run) -> None:
    shown = run("deliveries", "--help").out
    for command in ("show", "retry", "settle"):
        assert f" {command} " in shown
