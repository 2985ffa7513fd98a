"""What holds for every answer: its headers. Plain ASGI, around all of the pages."""

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = "default-src 'none'; {more}form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_PAGE = "style-src 'self'; script-src 'self'; connect-src 'self'; "
#: An issue is a mail: its styles stand in its elements. An operator's own template may hold a picture.
ISSUE_POLICY = _POLICY.format(more="style-src 'unsafe-inline'; img-src https: data:; ")
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
#: Beside them, on what is one person's.
PRIVATE_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


class Guarded:
    """Puts the headers on every answer that does not bring its own."""

    def __init__(self, app: ASGIApp, logo: str) -> None:
        """`logo`: the address of the one picture that pages show; empty for none."""
        self._app = app
        host = urlsplit(logo).netloc
        policy = _POLICY.format(more=_PAGE + (f"img-src https://{host}; " if host else ""))
        self._headers = {"Content-Security-Policy": policy} | HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI wants it."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)
