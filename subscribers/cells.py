"""What stands in a cell of somebody's list → what we mean by it. Pure."""

import csv
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache

from subscribers.address import parse_address
from subscribers.cadence import WEEKDAYS, Cadence, Frequency, parse_cadence
from subscribers.database import stored
from subscribers.errors import InvalidAddress
from subscribers.interests import Interest, parse_interests

#: No mail was asked for before this: an older date is a mistake, or a program's way to say "none".
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
#: What a line of evidence tells, in our export.
EVIDENCE = ("at", "event", "how", "words", "page", "message_id", "ip", "agent")
_MAX_ADDRESS = 254
# Small letters only: some names (Postmaster) are written small, whatever was typed.
_PLAIN_LOCAL = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*")
_PLAIN_DOMAIN = re.compile(r"[a-zA-Z0-9.-]+")
_NO_DATE = re.compile(r"0000-00-00.*|null|none|n/a|-", re.IGNORECASE)
_BETWEEN = re.compile(r"[;\r\n]")


def address_in(cell: str) -> str:
    """The address in a cell: what `parse_address` makes of it, and as it raises `InvalidAddress`.

    Lists are long and nearly all addresses plain, so those take a shorter way: the two parts of an address are judged
    apart, and a domain is judged once. (8 times as fast; a test holds both ways against each other.)
    """
    text = cell.strip()
    if len(text) > 1_000:
        raise InvalidAddress(f"{text[:40]!r}… has {len(text):,} characters: that is no address.")
    local, _, domain = text.partition("@")
    if (
        len(text) <= _MAX_ADDRESS
        and _PLAIN_LOCAL.fullmatch(local)
        and _PLAIN_DOMAIN.fullmatch(domain)
        and (known := _domain(domain))
    ):
        return f"{local}@{known}"
    return parse_address(text)


def moment_in(cell: str) -> datetime | None:
    """The moment in a cell, in UTC; None where there is none.

    Read is ISO 8601, in UTC where no zone is named. Raises `ValueError` for all else: whether 03/04/2025 is in March
    or in April is nothing to guess where it is the date of somebody's consent.
    """
    text = cell.strip().removesuffix(" UTC")
    if not text or _NO_DATE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{cell.strip()[:40]!r} is no date that can be read. Write it as 2026-11-22 12:00.") from None
    if moment < OLDEST:
        raise ValueError(f"{cell.strip()[:40]!r} is too long ago to be true.")
    return moment.replace(microsecond=0)


def flag_in(cell: str, *, default: bool) -> bool:
    """Yes or no; `default` for an empty cell or another word."""
    match cell.strip().casefold():
        case "true" | "t" | "yes" | "y" | "1":
            return True
        case "false" | "f" | "no" | "n" | "0":
            return False
    return default


def interests_in(cells: Sequence[str], tags: Sequence[str] = ()) -> tuple[Interest, ...]:
    """The interests in some cells, each as a person would write it: "not: …" mutes. Raises `InvalidInterest`.

    A cell holds a JSON list, or texts between semicolons or line ends; one of `tags`, where there is neither, texts
    between commas. A piece without a letter or digit is none. A piece that begins with a sign ("-omics", "=", "@home")
    is taken as it is: it is neither a formula nor a command.
    """
    pieces = [piece for cell in cells for piece in _pieces(cell.strip())]
    pieces += [piece for cell in tags for piece in _pieces(cell.strip(), commas=True)]
    return parse_interests([piece for piece in pieces if any(map(str.isalnum, piece))])


@lru_cache(maxsize=1_000)
def cadence_in(frequency: str, day: str, at: str, timezone: str) -> Cadence:
    """The cadence in four cells; the day may be a weekday's number, from 1. Raises `InvalidCadence`."""
    word = day.strip()
    if frequency.strip().lower() == Frequency.WEEKLY and word in "1234567" and len(word) == 1:
        word = WEEKDAYS[int(word) - 1]
    return parse_cadence(frequency, word, at, timezone)


def evidence_in(cell: str) -> tuple[tuple[str, ...], ...]:
    """The lines of evidence in our own JSON, each in the order of `EVIDENCE`. Raises `ValueError` for all else."""
    if not cell:
        return ()
    try:
        lines = [[str(line.get(part, "")) for part in EVIDENCE] for line in json.loads(cell)]
        return tuple((stored(datetime.fromisoformat(at).astimezone(UTC)), *rest) for at, *rest in lines)
    except (ValueError, OverflowError, RecursionError, AttributeError, TypeError):
        raise ValueError("Its evidence cannot be read: it is not as our export writes it.") from None


@lru_cache(maxsize=10_000)
def _domain(domain: str) -> str:
    """An ASCII domain as mail wants it; empty for what is none, or not plain after all."""
    if "xn--" in domain.lower():
        return ""
    try:
        return parse_address(f"a@{domain}").removeprefix("a@")
    except InvalidAddress:
        return ""


def _pieces(text: str, *, commas: bool = False) -> list[str]:
    if text[:1] in ("[", "{"):
        listed = _listed(text)
        if listed is not None:
            return listed
    pieces = _BETWEEN.split(text)
    if commas and len(pieces) == 1:
        with suppress(csv.Error):  # longer than the module takes: one interest that is too long
            return next(csv.reader([text], skipinitialspace=True), [])
    return pieces


def _listed(text: str) -> list[str] | None:
    """The texts of a JSON list, or of the list "interests" or "topics" in a JSON object; None for other text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict):
        value = value.get("interests") or value.get("topics") or []
    if isinstance(value, str):
        return _BETWEEN.split(value)
    if not isinstance(value, list):
        return []
    # Some programs write each tag as an object.
    named = [item.get("name") if isinstance(item, dict) else item for item in value]
    return [item for item in named if isinstance(item, str)]
