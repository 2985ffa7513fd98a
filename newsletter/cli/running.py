"""`pull`, `issue list|show`, `preview`, `send`, `status`."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.making import show as show_page
from newsletter.cli.output import PARTLY, AsJson, Project, opened, say, say_json, table, warn
from newsletter.cli.sources import tell_skipped

if TYPE_CHECKING:
    from newsletter.reports import NotSent, Preview

issue_app = typer.Typer(help="Issues: list, show.", no_args_is_help=True)
Issue = Annotated[str | None, typer.Option("--issue", help="As weekly-2026-11-27; default: the coming one.")]


def pull(project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """Bring in new entries from all sources."""
    with opened(project) as newsletter:
        reports = newsletter.pull()
        total = newsletter.count_entries()
    if as_json:
        sources = [
            {"name": r.name, "new": r.new, "known": r.known, "skipped": len(r.skipped), "error": r.error}
            for r in reports
        ]
        say_json({"sources": sources, "entries": total})
    elif not reports:
        say("There are no sources yet. `newsletter sources add URL` adds one.")
    else:
        for report in reports:
            if report.error:
                warn(f"{report.name}: {report.error}. The other sources are not affected.")
            else:
                say(f"{report.name}: {report.new} new, {report.known} known, {len(report.skipped)} skipped")
            tell_skipped(report.skipped)
        say(f"{total} entries in all.")
    if any(report.error for report in reports):
        raise typer.Exit(PARTLY)


@issue_app.command("list")
def list_(project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """Coming issues, and those that were made."""
    with opened(project) as newsletter:
        coming, frozen = newsletter.coming_issues(), newsletter.frozen_issues()
    made = {issue.key: issue for issue in frozen}
    rows: list[tuple[str, str, datetime | None, int | None]]
    rows = [(str(key), made[key].state if key in made else "open", at, n) for key, (at, n) in coming.items()]
    rows += [(str(issue.key), issue.state, None, None) for issue in frozen if issue.key not in coming]
    if as_json:
        keys = ("issue", "state", "first_hour", "readers")
        say_json([dict(zip(keys, row, strict=True)) for row in rows])
    elif not rows:
        say("No issues: there are no readers yet. `newsletter subscribers add` adds one.")
    else:
        shown = [[name, str(state), f"{at:%Y-%m-%d %H:%M}" if at else "", str(n or "")] for name, state, at, n in rows]
        table(["issue", "state", "first hour (UTC)", "readers"], shown)


@issue_app.command("show")
def show(
    issue: Annotated[str, typer.Argument(help="As weekly-2026-11-27.", show_default=False)],
    project: Project = ".",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """One issue: its entries, intro and pins, and what became of its copies."""
    with opened(project) as newsletter:
        printing, counts = newsletter.issue(issue)
        not_sent = newsletter.not_sent(issue)
    titles = {entry.id: entry.title for entry in printing.candidates}
    state = printing.stored.state if printing.stored else "open"
    if as_json:
        say_json(
            {
                "issue": issue,
                "state": state,
                "entries": list(titles.values()),
                "pins": [titles[entry_id] for entry_id in printing.pins],
                "intro": printing.frozen.edition.shared["issue"]["intro"],
                "deliveries": counts,
                "not_sent": _not_sent(not_sent),
            }
        )
        return
    say(f"{issue} is {state}, with {len(titles)} entries.")
    if intro := printing.frozen.edition.shared["issue"]["intro"]:
        say(f"Intro: {intro}")
    for entry_id in printing.pins:
        say(f"Pinned: {titles[entry_id]}")
    for state_, count in counts.items():
        say(f"{state_}: {count}")
    _tell_not_sent(not_sent)


def preview(
    subscriber: Annotated[
        str | None, typer.Option("--subscriber", help="Whose; default: the edition of somebody who follows nothing.")
    ] = None,
    issue: Issue = None,
    text: Annotated[bool, typer.Option("--text", help="Print the text part.")] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write issue.html, .txt and .eml; default: in the project.")
    ] = None,
    project: Project = ".",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """Look at somebody's coming issue before they get it."""
    from newsletter.delivery.transport import file_name

    with opened(project) as newsletter:
        found = newsletter.preview(subscriber, issue=issue)
    if as_json:
        say_json(_as_dict(found))
        return
    if text:
        say(found.text)
        return
    folder = out or project / "previews" / f"{found.key}-{file_name(subscriber or 'everybody')}"
    found.write(folder)
    say(f"{found.subject}\n{'A draft' if found.draft else 'As it is sent'}: {folder.resolve()}/issue.html, .txt, .eml")
    show_page(folder / "issue.html", no_open)


