"""Reading what a service sends: JSON in the shape that it documents, or in any other without harm."""

import json
from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]

#: Characters of one value that are looked at.
MOST = 2_000


def parse(body: bytes | str) -> Payload:
    """The object that the JSON holds. Raises `ValueError` for anything else."""
    try:
        found = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def text(value: Any, most: int = MOST) -> str:
    """A text as a database takes it; a number in digits; empty for what is neither."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, int) and value.bit_length() > 64:  # its digits would take their time
        return ""
    return str(value)[:most].replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def part(payload: Payload, *names: str) -> Payload:
    """The object under these names, one within the other; an empty one where there is none."""
    for name in names:
        found = payload.get(name)
        payload = found if isinstance(found, dict) else {}
    return payload


def parts(value: Any, most: int = 100) -> list[Payload]:
    """The objects of a list."""
    return [one for one in value[:most] if isinstance(one, dict)] if isinstance(value, list) else []


def texts(value: Any, most: int = 100) -> list[str]:
    """The texts of a list."""
    return [found for one in value[:most] if (found := text(one))] if isinstance(value, list) else []
