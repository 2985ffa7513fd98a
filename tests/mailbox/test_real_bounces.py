"""Real bounces, measured against what a mature classifier says of some of them."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from newsletter.delivery.verdicts import Verdict
from newsletter.mailbox.bounces import Report, bounce_in, verdict
from newsletter.mailbox.parts import parse
from newsletter.mailbox.reading import read

#: Where that classifier says "not hard" of words such as "user unknown": a phone company's filter may say them too.
ARGUABLE = {"filtered", "mailererror"}


@pytest.fixture
def reports(shared_data: Path) -> dict[str, Report | None]:
    """All messages by their files' names; every one of them is survived."""
    found = {}
    for path in sorted((shared_data / "bounces" / "messages").iterdir()):
        raw = path.read_bytes()
        read(raw)
        found[path.name] = bounce_in(parse(raw), raw)
    return found


@pytest.fixture
def expected(shared_data: Path) -> list[dict[str, str]]:
    """Rows of file, recipient, status, reason, hard and type."""
    with (shared_data / "bounces" / "expected.tsv").open(encoding="utf-8") as rows:
        return list(csv.DictReader(rows, delimiter="\t"))


def test_recipients_and_dead_addresses_are_found_as_often_as_measured(
    reports: dict[str, Report | None], expected: list[dict[str, str]]
) -> None:
    rows = [row for row in expected if row["recipient"] != "-"]
    recipients = agreed = 0
    false_hard: Counter[str] = Counter()
    for row in rows:
        report = reports[row["file"]]
        named = [address.casefold() for address in report.recipients] if report else []
        recipients += row["recipient"].casefold() in named
        hard = report is not None and verdict(report) is Verdict.HARD
        agreed += hard == (row["hard"] == "1")
        if hard and row["hard"] != "1":
            false_hard[row["reason"]] += 1
    # Measured: 87 and 80 of 93; 10 false alarms, all arguable.
    assert recipients >= 0.91 * len(rows)
    assert agreed >= 0.84 * len(rows)
    assert set(false_hard) <= ARGUABLE
    assert false_hard.total() <= 11


def test_vacation_notices_and_complaints_are_told_from_bounces(reports: dict[str, Report | None]) -> None:
    kinds = {name: report.kind if report else "none" for name, report in reports.items()}
    assert {kind for name, kind in kinds.items() if name.startswith("rfc3834")} == {"vacation"}
    assert {kind for name, kind in kinds.items() if name.startswith("is-not-bounce")} == {"none"}
    complaints = [kind for name, kind in kinds.items() if name.startswith("arf")]
    assert complaints.count("complaint") >= 6
    assert "bounce" not in complaints
