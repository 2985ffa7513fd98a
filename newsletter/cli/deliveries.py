"""`deliveries [show|retry|settle]`: who got what, what did not leave and why, and sending just those again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.output import PARTLY, AsJson, Project, counted, opened, say, say_json, table, warn

if TYPE_CHECKING:
    from newsletter.deliveries import Envelope, Told, Which
    from newsletter.delivery.again import Refusals

app = typer.Typer(help="Who got what, what did not leave and why; send just those again.", invoke_without_command=True)
State = Annotated[
    str, typer.Option("--state", help="queued, claimed, sending, sent, deferred, failed, dropped or uncertain.")
]
Issue = Annotated[str, typer.Option("--issue", help="Of this issue, as weekly-2026-11-27.")]
To = Annotated[str, typer.Option("--to", help="To this reader.")]
Domain = Annotated[str, typer.Option("--domain", help="To readers at this domain, as gmail.com.")]
SomeIds = Annotated[list[int] | None, typer.Argument(help="As `newsletter deliveries` lists them.", show_default=False)]
Ids = Annotated[list[int], typer.Argument(help="As `newsletter deliveries` lists them.", show_default=False)]


@app.callback()
def list_(
    context: typer.Context,
    state: State = "",
    issue: Issue = "",
    to: To = "",
    domain: Domain = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="So many at most, the newest.")] = 20,
    project: Project = ".",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """Deliveries, the newest first; without --state those that did not leave."""
    if context.invoked_subcommand:
        return
    with opened(project) as newsletter:
        found = newsletter.deliveries.listing(_which(state, issue, to, domain), limit)
    if as_json:
        say_json({"counts": found.counts, "more": found.more, "deliveries": [_as_dict(one) for one in found.shown]})
        return
    say((", ".join(f"{n:,} {name}" for name, n in found.counts.most_common()) or "No deliveries") + ".")
    if not found.shown:
        say(f"None of them is {state}." if state else "Nothing failed, is put off or uncertain.")
        return
    say()
    head = ["id", "state", "to", "what", "tries", "took", "next try (UTC)", "why"]
    table(head, [_cells(one) for one in found.shown])
    if found.more:
        say("And more: --limit shows them, --json all about them.")


@app.command()
def show(
    delivery: Annotated[int | None, typer.Argument(help="Its id, as the list has it.", show_default=False)] = None,
    to: To = "",
    issue: Issue = "",
    message: Annotated[bool, typer.Option("--message", help="Print the message itself.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the message, to the byte, into this file.")] = None,
    project: Project = ".",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """One delivery: by its id, or a reader's copy of an issue (--to and --issue); and its message, as it was sent."""
    if delivery is None and not (to and issue):
        raise typer.BadParameter("Name a delivery by its id, or a reader and an issue: --to EMAIL --issue ISSUE.")
    with opened(project) as newsletter:
        deliveries = newsletter.deliveries
        one = deliveries.show(delivery) if delivery is not None else deliveries.of(to, issue)
        envelope = deliveries.message(one.delivery.id) if message or out else None
    if envelope and out:
        _write(out, envelope.message)
    if as_json:
        said = {} if envelope is None else {
            "sender": envelope.sender,
            "recipient": envelope.recipient,
            "doubts": envelope.doubts,
            "message": envelope.message.decode("ascii", "replace"),
        }  # fmt: skip
        say_json({**_as_dict(one), **said})
        return
    _tell(one)
    if envelope:
        _tell_envelope(one, envelope, out, message=message)


