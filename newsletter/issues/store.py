"""All SQL about issues: freezing one, its state, the operator's word, loading its parts, what readers have had."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlite_utils import Database

from newsletter.issues.control import Word, state_at_freeze
from newsletter.issues.issue import IssueKey, IssueState, StoredIssue
from subscribers.cadence import Frequency
from subscribers.database import stored, writing


def find(db: Database, key: IssueKey) -> StoredIssue | None:
    """The frozen issue, or None while it is open."""
    return next(iter(_select(db, "WHERE frequency = ? AND due_date = ?", [key.frequency, key.due.isoformat()])), None)


def all_issues(db: Database) -> list[StoredIssue]:
    """Every frozen issue, newest due date first."""
    return _select(db, "ORDER BY due_date DESC, frequency", [])


def in_state(db: Database, *states: IssueState) -> list[StoredIssue]:
    """The frozen issues in one of these states, oldest due date first."""
    wanted = json.dumps(states)
    return _select(db, "WHERE state IN (SELECT value FROM json_each(?)) ORDER BY due_date, frequency", [wanted])


def latest_out(db: Database, frequency: Frequency, period: str) -> IssueKey | None:
    """The latest issue of that frequency and period that was released; None where there is none."""
    out = _select(
        db, "WHERE frequency = ? AND state IN ('released', 'done') ORDER BY due_date DESC LIMIT 31", [frequency]
    )
    return next((issue.key for issue in out if issue.key.period == period), None)


def before(db: Database, frequency: Frequency, first: date, last: date) -> StoredIssue | None:
    """The first frozen issue of that frequency due from `first` to `last`, else the last one due before.

    One that was skipped is none: its entries are for the next.
    """
    between = "WHERE frequency = ? AND due_date BETWEEN ? AND ? AND state != 'skipped' ORDER BY due_date LIMIT 1"
    earlier = "WHERE frequency = ? AND due_date < ? AND state != 'skipped' ORDER BY due_date DESC LIMIT 1"
    found = _select(db, between, [frequency, first.isoformat(), last.isoformat()])
    return next(iter(found or _select(db, earlier, [frequency, first.isoformat()])), None)


def first_skipped(db: Database, key: IssueKey) -> date | None:
    """The due date of the first issue before this one that was skipped: an issue without a predecessor begins there."""
    row = db.conn.execute(
        "SELECT min(due_date) FROM issues WHERE frequency = ? AND due_date < ? AND state = 'skipped'",
        [key.frequency, key.due.isoformat()],
    ).fetchone()
    return date.fromisoformat(row[0]) if row[0] else None


def freeze(
    db: Database,
    key: IssueKey,
    *,
    up_to_entry: int,
    edition: str,
    cards: Mapping[int, str],
    pins: Sequence[int],
    now: datetime,
    review_hours: int = 0,
    editorial: str = "",
) -> StoredIssue:
    """Keep an issue as it is now. If another process froze it meanwhile, that one's stands.

    `edition` and `cards` (by entry id) are the frozen pieces as text; `pins` are entry ids in the editor's order, and
    `editorial` (`Settled.dump`) is what else was the editor's.
    Whether it is released follows from the operator's word so far, read in the same transaction, and `review_hours`.
    """
    places = {entry_id: place for place, entry_id in enumerate(pins)}
    with writing(db):
        if found := find(db, key):
            return found
        state, held_until = state_at_freeze(word_about(db, key), review_hours, now, scheduled(db, key))
        (issue_id,) = db.conn.execute(
            "INSERT INTO issues (frequency, due_date, state, held_until, frozen_at, up_to_entry, edition, editorial) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            [
                key.frequency,
                key.due.isoformat(),
                state,
                _stored(held_until),
                stored(now),
                up_to_entry,
                edition,
                editorial,
            ],
        ).fetchone()
        db.conn.executemany(
            "INSERT INTO issue_entries VALUES (?, ?, ?, ?)",
            [(issue_id, entry_id, places.get(entry_id), card) for entry_id, card in cards.items()],
        )
        # Rendering takes a while; who was erased meanwhile is not thanked by name any more.
        db.conn.execute(
            "UPDATE issue_entries SET card = json_set(card, '$.thanks', entries.thanks) FROM entries "
            "WHERE issue_id = ? AND entries.id = entry_id "
            "AND json_extract(card, '$.thanks') NOT IN ('', entries.thanks)",
            [issue_id],
        )
    frozen = find(db, key)
    assert frozen is not None  # noqa: S101 — just inserted
    return frozen


def candidates(db: Database, issue_id: int) -> list[int]:
    """Entry ids of a frozen issue, oldest first."""
    return [
        row[0]
        for row in db.conn.execute("SELECT entry_id FROM issue_entries WHERE issue_id = ? ORDER BY 1", [issue_id])
    ]


def pins(db: Database, issue_id: int) -> list[int]:
    """The editor's choices of a frozen issue, in order."""
    rows = db.conn.execute(
        "SELECT entry_id FROM issue_entries WHERE issue_id = ? AND pin IS NOT NULL ORDER BY pin", [issue_id]
    )
    return [row[0] for row in rows]


