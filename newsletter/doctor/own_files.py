"""The settings, and who may read the files that hold secrets."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from newsletter.delivery.signing_keys import path_of, selectors_in
from newsletter.doctor.findings import Finding, Subject, Topic
from newsletter.settings import FILE, Settings
from newsletter.store import FILE as STORE

SETTINGS, POSTAL, EXAMPLES, REHEARSAL = (
    Subject(Topic.SETTINGS, title) for title in (FILE, "Postal address", "Examples", "Rehearsal")
)
SECRETS = Subject(Topic.FILES, "Secrets")
_OTHERS = 0o077


def settings_findings(settings: Settings) -> list[Finding]:
    """What the settings alone decide."""
    return [SETTINGS.ok("It can be read, and nothing in it is wrong."), *_postal(settings), *_examples(settings)]


def _postal(settings: Settings) -> Iterator[Finding]:
    if settings.postal_address:
        yield POSTAL.ok(f"Every mail says: {settings.postal_address}")
    else:
        yield POSTAL.failure(
            "postal_address is not set, so nothing is sent: the law of most countries wants it in every newsletter.",
            "Write who you are and where mail reaches you.",
        )
    if settings.delivery.redirect_all_to:
        yield REHEARSAL.warning(
            f"All mail goes to {settings.delivery.redirect_all_to} and none to readers.",
            "Empty delivery.redirect_all_to when the rehearsal is over.",
        )


def _examples(settings: Settings) -> Iterator[Finding]:
    host = urlsplit(settings.base_url).hostname or ""
    left = [name for name, domain in (("address", settings.domain), ("base_url", host)) if is_example(domain)]
    if not left:
        yield EXAMPLES.ok(f"address is {settings.address}, base_url {settings.base_url}.")
        return
    say = EXAMPLES.failure if settings.delivery.transport == "smtp" else EXAMPLES.advice
    verb = "is still an example" if len(left) == 1 else "are still examples"
    yield say(f"{' and '.join(left)} {verb}.", "Write your own before you send by SMTP.")


def is_example(domain: str) -> bool:
    """Is it the domain of our defaults?"""
    return f".{domain.lower()}".endswith(".example.com")


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file that others ought not to read."""

    path: Path
    #: what is in it
    holds: str
    mode: int


def secret_files(project: Path) -> list[SecretFile]:
    """Those that are there."""
    found = [
        (project / STORE, "your readers' addresses"),
        *((path_of(project, s), "a key") for s in selectors_in(project)),
    ]
    if _has_password(project / FILE):
        found.append((project / FILE, "a password"))
    return [SecretFile(path, holds, path.stat().st_mode) for path, holds in found if path.exists()]


def secret_findings(files: list[SecretFile]) -> list[Finding]:
    """Those that others on this machine can read."""
    opened = [
        SECRETS.warning(
            f"Others on this machine can read {file.path}, which holds {file.holds}.", f"Run: chmod 600 {file.path}"
        )
        for file in files
        if file.mode & _OTHERS
    ]
    return opened or [SECRETS.ok("Nobody else on this machine can read keys, passwords or addresses.")]


def newest_file(project: Path) -> datetime | None:
    """When a file of ours was last written: a moment that must lie behind us."""
    paths = (project / name for name in (STORE, f"{STORE}-wal", FILE))
    times = [path.stat().st_mtime for path in paths if path.exists()]
    return datetime.fromtimestamp(max(times), UTC) if times else None


def _has_password(path: Path) -> bool:
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError):
        return False
    places = (
        ("smtp", "password"),
        ("mailbox", "imap_password"),
        ("webhooks", "postmark_password"),
        ("webhooks", "mailgun_key"),
    )

    def of(table: str) -> dict[str, Any]:
        found = content.get(table)
        return found if isinstance(found, dict) else {}

    return any(of(table).get(name) for table, name in places)
