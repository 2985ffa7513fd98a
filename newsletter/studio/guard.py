"""Around all of the desk: nobody comes in by the wrong door, and every answer has its headers. Plain ASGI."""

import logging
import secrets
import traceback
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from markupsafe import escape
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.bodies import read_body, read_form
from newsletter.errors import TemplateError
from newsletter.studio.doors import Guesses, Key, Knock, Sessions, is_password, turned_away
from newsletter.studio.state import state_of

log = logging.getLogger("newsletter.studio")

#: Where the guard leaves the cookie of who is in.
COOKIE = "studio.cookie"
#: Bytes of a form with a password.
MOST_LOGIN = 4 * 1024
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "frame-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}
#: The colours of the login page, and what browsers ask for by themselves.
_FOR_ANYBODY = (".css", "/favicon.ico")


class Entrance(Protocol):
    """How somebody comes in who is not in yet."""

    async def meet(self, request: Request, path: str) -> Response:
        """Let them in, ask them for what lets them in, or send them away."""


class Guard:
    """Lets in whom it may, and hands them on to the desk."""

    def __init__(
        self, app: ASGIApp, base: str, origins: Collection[str], name: str, sessions: Sessions, entrance: Entrance
    ) -> None:
        """`base` stands before every path, `origins` are our own, `name` is the cookie's."""
        self._app = app
        self._base = base
        self._origins = origins
        self._name = name
        self._sessions = sessions
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI wants it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._answer(scope, receive, _with_headers(send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if why := turned_away(_knock(request), self._origins):
            await plain(why, 403)(scope, receive, send)
            return
        path = request.url.path.removeprefix(self._base)
        cookie = request.cookies.get(self._name, "")
        if self._sessions.known(cookie):
            scope[COOKIE] = cookie
            await self._app(scope, receive, send)
        elif request.method == "GET" and path.endswith(_FOR_ANYBODY):
            await self._app(scope, receive, send)
        else:
            try:
                answer = await self._entrance.meet(request, path)
            except HTTPException as error:
                answer = plain("That is too much, or it came too slowly. Try it again.", error.status_code)
            except Exception as error:  # the last door, for who is not in
                answer = failed(error, request.method, path)
            await answer(scope, receive, send)


class ByKey:
    """One's own machine: the key in the address that was printed lets one browser in."""

    def __init__(self, key: Key, sessions: Sessions, name: str, base: str) -> None:
        """`name` is the cookie's, `base` stands before every path; the key is good below it and above."""
        self._key = key
        self._sessions = sessions
        self._name = name
        self._base = base

    async def meet(self, request: Request, path: str) -> Response:
        """As `Entrance` has it."""
        if request.method != "GET" or path != "/" or not self._key.turn(request.query_params.get("key", "")):
            return plain(
                "This desk opens by the whole address that `newsletter preview` has printed, and only once. If it was "
                "used already, go back to where it is open, or end the command and start it again.",
                403,
            )
        # No redirect: after one the browser would still take the page for the one that led here, and keep the cookie.
        answer = _onward(f"{self._base}/?{state_of(request.query_params).query()}")
        path = self._base or "/"
        answer.set_cookie(self._name, self._sessions.begin(), httponly=True, samesite="strict", path=path)
        return answer


class ByPassword:
    """Under `newsletter serve`: a page that asks for the operator's password."""

    def __init__(
        self,
        password: str,
        sessions: Sessions,
        guesses: Guesses,
        page: Callable[[Mapping[str, object]], str],
        *,
        base: str,
        name: str,
        secure: bool,
    ) -> None:
        """`page` makes the login page of its variables; `secure` where readers reach us by https."""
        self._password = password
        self._sessions = sessions
        self._guesses = guesses
        self._page = page
        self._base = base
        self._name = name
        self._secure = secure

    async def meet(self, request: Request, path: str) -> Response:
        """As `Entrance` has it."""
        if path == "/login" and request.method == "POST":
            return await self._try(request)
        if path in ("/", "/login") and request.method in ("GET", "HEAD"):
            return HTMLResponse(self._page({"said": ""}))
        return plain("You are logged out. Load the page again to log in.", 401)

    async def _try(self, request: Request) -> Response:
        form = await read_form(await read_body(request, MOST_LOGIN), request.headers.get("content-type", ""))
        # From here on nothing is waited for: guesses that come at once are counted one by one.
        caller = request.client.host if request.client else ""
        if wait := self._guesses.wait(caller):
            said = f"Too many wrong passwords. Try again in {max(1, round(wait))} seconds."
            return HTMLResponse(self._page({"said": said}), 429, {"Retry-After": str(max(1, round(wait)))})
        if not is_password(form.get("password", ""), self._password):
            self._guesses.wrong(caller)
            return HTMLResponse(self._page({"said": "That is not the password."}), 403)
        self._guesses.right(caller)
        answer = RedirectResponse(f"{self._base}/", 303)
        answer.set_cookie(
            self._name,
            self._sessions.begin(),
            httponly=True,
            samesite="strict",
            secure=self._secure,
            path=self._base or "/",
        )
        return answer


def plain(sentence: str, status: int) -> HTMLResponse:
    """A page that only says something."""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>The editor’s desk</title><p>{escape(sentence)}',
        status,
    )


def failed(error: BaseException, method: str, path: str) -> Response:
    """The answer where something went wrong that nobody foresaw; the log has more."""
    if isinstance(error, ClientDisconnect):
        return Response(status_code=400)  # nobody is there to read it
    reference = secrets.token_hex(4)
    # Only the kind and the lines of code: a message may quote what somebody typed. A template's is the operator's.
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    place = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    kind = str(error) if isinstance(error, TemplateError) else type(error).__name__
    log.error("%s %s %s: %s at %s", reference, method, quote(path), kind, place)
    return plain(f"That went wrong, and it is our fault. It is in the log as {reference}.", 500)


def _onward(address: str) -> HTMLResponse:
    """A page that goes on to another one by itself."""
    where = escape(address)
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={where}">'
        f'<title>The editor’s desk</title><p><a href="{where}">To the desk</a>'
    )


def _knock(request: Request) -> Knock:
    said = request.headers
    return Knock(
        method=request.method,
        host=said.get("host", "").lower(),
        origin=said.get("origin", "").lower(),
        site=said.get("sec-fetch-site", ""),
        mode=said.get("sec-fetch-mode", ""),
        destination=said.get("sec-fetch-dest", ""),
    )


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