@app.command()
def retry(
    ids: SomeIds = None,
    state: State = "",
    issue: Issue = "",
    to: To = "",
    domain: Domain = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it also where nothing limits it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be sent again.")] = False,
    project: Project = ".",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """Send deliveries again that failed or are put off, now; uncertain ones with --state uncertain, or by id."""
    which = _which(state, issue, to, domain, ids)
    limited = bool(ids or state or issue or to or domain)
    with opened(project) as newsletter:
        done = newsletter.deliveries.retry(which, dry_run=dry_run or not (limited or yes))
        held = newsletter.deliveries.names(done.held)
        off = newsletter.mail_is_off
    wrote = not dry_run and (limited or yes)
    if as_json:
        say_json({"queued" if wrote else "would_queue": done.queued, "refused": done.refused.counts, "held": held})
    else:
        total = done.queued.total()
        of = ", ".join(f"{n:,} {name}" for name, n in done.queued.most_common())
        verb = ("is" if total == 1 else "are") + " queued again" if wrote else "would be sent again"
        say(f"{counted(total, 'delivery', 'deliveries')} {verb}{f' ({of})' if of else ''}.")
        if any(state == "uncertain" for state in done.queued):
            warn("Uncertain ones may have arrived: who has it gets it twice, with the same Message-ID.")
        if held and wrote:
            warn(f"They wait until you release {' and '.join(held)}.")
        _tell_refused(done.refused, "not sent again")
        if total and wrote:
            say("No mail goes out until `newsletter mail on`." if off else _SENDS)
        if not wrote and not dry_run:
            say("Nothing was done: without a state, an issue, a reader or a domain, add --yes.")
    if done.refused.counts and not done.queued:
        raise typer.Exit(PARTLY)


_SENDS = "`newsletter serve` sends them at once; without it `newsletter send` does."


@app.command()
def settle(
    ids: Ids,
    sent: Annotated[bool, typer.Option("--sent/--not-sent", help="Did the server take it?", show_default=False)],
    project: Project = ".",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """Say of uncertain deliveries what you know from the server's log: they arrived, or they did not."""
    with opened(project) as newsletter:
        settled = newsletter.deliveries.settle(ids, arrived=sent)
    if as_json:
        say_json({"settled": [_as_dict(one) for one in settled.done], "refused": settled.refused.counts})
    else:
        for one in settled.done:
            then = "" if sent else f" `newsletter deliveries retry {one.delivery.id}` sends it after all."
            notice = one.delivery.notice is not None
            say(f"{one.delivery.id}: {one.what} to {one.to} is {one.delivery.state} now.{'' if notice else then}")
        _tell_refused(settled.refused, "left as they are")
    if settled.refused.counts:
        raise typer.Exit(PARTLY)


def _which(state: str, issue: str, to: str, domain: str, ids: list[int] | None = None) -> "Which":
    from newsletter.deliveries import Which

    return Which(state, issue, to, domain, tuple(ids or ()))


def _cells(one: "Told") -> list[str]:
    delivery = one.delivery
    return [
        str(delivery.id),
        str(delivery.state),
        one.to,
        one.what,
        str(delivery.attempts),
        _took(delivery.took),
        f"{one.next_try:%Y-%m-%d %H:%M}" if one.next_try else "",
        " ".join((delivery.why or delivery.answer).split()),
    ]


def _took(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    return f"{milliseconds} ms" if milliseconds < 10_000 else f"{milliseconds / 1_000:,.0f} s"


def _tell(one: "Told") -> None:
    delivery = one.delivery
    say(f"Delivery {delivery.id}: {one.what} to {one.to}.")
    say(f"It is {delivery.state} since {delivery.changed_at:%Y-%m-%d %H:%M:%S} UTC.")
    if delivery.why:
        say(f"Why: {' '.join(delivery.why.split())}")
    if delivery.answer:
        say(f"The server said: {' '.join(delivery.answer.split())}")
    if delivery.attempts:
        took = f", the last one took {_took(delivery.took)}" if delivery.took is not None else ""
        say(f"{counted(delivery.attempts, 'try', 'tries')}{took}.")
    if one.next_try:
        say(f"Next try: {one.next_try:%Y-%m-%d %H:%M} UTC.")
    if delivery.date:
        say(f"Its Date: {delivery.date:%Y-%m-%d %H:%M:%S} UTC.")


def _tell_envelope(one: "Told", envelope: "Envelope", out: Path | None, *, message: bool) -> None:
    say(f"From {envelope.sender} to {envelope.recipient}, {len(envelope.message):,} bytes.")
    state = str(one.delivery.state)
    if state in ("queued", "deferred", "claimed"):
        say("As it is going to be sent.")
    elif state == "dropped":
        say("As it would have been sent.")
    for doubt in envelope.doubts:
        warn(f"Not surely the same: {doubt}")
    if out:
        say(f"{out} has the message. Its links are the reader's own: press none of them.")
    if message:
        say()
        say(envelope.message.decode("ascii", "replace").replace("\r\n", "\n"))


def _tell_refused(refused: "Refusals", what: str) -> None:
    for why, count in refused.counts.most_common():
        named = ", ".join(map(str, refused.ids[why]))
        more = ", …" if count > len(refused.ids[why]) else ""
        say(f"  {count:,} {what} ({named}{more}): {why}")


def _write(out: Path, message: bytes) -> None:
    """Readable by its owner only: its links are the reader's own."""
    out.touch(0o600)
    out.write_bytes(message)


def _as_dict(one: "Told") -> dict[str, Any]:
    delivery = one.delivery
    return {
        "id": delivery.id,
        "email": delivery.address,
        "issue": one.what if delivery.issue_id is not None else None,
        "notice": delivery.notice,
        "state": delivery.state,
        "why": delivery.why,
        "answer": delivery.answer,
        "next_try": one.next_try,
        "attempts": delivery.attempts,
        "took_ms": delivery.took,
        "date": delivery.date,
        "changed_at": delivery.changed_at,
    }
