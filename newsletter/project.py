"""A newsletter is a folder: making one, and writing its settings without losing the operator's comments."""

import json
import shutil
import textwrap
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array

from newsletter.errors import ProjectError, SettingsError
from newsletter.sections import SourceSettings
from newsletter.settings import FILE, Row, checked, load, table

_HEAD = """\
# The settings of this newsletter. Every line may be taken out: then its default holds.
# A variable overrules a line: `password` below [smtp] may be given as NEWSLETTER_SMTP_PASSWORD.
"""
_SOURCES = """
# Where entries come from: a feed (RSS, Atom, JSON Feed), a file or a folder of saved papers pages or JSON lines.
# `newsletter sources add URL` writes such a table for you.
#
# [[sources]]
# name = "arXiv"
# location = "https://rss.arxiv.org/rss/cs.AI"
"""


def create(folder: Path, **values: str) -> Path:
    """Make a newsletter in the folder; `values` are settings of the first level, such as `title`.

    Raises `ProjectError` where there is one already, `SettingsError` for a wrong value. Returns the settings' file.
    """
    path = folder / FILE
    if path.exists():
        raise ProjectError(f"{path} exists already: there is a newsletter in this folder. Name another folder.")
    checked(path, dict(values))
    try:
        (folder / "templates").mkdir(parents=True, exist_ok=True)
        (folder / "issues").mkdir(exist_ok=True)
        path.write_text(_settings_text(values), "utf-8")
    except OSError as error:
        raise ProjectError(f"{folder} cannot be made: {error.strerror or error}. Name another folder.") from error
    return path


def add_source(project: Path, source: SourceSettings) -> None:
    """Write a [[sources]] table into the settings' file; everything else in it stays as it is, comments too.

    Raises `SettingsError` for a name that is taken.
    """
    add_sources(project, [source])


def add_sources(project: Path, sources: Sequence[SourceSettings]) -> None:
    """Write a table for each of them, or none at all: as `add_source` does."""
    path = project / FILE
    names = {known.name for known in load(project).sources}
    for source in sources:
        if source.name in names:
            raise SettingsError(f"A source named {source.name!r} is in {path} already. Give another name with --name.")
        names.add(source.name)
    values = [source.model_dump(exclude_defaults=True) for source in sources]
    # As bytes: the line ends are the operator's too.
    before = path.read_bytes().decode("utf-8-sig")
    try:
        document = tomlkit.parse(before)
    except TOMLKitError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}. Mend that line.") from error
    _append(document, values)
    after = tomlkit.dumps(document)
    if not _added(before, after, values):
        raise SettingsError(f"The sources in {path} are written in a way that cannot be added to. Add it by hand.")
    _replace(path.resolve(), after)


def _append(document: tomlkit.TOMLDocument, added: Sequence[dict[str, Any]]) -> None:
    """Add sources in the way in which the others are written: a [[sources]] table, or an item of a list, for each."""
    sources: Any = document.get("sources")
    if sources is None:
        sources = tomlkit.aot()
        document.add("sources", sources)
    for values in added:
        one: Any = tomlkit.inline_table() if isinstance(sources, Array) else tomlkit.table()
        one.update(values)
        sources.append(one)


def _added(before: str, after: str, values: Sequence[dict[str, Any]]) -> bool:
    """True where the one text says what the other says and these sources, nothing else."""
    expected = tomllib.loads(before)
    expected.setdefault("sources", []).extend(values)
    try:
        return tomllib.loads(after) == expected
    except tomllib.TOMLDecodeError:
        return False


def _replace(path: Path, text: str) -> None:
    """Write the file anew, whole or not at all; who may read it stays as it was, for it may hold a password."""
    unfinished = path.with_suffix(".part")
    unfinished.touch(0o600)
    shutil.copymode(path, unfinished)
    unfinished.write_bytes(text.encode())
    unfinished.replace(path)


def _settings_text(values: dict[str, str]) -> str:
    lines = [_HEAD]
    section = ""
    for row in table():
        head, _, name = row.name.rpartition(".")
        if head != section:
            section = head
            lines.append(f"\n[{section}]")
        lines.append(_line(row, name, values))
    return "\n".join(lines) + "\n" + _SOURCES


def _line(row: Row, name: str, values: dict[str, str]) -> str:
    comment = textwrap.fill(row.help, 110, initial_indent="# ", subsequent_indent="# ")
    if row.secret:
        return f'{comment}\n# {name} = ""'
    return f"{comment}\n{name} = {_value(values.get(row.name, row.default))}"


def _value(value: object) -> str:
    """JSON's texts, numbers and booleans are TOML's too."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_value(key)} = {_value(one)}" for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
