"""`subscribers import|export`."""

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from newsletter.cli.output import PARTLY, AsJson, Project, opened, progress_bars, say, say_json, table, warn

if TYPE_CHECKING:
    from sqlite_utils import Database

    from newsletter.newsletter import Newsletter
    from subscribers.formats import ImportedReader
    from subscribers.importing import Fate, ImportReport, Understood
    from subscribers.tables import BadRow

#: So many bad rows are told at the terminal; `--json` has more of them.
_TOLD = 20
_BETWEEN = {",": "cells between commas", ";": "cells between semicolons", "\t": "cells between tabs", "": "JSON"}


class Format(StrEnum):
    """How readers are written."""

    CSV = "csv"
    JSON = "json"


def import_(
    file: Annotated[Path, typer.Argument(help="A list of readers, as CSV or as our JSON.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Bring them in without asking.")] = False,
    interests_from: Annotated[
        str, typer.Option("--interests-from", metavar="COLUMN", help="Tags, say, that are interests of theirs.")
    ] = "",
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Send one mail to each who has not confirmed, that asks them to.")
    ] = False,
    project: Project = ".",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """Bring readers in: from listmonk, Mailchimp, Buttondown, Substack, Ghost, a list of your own, or our export.

    Shows what it understood and asks first. A date of consent is kept; who has none stays pending until they confirm.
    """
    from subscribers.importing import import_readers, understand

    now = datetime.now(UTC)
    with opened(project) as newsletter, progress_bars() as told, _database(newsletter, project) as db:
        found = understand(db, file, now=now, interests_from=interests_from, progress=told)
        if not as_json:
            _show(file, found)
        if not yes:
            _ask(found, as_json, confirm)
            confirm = confirm or _offers(found)
        done = import_readers(
            db,
            file,
            cadence=newsletter.settings.cadence.cadence(),
            now=now,
            interests_from=interests_from,
            progress=told,
            ask=(lambda email: _ask_reader(newsletter, email)) if confirm else None,
        )
    if as_json:
        say_json({"understood": _understood(found), "imported": {**_counts(done.counts), "asked": done.asked}})
    else:
        _report(file, done)
    if done.bad:
        raise typer.Exit(PARTLY)


def _ask_reader(newsletter: "Newsletter", email: str) -> None:
    """One confirmation, unless they have gone since they came in."""
    if person := newsletter.readers.find(email):
        newsletter.readers.ask_to_confirm(person)


