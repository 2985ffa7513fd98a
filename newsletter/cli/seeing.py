"""`status`: how things stand, what comes next, what went wrong last."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from newsletter.cli.not_sent import rows_of, tell_not_sent
from newsletter.cli.output import AsJson, Project, opened, say, say_json
from newsletter.cli.sources import source_as_dict

if TYPE_CHECKING:
    from newsletter.reports import IssueStanding, Status


def status(project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """What will happen next, and what went wrong last."""
    from newsletter.cli.standing_words import in_words, verdict

    with opened(project) as newsletter:
        found, not_sent, now = newsletter.status(), newsletter.not_sent(), datetime.now(UTC)
        repeated = newsletter.settings.delivery.on_uncertain == "resend"
    if as_json:
        say_json({"verdict": verdict(found, now), **_as_dict(found), "not_sent": rows_of(not_sent)})
        return
    say("\n".join(in_words(found, now)))
    if not_sent:
        say("\nNot sent")
        tell_not_sent(not_sent)
    if found.deliveries.get("uncertain"):
        then = "The next run repeats them." if repeated else "They are not repeated (delivery.on_uncertain)."
        say(f"  Uncertain ones may or may not have arrived. {then}")


def _as_dict(found: "Status") -> dict[str, Any]:
    return {
        "serving": found.serving,
        "entries": found.entries,
        "subscribers": found.subscribers,
        "sources": [source_as_dict(pull) for pull in found.pulls],
        "coming": [
            {"issue": str(issue.key), "first_hour": issue.first_hour, "readers": issue.readers} for issue in found.ahead
        ],
        "issues": [_issue(issue) for issue in (*found.ahead, *found.behind)],
        "ticks": [
            {
                "name": tick.name,
                "began_at": tick.began_at,
                "ended_at": tick.ended_at,
                "good_at": tick.good_at,
                "failing_since": tick.failing_since,
                "error": tick.error,
            }
            for tick in found.ticks.values()
        ],
        "deliveries": found.deliveries,
        "notices": {"waiting": found.notices, "since": found.notices_since},
        "suppressed": [{"email": address, "reason": why, "at": at} for address, why, at in found.suppressed],
        "suggestions": found.suggestions,
        "mail_off": found.sending_off,
        "rehearsal": found.rehearsal or None,
        "model": asdict(found.model) if found.model else None,
        "cluster": asdict(found.cluster) if found.cluster else None,
    }


def _issue(issue: "IssueStanding") -> dict[str, Any]:
    return {
        "issue": str(issue.key),
        "state": issue.state,
        "cut_off": issue.cut_off,
        "frozen_at": issue.frozen_at,
        "held_until": issue.held_until,
        "first_hour": issue.first_hour,
        "readers": issue.readers,
        "copies": issue.counts,
        "dropped": issue.dropped,
        "next_at": issue.next_at,
        "last_at": issue.last_at,
    }
