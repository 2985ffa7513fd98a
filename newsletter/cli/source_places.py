"""What a person types to name a source → the location that the settings say."""

import re
from pathlib import Path

from newsletter.entries.fetching import is_url
from newsletter.errors import SourceError

#: How the names of files end, which look like hosts otherwise.
_FILES = frozenset("atom csv htm html json jsonl md ndjson opml pdf rdf rss txt xml zip".split())
_HOST = re.compile(r"(?:\w(?:[\w-]*\w)?\.)+(?P<last>[^\W\d_]{2,}|xn--[\w-]+)(?::\d{1,5})?")


def location_of(typed: str, project: Path) -> str:
    """A web address as it is, or with the https:// that it lacks; a path as seen from the project's folder, if it lies
    inside, else absolute.

    A file or folder of that name on the disk wins over a host. Raises `SourceError` for what is no web address.
    """
    if is_url(typed):
        return typed
    path, base = Path(typed).expanduser(), project.resolve()
    host = _HOST.fullmatch(re.split("[/?#]", typed, maxsplit=1)[0])
    if host and host["last"].lower() not in _FILES and not path.exists():
        return f"https://{typed}"
    if "://" in typed:
        raise SourceError(f"{typed} is no web address that can be read: begin it with https://")
    path = path.resolve()
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)
