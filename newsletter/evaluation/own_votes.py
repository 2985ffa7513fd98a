"""A newsletter's own votes as judged data: every reader's last issue is left out, and asked for. All SQL about that.

Of each reader the last issue counts in which they liked something; its entries are what is offered, the votes that are
older than that issue are known. Interests are those of today. A reader can vote only for what they were sent, so what
was chosen for them has an advantage here over what other methods would have chosen: look at this with that in mind.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.errors import EvaluationError
from newsletter.evaluation.judged import Choice, Person
from newsletter.evaluation.replay import BACKGROUND, Known, Replay, known_of, sample, single_interests, without_the_rest
from newsletter.issues.store import candidates as candidates_of
from newsletter.ranking.votes import Vote
from subscribers.people import Subscriber

_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class _Left:
    """A reader's last issue, left out."""

    reader: Subscriber
    issue_id: int
    #: when it was made
    frozen: datetime
    #: oldest first
    votes: list[Vote]


def replay_of_votes(db: Database, readers: list[Subscriber]) -> Replay:
    """The readers' own votes as a replay. Raises `EvaluationError` where nobody has liked anything of an issue."""
    last, votes = _last_issues(db), _votes(db)
    judges = [_Left(reader, *last[reader.id], votes[reader.id]) for reader in readers if reader.id in last]
    if not judges:
        raise EvaluationError(
            "No reader has liked anything of an issue yet, so there is nothing to measure with. Name a folder of "
            "judged data instead, or come back when there are votes."
        )
    offered = {issue_id: candidates_of(db, issue_id) for issue_id in sorted({one.issue_id for one in judges})}
    listed = [entry_id for own in offered.values() for entry_id in own]
    wanted = {*listed, *(vote.entry_id for one in judges for vote in one.votes)}
    older = _older(db, min(listed), BACKGROUND)
    found = sorted(entries.by_ids(db, wanted | older).values(), key=lambda entry: entry.id)
    row = {entry.id: n for n, entry in enumerate(found)}
    candidates = np.array([row[entry_id] for entry_id in listed], np.intp)
    bounds = np.cumsum([0, *(len(own) for own in offered.values())])
    issues = {issue_id: slice(int(bounds[n]), int(bounds[n + 1])) for n, issue_id in enumerate(offered)}
    grades = np.zeros((len(judges), len(candidates)), np.float32)
    people = []
    for own, one in zip(grades, judges, strict=True):
        part = issues[one.issue_id]
        liked = [vote.entry_id for vote in one.votes if vote.value > 0 and vote.at >= one.frozen]
        own[part] = np.isin(offered[one.issue_id], liked)
        people.append(_known(one, set(offered[one.issue_id]), row))
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
            single_interests(people, grades),
        )
    )


def _known(one: _Left, offered: set[int], row: dict[int, int]) -> Known:
    before = [
        Choice(row[vote.entry_id], vote.value, -(one.frozen - vote.at).total_seconds() / _SECONDS)
        for vote in one.votes
        if vote.at < one.frozen and vote.entry_id in row and vote.entry_id not in offered
    ]
    stated = tuple(line.statement for line in one.reader.interests if line.statement and not line.muted)
    return known_of(Person(f"reader {one.reader.id}", stated), before, 0)


def _last_issues(db: Database) -> dict[int, tuple[int, datetime]]:
    """The last issue that each reader was sent and liked something of, and when it was made."""
    rows = db.conn.execute(
        "SELECT d.subscriber_id, d.issue_id, i.frozen_at FROM deliveries d JOIN issues i ON i.id = d.issue_id "
        "WHERE d.notice IS NULL AND d.state = 'sent' AND EXISTS (SELECT 1 FROM votes v JOIN issue_entries e "
        "ON e.entry_id = v.entry_id AND e.issue_id = d.issue_id WHERE v.subscriber_id = d.subscriber_id "
        "AND v.value = 1 AND v.at >= i.frozen_at) ORDER BY i.frozen_at"
    )
    return {reader: (issue_id, datetime.fromisoformat(at)) for reader, issue_id, at in rows}


def _votes(db: Database) -> dict[int, list[Vote]]:
    """All that readers voted, oldest first; an issue knows the newest of it only."""
    found: dict[int, list[Vote]] = defaultdict(list)
    for subscriber_id, entry_id, value, at in db.conn.execute(
        "SELECT subscriber_id, entry_id, value, at FROM votes ORDER BY at, entry_id"
    ):
        found[subscriber_id].append(Vote(entry_id, value, datetime.fromisoformat(at)))
    return found


def _older(db: Database, before: int, most: int) -> set[int]:
    """The newest entries that are older than those of all issues that count."""
    rows = db.conn.execute("SELECT id FROM entries WHERE id < ? ORDER BY id DESC LIMIT ?", [before, most])
    return {row[0] for row in rows}
