"""`pull`, `preview`, `send`."""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.making import show as show_page
from newsletter.cli.output import PARTLY, AsJson, Project, counted, opened, say, say_json, warn
from newsletter.cli.sources import tell_skipped

if TYPE_CHECKING:
    from newsletter.reports import Preview

Issue = Annotated[str | None, typer.Option("--issue", help="As weekly-2026-11-27; default: the coming one.")]


def pull(project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """Bring in new entries from all sources."""
    with opened(project) as newsletter:
        reports = newsletter.pull()
        total = newsletter.count_entries()
    if as_json:
        sources = [
            {
                "name": r.name,
                "new": r.new,
                "known": r.known,
                "skipped": len(r.skipped),
                "error": r.error,
                "unchanged": r.unchanged,
                "moved_to": r.moved_to,
                "next_try": r.next_try,
            }
            for r in reports
        ]
        say_json({"sources": sources, "entries": total})
    elif not reports:
        say("There are no sources yet. `newsletter sources add URL` adds one.")
    else:
        for report in reports:
            if report.asked_before:
                say(f"{report.name}: by itself it would have been left alone until {report.asked_before:%H:%M} UTC.")
            if report.moved_to:
                say(f"{report.name}: it has moved for good. Write {report.moved_to} into newsletter.toml.")
            if report.error:
                again = f"; next try {report.next_try:%Y-%m-%d %H:%M} UTC" if report.next_try else ""
                warn(f"{report.name}: {report.error}{again}. The other sources are not affected.")
            elif report.unchanged:
                say(f"{report.name}: nothing has changed")
            else:
                say(f"{report.name}: {report.new} new, {report.known} known, {len(report.skipped)} skipped")
            tell_skipped(report.skipped)
        say(f"{counted(total, 'entry', 'entries')} in all.")
    if any(report.error for report in reports):
        raise typer.Exit(PARTLY)


def preview(
    subscriber: Annotated[
        str | None, typer.Option("--subscriber", help="Whose; default: the edition of somebody who follows nothing.")
    ] = None,
    issue: Issue = None,
    text: Annotated[bool, typer.Option("--text", help="Print the text part.")] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Instead, write issue.html, .txt and .eml into this folder.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65_535, help="Of the desk on this machine; default: 8010, or any that is free."
        ),
    ] = None,
    project: Project = ".",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """Open the editor's desk: issues as their readers will see them, live, until you stop it (Ctrl-C)."""
    if out is None and not (text or as_json):
        _open_desk(project, subscriber, issue, port, no_open)
        return
    with opened(project) as newsletter:
        found = newsletter.preview(subscriber, issue=issue)
    if as_json:
        say_json(_as_dict(found))
        return
    if text or out is None:
        say(found.text)
        return
    found.write(out)
    say(f"{found.subject}\n{'A draft' if found.draft else 'As it is sent'}: {out.resolve()}/issue.html, .txt, .eml")
    show_page(out / "issue.html", no_open)


def _open_desk(project: Path, subscriber: str | None, issue: str | None, port: int | None, no_open: bool) -> None:
    import webbrowser

    from newsletter.studio.running import opening_page, run

    with ExitStack() as while_it_runs:

        def ready(address: str) -> None:
            say(f"The editor's desk: {address}")
            say("The address is good for one browser. Ctrl-C ends it.")
            if not no_open and sys.stdout.isatty():
                page = while_it_runs.enter_context(opening_page(address))
                if not webbrowser.open(page.as_uri()):
                    say("(No browser could be started here; open the address yourself.)")

        run(project, reader=subscriber or "", issue=issue or "", port=port, ready=ready)


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
    from newsletter.delivery.sending import rehearsal
    from newsletter.errors import NewsletterError

    with _terminated_as_interrupted(), opened(project) as newsletter:
        try:
            report = newsletter.send(now=now, to=to, dry_run=dry_run)
        except NewsletterError as error:
            _tell_frozen(error.report, "is")
            raise
        transport, coming = newsletter.settings.delivery.transport, newsletter.coming_issues()
    if said := rehearsal(newsletter.settings.delivery.redirect_all_to):
        warn(said)
    plan = [{"email": who, "issue": str(key), "picks": picks, "why_not": why} for who, key, picks, why in report.plan]
    _tell_frozen(report, "would be" if dry_run else "is")
    waits = "waits for its" if report.waiting == 1 else "wait for their"
    waiting = f" {report.waiting:,} composed {waits} turn." if report.waiting else ""
    already = f" {report.already:,} had theirs already." if report.already else ""
    if dry_run:
        if as_json:
            queued = sum(not row["why_not"] for row in plan)
            counts = {"queued": queued, "dropped": len(plan) - queued, "waiting": report.waiting}
            say_json({**counts, "already": report.already, "plan": plan})
        else:
            for who, key, picks, why in report.plan:
                say(f"{who}  {key}  " + (f"no mail: {why}" if why else counted(picks, "entry", "entries")))
            say(f"Nothing was sent. {len(plan):,} due.{already}{waiting}")
            if not plan and coming:
                key, (first, _) = next(iter(coming.items()))
                say(f"Next: {key}, from {first:%A %d %B %H:%M} UTC on; with --now it would be sent now.")
        return
    counts = {str(state): report.counts[state] for state in DeliveryState if state not in ("claimed", "sending")}
    if as_json:
        say_json({**counts, "already": report.already, "waiting": report.waiting, "stopped": report.stopped})
    else:
        told = ", ".join(f"{n:,} {state}" for state, n in counts.items() if n)
        told = told or ("stopped" if report.stopped else "nothing was due")
        where = " into the outbox folder" if transport == "folder" and counts["sent"] else ""
        failed = report.before[DeliveryState.FAILED]
        say(f"Done: {told}{where}.{already}" + (f" {failed} failed before." if failed else "") + waiting)
        for row in plan:
            if row["why_not"]:
                say(f"  no mail to {row['email']}: {row['why_not']}")
    for issue, why in report.stopped.items():
        warn(f"{issue} was stopped, because {why}. Nothing more of it leaves until `newsletter issue release {issue}`.")
    if counts["uncertain"]:
        warn(
            f"{counted(counts['uncertain'], 'copy', 'copies')} may or may not have arrived: `newsletter deliveries` "
            "says why, `newsletter deliveries retry --state uncertain` sends what is uncertain again."
        )
    if counts["failed"] or counts["uncertain"] or counts["deferred"] or report.stopped:
        warn("Some copies did not leave; `newsletter status` shows them.")
        sys.exit(PARTLY)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM does what Ctrl-C does: the messages in hand are finished, what was not begun waits again."""

    def interrupt(number: int, frame: object) -> None:
        # Not by SIGINT itself: a shell that starts this in the background lets it ignore that.
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell_frozen(report: object, verb: str) -> None:
    for key, entries in getattr(report, "frozen_ahead", []):
        warn(
            f"{key} {verb} fixed now, ahead of its hour and for all its readers, with "
            f"{counted(entries, 'entry', 'entries')}; what comes in "
            "from here on, and changes of its intro or templates, are for the next issue."
        )


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
