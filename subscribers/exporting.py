"""Taking the readers out: as CSV or JSON, row by row, with all that `importing` needs to bring them back unchanged.

Suppressed people are exported as their address and why they are suppressed, and nothing else: nobody will mail them,
so nobody needs to know what they liked.
"""

import csv
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, TextIO

from sqlite_utils import Database

from subscribers.cells import EVIDENCE
from subscribers.interests import Interest
from subscribers.states import State
from subscribers.suppression import Reason, suppressed_among
from subscribers.systems import COLUMNS
from subscribers.tables import escape

_BATCH = 500
#: An interest that holds the separator, or that a spreadsheet or our own reading would take for something else.
_SPECIAL_STARTS = "[{='+-@＝＋－＠"


def export_csv(db: Database, stream: TextIO) -> int:
    """Write everybody as a table; returns how many. The stream is opened with `newline=""`, and encodes in UTF-8."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for person in _everybody(db, "'[]'"):
        writer.writerow([escape(_cell(person[column])) for column in COLUMNS])
        count += 1
    return count


def export_json(db: Database, stream: TextIO) -> int:
    """Write everybody, each in a line, with the evidence of their consent; returns how many."""
    stream.write('{"subscribers": [')
    count = 0
    for person in _everybody(db, _EVIDENCE):
        stream.write(",\n" if count else "\n")
        stream.write(json.dumps(person, ensure_ascii=False))
        count += 1
    stream.write("\n]}\n")
    return count


def _everybody(db: Database, evidence: str) -> Iterator[dict[str, Any]]:
    """All people in the order in which they came, as dictionaries that JSON can hold."""
    rows = db.conn.execute(
        "SELECT address, name, state, (SELECT json_group_array(json_array(text, muted)) FROM "
        "  (SELECT text, muted FROM interests WHERE subscriber_id = s.id ORDER BY position)), frequency, day, at, "
        f"timezone, created_at, confirmed_at, paused_until, announcements, {evidence} FROM subscribers s ORDER BY id"
    )
    while batch := list(islice(rows, _BATCH)):
        gone = [address for address, _, state, *_ in batch if state == State.SUPPRESSED]
        reasons = suppressed_among(db, gone) if gone else {}
        for row in batch:
            yield _person(row, reasons)


def _person(row: tuple[Any, ...], reasons: dict[str, Reason]) -> dict[str, Any]:
    person: dict[str, Any] = dict(zip((*COLUMNS, "evidence"), row, strict=True))
    if person["state"] == State.SUPPRESSED:
        kept = {"email": person["email"], "state": reasons.get(person["email"], Reason.BOUNCED)}
        return dict.fromkeys(person, None) | kept
    person["interests"] = [str(Interest(text, bool(muted))) for text, muted in json.loads(person["interests"])]
    person["announcements"] = bool(person["announcements"])
    lines = [dict(zip(EVIDENCE, line, strict=True)) for line in json.loads(person["evidence"])]
    person["evidence"] = [{part: text for part, text in line.items() if text} for line in lines]
    return person


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return _joined(value)
    return str(value)


def _joined(interests: list[str]) -> str:
    """Interests in one cell: between semicolons, or as JSON where that would not read back."""
    if any(";" in text or text[0] in _SPECIAL_STARTS for text in interests):
        return json.dumps(interests, ensure_ascii=False)
    return "; ".join(interests)


_EVIDENCE = """
    (SELECT json_group_array(json_array(at, event, origin, words, page, message_id, ip, agent)) FROM
        (SELECT * FROM evidence WHERE subscriber_id = s.id ORDER BY id))
"""
