"""`subscribers change|pause|resume|leave|data|suppressed|lift`: what readers ask an operator for."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import AsJson, Project, opened, say, say_json, table

if TYPE_CHECKING:
    from subscribers.evidence import Origin

Email = Annotated[str, typer.Argument(help="The person's address.", show_default=False)]
Daily = Annotated[str | None, typer.Option("--daily", metavar="HH:MM", help="Every day at that hour.")]
Weekly = Annotated[
    tuple[str, str] | None, typer.Option("--weekly", metavar="WEEKDAY HH:MM", help="As: --weekly monday 08:00")
]
Monthly = Annotated[
    tuple[str, str] | None, typer.Option("--monthly", metavar="DAY HH:MM", help="As: --monthly 1 08:00")
]
Timezone = Annotated[str | None, typer.Option("--timezone", help="As Europe/Paris.")]


def change(
    email: Email,
    interest: Annotated[
        list[str] | None, typer.Option("--interest", help="What they follow from now on; again for more.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="How to greet them.")] = None,
    daily: Daily = None,
    weekly: Weekly = None,
    monthly: Monthly = None,
    timezone: Timezone = None,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Change what a reader follows, when they get it, or how they are greeted; what is not named stays."""
    from newsletter.cli.people import cadence_of

    with opened(project) as newsletter:
        person = newsletter.subscriber(email)
        asked = any((daily, weekly, monthly, timezone))
        cadence = cadence_of(person.cadence, daily, weekly, monthly, timezone) if asked else None
        person = newsletter.readers.change(person, origin=_operator(), name=name, interests=interest, cadence=cadence)
    say(f"{person.address}: {person.cadence}; {', '.join(one.short for one in person.interests) or 'follows nothing'}.")


def pause(
    email: Email,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="As 2026-12-24.")] = None,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Send a reader nothing until that day, or until they or you say so."""
    try:
        day = date.fromisoformat(until) if until else None
    except ValueError:
        raise typer.BadParameter(f"{until!r} is no date; write it as 2026-12-24.") from None
    if day and day <= date.today():  # noqa: DTZ011 — the operator's own calendar
        raise typer.BadParameter(f"{day} is over, or today. Name a day to come.")
    with opened(project) as newsletter:
        person = newsletter.subscriber(email)
        newsletter.readers.pause(person, day, words="The operator states that they asked.", origin=_operator())
    say(f"{email} gets nothing until {day or 'somebody says so'}.")


def resume(email: Email, project: Project = ".") -> None:  # type: ignore[assignment]
    """End a reader's pause."""
    with opened(project) as newsletter:
        person = newsletter.subscriber(email)
        newsletter.readers.resume(person, words="The operator states that they asked.", origin=_operator())
    say(f"{email} gets issues again.")


def leave(email: Email, project: Project = ".") -> None:  # type: ignore[assignment]
    """Unsubscribe a reader: nothing more is sent, also what is composed already. What is kept of them stays."""
    with opened(project) as newsletter:
        person = newsletter.subscriber(email)
        newsletter.readers.leave(person, words="The operator states that they asked.", origin=_operator())
    say(f"{email} has left. `newsletter subscribers remove {email}` erases them.")


def data(
    email: Email,
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this file.")] = None,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Everything that is kept about a person, as JSON: to hand it to them."""
    import json

    with opened(project) as newsletter:
        found = newsletter.readers.export(newsletter.subscriber(email))
    if out is None:
        say_json(found)
        return
    out.touch(0o600)
    out.write_text(json.dumps(found, ensure_ascii=False, indent=2), "utf-8")
    say(f"Written to {out}.")


def suppressed(project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """Whose address must not be mailed, and why."""
    with opened(project) as newsletter:
        found = newsletter.suppressions.all()
    if as_json:
        say_json(
            [
                {
                    "email": one.subscriber.address,
                    "reason": one.reason,
                    "at": one.at,
                    "bounces": [{"at": b.at, "weight": b.weight, "why": b.why} for b in one.bounces],
                }
                for one in found
            ]
        )
    elif not found:
        say("Nobody.")
    else:
        rows = [
            [
                one.subscriber.address,
                one.reason,
                f"{one.at:%Y-%m-%d}" if one.at else "",
                one.bounces[-1].why[:80] if one.bounces else "",
            ]
            for one in found
        ]
        table(["address", "reason", "since", "the last answer"], rows)
        say("`newsletter subscribers lift EMAIL` mails one of them again.")


def lift(email: Email, project: Project = ".") -> None:  # type: ignore[assignment]
    """Mail a suppressed address again. Who had complained is asked to confirm first."""
    with opened(project) as newsletter:
        if newsletter.readers.find(email) is None and (reason := newsletter.suppressions.lift_address(email)):
            say(f"{email} had {reason if reason != 'erased' else 'been erased'}; it may subscribe again.")
            return
        person = newsletter.suppressions.lift(newsletter.subscriber(email), origin=_operator())
    if person.state == "pending":
        say(f"{email} is asked to confirm; the mail goes out with the next `newsletter send`.")
    else:
        say(f"{email} is {person.state}.")


def _operator() -> "Origin":
    from subscribers.evidence import Origin

    return Origin("operator")
