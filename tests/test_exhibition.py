"""The hardest and the plainest of mails, in every theme, as a real browser shows them: sizes, edges, grounds, print."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import exhibition
import pytest
from newsroom import parsed
from playwright.sync_api import Browser, Page, sync_playwright

from newsletter.rendering.themes import THEMES

pytestmark = pytest.mark.slow

CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "/usr/bin/chromium")
#: Gmail cuts what is longer.
CLIPPED = 102_000
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: What a reader sees of an element, and whether it lies beside or below what.
BOXES = (
    "(elements) => elements.map((e) => { const b = e.getBoundingClientRect(); return [b.x, b.y, b.right, b.bottom] })"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exhibition")
    exhibition.exhibit(folder)
    return folder


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    # A picture of 16 by 9, for whatever is asked for; nothing else is there.
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360"/>'
    page.route("**/*", lambda route: route.fulfill(body=picture, content_type="image/svg+xml"))
    yield page
    page.close()


def html_of(path: Path) -> str:
    if path.suffix == ".html":
        return path.read_text("utf-8")
    part = parsed(path.read_bytes()).get_body(("html",))
    assert part
    return str(part.get_content())


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_sticks_out_and_no_mail_is_clipped(theme: str, shown: Path, page: Page) -> None:
    files = sorted(shown.glob(f"*/{theme}-*.eml")) + sorted(shown.glob(f"pages/{theme}-*.html"))
    assert len(files) > 15
    for path in files:
        html = html_of(path)
        assert len(html.encode()) < CLIPPED, path
        assert re.findall(r"<img (?![^>]*\balt=)", html) == [], path
        page.set_content(html)
        for width in (320, 600, 1200):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(SIDEWAYS) <= 0, (path, width)


@pytest.mark.parametrize("theme", THEMES)
def test_by_night_the_sheet_is_dark_and_on_paper_it_is_white(theme: str, shown: Path, page: Page) -> None:
    page.set_content(html_of(shown / "mails" / f"{theme}-usual.eml"))
    sheet, pill = page.locator(".sheet").first, page.locator(".pill").first
    grounds = {"light": THEMES[theme].day.sheet, "dark": THEMES[theme].night.sheet}
    for scheme, colour in grounds.items():
        page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
        ground = sheet.evaluate("e => getComputedStyle(e).backgroundColor")
        assert ground == f"rgb({red}, {green}, {blue})"
        assert pill.is_visible()
        page.emulate_media(media="print")
        assert sheet.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
        assert page.locator("h3 a").first.evaluate("e => getComputedStyle(e).color") == "rgb(0, 0, 0)"
        assert not pill.is_visible()
        page.emulate_media(media="screen")


@pytest.mark.parametrize("theme", THEMES)
def test_a_picture_stands_beside_the_title_and_on_a_phone_below_it(theme: str, shown: Path, page: Page) -> None:
    page.set_content(html_of(shown / "mails" / f"{theme}-pictures.eml"))
    for width, below in ((800, False), (320, True)):
        page.set_viewport_size({"width": width, "height": 800})
        [(_, _, right, bottom), *_] = page.locator("h3").evaluate_all(BOXES)
        [(left, top, _, _), *_] = page.locator(".thumb img").evaluate_all(BOXES)
        assert (top >= bottom) == below
        assert below or left >= right


@pytest.mark.parametrize("theme", THEMES)
def test_from_right_to_left_everything_has_changed_sides(theme: str, shown: Path, page: Page) -> None:
    page.set_viewport_size({"width": 800, "height": 800})
    page.set_content(html_of(shown / "mails" / f"{theme}-arabic.eml"))
    middle = page.evaluate("innerWidth") / 2
    [(logo, *_), *_] = page.locator("img[alt='Paper Robots']").evaluate_all(BOXES)
    [(_, _, picture, _), *_] = page.locator(".thumb img").evaluate_all(BOXES)
    first, second, *_ = page.locator(".pill").evaluate_all(BOXES)
    assert logo > middle > picture
    assert first[0] > second[0]
    bar = page.locator(".bar").first
    assert bar.evaluate("e => getComputedStyle(e).borderRightWidth") != "0px"
    assert bar.evaluate("e => getComputedStyle(e).borderLeftWidth") == "0px"


def test_thirty_entries_of_the_dense_theme_stand_on_two_screens(shown: Path, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 1080})
    page.set_content(html_of(shown / "mails" / "dense-fifty.eml"))
    boxes = page.locator(".card").evaluate_all(BOXES)
    assert len(boxes) >= 30
    assert boxes[29][3] <= 2 * 1080 + 100
