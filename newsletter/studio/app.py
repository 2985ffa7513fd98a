"""The editor's desk as an ASGI application: who answers what, in which thread, and what every page is told."""

import threading
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from newsletter.bodies import read_body, read_form
from newsletter.desks import PATIENCE_MS, Desks
from newsletter.errors import NewsletterError
from newsletter.looking import Whom
from newsletter.newsletter import Newsletter
from newsletter.ranking.embedding import Embedder
from newsletter.rendering.look import look_in
from newsletter.settings import Settings, load
from newsletter.studio import acts, handlers, views
from newsletter.studio.aside import Aside, Errand, Here, Turns
from newsletter.studio.bench import Bench, SharedModel
from newsletter.studio.copies import LastGood
from newsletter.studio.doors import Guesses, Key, Sessions
from newsletter.studio.glances import Glances
from newsletter.studio.guard import COOKIE, ByKey, ByPassword, Guard, failed, plain
from newsletter.studio.handlers import Handler, Visit
from newsletter.studio.live import Hub, watch
from newsletter.studio.pages import Pages
from newsletter.studio.state import state_of
from newsletter.studio.views import Mistake
from subscribers.errors import SubscribersError

#: Bytes that a form may post: an intro, at three bytes for one.
MOST_BODY = 512 * 1024
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_EVENTS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_Answer = Callable[[Request], Awaitable[Response]]


class Studio:
    """The desk of one newsletter: `app` answers between `open` and `close`."""

    def __init__(
        self,
        project: Path,
        *,
        base: str = "",
        remote: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        embedder: Embedder | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """`base` stands before every path; `embedder` stands in for the model; `wake` is called after every act.

        Raises what is wrong with the settings.
        """
        settings = load(project)
        self.base, self.remote, self.wake = base, remote, wake
        self.pages = Pages(project / "templates", look_in(brand=settings.brand), {})
        self.good, self.glances = LastGood(), Glances()
        self.hub = Hub()
        self.routes = Starlette(routes=self._routes(), exception_handlers={HTTPException: _refused})
        self._project = project
        self._clock = clock
        self._model = SharedModel()
        self._mistake: Mistake | None = None
        self._last = (Whom(), "")
        self._settings_trouble = ""
        self._stop = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="studio-watch")

        def opening(by: Settings) -> Newsletter:
            newsletter = Newsletter(project, clock=clock, embedder=embedder or self._model.of(project, by))
            newsletter.database.conn.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
            return newsletter

        self._quick = Desks(lambda: Bench(project, opening), 1, "studio")
        #: for who waits for a mail server
        self._post = Desks(lambda: Bench(project, opening), 1, "studio-post")
        self._aside = Aside(project)
        self._errands = Desks[Aside | Here](
            lambda: Here(Bench(project, opening)) if embedder else self._aside, 1, "studio-aside"
        )
        self._turns = Turns()
        self.sessions = Sessions(_seconds, lasting=None) if not remote else Sessions(_seconds)

    def open(self) -> None:
        """Begin to work, and to watch."""
        self._quick.open()
        if not self.remote:
            self._quick.put(lambda bench: bench.newsletter)  # opened before the editor's browser comes
        self._post.open()
        self._errands.open()
        self._watching.start()

    def leave(self) -> None:
        """Let go of every page that listens, and of who waits for checks or pictures; the server can end then."""
        self.hub.close()
        self._aside.end()

    def close(self) -> None:
        """Finish what was asked for, and let go of everything."""
        self.leave()
        self._stop.set()
        self._watching.join()
        self._quick.close()
        self._post.close()
        self._errands.close()
        self._model.close()

    # -- as the handlers see it

    @property
    def mistake(self) -> Mistake | None:
        """What is wrong with settings, templates or editorial at the moment."""
        return views.in_place(self._settings_trouble) if self._settings_trouble else self._mistake

    def looked_at(self, whom: Whom, issue: str, mistake: Mistake | None) -> None:
        """That is what the editor has in front of them; it is what is tried first when something has changed."""
        self._last = (whom, issue)
        if mistake != self._mistake:
            self._mistake = mistake
            self._tell([])

    # -- what changes

    def _watch(self) -> None:
        watch(self._project, self._changed, self._stop)

    def _changed(self, what: set[str]) -> None:
        self.glances.forget()
        if not self.hub.heard:
            return
        try:
            self._quick.put(self._try_again).result()
        except (NewsletterError, SubscribersError):
            pass  # the page says it when it asks
        except Exception as error:  # whatever it is: what changes after that is told all the same
            failed(error, "WATCH", "/")
        self._tell(sorted(what))

    def _try_again(self, bench: Bench) -> None:
        """Make what the editor looks at anew, so that it is at hand when their page asks for it."""
        newsletter, (whom, issue) = bench.newsletter, self._last
        self._settings_trouble = bench.trouble
        try:
            if name := issue or views.chosen_issue(newsletter, state_of({})):
                self.glances.glimpse(newsletter, whom, name)
        except NewsletterError as error:
            self._mistake = views.in_place(str(error))
        else:
            self._mistake = None

    def _tell(self, what: list[str]) -> None:
        mistake = self.mistake
        self.hub.tell("changed", what=what, error=mistake.as_dict() if mistake else None)

    # -- what is asked for

    def _routes(self) -> list[Route]:
        routes = [_route(path, self._answering(handler)) for path, handler in handlers.GETS.items()]
        routes += [_route(path, self._after_errand(path, handler)) for path, handler in handlers.ERRANDS.items()]
        routes += [
            _route("/intro/preview", self._answering(handlers.proof), "POST"),
            _route("/act", self._act, "POST"),
            _route("/events", self._events),
            _route("/favicon.ico", _nothing),
            # Of a page that was left open, perhaps.
            _route("/login", self._in_already, "GET", "POST"),
        ]
        if self.remote:
            routes.append(_route("/logout", self._logout, "POST"))
        return [*routes, _route("/{name}", self._file)]

    def _answering(self, handler: Handler) -> _Answer:
        async def answer(request: Request) -> Response:
            form = await self._form(request) if request.method == "POST" else {}
            return await self._ask(request, handler, form)

        return answer

    def _after_errand(self, path: str, handler: Callable[[Visit, Any], Response]) -> _Answer:
        async def answer(request: Request) -> Response:
            query = request.query_params
            found: Any
            try:
                issue = await self._quick.ask(lambda bench: views.chosen_issue(bench.newsletter, state_of(query)))
                errand = Errand(path.strip("/"), issue or "", bool(query.get("links")))
                found = await self._turns.take(errand, lambda: self._errands.ask(lambda aside: aside.do(errand)))
            except Exception as error:  # whatever it is: the page says it
                found = error

            def answered(visit: Visit) -> Response:
                if isinstance(found, Exception):
                    raise found
                return handler(visit, found)

            return await self._ask(request, answered, {})

        return answer

    async def _act(self, request: Request) -> Response:
        form = await self._form(request)
        return await self._ask(request, handlers.act, form, post=form.get("act") in acts.SLOW)

    async def _form(self, request: Request) -> dict[str, str]:
        """What was posted by a form of our own. Raises `HTTPException`."""
        form = await read_form(await read_body(request, MOST_BODY), request.headers.get("content-type", ""))
        if not self.sessions.pressed(request.scope.get(COOKIE, ""), form.get("token", "")):
            raise HTTPException(403, "This page is from before. Load it again, then press once more.")
        return form

    async def _ask(
        self, request: Request, handler: Handler, form: Mapping[str, str], *, post: bool = False
    ) -> Response:
        token = self.sessions.token(request.scope[COOKIE])
        query, now = dict(request.query_params), self._clock()

        def handle(bench: Bench) -> Response:
            newsletter = bench.newsletter
            if not post:
                self._settings_trouble = bench.trouble
            # What is posted names its issue in the form.
            state = state_of({**query, **form})
            visit = Visit(self, newsletter, state, query, form, token, now)
            try:
                return handler(visit)
            except (NewsletterError, SubscribersError) as error:
                return visit.page("said.html", 400, said=str(error), good=False)

        return await (self._post if post else self._quick).ask(handle)

    async def _events(self, request: Request) -> Response:
        if self.hub.full:
            raise HTTPException(503, "Too many pages of this desk are open. Close some.")
        cookie = request.scope[COOKIE]
        heard = self.hub.listen(lambda: self.sessions.lasts(cookie))
        return StreamingResponse(heard, media_type="text/event-stream", headers=_EVENTS)

    async def _file(self, request: Request) -> Response:
        found = self.pages.files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        content, kind = found
        return Response(content, headers=_FOR_EVER, media_type=kind)

    async def _in_already(self, _: Request) -> Response:
        return RedirectResponse(f"{self.base}/", 303)

    async def _logout(self, request: Request) -> Response:
        await self._form(request)
        self.sessions.end(request.scope[COOKIE])
        return RedirectResponse(f"{self.base}/login", 303)