def edition_of(db: Database, issue_id: int) -> str:
    """The frozen pieces that all copies share."""
    return str(db.conn.execute("SELECT edition FROM issues WHERE id = ?", [issue_id]).fetchone()[0])


def editorial_of(db: Database, issue_id: int) -> str:
    """What the editor did to a frozen issue besides pinning; empty for one that was frozen before that was kept."""
    return str(db.conn.execute("SELECT editorial FROM issues WHERE id = ?", [issue_id]).fetchone()[0])


def cards_of(db: Database, issue_id: int, entry_ids: Iterable[int]) -> dict[int, str]:
    """The frozen pieces of some entries."""
    return dict(
        db.conn.execute(
            "SELECT entry_id, card FROM issue_entries WHERE issue_id = ? "
            "AND entry_id IN (SELECT value FROM json_each(?))",
            [issue_id, json.dumps(list(entry_ids))],
        )
    )


def set_thanks(db: Database, entry_ids: Iterable[int], thanks: str) -> None:
    """Thank somebody else, or nobody by name, for these entries in every issue that was frozen with them."""
    with writing(db):
        db.conn.executemany(
            "UPDATE issue_entries SET card = json_set(card, '$.thanks', ?) "
            "WHERE issue_id IN (SELECT id FROM issues) AND entry_id = ? AND json_extract(card, '$.thanks') <> ''",
            [(thanks, one) for one in entry_ids],
        )


def set_general(db: Database, issue_id: int, general: str) -> None:
    """Keep everybody's edition of an issue, once."""
    with writing(db):
        db.conn.execute("UPDATE issues SET general = coalesce(general, ?) WHERE id = ?", [general, issue_id])


def general_of(db: Database, issue_id: int) -> str | None:
    """Everybody's edition of an issue, if one was made."""
    row = db.conn.execute("SELECT general FROM issues WHERE id = ?", [issue_id]).fetchone()
    return row[0] if row else None


def set_state(
    db: Database, issue_id: int, state: IssueState, held_until: datetime | None = None, held_why: str = ""
) -> None:
    """Note how far an issue is, and until when it is held or when it was let go.

    `held_why` is why the program itself stopped it; whatever a person says about it takes that away.
    """
    with writing(db):
        db.conn.execute(
            "UPDATE issues SET state = ?, held_until = ?, held_why = ? WHERE id = ?",
            [state, _stored(held_until), held_why, issue_id],
        )


def word_about(db: Database, key: IssueKey) -> Word | None:
    """The operator's last word about an issue, made or not; None where there was none."""
    row = db.conn.execute(
        "SELECT word FROM issue_words WHERE frequency = ? AND due_date = ?", [key.frequency, key.due.isoformat()]
    ).fetchone()
    return Word(row[0]) if row else None


def said_at(db: Database, key: IssueKey) -> datetime | None:
    """When the last word about an issue was said; None where there was none."""
    row = db.conn.execute(
        "SELECT at FROM issue_words WHERE frequency = ? AND due_date = ?", [key.frequency, key.due.isoformat()]
    ).fetchone()
    return datetime.fromisoformat(row[0]) if row else None


def words(db: Database) -> dict[IssueKey, Word]:
    """The operator's last word about every issue that there was one about."""
    rows = db.conn.execute("SELECT frequency, due_date, word FROM issue_words")
    return {IssueKey(Frequency(frequency), date.fromisoformat(due)): Word(word) for frequency, due, word in rows}


def scheduled(db: Database, key: IssueKey) -> datetime | None:
    """Until when the operator's last word about an issue holds it; None where it does not, or until another word."""
    return schedules(db).get(key)


