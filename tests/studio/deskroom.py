"""What tests of the editor's desk share: a newsletter with a reader, and a browser of sorts before its desk."""

import re
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conftest import WordEmbedder
from newsroom import SETTINGS, Clock, make_project
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from newsletter import Newsletter
from newsletter.settings import Settings, load
from newsletter.studio.app import Studio, behind_login, local
from newsletter.studio.doors import Key
from subscribers.cadence import parse_cadence

ADA, BOB = "ada@example.org", "bob@example.org"
#: A Sunday noon; both readers' issue comes on Friday.
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ISSUE = "weekly-2026-11-27"
PORT = 8010
HOME = f"http://127.0.0.1:{PORT}"
PASSWORD = "four words that nobody guesses"
NEWS = "https://news.example.org"


class Room:
    """A desk and who sits at it."""

    def __init__(self, project: Path, stack: ExitStack, *, remote: bool = False, base: str = "") -> None:
        self.project, self.clock, self.key = project, Clock(NOON), Key()
        #: for looking behind the desk; it has a connection of its own
        self.newsletter = stack.enter_context(Newsletter(project, clock=self.clock, embedder=WordEmbedder()))
        self.base, self.woken = base, 0
        self.studio = Studio(
            project, base=base, remote=remote, clock=self.clock, embedder=WordEmbedder(), wake=self._wake
        )
        self.studio.open()
        stack.callback(self.studio.close)
        app = self._app(load(project), remote=remote)
        self.home = NEWS if remote else HOME
        self.client = stack.enter_context(
            TestClient(app, base_url=self.home, follow_redirects=False, client=("192.0.2.7", 50000))
        )

    def _app(self, settings: Settings, *, remote: bool) -> ASGIApp:
        if not remote:
            return local(self.studio, self.key, PORT)
        return Starlette(routes=[Mount(self.base, behind_login(self.studio, settings))])

    def _wake(self) -> None:
        self.woken += 1

    def come_in(self) -> "Room":
        """As a browser does with the address that was printed."""
        assert self.client.get("/", params={"key": self.key.value}).status_code == 200
        return self

    @property
    def token(self) -> str:
        found = re.search(r'data-token="(\w+)"', self.client.get(self.base + "/").text)
        assert found
        return found[1]

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(self.base + path, **options)

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> Any:
        """A form of the desk's own page."""
        fields = {"token": self.token, **fields}
        return self.client.post(self.base + path, data=fields, headers={"Origin": self.home, **(headers or {})})

    def act(self, act: str, **fields: str) -> Any:
        return self.post("/act", None, act=act, issue=ISSUE, **fields)


def furnish(folder: Path, more: str = "", settings: str = SETTINGS) -> Path:
    """A newsletter with twelve entries and two readers."""
    make_project(folder, more, settings=settings)
    with Newsletter(folder, clock=Clock(NOON), embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        friday = parse_cadence("weekly", "friday", "08:00", "UTC")
        newsletter.subscribe(ADA, name="Ada", interests=["walking robots"], cadence=friday)
        newsletter.subscribe(BOB, interests=["brain scans", "not: forests"], cadence=friday)
    return folder
