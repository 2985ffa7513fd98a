"""A reader's whole way in a real browser, with scripts and without: from subscribing to leaving and staying."""

import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from conftest import WordEmbedder
from newsroom import SETTINGS, parsed
from playwright.sync_api import Browser, Page, expect, sync_playwright
from website import ADA, build

from newsletter import Newsletter
from newsletter.rendering.links import Purpose, Signer
from newsletter.rendering.store import load_keys
from newsletter.store import FILE, open_store
from newsletter.web.app import create_app
from subscribers.states import State

pytestmark = pytest.mark.slow

CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
CAROL = "carol@example.org"
#: Sheet and brand colour.
LIGHT, DARK = ("rgb(255, 253, 249)", "rgb(168, 64, 28)"), ("rgb(26, 25, 23)", "rgb(240, 147, 107)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Site:
    """A newsletter served for real, on a port of this machine."""

    def __init__(self, project: Path) -> None:
        self.project = project
        app = create_app(project)
        self._server = uvicorn.Server(uvicorn.Config(app, port=0, access_log=False, log_config=None))
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        until = time.monotonic() + 20
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)

    def newsletter(self) -> Newsletter:
        return Newsletter(self.project, embedder=WordEmbedder())

    def last_link(self, path: str) -> str:
        """The link of that kind in the newest mail, at the address where the pages are served here."""
        with self.newsletter() as newsletter:
            newsletter.send_notices()
        newest = max((self.project / "outbox").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns).read_bytes()
        body = parsed(newest).get_body(("plain",))
        assert body is not None
        found = re.search(rf"https://news\.example\.org(/{path}/\S+?)[\s)]", body.get_content())
        assert found, body.get_content()
        return self.url + found[1]

    def link(self, purpose: Purpose, address: str, subject: int = 0) -> str:
        with self.newsletter() as newsletter:
            return self._link(purpose, newsletter.subscriber(address).id, subject)

    def operators_link(self, purpose: Purpose, subject: int) -> str:
        return self._link(purpose, 0, subject)

    def _link(self, purpose: Purpose, subscriber_id: int, subject: int) -> str:
        db = open_store(self.project / FILE)
        try:
            return Signer(self.url, load_keys(db)).url(purpose, subscriber_id, subject)
        finally:
            db.conn.close()