def schedules(db: Database) -> dict[IssueKey, datetime]:
    """Until when the operator's word holds each issue that goes out by itself then."""
    rows = db.conn.execute("SELECT frequency, due_date, until FROM issue_words WHERE until IS NOT NULL")
    return {
        IssueKey(Frequency(frequency), date.fromisoformat(due)): datetime.fromisoformat(until)
        for frequency, due, until in rows
    }


def say(db: Database, key: IssueKey, word: Word, now: datetime, until: datetime | None = None) -> None:
    """Write the operator's word down; what it does to an issue that is frozen is the caller's, in one transaction.

    `until` is when a hold ends by itself.
    """
    with writing(db):
        db.conn.execute(
            "INSERT OR REPLACE INTO issue_words (frequency, due_date, word, at, until) VALUES (?, ?, ?, ?, ?)",
            [key.frequency, key.due.isoformat(), word, stored(now), _stored(until)],
        )


def release_overdue(db: Database, now: datetime) -> list[IssueKey]:
    """Release what has waited for a review, or was scheduled, as long as it may; returns which of those are made.

    Lateness counts from the moment at which that was due, not from now: after a week without power it is too late.
    """
    with writing(db):
        # Also of an issue that is not made yet: the word that held it has come to its end.
        db.conn.execute(
            "UPDATE issue_words SET word = 'release', until = NULL WHERE word = 'hold' AND until <= ?", [stored(now)]
        )
        rows = db.conn.execute(
            "UPDATE issues SET state = 'released' WHERE state = 'held' AND held_until <= ? "
            "RETURNING frequency, due_date",
            [stored(now)],
        ).fetchall()
    return [IssueKey(Frequency(frequency), date.fromisoformat(due)) for frequency, due in rows]


def finish(db: Database, ids: Iterable[int]) -> None:
    """Note that these are done, but for those that somebody has stopped meanwhile."""
    with writing(db):
        db.conn.execute(
            "UPDATE issues SET state = 'done' WHERE state = 'released' AND id IN (SELECT value FROM json_each(?))",
            [json.dumps(list(ids))],
        )


def mark_through(db: Database, issue_id: int, now: datetime) -> bool:
    """Note that nothing of it is to come any more; False where that was noted before."""
    with writing(db):
        return (
            db.conn.execute(
                "UPDATE issues SET through_at = ? WHERE id = ? AND through_at IS NULL", [stored(now), issue_id]
            ).rowcount
            == 1
        )


def by_ids(db: Database, ids: Iterable[int]) -> dict[int, StoredIssue]:
    """Frozen issues by id."""
    return {one.id: one for one in _select(db, "WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(list(ids))])}


def received(db: Database, entry_ids: Sequence[int], subscriber_ids: Sequence[int]) -> Iterable[tuple[int, int]]:
    """(subscriber, entry) for each of these entries that one of these readers has had."""
    rows: Iterable[tuple[int, int]] = db.conn.execute(
        # Most of what is asked for is new: of each reader one look behind the last that they had finds none of it.
        "SELECT subscriber_id, entry_id FROM received WHERE subscriber_id IN (SELECT value FROM json_each(?)) "
        "AND entry_id BETWEEN ? AND ? AND +entry_id IN (SELECT value FROM json_each(?))",
        [
            json.dumps(list(subscriber_ids)),
            min(entry_ids, default=0),
            max(entry_ids, default=0),
            json.dumps(list(entry_ids)),
        ],
    )
    return rows


def _select(db: Database, where: str, parameters: list[Any]) -> list[StoredIssue]:
    rows = db.conn.execute(
        "SELECT id, frequency, due_date, state, frozen_at, up_to_entry, held_until, held_why, through_at "
        f"FROM issues {where}",
        parameters,
    )
    return [
        StoredIssue(
            id=id_,
            key=IssueKey(Frequency(frequency), date.fromisoformat(due)),
            state=IssueState(state),
            frozen_at=datetime.fromisoformat(frozen),
            up_to_entry=up_to,
            held_until=datetime.fromisoformat(held) if held else None,
            held_why=why,
            through_at=datetime.fromisoformat(through) if through else None,
        )
        for id_, frequency, due, state, frozen, up_to, held, why, through in rows
    ]


def _stored(moment: datetime | None) -> str | None:
    return stored(moment) if moment else None
