"""What all commands share: the project's option, opening it, tables, progress, JSON."""

import json
import re
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from newsletter.newsletter import Newsletter
    from newsletter.ranking.embedding import Progress

Project = Annotated[
    Path, typer.Option("--project", envvar="NEWSLETTER_PROJECT", help="The newsletter's folder.", show_default="here")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]

#: What a bar is called that tells how fast mail leaves.
SENDING = "Sending"
#: Done, but something in it failed.
PARTLY = 3
#: Columns of a terminal.
WIDTH = 80
#: A command is one word: who copies it wants it in one line. The glue is a space to nobody but us.
_COMMAND, _GLUE = re.compile(r"`[^`]{,60}`"), "\N{NO-BREAK SPACE}"
#: What a terminal obeys instead of showing it, and what makes it show a text in another order.
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@contextmanager
def opened(project: Path) -> Iterator["Newsletter"]:
    """The newsletter in that folder, with progress bars where a person looks on."""
    from newsletter.newsletter import Newsletter
    from newsletter.store import FILE
    from subscribers.database import database_errors

    # A damaged file may open well and fail at any later page.
    with database_errors(project / FILE), progress_bars() as told, Newsletter(project, progress=told) as newsletter:
        yield newsletter


@contextmanager
def progress_bars() -> Iterator[Any]:
    """A bar for every piece of long work on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda what: lambda done, todo: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Rate(ProgressColumn):
        """How many mails leave in a second: of other work that says nothing."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.description == SENDING and task.speed else "")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    bars = Bars(*columns, console=Console(stderr=True), transient=True)

    def told(what: str) -> "Progress":
        tasks: list[Any] = []

        def progress(done: int, todo: int) -> None:
            if not tasks:
                bars.start()
                tasks.append(bars.add_task(what, total=todo))
            bars.update(tasks[0], completed=done, total=todo)
            if done >= todo:
                # Off the screen at once: what is printed between two pieces of work must not meet a bar.
                bars.remove_task(tasks.pop())
                bars.stop()

        return progress

    try:
        yield told
    finally:
        bars.stop()


def say(text: str = "") -> None:
    """A line for the person at the terminal."""
    typer.echo(shown(text))


def warn(text: str) -> None:
    """A line about something that went wrong."""
    typer.echo(shown(text), err=True)


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its word: "1 entry", "1,200 entries"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def shown(text: str) -> str:
    """The text as a terminal may have it: what servers and readers say may hold anything."""
    return _COMMANDS.sub(" ", text)


def wrapped(text: str, *, indent: int = 0, hanging: int = 0) -> list[str]:
    """Lines of at most eighty columns, in which addresses, names and commands are whole."""
    lines = textwrap.wrap(
        _COMMAND.sub(lambda found: found[0].replace(" ", _GLUE), text),
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_GLUE, " ") for line in lines]


def say_json(value: Any) -> None:
    """For scripts."""
    said = json.dumps(value, ensure_ascii=False, indent=2, default=_iso)
    typer.echo(_COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", said))


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def table(head: list[str], rows: list[list[str]]) -> None:
    """Columns under their heads, as wide as they need."""
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    for row in [head, *rows]:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
