"""Interests: a line in the reader's own words, followed or muted."""

import re
import unicodedata
from dataclasses import dataclass

from subscribers.errors import InvalidInterest

#: Longer lines are abstracts or accidents; the model reads no further anyway.
MAX_CHARACTERS = 300
MAX_INTERESTS = 50
_MUTE = re.compile(r"(?:not|no)\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Interest:
    """One line of a reader's interests."""

    #: the reader's own words, white space tidied
    text: str
    #: True for "not: …": entries near it are pushed down
    muted: bool = False

    def __str__(self) -> str:
        return f"not: {self.text}" if self.muted else self.text


def parse_interest(line: str) -> Interest:
    """Read one line; "not: surveys" mutes. Raises `InvalidInterest` for empty, wordless or endless lines."""
    tidy = " ".join("".join(map(_readable, line)).split())
    mute = _MUTE.match(tidy)
    text = tidy[mute.end() :] if mute else tidy
    if not any(c.isalnum() for c in text):
        raise InvalidInterest(
            f"The interest {line.strip()[:60]!r} holds no word. Write what you like to read about, "
            'such as "protein design" or "not: surveys".'
        )
    if len(text) > MAX_CHARACTERS:
        raise InvalidInterest(
            f"The interest that begins {text[:40]!r} has {len(text):,} characters; {MAX_CHARACTERS} is the most. "
            "Say it in one line, or split it into several interests."
        )
    return Interest(text, muted=mute is not None)


def parse_interests(lines: list[str]) -> tuple[Interest, ...]:
    """Read several lines, each kept once (the last word on followed or muted wins)."""
    found: dict[str, Interest] = {}
    for line in lines:
        interest = parse_interest(line)
        found.pop(interest.text.casefold(), None)
        found[interest.text.casefold()] = interest
    if len(found) > MAX_INTERESTS:
        raise InvalidInterest(f"{len(found)} interests are too many to tell apart; {MAX_INTERESTS} is the most.")
    return tuple(found.values())


def _readable(c: str) -> str:
    """Invisible characters vanish (but for the joiners that some scripts and emoji need), breaks become spaces."""
    match unicodedata.category(c):
        case "Cf":
            return c if c in "\u200c\u200d" else ""
        case "Cc" | "Cs" | "Zl" | "Zp":
            return " "
    return c
