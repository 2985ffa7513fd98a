"""Changing the editor's file by program: what is not meant stays, remarks, line ends and the order of things too."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from newsletter.entries.text import one_line
from newsletter.errors import IssueError
from newsletter.issues.editorial import FRONT_MATTER, MAX_CHARACTERS, Edit, Editorial, in_lines, parse_editorial

Change = Callable[[tomlkit.TOMLDocument], None]


def with_pins(text: str, pins: Sequence[str], path: str) -> str:
    """The file's text with these pins instead of its own. Raises `IssueError` where it is not as it should be.

    Remarks beside pins stay where pins are added or taken away; another order is written anew.
    """
    expected = replace(parse_editorial(text, path), pins=tuple(pins))
    return _with_head(text, expected, lambda head: _set_list(head, "pins", pins))


def with_drops(text: str, drops: Sequence[str], path: str) -> str:
    """The same with these drops."""
    expected = replace(parse_editorial(text, path), drops=tuple(drops))
    return _with_head(text, expected, lambda head: _set_list(head, "drops", drops))


def with_edits(text: str, edits: Mapping[str, Edit], path: str) -> str:
    """The same with these edits, by how each entry is named."""
    expected = replace(parse_editorial(text, path), edits=dict(edits))
    return _with_head(text, expected, lambda head: _set_edits(head, edits))


def with_intro(text: str, intro: str, path: str) -> str:
    """The file's text with this intro (Markdown) instead of its own. Raises `IssueError` for one that cannot be."""
    before = parse_editorial(text, path)
    mark, body = _split_mark(text)
    end = "\r\n" if "\r\n" in body else "\n"
    found = FRONT_MATTER.match(body)
    head = body[: found.end()] if found else ""
    if head and not head.endswith("\n"):
        head += end
    intro = in_lines(intro).strip()
    if intro.startswith("+++"):
        raise IssueError(
            f"An intro must not begin with +++: that is how the pins of {path} begin. `newsletter issue pin` writes "
            "those."
        )
    if len(intro) > MAX_CHARACTERS:
        raise IssueError(
            f"The intro has {len(intro):,} characters; {MAX_CHARACTERS:,} is the most. Nothing was written."
        )
    said = intro.replace("\n", end) + end if intro else ""
    return _checked(f"{mark}{head}{said}", replace(before, intro=intro))


def _with_head(text: str, expected: Editorial, change: Change) -> str:
    mark, body = _split_mark(text)
    found = FRONT_MATTER.match(body)
    end = "\r\n" if "\r\n" in (found[0] if found else body) else "\n"
    if found is None:
        head, start, rest = "", f"+++{end}", f"+++{end}{body}"
    elif found[1] is None:
        start, _, closing = body.partition("\n")
        head, start, rest = "", f"{start}\n", closing
    else:
        # What ends the head's last line belongs to it.
        head, start, rest = f"{found[1]}\n", body[: found.start(1)], body[found.end(1) + 1 :]
    try:
        document = tomlkit.parse(head)
        change(document)
        changed = _ended(tomlkit.dumps(document), head, end)
    except TOMLKitError as error:
        raise IssueError(
            f"The lines between +++ in {expected.path} cannot be changed: {error}. Change them by hand."
        ) from error
    changed = changed.rstrip()
    return _checked(f"{mark}{start}{changed}{end if changed else ''}{rest}", expected)


def _set_list(document: tomlkit.TOMLDocument, name: str, wanted: Sequence[str]) -> None:
    """In place where they are only added to or taken from, so that remarks beside them stay."""
    array: Any = document.get(name)
    known = [one.strip() for one in array or ()]
    kept = [one for one in known if one in wanted]
    if array is None or kept != list(wanted[: len(kept)]) or len(kept) > len(set(kept)):
        document[name] = list(wanted)
        return
    for place in reversed([n for n, one in enumerate(known) if one not in wanted]):
        del array[place]
    for one in wanted[len(kept) :]:
        array.append(one)


def _set_edits(document: tomlkit.TOMLDocument, wanted: Mapping[str, Edit]) -> None:
    """In place, entry by entry, where they are written as [[edits]]."""
    tables: Any = document.get("edits")
    if not isinstance(tables, AoT):
        if tables is not None:
            del document["edits"]
        tables = tomlkit.aot()
    for place in reversed([n for n, table in enumerate(tables) if str(table["entry"]).strip() not in wanted]):
        del tables[place]
    there = {str(table["entry"]).strip(): table for table in tables}
    for reference, edit in wanted.items():
        table = there.get(reference)
        if table is None:
            table = tomlkit.table()
            table["entry"] = reference
            tables.append(table)
        _set_edit(table, edit)
    if "edits" not in document and tables:
        if document:
            document.add(tomlkit.nl())
        document["edits"] = tables
    elif "edits" in document and not tables:
        del document["edits"]


def _set_edit(table: Any, edit: Edit) -> None:
    for name, said in (("title", edit.title), ("summary", edit.summary)):
        if said is None:
            table.pop(name, None)
        elif name not in table or one_line(str(table[name])) != said:
            table[name] = said


def _ended(text: str, before: str, end: str) -> str:
    """Lines that are new end as the file's do."""
    known = set(before.split("\n")[:-1])
    *lines, last = text.split("\n")
    return "".join(f"{line}\n" if line in known else line.removesuffix("\r") + end for line in lines) + last


def _checked(text: str, expected: Editorial) -> str:
    """The text, if it says what it should. Raises `IssueError`."""
    if parse_editorial(text, expected.path) != expected:
        raise IssueError(
            f"{expected.path} cannot be changed in that way: it would say something else. Write it by hand."
        )
    return text


def _split_mark(text: str) -> tuple[str, str]:
    """A byte order mark at the start, and the rest."""
    return ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
