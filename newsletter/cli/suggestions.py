"""`suggestions list|show|accept|decline`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.output import AsJson, Project, opened, say, say_json, table

if TYPE_CHECKING:
    from newsletter.suggesting import Look

app = typer.Typer(help="What readers suggest: list, show, accept, decline.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="Its number in the list.", show_default=False)]
#: Characters of a title that the list shows.
_SHOWN = 60


@app.command("list")
def list_(project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """What is not decided yet; what several readers suggest stands there once."""
    with opened(project) as newsletter:
        looks = newsletter.suggestions.open()
    if as_json:
        say_json([_as_dict(look) for look in looks])
    elif not looks:
        say("Nothing waits for you.")
    else:
        rows = [
            [str(look.suggestion.id), look.suggestion.state, _title(look), look.who, look.suggestion.url]
            for look in looks
        ]
        table(["no.", "state", "title", "from", "link"], rows)
        say()
        say("`newsletter suggestions show 1` shows the first as it would be; `accept 1` or `decline 1` decides.")


@app.command()
def show(number: Number, project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """One suggestion, with what was found behind its link."""
    with opened(project) as newsletter:
        look = newsletter.suggestions.look(number)
        page = newsletter.suggestions.link(look)
    if as_json:
        say_json(_as_dict(look))
        return
    entry = look.entry
    say(f"{entry.title or '(no title)'}")
    say(f"{entry.url or look.suggestion.url}")
    if entry.authors:
        say(f"by {', '.join(entry.authors)}")
    if entry.summary:
        say()
        say(entry.summary)
    say()
    say(f"{look.suggestion.state.capitalize()}. From {look.who}, {look.suggestion.at:%Y-%m-%d %H:%M} UTC.")
    for why in look.whys:
        say(f"  “{why}”")
    if look.suggestion.trouble:
        say(look.suggestion.trouble)
    say(f"The issue would say “{look.thanks}”. To mend its words: {page}")


@app.command()
def accept(
    number: Number,
    title: Annotated[str, typer.Option("--title", help="A title of yours instead of the page's.")] = "",
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Make it an entry: a candidate of the next issues, with thanks to who suggested it."""
    with opened(project) as newsletter:
        before = newsletter.suggestions.look(number).became
        look = newsletter.suggestions.accept(number, title=title)
    name = look.became.title if look.became else look.entry.title
    if before:
        say(f"Nothing was done: “{name}” was accepted already.")
    elif look.suggestion.trouble:
        say(f"“{name}”: {look.suggestion.trouble}")
    else:
        say(f"“{name}” is a candidate of the next issues: {look.thanks}.")


@app.command()
def decline(number: Number, project: Project = ".") -> None:  # type: ignore[assignment]
    """Let it be. Nobody is told."""
    with opened(project) as newsletter:
        look = newsletter.suggestions.decline(number)
    if look.became:
        say(f"Nothing was done: “{look.became.title}” was accepted already, and is in.")
    else:
        say(f"{look.suggestion.url} goes no further, and nobody is told. `accept {number}` still takes it.")


def _title(look: "Look") -> str:
    title = look.entry.title or "(no title)"
    return title if len(title) <= _SHOWN else title[: _SHOWN - 1] + "…"


def _as_dict(look: "Look") -> dict[str, Any]:
    found, entry = look.suggestion, look.entry
    return {
        "number": found.id,
        "state": found.state,
        "link": found.url,
        "at": found.at,
        "from": [person.address for person in look.readers],
        "why": list(look.whys),
        "thanks": look.thanks,
        "title": entry.title,
        "summary": entry.summary,
        "authors": list(entry.authors),
        "url": entry.url,
        "published": entry.published,
        "trouble": found.trouble,
        "entry": found.entry_id,
    }
