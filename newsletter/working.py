"""What each tick does, in their order. `newsletter serve` calls them again and again, `newsletter tick` once."""

import threading
from collections.abc import Callable

from newsletter.delivery.outcomes import DeliveryState
from newsletter.logs import Log
from newsletter.newsletter import Newsletter

#: Seconds that a model which is to take over may read each time.
CHANGING = 120.0
#: Returns whether all went well. What raises is told by whoever calls it.
Work = Callable[[Newsletter, threading.Event, Log], bool]


class Stopping(Exception):
    """It is time to stop, between two pieces of work."""


def pull(newsletter: Newsletter, stop: threading.Event, log: Log) -> bool:
    """Ask the sources that are due, read what readers suggested, look for papers that they love."""
    reports = newsletter.pull_due(stop)
    for report in reports:
        if report.error:
            log.trouble("pull failed", source=report.name, why=report.error, next_try=report.next_try)
        elif report.new or report.skipped:
            log("pulled", source=report.name, new=report.new, known=report.known, skipped=len(report.skipped))
        if report.moved_to:
            log("source has moved for good", source=report.name, to=report.moved_to)
    if looked := newsletter.suggestions.fetch_new(stop):
        log("suggestions were looked at", count=looked)
    if looked := newsletter.papers.look(stop):
        log("papers that readers name were looked for", count=looked)
    return not any(report.error for report in reports)


def make(newsletter: Newsletter, stop: threading.Event, log: Log) -> bool:
    """Freeze the issues that are at their cut-off, compose for whoever is due soon."""
    if newsletter.mail_is_off:
        return True
    report = newsletter.make()
    for key in report.released:
        log("released after its time for a review", issue=str(key))
    for key, entries in report.frozen:
        log("frozen", issue=str(key), entries=entries)
    for key, copies in report.composed.items():
        log("composed", issue=str(key), copies=copies)
    if dropped := report.counts[DeliveryState.DROPPED]:
        log("nothing new for some", readers=dropped)
    return True


def deliver(newsletter: Newsletter, stop: threading.Event, log: Log) -> bool:
    """Hand over what is due: notices first, then issues."""
    if newsletter.mail_is_off:
        return True
    counts = newsletter.deliver()
    if told := {str(state): counts[state] for state in DeliveryState if counts[state]}:
        log("mail", **told)
    return True


def tend(newsletter: Newsletter, stop: threading.Event, log: Log) -> bool:
    """Do what time brings: reminders, ends of pauses, what is forgotten, what the operator ought to know."""
    newsletter.papers.tend()
    for alarm in newsletter.tend():
        log.trouble(alarm.subject, why=" ".join(alarm.lines))
    newsletter.models.tidy()
    if changed := newsletter.models.change(CHANGING):
        if changed.coming:
            log("another model reads what is known", model=changed.coming, read=changed.read, of=changed.of)
        else:
            log("everything goes by another model now", model=changed.serving)
    return True


WORK: dict[str, Work] = {"pull": pull, "make": make, "deliver": deliver, "tend": tend}
