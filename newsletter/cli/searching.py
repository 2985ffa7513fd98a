"""`search`: all that ever came in, by words and by meaning."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.output import AsJson, Project, counted, opened, say, say_json, warn, wrapped

if TYPE_CHECKING:
    from datetime import date

    from newsletter.searching import Found, Results


def search(
    query: Annotated[
        str,
        typer.Argument(
            help='What you look for, in your own words; also "a phrase", -without, by:name, since:2025. '
            "Nothing: what came in last.",
            show_default=False,
        ),
    ] = "",
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="Only of that day or later, as 2025-03-11 or 2025.")
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=100, help="So many, the closest first.")] = 10,
    project: Project = ".",  # type: ignore[assignment]
    as_json: AsJson = False,
) -> None:
    """Search all that ever came in, by its words and by what it means; the closest first."""
    day = _day(since) if since else None
    with opened(project) as newsletter:
        results = newsletter.search.find(query, since=day, most=most)
    if results.trouble:
        warn("\n".join(wrapped(f"By words only, not by meaning: {results.trouble}")))
    if as_json:
        say_json(_as_dict(results))
        return
    for number, found in enumerate(results.found, 1):
        _tell(number, found)
    if not results.found:
        say(
            "Nothing that came in is close to that." if results.query else "Nothing has come in yet: `newsletter pull`."
        )
    elif results.count > len(results.found):
        which = "closest" if results.query else "last"
        say(f"The {which} {len(results.found)} of {results.count}; --most shows more.")
    if results.unread:
        say("\n".join(wrapped(_unread(results.unread))))
    if results.found and results.query.interest:
        line = results.query.interest.replace("\\", "").replace('"', "").replace("$", "").replace("`", "")
        say("To follow this search:")
        say(f'  newsletter subscribers add you@example.org --interest "{line}"')


def _day(text: str) -> "date":
    from newsletter.entries.query import parse_day

    if day := parse_day(text):
        return day
    raise typer.BadParameter(f"{text!r} is no date; write it as 2025-03-11, 2025-03 or 2025.", param_hint="--since")


def _tell(number: int, found: "Found") -> None:
    card, indent = found.card, 4
    for line in wrapped(f"{number:>2}. {card.title}", hanging=indent):
        say(line)
    for text in (card.about, card.link if card.linked else ""):
        if text:
            say("\n".join(wrapped(text, indent=indent)))
    sentence = "".join(text for text, _ in found.sentence)
    if sentence:
        say("\n".join(wrapped(sentence, indent=indent)))
    say()


def _unread(count: int) -> str:
    return (
        f"{counted(count, 'entry was', 'entries were')} found by words only: the model has not read them yet. "
        "Each search here reads a thousand of them, the newest first."
    )


def _as_dict(results: "Results") -> dict[str, Any]:
    return {
        "query": results.query.meaning,
        "interest": results.query.interest,
        "meaning": results.meaning,
        "unread": results.unread,
        "count": results.count,
        "found": [_entry(found) for found in results.found],
    }


def _entry(found: "Found") -> dict[str, Any]:
    entry = found.entry
    return {
        "entry": entry.id,
        "title": entry.title,
        "authors": list(entry.authors),
        "url": entry.url,
        "published": entry.published,
        "sources": list(entry.sources),
        "sentence": "".join(text for text, _ in found.sentence),
        "closeness": round(found.closeness, 4),
    }
