"""`sources add|import|list|check`."""

import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.output import PARTLY, AsJson, Project, counted, opened, say, say_json, table, warn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from newsletter.entries.discovery import Discovered
    from newsletter.entries.entry import ParsedEntry, Skipped
    from newsletter.sections import SourceSettings
    from newsletter.sourcing import SourceState

app = typer.Typer(help="Where entries come from: add, import, list, check.", no_args_is_help=True)
#: Reasons for skipping that are shown; the rest is counted.
SHOWN = 5
#: Of a list of subscriptions, for which each weighs more.
_SHOWN_OF_LIST = 50
#: Entries of a new source that are shown.
_LAST = 5
_WIDTH = 76


@app.command()
def add(
    location: Annotated[str, typer.Argument(help="A web page or a feed, a file or a folder.", show_default=False)],
    name: Annotated[str | None, typer.Option("--name", help="Your name for it, shown with each entry.")] = None,
    kind: Annotated[
        str,
        typer.Option("--kind", help="papers-page, feed, jsonl, huggingface or arxiv, where guessing fails."),
    ] = "auto",
    year: Annotated[int | None, typer.Option("--year", help="papers-page: the year that its date leaves out.")] = None,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Find a source, show its last entries, and write it into newsletter.toml; comments there stay.

    The feed behind a web page is found for you.
    """
    from newsletter import project as projects
    from newsletter.cli.source_places import location_of
    from newsletter.entries.fetching import is_url
    from newsletter.entries.naming import name_for
    from newsletter.errors import SettingsError, SourceError

    place = location_of(location, project)
    with opened(project) as newsletter:
        known = newsletter.settings.sources
        taken = {source.name for source in known}
        if name in taken:
            raise SettingsError(f"A source named {name!r} is there already. Give another name with --name.")
        source = _settings(name or "source", place, kind, year)
        _refuse_known(location, place, known)
        try:
            if is_url(place) and kind == "auto" and year is None:
                found = newsletter.sources.discover(place)
                _refuse_known(location, found.location, known)
                source = _settings(name or name_for(place, taken, found.title), found.location, found.kind, year)
                parsed = found.parsed
                _say_found(place, found)
            else:
                source = _settings(name or name_for(place, taken), place, kind, year)
                parsed = newsletter.sources.check(source)
        except SourceError as error:
            raise SourceError(f"{place if is_url(place) else location} was not added: {error}.") from None
        _show_last(parsed.entries, source.name, newsletter.settings.search_url)
        projects.add_source(project, source)
    say(f"Added {source.name!r}: it holds {len(parsed.entries):,} now. `newsletter pull` brings them in.")
    tell_skipped(parsed.skipped)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The list that a feed reader exports (OPML).", show_default=False)],
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Add every feed of a list of subscriptions that is no source yet. Asks no server; `sources check` tries them."""
    from newsletter import project as projects
    from newsletter.entries.opml import new_sources, read_opml
    from newsletter.errors import SourceError

    try:
        outlines, skipped = read_opml(_content(file))
    except SourceError as error:
        raise SourceError(f"{file} was not imported: {error}.") from None
    with opened(project) as newsletter:
        found = new_sources(outlines, newsletter.settings.sources)
        if found.sources:
            projects.add_sources(project, found.sources)
    if found.sources:
        table(["name", "location"], [[source.name, source.location] for source in found.sources])
        say()
    tell_skipped((*skipped, *found.skipped), _SHOWN_OF_LIST)
    if found.sources:
        what = f"{len(found.sources):,} sources" if len(found.sources) > 1 else "one source"
        say(f"Added {what}. `newsletter sources check` tries them, `newsletter pull` brings in what they have.")
    else:
        say(f"{file} names no feed that is new. Nothing was changed.")


@app.command("list")
def list_(project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """The sources, when each was last pulled and will be next, and what goes wrong."""
    with opened(project) as newsletter:
        states = newsletter.sources.states()
    now = datetime.now(UTC)
    if as_json:
        say_json([source_as_dict(state) for state in states])
    elif not states:
        say("No sources yet. `newsletter sources add URL` adds one.")
    else:
        head = ["name", "entries", "last good pull (UTC)", "next pull", "location"]
        table(head, [_row(state, now) for state in states])
        troubles = [line for state in states for line in _troubles(state)]
        if troubles:
            say()
        for line in troubles:
            say(line)


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
                found = newsletter.sources.check(source)
            except SourceError as error:
                failed = True
                warn(f"{source.name}: {error}.")
                continue
            if found.entries:
                say(f"{source.name}: {counted(len(found.entries), 'entry', 'entries')}, such as")
            else:
                say(f"{source.name}: no entries now")
            for entry in found.entries[:3]:
                say(f"  {entry.title}")
            tell_skipped(found.skipped)
    if failed:
        raise typer.Exit(PARTLY)


def tell_skipped(skipped: "Sequence[Skipped]", most: int = SHOWN) -> None:
    """What did not become an entry or a source, and why."""
    for one in skipped[:most]:
        say(f"  skipped {one}")
    if len(skipped) > most:
        say(f"  and {len(skipped) - most:,} more")


def _settings(name: str, location: str, kind: str, year: int | None) -> "SourceSettings":
    from pydantic import ValidationError

    from newsletter.errors import SettingsError
    from newsletter.sections import SourceSettings

    try:
        return SourceSettings.model_validate({"name": name, "location": location, "kind": kind, "year": year})
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"--{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}.") from None


def _refuse_known(typed: str, location: str, known: "Sequence[SourceSettings]") -> None:
    """Raise `SettingsError` for what is a source already."""
    from newsletter.entries.naming import place_of
    from newsletter.errors import SettingsError

    for source in known:
        if place_of(source.location) == place_of(location):
            raise SettingsError(f"{typed} was not added: it is the source {source.name!r} already ({source.location}).")


def _say_found(place: str, found: "Discovered") -> None:
    if found.location != place:
        say(f"Found its feed at {found.location}{f': {found.title}' if found.title else ''}.")
    elif found.title:
        say(f"Found {found.title}.")


def _show_last(entries: "Sequence[ParsedEntry]", source: str, search_url: str) -> None:
    """The newest of them, in the words of an issue's cards."""
    from datetime import date

    from newsletter.rendering import words

    # What has no day stays in the source's own order, after the others.
    last = sorted(entries, key=lambda entry: entry.published or date.min, reverse=True)[:_LAST]
    if not last:
        return
    which = "entry, as it" if len(last) == 1 else f"{words.number(len(last))} entries, as they"
    say(f"Its last {which} would look in an issue:\n")
    for entry in last:
        for line in _card(entry, source, search_url, datetime.now(UTC).date()):
            say(f"  {line}")
        say()


def _card(parsed: "ParsedEntry", source: str, search_url: str, today: "date") -> list[str]:
    from newsletter.entries.entry import as_it_would_be
    from newsletter.rendering.card import card_of

    card = card_of(as_it_would_be(parsed, source), search_url=search_url, today=today)
    return [
        *textwrap.wrap(card.title, _WIDTH),
        *textwrap.wrap(card.about, _WIDTH),
        *textwrap.wrap(card.sentence(None), _WIDTH, max_lines=2, placeholder=" …"),
    ]


def _content(file: Path) -> bytes:
    """One byte more than is allowed is enough to tell. Raises `SourceError`."""
    from newsletter.entries.opml import MAX_BYTES
    from newsletter.errors import SourceError

    try:
        with file.open("rb") as opened_file:
            return opened_file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"it cannot be read: {error.strerror or error}") from error


def source_as_dict(state: "SourceState") -> dict[str, Any]:
    """How a source does, for a script."""
    return {
        "name": state.name,
        "entries": state.entries,
        "pulled_at": state.pulled_at,
        "location": state.location,
        "error": state.error,
        "good_at": state.good_at,
        "next_at": state.next_at,
        "failures": state.failures,
        "failing_since": state.failing_since,
        "moved_to": state.moved_to,
    }


def _row(state: "SourceState", now: datetime) -> list[str]:
    good = f"{state.good_at:%Y-%m-%d %H:%M}" if state.good_at else "never"
    coming = f"{state.next_at:%Y-%m-%d %H:%M}" if state.next_at > now else "now"
    return [state.name, f"{state.entries:,}", good, coming, state.location]


def _troubles(state: "SourceState") -> list[str]:
    lines = []
    if state.error:
        often = f" ({state.failures} times since {state.failing_since:%Y-%m-%d %H:%M})" if state.failing_since else ""
        lines.append(f"{state.name}{often if state.failures > 1 else ''}: {state.error}.")
    if state.moved_to:
        lines.append(f"{state.name} has moved for good. Write its new address into newsletter.toml: {state.moved_to}")
    return lines
