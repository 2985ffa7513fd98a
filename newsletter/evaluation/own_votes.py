"""A newsletter's own votes as judged data: every reader's last issue is left out, and asked for. All SQL about that.

Of each reader the last issue counts in which they liked something; its entries are what is offered, the votes that are
older than that issue are known. Interests are those of today. A reader can vote only for what they were sent, so what
was chosen for them has an advantage here over what other methods would have chosen: look at this with that in mind.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.errors import EvaluationError
from newsletter.evaluation.replay import BACKGROUND, Known, Replay, sample, without_the_rest
from newsletter.ranking.arrays import Indices, Vectors
from subscribers.people import Subscriber

_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class _Left:
    """A reader's last issue, left out."""

    reader: Subscriber
    issue_id: int
    #: (entry, value, when), newest first
    votes: list[tuple[int, int, datetime]]


def replay_of_votes(db: Database, readers: list[Subscriber]) -> Replay:
    """The readers' own votes as a replay. Raises `EvaluationError` where nobody has liked anything of an issue."""
    last = _last_issues(db)
    frozen: dict[int, datetime] = {
        issue_id: datetime.fromisoformat(at) for issue_id, at in db.conn.execute("SELECT id, frozen_at FROM issues")
    }
    votes = _votes(db)
    judges = [_Left(reader, last[reader.id], votes[reader.id]) for reader in readers if reader.id in last]
    if not judges:
        raise EvaluationError(
            "No reader has liked anything of an issue yet, so there is nothing to measure with. Name a folder of "
            "judged data instead, or come back when there are votes."
        )
    offered = {issue_id: _offered(db, issue_id) for issue_id in sorted({one.issue_id for one in judges})}
    listed = [entry_id for own in offered.values() for entry_id in own]
    wanted = {*listed, *(entry_id for one in judges for entry_id, _, _ in one.votes)}
    older = _older(db, min(listed), BACKGROUND)
    found = sorted(entries.by_ids(db, wanted | older).values(), key=lambda entry: entry.id)
    row = {entry.id: n for n, entry in enumerate(found)}
    candidates = np.array([row[entry_id] for entry_id in listed], np.intp)
    bounds = np.cumsum([0, *(len(own) for own in offered.values())])
    issues = {issue_id: slice(int(bounds[n]), int(bounds[n + 1])) for n, issue_id in enumerate(offered)}
    grades = np.zeros((len(judges), len(candidates)), np.float32)
    people = []
    for own, one in zip(grades, judges, strict=True):
        since, part = frozen[one.issue_id], issues[one.issue_id]
        liked = {row[entry_id] for entry_id, value, at in one.votes if value > 0 and at >= since and entry_id in row}
        own[part] = np.isin(candidates[part], list(liked))
        people.append(_known(one, set(candidates[part].tolist()), row, since))
    story = (
        f"{len(judges):,} readers judge the last issue in which they liked something ({len(offered):,} issues, "
        f"{len(candidates):,} entries). Votes older than that issue are known; of n votes, the last n. Interests are "
        "those of today. Readers can vote only for what they were sent, which favours what was chosen for them."
    )
    return without_the_rest(
        Replay(
            story,
            "person",
            [replace(entry, id=n) for n, entry in enumerate(found)],
            candidates,
            tuple(issues.values()),
            sample(np.array(sorted(row[entry_id] for entry_id in older if entry_id in row), np.intp)),
            tuple(people),
            grades,
            np.where(grades > 0, np.array([0 if len(p.statements) <= 1 else -1 for p in people])[:, None], -1),
        )
    )


def _known(one: _Left, offered: set[int], row: dict[int, int], frozen: datetime) -> Known:
    before = [
        (row[entry_id], value, (frozen - at).total_seconds() / _SECONDS)
        for entry_id, value, at in one.votes
        if at < frozen and entry_id in row and row[entry_id] not in offered
    ]

    def of(sign: int) -> tuple[Indices, Vectors]:
        own = [(entry, age) for entry, value, age in before if value == sign]
        return np.array([entry for entry, _ in own], np.intp), np.array([age for _, age in own], np.float32)

    stated = tuple(line.statement for line in one.reader.interests if line.statement and not line.muted)
    return Known(f"reader {one.reader.id}", stated, *of(1), *of(-1))


def _last_issues(db: Database) -> dict[int, int]:
    """The last issue that each reader was sent and liked something of."""
    rows: Iterable[tuple[int, int]] = db.conn.execute(
        "SELECT d.subscriber_id, d.issue_id FROM deliveries d JOIN issues i ON i.id = d.issue_id "
        "WHERE d.notice IS NULL AND d.state = 'sent' AND EXISTS (SELECT 1 FROM votes v JOIN issue_entries e "
        "ON e.entry_id = v.entry_id AND e.issue_id = d.issue_id WHERE v.subscriber_id = d.subscriber_id "
        "AND v.value = 1 AND v.at >= i.frozen_at) ORDER BY i.frozen_at"
    )
    return dict(rows)


def _votes(db: Database) -> dict[int, list[tuple[int, int, datetime]]]:
    found: dict[int, list[tuple[int, int, datetime]]] = defaultdict(list)
    for subscriber_id, entry_id, value, at in db.conn.execute(
        "SELECT subscriber_id, entry_id, value, at FROM votes ORDER BY at DESC, entry_id DESC"
    ):
        found[subscriber_id].append((entry_id, value, datetime.fromisoformat(at)))
    return found


def _offered(db: Database, issue_id: int) -> list[int]:
    rows = db.conn.execute("SELECT entry_id FROM issue_entries WHERE issue_id = ? ORDER BY entry_id", [issue_id])
    return [row[0] for row in rows]


def _older(db: Database, before: int, most: int) -> set[int]:
    """The newest entries that are older than those of all issues that count."""
    rows = db.conn.execute("SELECT id FROM entries WHERE id < ? ORDER BY id DESC LIMIT ?", [before, most])
    return {row[0] for row in rows}
