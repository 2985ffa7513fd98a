"""What a person writes to mean a source: where it is, whether it is one already, and a name for it."""

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from newsletter.entries.fetching import is_url
from newsletter.entries.identity import canonical_url
from newsletter.entries.sources.kinds import known_place

#: How the names of files end, which look like hosts otherwise.
_FILES = frozenset("atom csv htm html json jsonl md ndjson opml pdf rdf rss txt xml zip".split())
_HOST = re.compile(r"(?:[\w](?:[\w-]*[\w])?\.)+(?P<last>[^\W\d_]{2,}|xn--[\w-]+)(?::\d{1,5})?")
#: Characters of a name that was found: it stands below each entry.
_LONGEST = 40


def place_of(location: str, project: Path) -> str:
    """A web address as it is, or with the https:// that it lacks; a path as seen from the project's folder, if it
    lies inside, else absolute.

    A file or folder of that name on the disk wins over a host.
    """
    if is_url(location):
        return location
    path, base = Path(location).expanduser(), project.resolve()
    host = _HOST.fullmatch(re.split("[/?#]", location, maxsplit=1)[0])
    if host and host["last"].lower() not in _FILES and not path.exists():
        return f"https://{location}"
    path = path.resolve()
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)


def sameness(location: str, project: Path) -> str:
    """A text that is the same for two ways to write one location."""
    if not is_url(location):
        return str((project / location).resolve())
    url = known_place("auto", location)[1]
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    bare = f"{(parts.hostname or '').removeprefix('www.')}{parts.path.rstrip('/')}"
    return (canonical_url(url) or bare) + (f":{port}" if port not in (None, 80, 443) else "")


class FreeNames:
    """Names that no source has yet."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._numbers: dict[str, int] = {}

    def take(self, location: str, title: str = "") -> str:
        """The title if it is short; else the host or file, with the end of the path or a number where it is taken."""
        parts = urlsplit(location)
        host = (parts.hostname or "").removeprefix("www.")
        called = _tidy(title)
        if not called or len(called) > _LONGEST:
            called = ""
        rough = called or _tidy(host or Path(location).expanduser().resolve().stem)[:_LONGEST].strip() or "source"
        end = _tidy(parts.path.rstrip("/").rpartition("/")[2])[:15].strip()
        longer = f"{rough} {end}"
        if rough in self._taken and host and end and not called and longer not in self._taken:
            rough = longer
        name = rough
        while name in self._taken:
            self._numbers[rough] = self._numbers.get(rough, 1) + 1
            name = f"{rough} {self._numbers[rough]}"
        self._taken.add(name)
        return name


def _tidy(name: str) -> str:
    return " ".join(re.sub(r"[^\w .+-]", " ", name).split()).strip(" .+-")
