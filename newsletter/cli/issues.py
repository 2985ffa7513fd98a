"""`issue list|show|hold|schedule|release|skip|cancel|pin|unpin|arrange|drop|undrop|edit|unedit|intro|test`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.history import history_as_dict, tell_history
from newsletter.cli.not_sent import rows_of
from newsletter.cli.output import PARTLY, AsJson, Project, counted, opened, say, say_json, table, warn

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.editing import Marked
    from newsletter.issues.issue import StoredIssue

app = typer.Typer(
    help="Issues: look at them, hold or skip one, pin and drop entries, write an intro.", no_args_is_help=True
)
Issue = Annotated[str, typer.Argument(help="As weekly-2026-11-27.", show_default=False)]
References = Annotated[
    list[str], typer.Argument(help="Links, DOIs, arXiv ids or whole titles of entries.", show_default=False)
]
Reference = Annotated[str, typer.Argument(help="Link, DOI, arXiv id or whole title of the entry.", show_default=False)]


@app.command("list")
def list_(project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """Coming issues, and those that were made."""
    with opened(project) as newsletter:
        coming, frozen = newsletter.coming_issues(), newsletter.frozen_issues()
        words, schedules = newsletter.editor.words(), newsletter.editor.schedules()
    made = {issue.key: issue for issue in frozen}
    keys = [*coming, *(issue.key for issue in frozen if issue.key not in coming)]
    rows = [
        {
            "issue": str(key),
            "state": made[key].state if key in made else "open",
            "word": words.get(key),
            "held_until": _held_until(made.get(key), schedules.get(key)),
            "held_why": (made[key].held_why or None) if key in made and made[key].state == "held" else None,
            "first_hour": coming[key][0] if key in coming else None,
            "readers": coming[key][1] if key in coming else None,
        }
        for key in keys
    ]
    if as_json:
        say_json(rows)
    elif not rows:
        say("No issues: there are no readers yet. `newsletter subscribers add` adds one.")
    else:
        head = ["issue", "state", "your word", "held until (UTC)", "first hour (UTC)", "readers"]
        table(head, [[_cell(value) for name, value in row.items() if name != "held_why"] for row in rows])
        for row in rows:
            if row["held_why"]:
                say(f"{row['issue']} was stopped, because {row['held_why']}. `newsletter doctor` looks for the reason.")


@app.command()
def show(issue: Issue, project: Project = ".", as_json: AsJson = False) -> None:  # type: ignore[assignment]
    """One issue: its state, entries, intro and pins; what became of its copies, how fast, and what servers said."""
    from newsletter.issues.control import when_held, why_not_sent

    with opened(project) as newsletter:
        printing, counts = newsletter.issue(issue)
        history = newsletter.deliveries.history(issue)
        not_sent = newsletter.not_sent(issue) if as_json else []
        word = newsletter.editor.words().get(printing.key)
        until = newsletter.editor.schedules().get(printing.key)
    titles = {entry.id: printing.frozen.cards[entry.id].title for entry in printing.candidates}
    stored = printing.stored
    state = stored.state if stored else "open"
    held_until = _held_until(stored, until)
    intro = printing.frozen.edition.shared["issue"]["intro"]
    if as_json:
        say_json(
            {
                "issue": issue,
                "state": state,
                "word": word,
                "held_until": held_until,
                "held_why": (stored.held_why or None) if stored else None,
                "through_at": stored.through_at if stored else None,
                "entries": list(titles.values()),
                "pins": [titles[entry_id] for entry_id in printing.pins],
                "drops": [entry.title for entry in printing.dropped],
                "edits": [titles[entry_id] for entry_id in printing.settled.edits],
                "intro": intro,
                "deliveries": counts,
                "history": history_as_dict(history) if history else None,
                "not_sent": rows_of(not_sent),
            }
        )
        return
    say(f"{issue} is {state}, with {counted(len(titles), 'entry', 'entries')}.")
    if stored and (why := why_not_sent(stored.state, stored.held_until, stored.held_why)):
        say(f"Nothing of it goes out: {why}.")
    elif word and not stored:
        say(f"You said: {word}{f' until {when_held(until)}' if until else ''}.")
    if intro:
        say(f"Intro: {intro}")
    for entry_id in printing.pins:
        say(f"Pinned: {titles[entry_id]}")
    for entry in printing.dropped:
        say(f"Dropped: {entry.title}")
    for entry_id in printing.settled.edits:
        say(f"Edited: {titles[entry_id]}")
    if stored and stored.through_at:
        say(f"It was through {stored.through_at:%Y-%m-%d %H:%M} UTC.")
    if history:
        tell_history(history, issue)


@app.command()
def hold(issue: Issue, project: Project = ".") -> None:  # type: ignore[assignment]
    """Let nothing of an issue go out, from now on and until you release it; also while it is being sent."""
    with opened(project) as newsletter:
        say(newsletter.editor.hold(issue))


@app.command()
def schedule(
    issue: Issue,
    at: Annotated[str, typer.Argument(help="As 2026-11-27T10:00.", show_default=False)],
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="Whose clocks those are; default: cadence.timezone.")
    ] = None,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Hold an issue until a moment; then it goes out by itself, no copy before its reader's hour."""
    with opened(project) as newsletter:
        say(newsletter.editor.schedule(issue, at, timezone))


