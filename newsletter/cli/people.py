"""`subscribers add|list|show|remove`, and the rest of its commands from `wishes` and `exchange`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import exchange, wishes
from newsletter.cli.output import AsJson, Project, opened, say, say_json, table
from newsletter.cli.wishes import Daily, Email, Monthly, Timezone, Weekly

if TYPE_CHECKING:
    from subscribers.cadence import Cadence
    from subscribers.people import Subscriber

app = typer.Typer(help="Who reads it: add, change, import, export …", no_args_is_help=True)


@app.command()
def add(
    email: Email,
    interest: Annotated[
        list[str] | None,
        typer.Option(
            "--interest", help='A line of interest: words, papers, "by: an author"; "not: …" mutes. Again for more.'
        ),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="How to greet them.")] = "",
    daily: Daily = None,
    weekly: Weekly = None,
    monthly: Monthly = None,
    timezone: Timezone = None,
    project: Project = ".",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """Add a person who asked you for it; that you say so is kept as the evidence of their consent."""
    with opened(project) as newsletter:
        cadence = cadence_of(newsletter.settings.cadence.cadence(), daily, weekly, monthly, timezone)
        person = newsletter.subscribe(email, name=name, interests=interest or [], cadence=cadence)
        if as_json:
            say_json(_as_dict(person))
            return
        say(f"Added {person.address}: {person.cadence}.")
        if not person.interests:
            say("They follow nothing yet, so they get everybody's edition. Say what they like with --interest.")


@app.command("list")
def list_(project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """Everybody, with state, cadence and interests."""
    with opened(project) as newsletter:
        everybody = list(newsletter.subscribers())
    if as_json:
        say_json([_as_dict(person) for person in everybody])
    elif not everybody:
        say('Nobody yet. `newsletter subscribers add you@example.org --interest "…"` adds somebody.')
    else:
        rows = [
            [p.address, p.name, p.state, str(p.cadence), ", ".join(one.short for one in p.interests)] for p in everybody
        ]
        table(["address", "name", "state", "gets it", "interests"], rows)


@app.command()
def show(email: Email, project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """All about one person, with the evidence of their consent."""
    with opened(project) as newsletter:
        person = newsletter.subscriber(email)
        evidence = newsletter.evidence(email)
        named = {line.interest: line for line in newsletter.readers.followed(person.interests)}
    if as_json:
        proof = [
            {**asdict(e.origin), "at": e.at, "event": e.event, "origin": e.origin.how, "words": e.words}
            for e in evidence
        ]
        say_json({**_as_dict(person), "evidence": proof})
        return
    say(f"{person.name or person.address} <{person.address}> is {person.state}, {person.cadence}.")
    for interest in person.interests:
        of_papers = named.get(interest)
        say(f"  {'mutes' if interest.muted else 'follows'}  {of_papers.name if of_papers else interest.text}")
        for paper in of_papers.papers if of_papers else ():
            say(f"    {paper.title}{f': {paper.trouble}' if paper.trouble else ''}")
    for line in evidence:
        say(f"  {line.at:%Y-%m-%d %H:%M} UTC  {line.event} ({line.origin.how}): {line.words}")


@app.command()
def remove(email: Email, project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """Erase a person from the database; a keyed hash of the address remains, so that no import brings them back."""
    with opened(project) as newsletter:
        newsletter.remove(email)
        outbox = newsletter.settings.delivery.folder
    if as_json:
        say_json({"removed": email})
    else:
        say(f"{email} is erased from the database, and gets nothing any more. Mails that were written to files, in")
        say(f"{outbox}/, previews/ or where you asked for them, are yours to delete: look inside them for the address.")


for wish in (wishes.change, wishes.pause, wishes.resume, wishes.leave, wishes.data, wishes.suppressed, wishes.lift):
    app.command()(wish)
app.command("import")(exchange.import_)
app.command("export")(exchange.export)


def cadence_of(
    default: "Cadence",
    daily: str | None,
    weekly: tuple[str, str] | None,
    monthly: tuple[str, str] | None,
    timezone: str | None,
) -> "Cadence":
    """What the options say; where they say nothing, as it is by default (or was before)."""
    from dataclasses import replace

    from subscribers.cadence import parse_cadence, parse_timezone

    zone = timezone or default.timezone
    given = [("daily", "", daily)] if daily else []
    given += [("weekly", *weekly)] if weekly else []
    given += [("monthly", *monthly)] if monthly else []
    if len(given) > 1:
        raise typer.BadParameter("Give one of --daily, --weekly and --monthly.")
    if not given:
        return replace(default, timezone=parse_timezone(zone))
    frequency, day, at = given[0]
    return parse_cadence(frequency, day, at or f"{default.at:%H:%M}", zone)


def _as_dict(person: "Subscriber") -> dict[str, Any]:
    return {
        "email": person.address,
        "name": person.name,
        "state": person.state,
        "frequency": person.cadence.frequency,
        "day": person.cadence.day,
        "at": f"{person.cadence.at:%H:%M}",
        "timezone": person.cadence.timezone,
        "interests": [str(interest) for interest in person.interests],
        "created_at": person.created_at,
        "confirmed_at": person.confirmed_at,
    }
