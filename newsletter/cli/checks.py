"""`check issue`: looks an issue over before it goes out."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import PARTLY, AsJson, Project, counted, opened, say, say_json, wrapped

if TYPE_CHECKING:
    from newsletter.checking import Checked, Finding

app = typer.Typer(help="Look for mistakes before readers find them.", no_args_is_help=True)
#: Checks are aligned up to here.
_CHECK = 22
_HEADS = {"error": "Must be mended:", "warning": "Look at this:", "note": "Worth knowing:"}


@app.callback()
def _group() -> None:
    """Look for mistakes before readers find them."""


@app.command()
def issue(
    issue: Annotated[str, typer.Argument(help="As weekly-2026-11-27; without it the coming one.")] = "",
    links: Annotated[bool, typer.Option("--links", help="Also ask whether the links answer; takes a while.")] = False,
    as_json: AsJson = False,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Look an issue over, for all its readers: size, text part, links, colours, subject, intro, who gets nothing.

    It ends with status 3 where something must be mended. Nothing is frozen, nothing is sent.
    """
    from newsletter.checking import Severity

    with opened(project) as newsletter:
        checked = newsletter.check(issue or None, links=links)
    if as_json:
        say_json(
            {
                "issue": str(checked.key),
                "draft": checked.draft,
                "readers": checked.readers,
                "verdict": checked.worst,
                "findings": [asdict(one) for one in checked.findings],
            }
        )
    else:
        say("\n".join(_in_words(checked)))
    if checked.worst is Severity.ERROR:
        raise typer.Exit(PARTLY)


def _in_words(checked: "Checked") -> Iterator[str]:
    """All of it, line by line: what must be mended first, what is well last."""
    what = "draft" if checked.draft else "made"
    yield f"{checked.key} ({what}, {counted(checked.readers, 'reader')}): {_verdict(checked)}"
    if not checked.draft and checked.worst != "ok":
        stays = "It is made, so its words and looks stay as they are;"
        yield from wrapped(f"{stays} `newsletter issue hold {checked.key}` stops what has not left.")
    for severity, head in _HEADS.items():
        found = [one for one in checked.findings if one.severity == severity]
        if found:
            yield from ("", head)
            for one in found:
                yield from _trouble(one)
    well = [one for one in checked.findings if one.severity == "ok"]
    if well:
        yield from ("", "Well:")
        for one in well:
            yield from wrapped(f"{one.check:<{_CHECK}}{one.found}", indent=2, hanging=_CHECK)


def _verdict(checked: "Checked") -> str:
    count = {name: sum(one.severity == name for one in checked.findings) for name in (*_HEADS, "ok")}
    parts = [
        counted(count[name], one, many)
        for name, one, many in (
            ("error", "thing must be mended", "things must be mended"),
            ("warning", "needs a look", "need a look"),
            ("note", "is worth knowing", "are worth knowing"),
            ("ok", "is well", "are well"),
        )
        if count[name]
    ]
    return f"{', '.join(parts)}."


def _trouble(finding: "Finding") -> Iterator[str]:
    yield from wrapped(f"• {finding.check}: {finding.found}", hanging=2)
    if finding.todo:
        yield from wrapped(f"→ {finding.todo}", indent=2, hanging=2)
    # An entry's place is its number, which no command takes; its title is in what was found.
    if places := [place.name for place in finding.places if place.kind != "entry"]:
        yield from wrapped(f"at {', '.join(places)}", indent=2, hanging=2)
