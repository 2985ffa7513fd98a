"""The pages for readers as an ASGI application: which path is answered by what, and how a request becomes an answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from newsletter import settings as settings_table
from newsletter.bodies import read_body, read_form
from newsletter.desks import DESKS, PATIENCE_MS, Desks
from newsletter.newsletter import Newsletter
from newsletter.rendering.links import Signer
from newsletter.rendering.look import look_of
from newsletter.rendering.store import load_keys
from newsletter.settings import Settings
from newsletter.store import FILE as STORE
from newsletter.store import open_store
from newsletter.ticks import all_ticks, why_not_ready
from newsletter.web import (
    confirming,
    joining,
    leaving,
    privacy,
    proposing,
    reading,
    searching,
    suggesting,
    suppressed,
    troubles,
    voting,
    wishes,
)
from newsletter.web.guard import PRIVATE_HEADERS, Guarded
from newsletter.web.hooks.amazon import Amazon
from newsletter.web.hooks.answering import Hooks
from newsletter.web.nonces import Nonces
from newsletter.web.pages import Pages
from newsletter.web.visit import Site, Visit, client_of
from subscribers.errors import TooMany

#: Bytes that a form may post: room for BibTeX of a hundred papers with their abstracts.
MOST_BODY = 256 * 1024
#: Searches that wait for their desk; further ones are asked to come again.
MOST_WAITING = 8
Handler = Callable[[Visit], Response]
#: Public pages change when an issue goes out.
_PUBLIC = {"Cache-Control": "public, max-age=300"}
#: A form's nonce is good for a day.
_FORM = {"Cache-Control": "no-cache"}
_NO_STORE = {"Cache-Control": "no-store"}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True, slots=True)
class Route:
    """A path (below the base), who answers it, and for whom the answer is."""

    path: str
    handler: Handler
    posts: bool = False
    #: added to the answer; by default it is one person's
    headers: dict[str, str] | None = None
    #: answered at a desk of its own, so that nobody who votes or leaves waits behind it
    slow: bool = False


ROUTES = (
    Route("/", joining.subscribe, posts=True, headers=_FORM),
    Route("/join", joining.join, posts=True, headers=_FORM),
    Route("/matching", joining.matching, headers=PRIVATE_HEADERS),
    Route("/embed", joining.embed, headers=_PUBLIC),
    Route("/confirm/{token}", confirming.confirm, posts=True),
    Route("/p/{token}", wishes.preferences, posts=True),
    Route("/pause/{token}", wishes.pause, posts=True),
    Route("/u/{token}", leaving.leave, posts=True),
    Route("/quiet/{token}", leaving.quiet, posts=True),
    Route("/more/{token}", voting.more, posts=True),
    Route("/less/{token}", voting.less, posts=True),
    Route("/archive", reading.archive, headers=_PUBLIC),
    Route("/archive.atom", reading.archive_feed, headers=_PUBLIC),
    Route("/archive/{token}", reading.edition, headers=_PUBLIC),
    Route("/i/{token}", reading.own_issue),
    Route("/feed/{token}", reading.own_feed),
    Route("/privacy", privacy.public, headers=_PUBLIC),
    Route("/privacy/{token}", privacy.personal, posts=True),
    Route("/search", searching.search, slow=True),
    Route("/search/{token}", searching.search, posts=True, slow=True),
    Route("/interest/{token}", proposing.propose, posts=True),
    Route("/suggest/{token}", suggesting.suggest, posts=True),
    Route("/suggestion/{token}", suggesting.suggestion, posts=True),
    Route("/lift/{token}", suppressed.lift, posts=True),
)


def create_app(
    project: Path,
    *,
    wake: Callable[[], None] = lambda: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    desks: int = DESKS,
    http: httpx2.Client | None = None,
    beside: Mapping[str, ASGIApp] | None = None,
) -> FastAPI:
    """The pages of the newsletter in that folder.

    `wake` is called, from a thread of ours, whenever a notice may wait to be sent; `http` stands in for the network;
    `beside` are applications of their own by their paths below the base.
    Raises what opening a newsletter raises, and `TemplateError` for a mistake in a page's template.
    """
    site = site_of(project, wake, clock)

    def opened() -> Newsletter:
        newsletter = Newsletter(project, clock=clock)
        newsletter.database.conn.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        return newsletter

    counter, amazon = Desks(opened, desks), Amazon(http)
    # Searches go by the model that serves now.
    slow = Desks(opened, 1, "search", outdated=lambda newsletter: newsletter.models.is_outdated)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        counter.open()
        slow.open()
        yield
        await asyncio.to_thread(counter.close)
        await asyncio.to_thread(slow.close)
        amazon.close()

    app = FastAPI(openapi_url=None, lifespan=lifespan, redirect_slashes=False)
    for route in ROUTES:
        _add(app, site, route.path, _answering(site, slow if route.slow else counter, route), posts=route.posts)
    for path, endpoint in Hooks(site, counter, amazon).endpoints().items():
        app.add_api_route(site.base + path, endpoint, methods=["POST"], include_in_schema=False, response_model=None)
    if site.base:
        start = next(route for route in ROUTES if route.path == "/")
        _add(app, site, "", _answering(site, counter, start), posts=True)
    for path, content, kind in (
        ("/page.css", site.pages.style, "text/css"),
        ("/form.js", site.pages.script, "text/javascript"),
    ):
        _add(app, site, path, _constant(content, kind, _FOR_EVER))
    _add(app, site, "/robots.txt", _constant(_robots(site.base), "text/plain", _PUBLIC))
    _add(app, site, "/favicon.ico", _constant("", "image/x-icon", _FOR_EVER, status=204))
    for path, other in (beside or {}).items():
        _add(app, site, path, _constant("", "text/plain", {"Location": f"{site.base}{path}/"}, status=308))
        app.mount(site.base + path, other)
    _add(app, site, "/healthz", _health(counter))
    _add(app, site, "/readyz", _readiness(counter, clock))

    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        answer = troubles.refused(site, error)
        answer.headers.update(PRIVATE_HEADERS)
        return answer

    app.add_exception_handler(HTTPException, refused)
    app.add_middleware(Guarded, logo=site.settings.look.logo)
    return app


def site_of(project: Path, wake: Callable[[], None], clock: Callable[[], datetime]) -> Site:
    """What all pages share."""
    settings = settings_table.load(project)
    db = open_store(project / STORE, durable=settings.delivery.durability == "power")
    try:
        keys = load_keys(db)
    finally:
        db.conn.close()
    base = urlsplit(settings.base_url).path
    return Site(
        settings=settings,
        base=base,
        pages=Pages(project / "templates", look_of(settings), _shared(settings, base)),
        nonces=Nonces(keys),
        signer=Signer(settings.base_url, keys),
        keys=keys,
        clock=clock,
        wake=wake,
    )


def _shared(settings: Settings, base: str) -> dict[str, Any]:
    newsletter: dict[str, Any] = {
        "title": settings.title,
        "address": settings.address,
        "postal_address": settings.postal_address,
        "base_url": settings.base_url,
        "language": settings.language,
        # Does anything read what is written to us? Only then a page may say so.
        "replies": settings.mailbox.receives,
    }
    return {"newsletter": newsletter, "base": base}


def _add(app: FastAPI, site: Site, path: str, endpoint: Callable[..., Any], *, posts: bool = False) -> None:
    methods = ["GET", "HEAD", *(["POST"] if posts else [])]
    app.add_api_route(site.base + path, endpoint, methods=methods, include_in_schema=False, response_model=None)


def _answering(site: Site, counter: Desks[Newsletter], route: Route) -> Callable[..., Any]:
    async def answer(request: Request) -> Response:
        response = await _answer(site, counter, route, request)
        public = request.method != "POST" and response.status_code < 400
        response.headers.update(route.headers if public and route.headers else PRIVATE_HEADERS)
        return response

    return answer


async def _answer(site: Site, counter: Desks[Newsletter], route: Route, request: Request) -> Response:
    posted = request.method == "POST"
    try:
        form = await _form(request) if posted else {}
        token = str(request.path_params.get("token", ""))
        path = route.path.replace("{token}", token)
        client, query, now = client_of(request), dict(request.query_params), site.clock()

        if route.slow:
            # Counted here: who is refused must not wait, nor make others wait.
            site.crowd.let_in(client.ip, now)
            if counter.waiting > MOST_WAITING:
                raise TooMany("Very many search at this moment.", timedelta(seconds=10))

        def handle(newsletter: Newsletter) -> Response:
            return route.handler(Visit(site, newsletter, path, token, query, form, posted, client, now))

        return await counter.ask(handle)
    except HTTPException:
        raise
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    except Exception as error:  # the last door: whatever it is becomes a page, and a line in the log
        return troubles.failed(site, error, request.method, route.path)


async def _form(request: Request) -> dict[str, str]:
    return await read_form(await read_body(request, MOST_BODY), request.headers.get("content-type", ""))


def _constant(content: str, kind: str, headers: dict[str, str], status: int = 200) -> Callable[..., Any]:
    async def answer() -> Response:
        return Response(content, status, headers, kind) if content else Response(status_code=status, headers=headers)

    return answer


def _health(counter: Desks[Newsletter]) -> Callable[..., Any]:
    async def answer() -> Response:
        try:
            await counter.ask(lambda newsletter: newsletter.readers.entry(0))
        except Exception:  # whatever it is: a monitor asks whether it works
            return PlainTextResponse("the database does not answer", 503, _NO_STORE)
        return PlainTextResponse("ok", headers=_NO_STORE)

    return answer


def _readiness(counter: Desks[Newsletter], clock: Callable[[], datetime]) -> Callable[..., Any]:
    """For a monitor: not only that pages are answered, also that what runs by itself does."""

    async def answer() -> Response:
        try:
            ticks = await counter.ask(lambda newsletter: all_ticks(newsletter.database))
        except Exception:  # whatever it is, as above
            return PlainTextResponse("the database does not answer", 503, _NO_STORE)
        why = why_not_ready(ticks, clock())
        return PlainTextResponse(why or "ready", 503 if why else 200, _NO_STORE)

    return answer


def _robots(base: str) -> str:
    """Nothing that is one person's is for a search engine."""
    private = sorted({route.path.partition("{")[0] for route in ROUTES if route.headers is None})
    return "\n".join(["User-agent: *", *(f"Disallow: {base}{path}" for path in private), ""])
