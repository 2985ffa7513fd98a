"""The README says what is true: every command, option and setting in it exists, and none is missing."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from newsletter.cli.app import app
from newsletter.settings import table

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def commands(group: Any = None, prefix: str = "newsletter") -> dict[str, set[str]]:
    """Every command with its long options."""
    group = group or get_command(app)
    found: dict[str, set[str]] = {}
    for name, command in group.commands.items():
        full = f"{prefix} {name}"
        if hasattr(command, "commands"):
            found |= commands(command, full)
        if not hasattr(command, "commands") or command.invoke_without_command:
            options = {o for p in command.params for o in (*p.opts, *p.secondary_opts) if o.startswith("--")}
            found[full] = options - {"--project", "--help"}
    return found


COMMANDS = commands()


def longest(line: str) -> str:
    """The command that the line begins with; `newsletter deliveries` is one, and begins others."""
    return max((known for known in COMMANDS if re.match(rf"{known}[ `]", line)), key=len, default="")


def mentioned() -> list[tuple[str, set[str]]]:
    """Every command line of the README, from its code, with the long options it uses."""
    lines = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
    lines += re.findall(r"`(newsletter [^`]+)`", README)
    found = []
    for line in lines:
        found += [
            (longest(f"newsletter {match[1]} ") or match[0], set(re.findall(r"--[a-z0-9-]+", part)))
            for part in line.split("&&")
            if (match := re.search(r"\bnewsletter ((?:[a-z]+ )?[a-z]+)", part))
        ]
    return found


def test_every_command_in_it_exists() -> None:
    for command, options in mentioned():
        assert command in COMMANDS, command
        assert options <= COMMANDS[command], (command, options - COMMANDS[command])


def test_every_command_and_option_is_in_its_table() -> None:
    table_rows = [(longest(line[3:]), line) for line in README.splitlines() if line.startswith("| `newsletter ")]
    for command, options in COMMANDS.items():
        rows = [line for row_of, line in table_rows if row_of == command]
        assert len(rows) == 1, command
        for option in options - {"--json"}:
            assert option in rows[0], (command, option)
        assert ("--json" in options) == ("⚙" in rows[0]), command


def test_every_setting_is_in_its_table_with_default_and_meaning() -> None:
    assert settings_table() in README


def settings_table() -> str:
    rows = [f"| `{row.name}` | {'*secret*' if row.secret else f'`{row.default!r}`'} | {row.help} |" for row in table()]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows]) + "\n"


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_every_file_it_links_to_is_there(link: str) -> None:
    assert (Path(__file__).parents[1] / link).exists()


def test_it_has_no_place_left_to_fill() -> None:
    assert not re.search(r"MEASURED|TODO|TBD|XXX", README)
