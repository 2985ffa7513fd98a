"""What is posted, read within limits of size and time, and the fields of a form in it."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

#: Seconds in which all of it must have come.
BODY_SECONDS = 20.0
#: Fields that are looked at; further ones are none of ours.
MOST_FIELDS = 50
Form = Mapping[str, str]


async def read_body(request: Request, most: int) -> bytes:
    """All that was posted. Raises `HTTPException`: 413 for more than `most` bytes, 408 where it takes too long."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most:
        raise HTTPException(413)
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise HTTPException(413)
    except TimeoutError:
        raise HTTPException(408) from None
    return body


async def read_form(body: bytes, content_type: str) -> dict[str, str]:
    """The fields of a posted body, each with its first value; files and whatever cannot be read are left out.

    Anything but multipart/form-data is read as application/x-www-form-urlencoded: a mail program that leaves the type
    out means that.
    """
    if content_type.strip().lower().startswith("multipart/form-data"):
        pairs = await _parts(body, content_type)
    else:
        try:
            pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError:
            pairs = []
    fields: dict[str, str] = {}
    for name, value in pairs[:MOST_FIELDS]:
        fields.setdefault(name, _readable(value))
    return fields


async def _parts(body: bytes, content_type: str) -> list[tuple[str, str]]:
    async def stream() -> Any:
        yield body

    parser = MultiPartParser(Headers({"content-type": content_type}), stream(), max_files=5, max_fields=MOST_FIELDS)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError, LookupError):
        return []
    pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    await form.close()
    return pairs


def _readable(value: str) -> str:
    """Line ends as \\n; no NUL and no half of a surrogate pair, which a database would not take."""
    plain = value.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return plain.encode("utf-8", "replace").decode("utf-8")
