"""What the operator is told about issues by mail: one waits, one was stopped, one is through."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlite_utils import Database

from newsletter import due
from newsletter.addressees import due_addressee
from newsletter.delivery import records
from newsletter.delivery.history import History, Said, history_of
from newsletter.delivery.notices import NoticeKind
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.said import what_to_do
from newsletter.issues import store as issues
from newsletter.issues.calendar import is_due_date, slot_on
from newsletter.issues.control import WAITING, is_over, when_held
from newsletter.issues.issue import IssueKey, IssueState, StoredIssue
from newsletter.readers.desk import Readers
from newsletter.settings import Settings
from subscribers import people
from subscribers.database import stored, writing

#: What is through for longer than this is no news.
NEWS = timedelta(days=8)
#: So many domains, and so many different answers, are told.
DOMAINS, ANSWERS = 10, 10
#: Readers looked at at once.
CHUNK = 500
_ENDED = (IssueState.RELEASED, IssueState.DONE, IssueState.CANCELLED)
_IN_HAND = (DeliveryState.CLAIMED, DeliveryState.SENDING)
_WAITS = (DeliveryState.QUEUED, DeliveryState.DEFERRED, *_IN_HAND)
#: A server was asked to take these.
_HANDED_OVER = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN)


def tell_waiting(db: Database, readers: Readers, settings: Settings, key: IssueKey) -> None:
    """Tell the operator that an issue is made and held, once; again and again does no harm."""
    issue, operator = issues.find(db, key), settings.mailbox.operator
    if not operator or issue is None or issue.state not in WAITING:
        return
    until = issue.held_until
    then = f"until {when_held(until)}; then it goes out by itself" if until else "until you release it"
    _post(
        readers,
        NoticeKind.ALARM,
        f"waiting {key}",
        operator,
        f"{key} waits for you",
        [
            f"{key} is made, with {len(issues.candidates(db, issue.id))} entries, and is held {then}.",
            f"To look at it: newsletter issue test {key}",
            f"To let it go: newsletter issue release {key}",
            f"To leave its entries to the next one: newsletter issue skip {key}",
        ],
    )


def tell_stopped(db: Database, readers: Readers, settings: Settings, issue_id: int, why: str, now: datetime) -> bool:
    """Tell the operator that the program has stopped an issue, once for every time that it was.

    Again and again does no harm. True where it is told now.
    """
    operator = settings.mailbox.operator
    if not operator:
        return False
    with writing(db):
        issue = issues.by_ids(db, [issue_id])[issue_id]
        # That moment is of the word that stopped it, whoever tells of it and when.
        since = issues.said_at(db, issue.key) or now
        counts = records.count_by_state(db, issue_id)
        subject, lines = stopped_in_words(issue.key, why, Counter({DeliveryState(one): n for one, n in counts.items()}))
        return _post(readers, NoticeKind.ALARM, f"stopped {issue.key} {stored(since)}", operator, subject, lines)


def stopped_in_words(key: IssueKey, why: str, counts: Counter[DeliveryState]) -> tuple[str, list[str]]:
    """(Subject, sentences) about an issue that the program stopped. Pure."""
    waiting = sum(counts[state] for state in _WAITS)
    return f"{key} stopped: the mail server refuses our mail", [
        f"{key} was stopped, because {_sentence(why)}",
        f"{_copies(counts[DeliveryState.SENT])} of it {_were(counts[DeliveryState.SENT])} sent before; "
        f"{waiting:,} {'waits' if waiting == 1 else 'wait'}, and nobody of those is taken for dead.",
        f"Nothing else of it leaves until you say `newsletter issue release {key}`.",
        "To find out why: `newsletter doctor`, and the server's own words above.",
        f"To see what happened: `newsletter issue show {key}`.",
    ]


def tell_operator(db: Database, readers: Readers, settings: Settings, now: datetime) -> list[IssueKey]:
    """Whatever is to be told about issues and was not yet: those that are stopped, and those that are through.

    Returns the latter.
    """
    for issue in issues.in_state(db, IssueState.HELD):
        if issue.held_why:
            tell_stopped(db, readers, settings, issue.id, issue.held_why, now)  # whoever stopped it may have died
    return report_through(db, readers, settings, now)


def report_through(db: Database, readers: Readers, settings: Settings, now: datetime) -> list[IssueKey]:
    """Report to the operator every issue that is through: nothing of it waits, and nobody is to get it any more.

    That is when no reader with that due date is without a copy who would still get one, be their hour still to come or
    past and not too late: a daily issue is through behind its last time zone. One that was cancelled is through at
    once, one of which nothing was handed over never is. Each is reported once, whatever comes after: somebody who joins
    a day later and gets it too makes no second report. Returns those that are told now.
    """
    told: list[IssueKey] = []
    late = timedelta(hours=settings.issue.max_lateness_hours)
    for issue in issues.in_state(db, *_ENDED):
        if issue.through_at:
            continue
        counts = records.count_by_state(db, issue.id)
        begun = any(counts.get(state) for state in _HANDED_OVER)
        over = is_over(issue.key, issue.held_until, now, late)
        if not begun or now - issue.frozen_at > 2 * NEWS:
            if over or issue.state is not IssueState.RELEASED:
                issues.mark_through(db, issue.id, now)  # there is nothing to tell
            continue
        waits = _IN_HAND if issue.state is IssueState.CANCELLED else _WAITS
        if any(counts.get(state) for state in waits):
            continue
        if issue.state is IssueState.RELEASED and not over and _somebody_is_to_come(db, issue.key, now, late):
            continue
        history = history_of(db, issue.id)
        with writing(db):
            if not issues.mark_through(db, issue.id, now) or (history.last and now - history.last > NEWS):
                continue
            subject, lines = through_in_words(issue, history)
            operator = settings.mailbox.operator
            if operator and _post(readers, NoticeKind.REPORT, f"through {issue.key}", operator, subject, lines):
                told.append(issue.key)
    return told


def through_in_words(issue: StoredIssue, history: History) -> tuple[str, list[str]]:
    """(Subject, sentences) about an issue that is through. Pure."""
    key, counts = issue.key, history.counts
    parts = [
        f"{counts[state]:,} {state}"
        for state in (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN, DeliveryState.DROPPED)
        if counts[state] or state is DeliveryState.SENT
    ]
    verb = "is cancelled" if issue.state is IssueState.CANCELLED else "is through"
    lines = [f"{key} {verb}: {', '.join(parts)}.", *_times(history), *_dropped(history), *_domains(history)]
    for said in history.said[:ANSWERS]:
        lines += _answer(said, str(key))
    if len(history.said) > ANSWERS:
        lines.append(f"And {len(history.said) - ANSWERS} more kinds of answers.")
    lines.append(f"All of it: `newsletter issue show {key}`; each one: `newsletter deliveries --issue {key}`.")
    return f"{key} {verb}: {', '.join(parts)}", lines


def _somebody_is_to_come(db: Database, key: IssueKey, now: datetime, late: timedelta) -> bool:
    """Is a reader of that due date without a copy who would still get one?"""
    cadences = [
        (slot_on(cadence, key.due).at, cadence)
        for cadence in people.rhythms(db)
        if cadence.frequency is key.frequency and is_due_date(cadence, key.due)
    ]
    # The latest hours first: there is somebody as long as there is anybody.
    for hour, cadence in sorted(cadences, key=lambda one: one[0], reverse=True):
        without = due.without_copy(db, cadence, key.period)
        if without and hour > now:
            return True
        for start in range(0, len(without), CHUNK):
            for reader in people.by_ids(db, without[start : start + CHUNK]):
                # Who joined behind their hour is not due, and gets another one.
                found = due_addressee(reader, now, late)
                if found and found.key == key and not found.slot.soon:
                    return True
    return False


def _times(history: History) -> Iterator[str]:
    if history.first and history.last and history.per_second:
        rate = f"{history.per_second:,.0f} a second" if history.per_second >= 1 else "less than one a second"
        if history.first == history.last:
            yield f"Mail left at {_said(history.first)}."
        else:
            yield f"They left from {_said(history.first)} to {_said(history.last)}, {rate} while mail left."


def _dropped(history: History) -> Iterator[str]:
    if history.dropped:
        reasons = "; ".join(f"{why} ({count:,})" for why, count in history.dropped.most_common(5))
        yield f"Dropped, so not sent by our own decision: {reasons}."


def _domains(history: History) -> Iterator[str]:
    failing = history.failing
    if failing:
        named = ", ".join(
            f"{one.name or 'somebody erased'} {one.counts[DeliveryState.FAILED]:,} of {one.total:,}"
            for one in failing[:DOMAINS]
        )
        more = f", and {len(failing) - DOMAINS} more domains" if len(failing) > DOMAINS else ""
        yield f"Failed at: {named}{more}."


def _answer(said: Said, issue: str) -> Iterator[str]:
    todo = what_to_do(said.state, said.verdict, issue)
    yield f"{said.count:,} {said.state}: {_sentence(said.words)} {todo}".rstrip()


def _post(readers: Readers, kind: NoticeKind, key: str, to: str, subject: str, lines: list[str]) -> bool:
    return readers.post("alarm", kind, key, to=to, subject=subject, lines=lines, link="", label="")


def _said(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    return f"{moment:%A} {moment.day} {moment:%B %H:%M} UTC"


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?", "…")) else text + "."


def _copies(count: int) -> str:
    return f"{count:,} {'copy' if count == 1 else 'copies'}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
