"""`demo` and `init`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.output import progress_bars, say

Folder = Annotated[Path, typer.Argument(help="The folder to make it in.", show_default=False)]


def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where to build it.")] = Path("newsletter-demo"),
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")] = False,
) -> None:
    """Build a whole newsletter with 62 real papers and three readers, offline, and look at their issues."""
    from newsletter.demo import build

    with progress_bars() as told:
        page = build(folder, say=say, told=told)
    say(f"\nThe three issues side by side: {page.resolve()}")
    show(page, no_open)


def init(
    folder: Folder,
    title: Annotated[str, typer.Option("--title", help="The newsletter's name.")] = "My newsletter",
) -> None:
    """Make a newsletter in a folder: settings with comments, a place for your templates, the database."""
    from newsletter.newsletter import Newsletter

    path = Newsletter.create(folder, title=title)
    say(f"Made a newsletter in {folder.resolve()}.")
    say(f"1. Open {path} and fill in title, address, postal_address and base_url.")
    say(f"2. newsletter sources add https://… --project {folder}")
    say(f'3. newsletter subscribers add you@example.org --interest "what you like" --project {folder}')
    say(f"4. newsletter pull --project {folder} && newsletter preview --project {folder}")


def show(page: Path, no_open: bool) -> None:
    """Open a page in the browser, where somebody sits before it."""
    if no_open or not sys.stdout.isatty():
        return
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        say("(No browser could be started here; open the file yourself.)")
