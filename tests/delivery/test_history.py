"""What became of an issue's copies: by state and domain, how fast, and in which words."""

from datetime import datetime, timedelta

import pytest
from ledgerbook import made
from ledgerful import fill
from sqlite_utils import Database

from newsletter.delivery.history import History, Times, busy_seconds, history_of
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.verdicts import Verdict

FAILED, DEFERRED, UNCERTAIN = DeliveryState.FAILED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN
SENT, DROPPED = DeliveryState.SENT, DeliveryState.DROPPED
SECOND = timedelta(seconds=1)


def test_an_issue_without_copies_has_no_history(store: Database) -> None:
    assert history_of(store, 1) == History()
    assert History().per_second is None


def test_two_thousand_copies_in_numbers(store: Database, now: datetime) -> None:
    issue, _ = made(store, "2026-11-27", now)
    other, _ = made(store, "2026-12-04", now)
    fill(store, [issue, other], 2_000, now)
    found = history_of(store, issue)
    assert found.counts == {SENT: 1_937, FAILED: 40, DROPPED: 20, DEFERRED: 2, UNCERTAIN: 1}
    assert found.dropped == {"the operator cancelled this issue": 20}
    gmail, *others = found.domains
    assert (gmail.name, gmail.total) == ("gmail.com", 800)
    assert gmail.counts == {SENT: 779, DROPPED: 20, UNCERTAIN: 1}
    assert sum(one.total for one in others) == 1_200
    assert {one.name for one in found.failing} == {
        f"d{n}{end}.example" for n in ("", *range(1, 10)) for end in (14, 57)
    }
    # A second for every fifty, and the copies of the first second are told with the last.
    assert (found.first, found.last) == (now, now + 40 * SECOND)
    assert found.seconds == 41
    assert found.per_second == pytest.approx(1_937 / 41)
    # Readers r1 to r2000 took as many milliseconds as their number says, without its hundreds.
    assert found.times == Times(median=50, slow=95)
    assert found.slowest[0].times == Times(99, 99)
    # Forty refusals, each to another and with another id, are one line.
    assert [(one.state, one.words, one.count, one.verdict) for one in found.said] == [
        (FAILED, "550 5.1.1 …: no such user, id …", 40, Verdict.HARD),
        (DEFERRED, "451 4.7.1 greylisted for … seconds", 2, Verdict.SOFT),
        (UNCERTAIN, "the connection broke", 1, Verdict.SOFT),
    ]
    assert found.waiting == {DEFERRED: (now, now)}


def test_readers_who_were_erased_are_counted_and_nobody(store: Database, now: datetime) -> None:
    issue, _ = made(store, "2026-11-27", now)
    fill(store, [issue], 20, now)
    store.conn.execute("DELETE FROM subscribers WHERE id = 14")
    found = history_of(store, issue)
    [nobody] = [one for one in found.domains if not one.name]
    assert nobody.counts == {FAILED: 1}
    assert found.said[1].words == "550 5.1.1 …: no such user, id …"


def test_pauses_are_no_part_of_the_time_in_which_mail_left(now: datetime) -> None:
    assert busy_seconds([]) == 0
    assert busy_seconds([now]) == 1
    assert busy_seconds([now, now + 10 * SECOND]) == 11
    zones = [now, now + 30 * SECOND, now + timedelta(hours=1), now + timedelta(hours=1, seconds=5)]
    assert busy_seconds(zones) == 36
