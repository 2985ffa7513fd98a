"""All SQL about proposals: interests that votes show, and what their readers say to each."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from sqlite_utils import Database

from subscribers.database import stored, writing

#: In so many issues a proposal stands; whoever has not answered by then is not asked again.
MOST_TIMES = 3


class ProposalState(StrEnum):
    """What became of a proposal. The words are in the database."""

    PROPOSED = "proposed"
    FOLLOWED = "followed"
    DECLINED = "declined"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Proposal:
    """An interest that somebody never wrote, and that their votes show."""

    #: as a line of interest
    text: str
    #: what they liked that is about it
    entry_ids: tuple[int, ...]
    state: ProposalState = ProposalState.PROPOSED
    #: in how many issues it stood so far
    times: int = 0

    @property
    def number(self) -> int:
        """What a signed link names it by; the same before it is kept."""
        return number_of(self.text)


def number_of(text: str) -> int:
    """A number of 56 bits that stands for a proposal's text, whatever its letter case."""
    return int.from_bytes(blake2b(text.casefold().encode("utf-8", "surrogatepass"), digest_size=7).digest())


def proposals_of(db: Database, subscriber_ids: Iterable[int]) -> dict[int, list[Proposal]]:
    """All that was ever proposed to those of these readers to whom anything was, newest first."""
    rows = db.conn.execute(
        "SELECT subscriber_id, text, entry_ids, state, times FROM proposals "
        "WHERE subscriber_id IN (SELECT value FROM json_each(?)) ORDER BY subscriber_id, at DESC, text",
        [json.dumps(list(subscriber_ids))],
    )
    found: dict[int, list[Proposal]] = {}
    for subscriber_id, text, entry_ids, state, times in rows:
        proposal = Proposal(text, tuple(json.loads(entry_ids)), ProposalState(state), times)
        found.setdefault(subscriber_id, []).append(proposal)
    return found


def keep(db: Database, proposals: Mapping[int, Proposal | None], now: datetime) -> None:
    """Write down what stands in a new copy of each of these readers (by id), None for nothing.

    What was open before and does not stand in it has been ignored for long enough, or is true no more: it is not
    proposed again.
    """
    closing = [(id_, proposal.text if proposal else "") for id_, proposal in proposals.items()]
    standing = [
        (id_, proposal.text, json.dumps(proposal.entry_ids), stored(now))
        for id_, proposal in proposals.items()
        if proposal
    ]
    with writing(db):
        db.conn.executemany(
            "UPDATE proposals SET state = 'ignored' WHERE subscriber_id = ? AND state = 'proposed' AND text <> ?",
            closing,
        )
        db.conn.executemany(
            "INSERT INTO proposals (subscriber_id, text, entry_ids, state, times, at) "
            "VALUES (?, ?, ?, 'proposed', 1, ?) "
            "ON CONFLICT (subscriber_id, text) DO UPDATE SET times = times + 1",
            standing,
        )


def answer(db: Database, subscriber_id: int, text: str, state: ProposalState) -> None:
    """Keep what the reader says to it; the last word counts."""
    with writing(db):
        db.conn.execute(
            "UPDATE proposals SET state = ? WHERE subscriber_id = ? AND text = ?", [state, subscriber_id, text]
        )


def still_liked(db: Database, subscriber_id: int, entry_ids: Iterable[int]) -> list[int]:
    """Those of the entries that the reader wants more like, newest vote first."""
    rows = db.conn.execute(
        "SELECT entry_id FROM votes WHERE subscriber_id = ? AND value = 1 "
        "AND entry_id IN (SELECT value FROM json_each(?)) ORDER BY at DESC, entry_id DESC",
        [subscriber_id, json.dumps(list(entry_ids))],
    )
    return [row[0] for row in rows]


def with_likes(db: Database, subscriber_ids: Iterable[int], least: int) -> set[int]:
    """Those of the readers who want more like so many entries at least."""
    rows = db.conn.execute(
        "SELECT subscriber_id FROM votes WHERE value = 1 AND subscriber_id IN (SELECT value FROM json_each(?)) "
        "GROUP BY subscriber_id HAVING count(*) >= ?",
        [json.dumps(list(subscriber_ids)), least],
    )
    return {row[0] for row in rows}
