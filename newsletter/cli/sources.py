"""`sources add|list|check`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from newsletter.cli.output import PARTLY, AsJson, Project, opened, say, say_json, table, warn

if TYPE_CHECKING:
    from newsletter.entries.entry import Skipped

app = typer.Typer(help="Where entries come from: add, list, check.", no_args_is_help=True)
#: Reasons for skipping that are shown; the rest is counted.
SHOWN = 5


@app.command()
def add(
    location: Annotated[str, typer.Argument(help="A URL, a file or a folder.", show_default=False)],
    name: Annotated[str | None, typer.Option("--name", help="Your name for it, shown with each entry.")] = None,
    kind: Annotated[str, typer.Option("--kind", help="papers-page, feed or jsonl, where guessing fails.")] = "auto",
    year: Annotated[int | None, typer.Option("--year", help="papers-page: the year that its date leaves out.")] = None,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Read a source once, then write it into newsletter.toml; comments there stay."""
    from pydantic import ValidationError

    from newsletter.entries.fetching import is_url
    from newsletter.errors import SettingsError, SourceError
    from newsletter.sections import SourceSettings

    place = location if is_url(location) else _path(location, project)
    with opened(project) as newsletter:
        taken = {known.name for known in newsletter.settings.sources}
        try:
            source = SourceSettings.model_validate(
                {"name": name or _free_name(location, taken), "location": place, "kind": kind, "year": year}
            )
        except ValidationError as error:
            first = error.errors()[0]
            raise SettingsError(f"--{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}.") from None
        try:
            found = newsletter.add_source(source)
        except SourceError as error:
            raise SourceError(f"{location} was not added: {error}.") from None
    say(f"Added {source.name!r}: it holds {len(found.entries)} now. `newsletter pull` brings them in.")
    tell_skipped(list(found.skipped))


@app.command("list")
def list_(project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """The sources, when each was last pulled, and what went wrong."""
    with opened(project) as newsletter:
        known = newsletter.status().sources
        sources = newsletter.settings.sources
    rows = [(s.name, known[s.name][2], known[s.name][0], s.location, known[s.name][1]) for s in sources]
    if as_json:
        keys = ("name", "entries", "pulled_at", "location", "error")
        say_json([dict(zip(keys, row, strict=True)) for row in rows])
    elif not rows:
        say("No sources yet. `newsletter sources add URL` adds one.")
    else:
        head = ["name", "entries", "last pull (UTC)", "location", "trouble"]
        shown = [[name, str(n), (at or "never")[:16], where, error or ""] for name, n, at, where, error in rows]
        table(head, shown)


@app.command()
def check(
    name: Annotated[str | None, typer.Argument(help="Only this one.")] = None,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Read the sources without storing anything, and tell what they hold."""
    from newsletter.errors import SettingsError, SourceError

    failed = False
    with opened(project) as newsletter:
        chosen = [s for s in newsletter.settings.sources if name in (None, s.name)]
        if not chosen:
            raise SettingsError(f"There is no source named {name!r}." if name else "There are no sources yet.")
        for source in chosen:
            try:
                found = newsletter.check_source(source)
            except SourceError as error:
                failed = True
                warn(f"{source.name}: {error}.")
                continue
            say(f"{source.name}: {len(found.entries)} entries, such as")
            for entry in found.entries[:3]:
                say(f"  {entry.title}")
            tell_skipped(list(found.skipped))
    if failed:
        raise typer.Exit(PARTLY)


def tell_skipped(skipped: "list[Skipped]") -> None:
    """What did not become an entry, and why."""
    for one in skipped[:SHOWN]:
        say(f"  skipped {one}")
    if len(skipped) > SHOWN:
        say(f"  and {len(skipped) - SHOWN} more")


def _path(location: str, project: Path) -> str:
    """As seen from the project's folder if it lies inside, else absolute."""
    path, base = Path(location).expanduser().resolve(), project.resolve()
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)


def _free_name(location: str, taken: set[str]) -> str:
    """The host or file, with the end of the path or a number where that name is taken."""
    parts = urlsplit(location)
    host = (parts.hostname or "").removeprefix("www.")
    rough = _tidy(host or Path(location).expanduser().resolve().stem)[:40]
    end = _tidy(parts.path.rstrip("/").rpartition("/")[2])[:15]
    names = [rough, *([f"{rough} {end}"] if host and end else []), *(f"{rough} {n}" for n in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def _tidy(name: str) -> str:
    return re.sub(r"[^\w .+-]", " ", name).strip(" .+-") or "source"
