"""`serve`, `tick`, `receive`, `announce`, `backup`, `restore`, `mail`: running a newsletter for real."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import PARTLY, Project, counted, opened, say, warn

if TYPE_CHECKING:
    from newsletter.logs import Log

#: As sysexits.h has it, and mail servers read it: keep the mail and come again; give it up and tell its sender.
_TRY_AGAIN, _REFUSED = 75, 65


def serve(
    standby: Annotated[
        bool, typer.Option("--standby", help="Wait while another process serves, and take over when it ends.")
    ] = False,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Pull, make and send by itself, serve the pages and take mail, until you stop it (Ctrl-C)."""
    from newsletter.serving import serve as run

    run(project, _log(project), standby=standby)


def tick(project: Project = ".") -> None:  # type: ignore[assignment]
    """Do once what is due, for cron: pull, make, send, tidy up, read the mailbox. Nothing while `serve` runs."""
    from newsletter.serving import tick as once

    if once(project, _log(project)):
        raise typer.Exit(PARTLY)


def _log(project: Path) -> "Log":
    """Sentences for a person who looks on, JSON lines otherwise; never a password."""
    from newsletter.logs import Log
    from newsletter.settings import load

    settings = load(project)
    passwords = (settings.smtp.password, settings.mailbox.imap_password, settings.web.studio_password)
    secrets = [password.get_secret_value() for password in passwords]
    return Log(sys.stderr, human=sys.stderr.isatty(), secrets=secrets)


def receive(
    sender: Annotated[str | None, typer.Option("--sender", help="The envelope's sender; '' for the empty one.")] = None,
    recipient: Annotated[
        list[str] | None, typer.Option("--recipient", help="The envelope's recipient; again for more.")
    ] = None,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Take one mail from standard input, as your mail server hands it over, and do what it asks for."""
    from newsletter.errors import NewsletterError
    from newsletter.mailbox.envelope import MOST_BYTES, Disposition, Envelope, envelope_of, place_of
    from newsletter.mailbox.receiving import Receiver
    from newsletter.settings import load
    from subscribers.errors import SubscribersError

    raw = sys.stdin.buffer.read(MOST_BYTES + 1)
    if not raw.strip():
        raise typer.BadParameter("There is no mail on standard input. Use it as: newsletter receive < message.eml")
    cut = len(raw) > MOST_BYTES
    found = envelope_of(raw, cut=cut)
    envelope = Envelope(
        found.sender if sender is None else sender.strip("<>"), tuple(recipient or found.recipients), cut
    )
    try:
        receiver = Receiver(project, load(project), lambda: None)
        try:
            disposition = receiver.handle(envelope, raw)
        finally:
            receiver.close()
    except Exception as error:
        # With any other status a mail server gives the mail up, and tells its sender whatever stands here.
        ours = isinstance(error, NewsletterError | SubscribersError)
        warn(f"newsletter: {error if ours else f'The mail could not be handled ({place_of(error)}).'}")
        raise typer.Exit(_TRY_AGAIN) from error
    say(receiver.said)
    if disposition is Disposition.KEEP and cut:
        warn(
            f"A person should read this mail, but it is larger than {MOST_BYTES // 1024 // 1024} MB, so it is refused."
        )
        raise typer.Exit(_REFUSED)
    if disposition is Disposition.KEEP:
        warn("A person should read this mail, and mailbox.operator names nobody. It was not forwarded.")
        raise typer.Exit(_TRY_AGAIN)


def announce(
    file: Annotated[Path, typer.Argument(help="Markdown; its first line, a heading, is the subject.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many would get it.")] = False,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Tell all readers something, once. `newsletter send` (or `serve`) sends it."""
    from newsletter.announcing import read_announcement

    announcement = read_announcement(file)
    with opened(project) as newsletter:
        count = newsletter.announce(announcement, dry_run=dry_run)
    if dry_run:
        say(f"“{announcement.subject}” would go to {count} readers. Nothing was written down.")
    elif count:
        say(f"“{announcement.subject}” waits for {count} readers; `newsletter send` sends it.")
    else:
        say("Nobody new: everybody who wants announcements has this one already.")


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, such as newsletter-2026-11-24.zip.")],
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Write database, keys, settings, templates and intros into one file; also while `serve` runs."""
    from newsletter.backup import back_up

    size = back_up(project, file)
    say(f"{file} holds the whole newsletter ({size:,} bytes). It holds addresses and keys: keep it safe.")


def restore(
    file: Annotated[Path, typer.Argument(help="What `newsletter backup` wrote.")],
    folder: Annotated[Path, typer.Argument(help="The folder to make it in.")],
) -> None:
    """Make a newsletter of a backup. It sends nothing until you say `newsletter mail on`."""
    from newsletter.backup import restore as make

    make(file, folder, datetime.now(UTC))
    on = f"newsletter mail on --project {folder}"
    say(f"Restored in {folder.resolve()}. It sends nothing until you run:")
    say(on)
    say("What is due before that counts as uncertain then: it may have been sent since the backup. If it was not:")
    say(f"{on} --all")


def mail(
    state: Annotated[str, typer.Argument(help="on or off.")],
    all_: Annotated[
        bool,
        typer.Option("--all", help="On, after a restore: also what was due by now. Nothing was sent since the backup."),
    ] = False,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Stop all mail of this newsletter at once, in every process, or let it go on."""
    if state not in ("on", "off"):
        raise typer.BadParameter(f"{state!r} is neither on nor off.")
    if all_ and state == "off":
        raise typer.BadParameter("--all is for on.")
    with opened(project) as newsletter:
        if all_:
            newsletter.deliveries.trust()
        newsletter.switch_sending(off=state == "off")
        doubt = newsletter.deliveries.doubt()
    if state == "off":
        say("No mail goes out until `newsletter mail on`.")
    elif doubt:
        wait = f" ({counted(doubt.waiting, 'copy waits', 'copies wait')})" if doubt.waiting else ""
        say(
            f"Mail goes out, but for what was due by {doubt.until:%Y-%m-%d %H:%M:%S} UTC{wait}: it may have been "
            "sent since this copy of the database was made. The next `newsletter send`, or `serve`, shows that as "
            "uncertain, and then `newsletter deliveries retry --state uncertain` sends it. If nothing was sent since, "
            "`newsletter mail on --all` sends it."
        )
    else:
        say("Mail goes out.")