def export(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; readable by you only.")] = None,
    format_: Annotated[
        Format | None, typer.Option("--format", help="csv, or json, which has the evidence too.", show_default="csv")
    ] = None,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Write everybody to a file, or to the terminal; `import` reads both formats back unchanged."""
    from subscribers.exporting import export_csv, export_json

    by_name = Format.JSON if file and file.suffix.lower() == ".json" else Format.CSV
    write = export_json if (format_ or by_name) is Format.JSON else export_csv
    with opened(project) as newsletter, _database(newsletter, project) as db, _written(file) as stream:
        count = write(db, stream)
    if file:
        say(f"Wrote {count:,} people to {file}. It holds their addresses: keep it as you keep the database.")


@contextmanager
def _database(newsletter: "Newsletter", project: Path) -> Iterator["Database"]:
    from newsletter.store import FILE, open_store

    db = open_store(project / FILE, durable=newsletter.settings.delivery.durability == "power")
    try:
        yield db
    finally:
        db.conn.close()


@contextmanager
def _written(file: Path | None) -> Iterator[TextIO]:
    """The file, whole or not at all, for its owner only; or standard output."""
    if file is None:
        out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
        try:
            yield out
            out.flush()
        finally:
            with suppress(OSError):  # told already, if it is not there any more
                out.detach()
        return
    target = file.resolve()
    if target.exists() and not target.is_file():  # a pipe, say
        with target.open("w", encoding="utf-8", newline="") as pipe:
            yield pipe
        return
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(number)
    try:
        with Path(name).open("w", encoding="utf-8", newline="") as whole:
            yield whole
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _ask(found: "Understood", as_json: bool, confirm: bool) -> None:
    """Go on by the word of the person at the terminal only."""
    if as_json:
        say_json({"understood": _understood(found)})
    elif sys.stdin.isatty():
        if not _changes(found.counts) and not confirm:
            say("There is nothing to bring in.")
            raise typer.Exit(PARTLY if found.bad else 0)
        if typer.confirm("Bring them in?"):
            return
        say("Nothing was changed.")
        raise typer.Exit(1)
    warn("Nothing was changed. Add --yes to bring them in without being asked.")
    raise typer.Exit(1)


def _offers(found: "Understood") -> bool:
    from subscribers.importing import Fate

    pending = found.counts[Fate.PENDING]
    return pending > 0 and typer.confirm(f"Send each of the {pending:,} who have not confirmed one mail to do so?")


def _show(file: Path, found: "Understood") -> None:
    say(f"{file.name}: {found.rows:,} rows from {found.system} ({found.encoding}, {_BETWEEN[found.delimiter]}).")
    say(f"Used:    {', '.join(f'{name} ({part})' for name, part in found.used)}")
    if found.ignored:
        say(f"Ignored: {', '.join(found.ignored)}")
    if found.first:
        say("\nThe first of them, as they were understood:")
        table(["line", "address", "name", "comes in as", "consent", "interests"], [_row(r) for r in found.first])
    say("\nWhat becomes of all:")
    _say_counts(found.counts)
    _warn_of(found.bad, found.counts)
    say()


def _row(reader: "ImportedReader") -> list[str]:
    from subscribers.staging import standing_of

    consent = f"{reader.confirmed_at:%Y-%m-%d}" if reader.confirmed_at else "none"
    wishes = ", ".join(map(str, reader.interests))
    return [str(reader.line), reader.address, reader.name, standing_of(reader), consent, wishes[:60]]


def _say_counts(counts: "dict[Fate, int]") -> None:
    for fate, count in counts.items():
        if count:
            say(f"  {count:>9,}  {_WORDS[fate]}")


def _report(file: Path, done: "ImportReport") -> None:
    from subscribers.importing import Fate

    say(f"Brought in {_changes(done.counts):,} of {done.rows:,}:")
    _say_counts(done.counts)
    if done.asked:
        say(f"Asked {done.asked:,} of them to confirm: one mail each, in the outbox.")
    elif pending := done.counts[Fate.PENDING]:
        say(
            f"`newsletter subscribers import {file} --yes --confirm` sends each of the {pending:,} one mail to confirm."
        )


def _warn_of(bad: "tuple[BadRow, ...]", counts: "dict[Fate, int]") -> None:
    from subscribers.importing import Fate

    for row in bad[:_TOLD]:
        warn(f"line {row.line}: {row.why}")
    if counts[Fate.BAD] > _TOLD:
        warn(f"… and {counts[Fate.BAD] - _TOLD:,} more rows that cannot be used.")


def _changes(counts: "dict[Fate, int]") -> int:
    from subscribers.importing import Fate

    return sum(counts[fate] for fate in (Fate.ACTIVE, Fate.PAUSED, Fate.PENDING, Fate.UNSUBSCRIBED, Fate.SUPPRESSED))


def _understood(found: "Understood") -> dict[str, Any]:
    return {
        "system": found.system,
        "encoding": found.encoding,
        "delimiter": found.delimiter,
        "used": dict(found.used),
        "ignored": found.ignored,
        "rows": found.rows,
        **_counts(found.counts),
        "first": [_first(reader) for reader in found.first],
        "bad_rows": [{"line": row.line, "why": row.why} for row in found.bad],
    }


def _first(reader: "ImportedReader") -> dict[str, Any]:
    from subscribers.staging import standing_of

    return {
        "line": reader.line,
        "email": reader.address,
        "name": reader.name,
        "state": standing_of(reader),
        "confirmed_at": reader.confirmed_at,
        "interests": [str(interest) for interest in reader.interests],
    }


def _counts(counts: "dict[Fate, int]") -> dict[str, int]:
    return {str(fate): count for fate, count in counts.items()}


_WORDS = {
    "active": "come in as readers, with their own date of consent",
    "paused": "come in paused",
    "pending": "come in as pending: no date of consent, so they get nothing until they confirm",
    "unsubscribed": "have left there, and stay so",
    "suppressed": "bounced or complained there: on the list of whom never to mail",
    "refused": "are on that list already, and are refused: a list is no fresh opt-in",
    "known": "are known here, and stay as they are",
    "repeated": "stand in the list a second time",
    "bad": "cannot be used",
}