def send(
    now: Annotated[
        bool,
        typer.Option("--now", help="To everybody, their current issue, whatever the hour; that fixes what it holds."),
    ] = False,
    to: Annotated[str | None, typer.Option("--to", help="To this reader only.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell who would get what.")] = False,
    project: Project = ".",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """Send to whoever is due. Running it again sends nothing twice."""
    from newsletter.delivery.outcomes import DeliveryState
    from newsletter.errors import NewsletterError

    with opened(project) as newsletter:
        try:
            report = newsletter.send(now=now, to=to, dry_run=dry_run)
        except NewsletterError as error:
            _tell_frozen(error.report, "is")
            raise
        transport = newsletter.settings.delivery.transport
    plan = [{"email": who, "issue": str(key), "picks": picks, "why_not": why} for who, key, picks, why in report.plan]
    _tell_frozen(report, "would be" if dry_run else "is")
    waiting = f" {report.waiting} composed before wait for their turn." if report.waiting else ""
    already = f" {report.already} had theirs already." if report.already else ""
    if dry_run:
        if as_json:
            queued = sum(not row["why_not"] for row in plan)
            counts = {"queued": queued, "dropped": len(plan) - queued, "waiting": report.waiting}
            say_json({**counts, "already": report.already, "plan": plan})
        else:
            for row in plan:
                why = row["why_not"]
                say(f"{row['email']}  {row['issue']}  " + (f"no mail: {why}" if why else f"{row['picks']} entries"))
            say(f"Nothing was sent. {len(plan)} due.{already}{waiting}")
        return
    counts = {str(state): report.counts[state] for state in DeliveryState if state not in ("claimed", "sending")}
    if as_json:
        say_json({**counts, "already": report.already, "waiting": report.waiting})
    else:
        told = ", ".join(f"{n} {state}" for state, n in counts.items() if n) or "nothing was due"
        where = " into the outbox folder" if transport == "folder" and counts["sent"] else ""
        failed = report.before[DeliveryState.FAILED]
        say(f"Done: {told}{where}.{already}" + (f" {failed} failed before." if failed else "") + waiting)
        for row in plan:
            if row["why_not"]:
                say(f"  no mail to {row['email']}: {row['why_not']}")
    if counts["failed"] or counts["uncertain"] or counts["deferred"]:
        warn("Some copies did not leave; `newsletter status` shows them.")
        sys.exit(PARTLY)


def _tell_frozen(report: object, verb: str) -> None:
    for key, entries in getattr(report, "frozen_ahead", []):
        warn(
            f"{key} {verb} fixed now, ahead of its hour and for all its readers, with {entries} entries; what comes in "
            "from here on, and changes of its intro or templates, are for the next issue."
        )


def status(project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """How things stand: entries, sources, readers, coming issues, deliveries."""
    with opened(project) as newsletter:
        found, not_sent = newsletter.status(), newsletter.not_sent()
        repeated = newsletter.settings.delivery.on_uncertain == "resend"
    if as_json:
        say_json(
            {
                "entries": found.entries,
                "subscribers": found.subscribers,
                "sources": [
                    {"name": name, "pulled_at": at, "error": error, "entries": brought}
                    for name, (at, error, brought) in found.sources.items()
                ],
                "coming": [
                    {"issue": str(key), "first_hour": at, "readers": readers}
                    for key, (at, readers) in found.coming.items()
                ],
                "deliveries": found.deliveries,
                "mail_off": found.sending_off,
                "not_sent": _not_sent(not_sent),
            }
        )
        return
    if found.sending_off:
        say(f"No mail goes out: {found.sending_off}. `newsletter mail on` lets it go on.")
    people = ", ".join(f"{n} {state}" for state, n in found.subscribers.items()) or "none yet"
    say(f"{found.entries} entries; readers: {people}.")
    for name, (at, error, brought) in found.sources.items():
        pulled = f"last pulled {at[:16].replace('T', ' ')} UTC" if at else "never pulled"
        say(f"  {name}: {brought} entries, {pulled}" + (f"; trouble: {error}" if error else ""))
    for key, (first, readers) in found.coming.items():
        say(f"Next: {key}, from {first:%A %d %B %H:%M} UTC, {readers} reader{'s' if readers != 1 else ''}.")
    for state, count in found.deliveries.items():
        say(f"Deliveries {state}: {count}")
    _tell_not_sent(not_sent)
    if found.deliveries.get("uncertain"):
        then = "The next run repeats them." if repeated else "They are not repeated (delivery.on_uncertain)."
        say(f"Uncertain ones may or may not have arrived: it broke off while they were handed over. {then}")


def _not_sent(copies: "list[NotSent]") -> list[dict[str, object]]:
    return [
        {"email": c.address, "issue": c.issue, "state": c.state, "why": c.why, "next_try": c.next_try} for c in copies
    ]


def _tell_not_sent(copies: "list[NotSent]") -> None:
    for copy in copies[:20]:
        again = f"; next try {copy.next_try:%Y-%m-%d %H:%M} UTC" if copy.next_try else ""
        say(f"  {copy.state}: {copy.address}, {copy.issue}: {copy.why}{again}")
    if len(copies) > 20:
        say(f"  and more; --json shows {len(copies)}")


def _as_dict(found: "Preview") -> dict[str, object]:
    return {
        "subject": found.subject,
        "issue": str(found.key),
        "draft": found.draft,
        "picks": [
            {
                "title": shown.title,
                "url": shown.url,
                "section": shown.pick.section,
                "score": shown.pick.score,
                "reason": shown.reason,
                "sentence": shown.sentence,
            }
            for shown in found.picks
        ],
    }
