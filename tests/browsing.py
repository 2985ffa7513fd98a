"""What tests of the desk in a real browser share: a desk that is served, and a page on which it is open."""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import uvicorn
from conftest import WordEmbedder
from newsroom import Clock, make_project
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Frame, Page, expect

from newsletter import Newsletter
from newsletter.ranking.embedding import Embedder
from newsletter.studio.app import Studio, local
from newsletter.studio.doors import Key

CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
ADA, BO, CHIARA = "ada@example.org", "bo@example.org", "chiara@example.org"
ISSUE = "weekly-2026-11-27"
#: Milliseconds that anything on the page may take on a slow day: the model may have to start for it.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
READERS = (
    (ADA, "Ada Lovelace", ["walking robots with legs"]),
    (BO, "Bo Lindqvist", ["brain tumours in scans", "not: forests"]),
    (CHIARA, "吴晓明 " + "Konstantinopoulou-Papadimitriou" * 3, ["graph networks that recommend music"]),
)


def newsletter_at(project: Path, clock: Clock) -> Path:
    """A newsletter with three readers, whose weekly issue comes on Friday."""
    make_project(project, entries=24)
    with Newsletter(project, clock=clock, embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        for address, name, interests in READERS:
            newsletter.subscribe(address, name=name, interests=interests)
    return project


@contextmanager
def served(project: Path, clock: Clock, embedder: Embedder | None = None) -> Iterator[str]:
    """The desk of that newsletter at a free port. Its address, which lets one browser in."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port, key = listening.getsockname()[1], Key()
        studio = Studio(project, clock=clock, embedder=embedder or WordEmbedder())
        app = local(studio, key, port)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
        studio.open()
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}/?key={key.value}"
        finally:
            studio.leave()
            server.should_exit = True
            thread.join()
            studio.close()


class Desk:
    """The desk, open in a browser."""

    def __init__(self, browser: Browser, project: Path, address: str) -> None:
        self.project = project
        self._context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 860})
        self._context.set_default_timeout(PATIENCE)
        self.page: Page = self._context.new_page()
        #: what the browser complained about
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)
        self.page.goto(address)
        self.loaded()
        self.home = self.page.url.partition("?")[0]

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(said.text)

    def open(self, **state: str) -> None:
        """Go to an address of the desk."""
        self.page.goto(f"{self.home}?{urlencode(state)}")
        self.loaded()

    def loaded(self) -> None:
        """Wait until the copies are there."""
        self.page.locator("#stage iframe:not(.coming)").first.wait_for()
        expect(self.page.locator("#stage iframe.coming")).to_have_count(0)

    def mail(self, number: int = 0) -> Frame:
        """The copy in a frame as it is now."""
        self.loaded()
        handle = self.page.locator("#stage iframe").nth(number).element_handle()
        frame = handle.content_frame()
        assert frame
        return frame

    def shows(self, text: str, number: int = 0) -> None:
        """Wait until a frame has that text."""
        frame = self.page.frame_locator(f"#stage figure:nth-of-type({number + 1}) iframe:not(.coming)")
        expect(frame.locator("body")).to_contain_text(text)

    def scrolled(self) -> int:
        """How far the first copy is scrolled."""
        return int(self.mail().evaluate("Math.round(scrollY)"))

    def said(self) -> str:
        """What the desk has answered."""
        self.page.locator("#said span").wait_for()
        return self.page.locator("#said span").inner_text()

    def query(self) -> str:
        """What stands in the address."""
        return str(self.page.evaluate("location.search"))

    def waits_for(self, holds: Callable[[], bool]) -> None:
        """Wait until that is so, for half a minute at most."""
        for _ in range(600):
            if holds():
                return
            self.page.wait_for_timeout(50)
        assert holds()

    def close(self) -> None:
        """Leave the page."""
        self._context.close()