@app.command()
def release(issue: Issue, project: Project = ".") -> None:  # type: ignore[assignment]
    """Let an issue go out that is held, scheduled or waits for your review, or that you skipped."""
    with opened(project) as newsletter:
        say(newsletter.editor.release(issue))


@app.command()
def skip(issue: Issue, project: Project = ".") -> None:  # type: ignore[assignment]
    """Nobody gets this issue; its entries are for the next one."""
    with opened(project) as newsletter:
        say(newsletter.editor.skip(issue))


@app.command()
def cancel(issue: Issue, project: Project = ".") -> None:  # type: ignore[assignment]
    """Nobody else gets this issue; what is out is out, and the next one begins behind it."""
    with opened(project) as newsletter:
        say(newsletter.editor.cancel(issue))


@app.command()
def pin(issue: Issue, references: References, project: Project = ".") -> None:  # type: ignore[assignment]
    """Put entries at the top of an issue, for all its readers."""
    with opened(project) as newsletter:
        _tell_marked(newsletter.editor.pin(issue, references))


@app.command()
def unpin(issue: Issue, references: References, project: Project = ".") -> None:  # type: ignore[assignment]
    """Take pins of an issue away."""
    with opened(project) as newsletter:
        _tell_marked(newsletter.editor.unpin(issue, references))


@app.command()
def arrange(issue: Issue, references: References, project: Project = ".") -> None:  # type: ignore[assignment]
    """Put the pins of an issue into another order: name all of them."""
    with opened(project) as newsletter:
        _tell_marked(newsletter.editor.arrange(issue, references))


@app.command()
def drop(issue: Issue, references: References, project: Project = ".") -> None:  # type: ignore[assignment]
    """Leave entries out of an issue, for all its readers. The next issue takes what comes later, so not these either.

    (Unless you skip this one: then all its entries are for the next, and you drop them there.)
    """
    with opened(project) as newsletter:
        _tell_marked(newsletter.editor.drop(issue, references))


@app.command()
def undrop(issue: Issue, references: References, project: Project = ".") -> None:  # type: ignore[assignment]
    """Take entries into an issue again that you dropped from it."""
    with opened(project) as newsletter:
        _tell_marked(newsletter.editor.undrop(issue, references))


@app.command()
def edit(
    issue: Issue,
    reference: Reference,
    title: Annotated[
        str | None, typer.Option("--title", help="What it is called in this issue; empty: as ever.")
    ] = None,
    summary: Annotated[
        str | None, typer.Option("--summary", help="What is said of it in this issue; empty: as ever.")
    ] = None,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Show an entry with another title or summary, in this issue only. Who gets it goes by its own words as before."""
    with opened(project) as newsletter:
        say(newsletter.editor.edit(issue, reference, title, summary).said)


@app.command()
def unedit(issue: Issue, reference: Reference, project: Project = ".") -> None:  # type: ignore[assignment]
    """Show an entry with its own words again."""
    with opened(project) as newsletter:
        say(newsletter.editor.unedit(issue, reference).said)


@app.command()
def intro(
    issue: Issue,
    file: Annotated[
        Path | None, typer.Argument(help="Markdown; - reads standard input. Without it, print the present intro.")
    ] = None,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Write the intro of an issue, or look at it."""
    text = None if file is None else _read(file)
    with opened(project) as newsletter:
        if text is None:
            say(
                newsletter.editor.intro(issue)
                or f"{issue} has no intro. `newsletter issue intro {issue} FILE` writes one."
            )
            return
        path = newsletter.editor.set_intro(issue, text)
    say(f"{path} has the intro of {issue} now." if text.strip() else f"{issue} has no intro now ({path}).")


@app.command()
def test(
    issue: Issue,
    to: Annotated[str | None, typer.Option("--to", help="Where to; default: mailbox.operator.")] = None,
    as_reader: Annotated[
        str | None, typer.Option("--as", help="As it would be for this reader; default: everybody's edition.")
    ] = None,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Mail yourself an issue as it would be. Its links are nobody's: you may press them."""
    with opened(project) as newsletter:
        said, on_its_way = newsletter.send_test(issue, to=to, reader=as_reader)
    if not on_its_way:
        warn(said)
        raise typer.Exit(PARTLY)
    say(said)


def _read(file: Path) -> str:
    from newsletter.errors import IssueError

    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise IssueError(f"{file} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None


def _tell_marked(marked: "Marked") -> None:
    for n, entry in enumerate(marked.entries, 1):
        say(f"{n}. {entry.title}")
    say(marked.said)


def _held_until(stored: "StoredIssue | None", scheduled: "datetime | None") -> "datetime | None":
    if stored is None:
        return scheduled
    return stored.held_until if stored.state == "held" else None


def _cell(value: object) -> str:
    from datetime import datetime

    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)
