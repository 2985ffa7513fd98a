"""Pages for what goes wrong, in words for people; and one line in the log with a reference that the page shows.

The log never holds what somebody typed, a token or an address: of an error only its kind and the lines of code.
"""

import logging
import secrets
import traceback
from datetime import timedelta
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from newsletter.errors import TemplateError
from newsletter.web.visit import Site
from subscribers.errors import DatabaseBusy, DiskFull, TooMany

log = logging.getLogger("newsletter.web")

_WORDS = {
    400: ("That could not be read.", "What the browser sent was not whole. Go back and try it again."),
    404: ("There is nothing here.", "Perhaps the address is not whole: copy all of it, up to the end of its line."),
    405: ("Not in this way.", "This page can be looked at, but what your program asked of it is not possible."),
    408: ("That took too long.", "What was sent did not arrive in time. Go back and try it again."),
    413: ("That is too much.", "At most 256 kB can be sent at once. Go back and shorten it."),
}
#: Seconds after which somebody may try again while the database is busy.
BUSY_SECONDS = 10


def page(site: Site, heading: str, *lines: str, status: int, reference: str = "") -> HTMLResponse:
    """A page that only says something; it needs no database."""
    html = site.pages.render(
        "message.html", nonce="", again=False, heading=heading, lines=lines, link=None, reference=reference
    )
    return HTMLResponse(html, status)


def refused(site: Site, error: HTTPException) -> HTMLResponse:
    """What the server itself refuses: no such page, no such method, too much."""
    heading, line = _WORDS.get(error.status_code, _WORDS[400])
    lines = [line, f"Or write to {site.settings.address}."]
    answer = page(site, heading, *lines, status=error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def failed(site: Site, error: BaseException, method: str, route: str) -> HTMLResponse:
    """What a handler raised."""
    if isinstance(error, TooMany):
        answer = page(site, "Not so fast.", str(error), _again(error.again_after), status=429)
        answer.headers["Retry-After"] = str(int(error.again_after.total_seconds()))
        return answer
    if isinstance(error, DatabaseBusy | DiskFull):
        _note(error, method, route)
        answer = page(
            site,
            "One moment, please.",
            "The newsletter is busy with something else. Nothing was changed. Go back and press once more in a moment.",
            status=503,
        )
        answer.headers["Retry-After"] = str(BUSY_SECONDS)
        return answer
    try:
        return page(
            site,
            "That went wrong.",
            "It is our fault, not yours, and it has been noted.",
            f"Try it again later, or write to {site.settings.address}.",
            status=500,
            reference=_note(error, method, route),
        )
    except Exception as broken:  # the template of this very page may be what is broken
        return HTMLResponse(
            f"<!doctype html><title>Error</title><p>That went wrong. {_note(broken, method, route)}", 500
        )


def _again(after: timedelta) -> str:
    minutes = max(1, round(after.total_seconds() / 60))
    return f"It works again in {minutes} minutes at the latest." if minutes > 1 else "It works again in a minute."


def _note(error: BaseException, method: str, route: str) -> str:
    reference = secrets.token_hex(4)
    # A template's mistake names file and line, for the operator; other messages may quote what somebody typed.
    what = f"{type(error).__name__}: {error}" if isinstance(error, TemplateError) else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    place = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    log.error("%s %s %s: %s at %s", reference, method, route, " ".join(what.split()), place)
    return reference
