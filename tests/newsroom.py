"""What tests of the main line share: a clock to set, made-up entries, a newsletter in a folder."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from newsletter.store import open_store

SETTINGS = """\
title = "Paper Robots"
address = "papers@news.example.org"
postal_address = "1 Example Street, 12345 Exampleton"
base_url = "https://news.example.org"
"""
SOURCE = """
[[sources]]
name = "papers"
location = "papers.jsonl"
"""
#: Subjects that share no word, so that the embedder of words keeps them apart.
SUBJECTS = (
    "walking robots with springy legs",
    "segmentation of brain tumours in scans",
    "graph networks that recommend music",
    "forests counted from satellites",
)


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)

    def set(self, text: str) -> None:
        """To a moment in UTC, as "2026-11-27 08:00"."""
        self.now = datetime.fromisoformat(text).replace(tzinfo=UTC)


def entry(n: int, title: str = "", **more: Any) -> dict[str, Any]:
    """A made-up entry of one of the subjects."""
    subject = SUBJECTS[n % len(SUBJECTS)]
    return {
        "title": title or f"Study {n} of {subject}",
        "url": f"https://papers.example.org/{n}",
        "summary": f"Number {n} looks at {subject}. We show what was found there on {n} occasions. It went well.",
        **more,
    }


def write_entries(project: Path, entries: Iterable[dict[str, Any]], name: str = "papers.jsonl") -> Path:
    """A file of JSON lines in the project's folder."""
    path = project / name
    path.write_text("".join(json.dumps(one) + "\n" for one in entries), "utf-8")
    return path


@cache
def _empty() -> bytes:
    """A database with its tables, made once: making them takes longer than most tests."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "newsletter.db"
        open_store(path).conn.close()
        return path.read_bytes()


def empty_database(path: Path) -> None:
    """A copy of an empty database, where there is none yet."""
    if not path.exists():
        path.touch(0o600)
        path.write_bytes(_empty())


def make_project(
    folder: Path, more: str = "", *, settings: str = SETTINGS, entries: Sequence[dict[str, Any]] | int = 12
) -> Path:
    """A newsletter in the folder with one source; `more` are lines or tables of its settings."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "newsletter.toml").write_text(settings + more + SOURCE, "utf-8")
    empty_database(folder / "newsletter.db")
    write_entries(folder, [entry(n) for n in range(entries)] if isinstance(entries, int) else entries)
    return folder


def mails(project: Path, folder: str = "outbox") -> list[bytes]:
    """The messages in the outbox, by name."""
    return [path.read_bytes() for path in sorted((project / folder).glob("*.eml"))]


def parsed(message: bytes) -> EmailMessage:
    """A message as a mail program reads it."""
    return message_from_bytes(message, policy=policy.default)


def recipients(messages: Iterable[bytes]) -> list[str]:
    """Whom the messages are for."""
    return sorted(str(parsed(message)["to"].addresses[0].addr_spec) for message in messages)
