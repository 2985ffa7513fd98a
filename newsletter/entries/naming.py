"""Names for sources that nobody has named, and how one tells that two addresses are the same place."""

import re
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

from newsletter.entries.fetching import is_url
from newsletter.entries.sources.kinds import known_place
from newsletter.entries.text import clean_text

MAX_NAME = 60
#: A longer title is a slogan; the host is the better name, then.
_LONGEST_TITLE = 40


def name_for(location: str, taken: Collection[str], title: str = "") -> str:
    """The feed's title if it is short, else its host or file; with the end of the path or a number if that is taken."""
    parts = urlsplit(location)
    host = (parts.hostname or "").removeprefix("www.")
    rough = tidy(host or Path(location).expanduser().resolve().stem)[:40] or "source"
    end = tidy(parts.path.rstrip("/").rpartition("/")[2])[:15] if host else ""
    titled = tidy(title) if len(title) <= _LONGEST_TITLE else ""
    names = [titled, rough, f"{rough} {end}" if end else ""]
    return next((name for name in names if name and name not in taken), "") or numbered(rough, taken)


def numbered(name: str, taken: Collection[str], start: int = 2) -> str:
    """The name, or the name with the first free number behind it."""
    if name not in taken:
        return name
    n = start
    while (one := f"{name[: MAX_NAME - 6].rstrip()} {n}") in taken:
        n += 1
    return one


def tidy(name: str) -> str:
    """As much of a name as the settings allow; perhaps nothing."""
    plain = " ".join(re.sub(r"[^\w .+-]", " ", clean_text(name)).split())
    return plain.strip(" .+-")[:MAX_NAME].rstrip(" .+-")


def place_of(location: str) -> str:
    """What two ways of writing one address have in common; a file's path stays as it is."""
    if not is_url(location):
        return location
    try:
        parts = urlsplit(known_place("auto", location)[1])
        host = (parts.hostname or "").removeprefix("www.")
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        return location
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{port}{parts.path.rstrip('/')}{query}"
