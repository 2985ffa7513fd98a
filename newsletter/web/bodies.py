"""What is posted, read within limits of size and time."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request

#: Seconds in which all of it must have come.
BODY_SECONDS = 20.0


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
