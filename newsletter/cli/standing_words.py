"""How things stand, in plain words for a terminal of eighty columns. Pure: what is to be told is an argument."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from newsletter.cli.output import counted, wrapped
from newsletter.delivery.outcomes import DeliveryState
from newsletter.issues.issue import IssueState
from newsletter.reports import IssueStanding, Status
from newsletter.sourcing import SourceState
from newsletter.ticks import Tick

#: So many sources have a line each; of more, those without trouble share one.
EACH = 12
#: So many coming issues have a line each; there may be forty, of all cadences and days.
SOON = 8
#: Names are aligned up to here, and issues.
_NAME, _KEY = 24, 20
#: Addresses die, so some mail fails in any issue; this part of it is more than that.
_MANY = 0.05
#: A source that has worked, and fails for less than this, is told with the sources and not at the top.
_HICCUP = timedelta(minutes=30)
#: Where nothing serves, something else (cron, say) may call the ticks, not as often.
_UNATTENDED = timedelta(hours=2)
#: Notices go out at once; one that has waited for longer has a reason.
_PATIENCE = timedelta(hours=1)
#: A copy leaves at its hour; what is later than this has a reason too.
_LATE = timedelta(minutes=15)
_DOES = {"pull": "pulling", "make": "making issues", "deliver": "sending", "tend": "upkeep"}
_IN_HAND = (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.DEFERRED)
_STOPPED = {IssueState.SKIPPED: "nobody gets it", IssueState.CANCELLED: "nobody else gets it"}


def verdict(status: Status, now: datetime) -> list[str]:
    """What the operator should look at, what weighs most first; nothing where all is well."""
    return [
        *_about_sending(status),
        *_about_ticks(status, now),
        *([status.cluster.trouble] if status.cluster and status.cluster.trouble else []),
        *_about_copies(status, now),
        *_about_issues(status.ahead + status.behind, now),
        *(_about_source(pull, now) for pull in status.pulls if pull.error and not _is_hiccup(pull, now)),
        *(f"{pull.name} has moved for good. Write its new address into the settings: {pull.moved_to}"
          for pull in status.pulls if pull.moved_to),
    ]  # fmt: skip


def in_words(status: Status, now: datetime) -> list[str]:
    """All of it, line by line."""
    troubles = verdict(status, now)
    lines = ["Look at this:", *_items(troubles)] if len(troubles) > 1 else []
    lines = lines or (wrapped(f"Look at this: {troubles[0]}") if troubles else ["All is well."])
    lines += ["", f"It is {now.astimezone(UTC):%A %d %B %Y, %H:%M} UTC, as all times here are."]
    for head, part in (
        ("By itself", _ticks(status, now)),
        ("Readers", _readers(status, now)),
        ("Sources", _sources(status.pulls, status.entries, now)),
        ("Coming", _coming(status.ahead, now)),
        ("Behind us", _issues(status.behind, now)),
        ("Waiting", _waiting(status, now)),
        ("Model", _model(status)),
        ("Cluster", _cluster(status)),
    ):
        told = list(part)
        lines += ["", head, *told] if told else []
    # What servers say may hold anything; a terminal obeys some of it.
    return ["".join(c if c.isprintable() else " " for c in line) for line in lines]


def when(moment: datetime, now: datetime) -> str:
    """A moment as a person says it, beside how far away it is: "Fri 27 Nov 08:00 (in 3 days)"."""
    return f"{_clock(moment, now)} ({away(moment, now)})"


def away(moment: datetime, now: datetime) -> str:
    """How far away a moment is: "in 3 hours", "5 minutes ago", "now"."""
    seconds = (moment - now).total_seconds()
    minutes = round(abs(seconds) / 60)
    if minutes == 0:
        return "now" if seconds >= 0 else "just now"
    if minutes < 90:
        said = counted(minutes, "minute")
    elif minutes < 36 * 60:
        said = counted(round(minutes / 60), "hour")
    else:
        said = counted(round(minutes / (24 * 60)), "day")
    return f"in {said}" if seconds > 0 else f"{said} ago"


# -- what to look at


def _about_sending(status: Status) -> Iterator[str]:
    if status.sending_off:
        yield f"No mail goes out: {status.sending_off}. `newsletter mail on` lets it go on."
    if status.unfinished:
        yield _sentence(status.unfinished)
    if status.rehearsal:
        yield f"A rehearsal: all mail goes to {status.rehearsal} and none to readers (delivery.redirect_all_to)."


def _about_ticks(status: Status, now: datetime) -> Iterator[str]:
    ticks = status.ticks
    last = max((moment for tick in ticks.values() for moment in (tick.began_at, tick.ended_at) if moment), default=None)
    if last and not status.serving and now - last > _UNATTENDED:
        yield f"Nothing has run by itself since {when(last, now)}. `newsletter serve` starts it."
    for name in ("make", "deliver", "pull", "tend"):
        tick = ticks.get(name)
        if tick and tick.error and tick.failing_since:
            since = when(tick.failing_since, now)
            yield f"{_DOES[name].capitalize()} has failed since {since}: {_sentence(tick.error)}"
        if tick and status.serving and tick.stuck(now):
            since = when((tick.began_at if tick.running else tick.ended_at) or now, now)
            what = "hangs" if tick.running else "has not been done"
            yield f"{_DOES[name].capitalize()} {what} since {since}. Restart `newsletter serve`."


def _about_copies(status: Status, now: datetime) -> Iterator[str]:
    if uncertain := status.deliveries.get("uncertain", 0):
        yield (
            f"{counted(uncertain, 'mail')} may or may not have arrived: "
            "`newsletter deliveries --state uncertain` tells which, `settle` and `retry` deal with them."
        )
    for issue in status.ahead + status.behind:
        failed, sent = issue.counts[DeliveryState.FAILED], issue.counts[DeliveryState.SENT]
        if failed and failed >= _MANY * (sent + failed):
            told = f"`newsletter issue show {issue.key}`"
            yield f"{counted(failed, 'mail')} of {issue.key} did not leave, {sent:,} did. {told} says why."
        late = issue.state is IssueState.RELEASED and issue.next_at and now - issue.next_at > _LATE
        if late and issue.next_at and not status.serving:  # who serves may be in the middle of many
            since = f"Copies of {issue.key} should have left since {when(issue.next_at, now)}."
            yield f"{since} `newsletter serve` sends what is not too late."
    if status.notices_since and now - status.notices_since > _PATIENCE:
        yield f"{counted(status.notices, 'notice')} should have left since {when(status.notices_since, now)}."


def _about_issues(found: Iterable[IssueStanding], now: datetime) -> Iterator[str]:
    for issue in found:
        if issue.held_why:
            yield (
                f"{issue.key} was stopped, because {_sentence(issue.held_why)} Nothing else of it leaves until "
                f"`newsletter issue release {issue.key}`; `newsletter doctor` looks for the reason."
            )
        elif issue.state is IssueState.HELD and issue.frozen_at and not issue.scheduled:
            until = f", until {when(issue.held_until, now)} at most" if issue.held_until else ""
            yield f"{issue.key} waits for your word{until}: `newsletter issue release {issue.key}`."


def _is_hiccup(pull: SourceState, now: datetime) -> bool:
    """Has it worked, and not failed for long? Networks do that."""
    return bool(pull.good_at and pull.failing_since and now - pull.failing_since < _HICCUP)


def _about_source(pull: SourceState, now: datetime) -> str:
    since = f" since {when(pull.failing_since, now)}" if pull.failing_since else ""
    return f"{pull.name} has failed{since}: {_sentence(pull.error or '')}{_next_try(pull, now)}"


def _next_try(pull: SourceState, now: datetime) -> str:
    return f" Next try {when(pull.next_at, now)}." if pull.next_at and pull.next_at > now else ""


# -- the parts


def _ticks(status: Status, now: datetime) -> Iterator[str]:
    if status.serving:
        yield "  `newsletter serve` is running."
    elif status.ticks:
        yield "  `newsletter serve` is not running."
    else:
        yield "  Nothing has run by itself yet. `newsletter serve` pulls, sends and answers."
    for name, tick in status.ticks.items():
        yield f"  {_DOES[name]:<{_NAME}}{_tick(tick, now)}"


def _tick(tick: Tick, now: datetime) -> str:
    if tick.running and tick.began_at:
        return f"began {when(tick.began_at, now)}"
    ended = f"last {when(tick.ended_at, now)}" if tick.ended_at else "never"
    return ended + (", in vain" if tick.error else "")


def _readers(status: Status, now: datetime) -> Iterator[str]:
    people = ", ".join(f"{n:,} {state}" for state, n in sorted(status.subscribers.items(), key=lambda item: -item[1]))
    yield from wrapped(f"{people}." if people else "None yet. `newsletter subscribers add EMAIL` adds one.", indent=2)
    if status.suppressed:
        (address, why, at), others = status.suppressed[0], len(status.suppressed) - 1
        more = f", and {others} more in a week" if others else ""
        yield from wrapped(
            f"Given up of late: {address} ({why}) {when(at, now)}{more}. `newsletter subscribers suppressed` says why.",
            indent=2,
        )


def _sources(pulls: Sequence[SourceState], entries: int, now: datetime) -> Iterator[str]:
    if not pulls:
        yield "  None yet. `newsletter sources add URL` adds one."
    well = [pull for pull in pulls if not pull.error]
    shown = pulls if len(pulls) <= EACH else [pull for pull in pulls if pull.error]
    wide = max((len(pull.name) + 2 for pull in shown if len(pull.name) + 2 <= _NAME), default=_NAME)
    for pull in shown:
        yield from _source(pull, wide, now)
    if len(pulls) > EACH and well:
        least, most = (edge((p.pulled_at for p in well if p.pulled_at), default=None) for edge in (max, min))
        span = f", last pulled {_span(least, most, now)}" if least and most else ", never pulled"
        yield from wrapped(f"{len(well)} without trouble{span}. `newsletter sources list` names each.", indent=2)
    yield f"  {counted(entries, 'entry', 'entries')} in all."


def _span(least: datetime, most: datetime, now: datetime) -> str:
    """Both ends, or the one word that says both."""
    ends = away(least, now), away(most, now)
    return ends[0] if ends[0] == ends[1] else f"between {ends[1]} and {ends[0]}"


def _source(pull: SourceState, wide: int, now: datetime) -> Iterator[str]:
    pulled = f"last {when(pull.pulled_at, now)}" if pull.pulled_at else "never pulled"
    upcoming = f"next {away(pull.next_at, now) if pull.next_at and pull.next_at > now else 'now'}"
    said = ", ".join(filter(None, (counted(pull.entries, "entry", "entries"), pulled, upcoming)))
    if len(pull.name) < wide:
        yield from wrapped(f"{pull.name:<{wide}}{said}", indent=2, hanging=wide)
    else:
        yield from wrapped(f"{pull.name}: {said}", indent=2, hanging=wide)
    if pull.error:
        good = f" It went well {when(pull.good_at, now)}." if pull.good_at else " It never went well."
        yield from wrapped(f"trouble: {_sentence(pull.error)}{good}{_next_try(pull, now)}", indent=wide + 2)


def _coming(ahead: Sequence[IssueStanding], now: datetime) -> Iterator[str]:
    later = [issue for issue in ahead[SOON:] if issue.state is IssueState.OPEN]
    yield from _issues((issue for issue in ahead if issue not in later), now)
    if later:
        last = f", up to {later[-1].key}" if len(later) > 1 else f", {later[-1].key}"
        yield from wrapped(f"And {len(later)} more{last}. `newsletter issue list` names each.", indent=2)


def _issues(found: Iterable[IssueStanding], now: datetime) -> Iterator[str]:
    for issue in found:
        yield from wrapped(f"{issue.key!s:<{_KEY}}{_issue(issue, now)}", indent=2, hanging=_KEY)


def _issue(issue: IssueStanding, now: datetime) -> str:
    parts = [str(issue.state)]
    if issue.state in _STOPPED:
        parts.append(_STOPPED[issue.state])
    elif issue.state is IssueState.HELD:
        until = f" until {when(issue.held_until, now)}" if issue.held_until else " until you release it"
        parts = [f"held{until}" if issue.frozen_at or issue.scheduled else "will be held when it is made"]
        if issue.held_why:
            parts = ["stopped by the program"]
    if issue.first_hour and issue.cut_off and issue.state not in _STOPPED:
        if issue.frozen_at is None:
            parts.append(f"cut-off {_clock(issue.cut_off, now)}")
        parts.append(f"{counted(issue.readers, 'reader')} from {when(issue.first_hour, now)} on")
    return "; ".join([*parts, *_copies(issue, now)])


def _copies(issue: IssueStanding, now: datetime) -> Iterator[str]:
    counts = issue.counts
    if counts[DeliveryState.SENT]:
        yield f"{counts[DeliveryState.SENT]:,} sent"
    if waiting := sum(counts[state] for state in _IN_HAND):
        until = f", the last until {when(issue.last_at, now)}" if issue.last_at and issue.last_at > now else ""
        yield f"{waiting:,} to go{until}"
    for state in (DeliveryState.FAILED, DeliveryState.UNCERTAIN):
        if counts[state]:
            yield f"{counts[state]:,} {state}"
    if counts[DeliveryState.DROPPED]:
        reasons = ", ".join(f"{why}: {n:,}" for why, n in issue.dropped.most_common(3))
        yield f"{counts[DeliveryState.DROPPED]:,} got none" + (f" ({reasons})" if reasons else "")


def _waiting(status: Status, now: datetime) -> Iterator[str]:
    if status.notices:
        since = f", the first since {when(status.notices_since, now)}" if status.notices_since else ""
        yield f"  {counted(status.notices, 'notice')} to be sent{since}."
    if status.suggestions:
        yield f"  {counted(status.suggestions, 'suggestion')} of readers for you to accept or decline."


def _cluster(status: Status) -> Iterator[str]:
    if status.cluster is None:
        return
    for worker in status.cluster.workers:
        at = f", at {counted(worker.parts, 'part')} of the work" if worker.parts else ""
        yield f"  {worker.address}  {counted(worker.threads, 'thread')}{at}"
    if status.cluster.dashboard:
        yield f"  What they do: {status.cluster.dashboard}"


def _model(status: Status) -> Iterator[str]:
    """Nothing, as long as there is one only."""
    if status.model and status.model.coming:
        model = status.model
        goes_on = "goes on" if status.serving else "starts it; `newsletter model change` does it at once"
        yield from wrapped(
            f"Everything goes by {model.serving} until {model.coming} has read what that knows: {model.read:,} of "
            f"{counted(model.of, 'entry', 'entries')} so far. `newsletter serve` {goes_on}.",
            indent=2,
        )


# -- words


def _clock(moment: datetime, now: datetime) -> str:
    moment, now = moment.astimezone(UTC), now.astimezone(UTC)
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    if abs(moment - now) < timedelta(days=180):
        return f"{moment:%a} {moment.day} {moment:%b %H:%M}"
    return f"{moment.day} {moment:%b %Y}"


def _sentence(text: str) -> str:
    """In one line, and with an end."""
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?")) else text + "."


def _items(sentences: Iterable[str]) -> Iterator[str]:
    for sentence in sentences:
        yield from wrapped(f"• {sentence}", hanging=2)