@pytest.fixture
def site(tmp_path: Path, quick_templates: None) -> Iterator[Site]:
    build(tmp_path, settings=SETTINGS)
    site = Site(tmp_path)
    yield site
    site.close()


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (320, "dark"), (1200, "light"), (1200, "dark")])
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_readers_whole_way(browser: Browser, site: Site, scripts: bool, width: int, scheme: str) -> None:
    context = browser.new_context(
        java_script_enabled=scripts,
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        timezone_id="America/Argentina/Salta",
    )
    page, troubles = context.new_page(), list[str]()
    page.on("console", lambda message: troubles.append(message.text))
    page.on("request", lambda request: troubles.append(request.url) if not request.url.startswith(site.url) else None)

    def shown(heading: str) -> None:
        """The page with that heading is there, fits its window, and has the colours of the hour."""
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        assert width_of(page) <= width
        ground, brand = DARK if scheme == "dark" else LIGHT
        expect(page.locator("html")).to_have_css("background-color", ground)
        expect(page.locator("body > header a")).to_have_css("color", brand)

    page.goto(f"{site.url}/")
    shown("What you would have chosen to read, in your inbox.")
    expect(page.get_by_label("Time zone")).to_have_value("America/Argentina/Salta" if scripts else "UTC")
    expect(page.get_by_label("On day")).to_be_hidden()
    page.get_by_label("How often").select_option("monthly")
    expect(page.get_by_label("On day")).to_be_visible()
    page.get_by_label("How often").select_option("daily")
    expect(page.locator("#weekday")).to_be_hidden()
    page.get_by_label("Your email address").fill(CAROL)
    page.get_by_label("Your name").fill("Carol")
    page.get_by_label("What you follow").press_sequentially("walking robots\nnot: surveys")
    if scripts:
        expect(page.locator("#matches b")).to_have_count(3)
        expect(page.locator("#matches")).to_contain_text("walking robots with springy legs")
    else:
        expect(page.locator("#matches")).to_contain_text("For example")
    page.get_by_role("button", name="Subscribe").click()
    shown("Look into your mailbox.")

    page.goto(site.last_link("confirm"))
    shown("One press, and you are in.")
    expect(page.get_by_role("main")).to_contain_text("every day at 08:00")
    page.get_by_role("button", name="Yes, send it to me").click()
    shown("Welcome, Carol.")

    page.get_by_role("link", name="Change what, when and how often").click()
    shown("What, when and how often")
    page.get_by_label("What you follow").fill("walking robots\nforests")
    page.get_by_label("announcement").uncheck()
    page.get_by_role("button", name="Save").click()
    shown("Saved.")
    expect(page.get_by_role("status")).to_contain_text("You now follow: forests")

    page.goto(site.link(Purpose.MORE, CAROL, 1))
    shown("More like this?")
    page.get_by_role("button", name="More like this").click()
    shown("Thank you.")
    page.get_by_role("button", name="Take it back").click()
    shown("As you like.")

    page.goto(site.link(Purpose.SUGGEST, CAROL))
    shown("What should others read?")
    page.get_by_label("Its link").fill("arxiv.org/abs/1706.03762")
    page.get_by_label("Why").fill("It began all this.")
    page.get_by_label("You may thank me by my name, Carol").check()
    page.get_by_role("button", name="Suggest it").click()
    shown("Thank you.")
    page.goto(site.operators_link(Purpose.SUGGESTION, 1))
    shown("Shall others read this?")
    page.get_by_label("Title").fill("Attention is all you need")
    page.get_by_role("button", name="Accept").click()
    shown("It is in.")
    expect(page.get_by_role("main")).to_contain_text("Suggested by Carol")

    page.goto(site.link(Purpose.PAUSE, CAROL))
    shown("For how long do you want none?")
    page.get_by_label("for four weeks").check()
    page.get_by_role("button", name="Pause").click()
    shown("Enjoy the quiet.")
    page.get_by_role("button", name="Send me issues again").click()
    shown("Good to have you back.")

    page.goto(site.link(Purpose.LEAVE, CAROL))
    shown("Leave?")
    page.get_by_role("button", name="Leave").click()
    shown("You have left.")
    page.get_by_label("It came too often").check()
    page.get_by_role("button", name="Send the answer").click()
    shown("Thank you.")
    page.get_by_role("button", name="I want to stay").click()
    shown("Good that you stay.")
    context.close()

    assert troubles == []
    with site.newsletter() as newsletter:
        carol = newsletter.subscriber(CAROL)
        assert carol.state is State.ACTIVE
        assert not carol.announcements
        assert list(map(str, carol.interests)) == ["walking robots", "forests"]
        assert "said why they left" in [line.event for line in newsletter.evidence(CAROL)]


def test_every_page_fits_a_small_window_and_can_be_walked_by_keyboard(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 600})
    page = context.new_page()
    paths = ["/", "/embed", "/archive", "/archive/weekly-2026-11-27", "/privacy", "/nothing"]
    purposes = [one for one in Purpose if one is not Purpose.FEED and one is not Purpose.BOUNCE]
    for url in [site.url + path for path in paths] + [site.link(purpose, ADA, 1) for purpose in purposes]:
        page.goto(url)
        assert width_of(page) <= 320, url
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", url
    context.close()


def test_what_a_script_is_told_to_do_by_typed_words_it_does_not_do(browser: Browser, site: Site) -> None:
    """The one place where a script puts HTML into the page: what comes from there is escaped by the server."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.url)
    page.get_by_label("What you follow").press_sequentially("walking robots <img src=x onerror=alert(1)>")
    expect(page.locator("#matches b")).to_have_count(3)
    assert page.locator("#matches img").count() == 0
    context.close()


def width_of(page: Page) -> int:
    """Of all that can be scrolled to, measured without a script of the page's own."""
    session = page.context.new_cdp_session(page)
    metrics = session.send("Page.getLayoutMetrics")
    session.detach()
    return int(metrics["cssContentSize"]["width"])