def local(studio: Studio, key: Key, port: int) -> ASGIApp:
    """The desk on one's own machine, opened by a key."""
    names = ("127.0.0.1", "localhost", "[::1]")
    # Cookies know no ports: two desks on one machine must not take each other's.
    cookie = f"studio-{port}"
    origins = frozenset(f"http://{name}:{port}" for name in names)
    app: ASGIApp = studio.routes
    if studio.base:
        paths = [Route("/favicon.ico", _nothing), Mount(studio.base, studio.routes)]
        app = Starlette(routes=paths, exception_handlers={HTTPException: _refused})
    entrance = ByKey(key, studio.sessions, cookie, studio.base)
    return Guard(app, studio.base, origins, cookie, studio.sessions, entrance)


def behind_login(studio: Studio, settings: Settings) -> ASGIApp:
    """The desk among the pages for readers, opened by the operator's password."""
    address = urlsplit(settings.base_url)

    def login(values: Mapping[str, object]) -> str:
        shared = {"newsletter": {"title": settings.title}, "base": studio.base}
        return studio.pages.render("login.html", **shared, **values)

    entrance = ByPassword(
        settings.web.studio_password.get_secret_value(),
        studio.sessions,
        Guesses(_seconds),
        login,
        base=studio.base,
        name="studio",
        secure=address.scheme == "https",
    )
    origins: Collection[str] = frozenset({f"{address.scheme}://{address.netloc}"})
    return Guard(studio.routes, studio.base, origins, "studio", studio.sessions, entrance)


def _route(path: str, answer: _Answer, *methods: str) -> Route:
    """A path whose answer is always one: whatever goes wrong becomes a page, and a line in the log."""

    @wraps(answer)
    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except HTTPException:
            raise
        except Exception as error:  # the last door
            if COOKIE in request.scope and isinstance(error, NewsletterError | SubscribersError):
                return plain(str(error), 500)
            return failed(error, request.method, request.url.path)

    return Route(path, answered, methods=list(methods) or None)


async def _nothing(_: Request) -> Response:
    return Response(status_code=204, headers=_FOR_EVER)


async def _refused(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = str(error.detail) if isinstance(error, HTTPException) and status in (403, 503) else _WORDS.get(status, "")
    return plain(said or "That cannot be done in this way.", status)


_WORDS = {
    404: "There is nothing here.",
    408: "That came too slowly. Try it again.",
    413: "That is too much for one form. Shorten it.",
}


def _seconds() -> float:
    return time.monotonic()
