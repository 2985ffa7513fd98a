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
#: The dots between facts that have nothing before them on their line.
STRAY_DOTS = """() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), stray = []
  let before = null
  while (walk.nextNode()) {
    for (let at = 0; at < walk.currentNode.length; at++) {
      const sign = walk.currentNode.data[at], range = document.createRange()
      if (/\\s/.test(sign)) continue
      range.setStart(walk.currentNode, at)
      range.setEnd(walk.currentNode, at + 1)
      const box = range.getBoundingClientRect()
      if (!box.width) continue
      if (sign === "·" && (!before || box.top >= before.bottom)) stray.push(walk.currentNode.data)
      before = box
    }
  }
  return stray
}"""
#: How wide the first line of an element's words is, as a share of the cell it stands in.
FIRST_LINE = """(e) => {
  const range = document.createRange()
  range.selectNodeContents(e)
  const lines = [...range.getClientRects()].filter((box) => box.width)
  return lines[0].width / e.closest("td").getBoundingClientRect().width
}"""
#: Where the words of an element end.
WORDS_END = """(e) => {
  const range = document.createRange()
  range.selectNodeContents(e)
  return range.getBoundingClientRect().right
}"""
#: Of paragraphs in Latin letters, of one line, that end with a full stop: where they begin, and where that stands.
STOPS = """(paragraphs) => paragraphs.flatMap((e) => {
  if (!/^[A-Z][^\\u0590-\\u06ff]*\\.$/.test(e.textContent.trim())) return []
  const box = (node, from, to) => {
    const range = document.createRange()
    range.setStart(node, from)
    range.setEnd(node, to)
    return range.getBoundingClientRect()
  }
  const [first, last] = [e.firstChild, e.lastChild]
  if (first.nodeType !== 3 || last.nodeType !== 3) return []
  const start = first.data.search(/\\S/), stop = last.data.lastIndexOf(".")
  const [one, other] = [box(first, start, start + 1), box(last, stop, stop + 1)]
  return Math.abs(one.bottom - other.bottom) < 2 ? [[one.left, other.left]] : []
})"""


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
def test_no_line_begins_with_the_dot_between_two_facts(theme: str, shown: Path, page: Page) -> None:
    files = [shown / "mails" / f"{theme}-{case}.eml" for case in ("usual", "list", "long", "arabic")]
    for path in (*files, shown / "notices" / f"{theme}-confirm.eml", shown / "pages" / f"{theme}-archive.html"):
        page.set_content(html_of(path))
        for width in (280, 320, 360, 400, 600, 640):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(STRAY_DOTS) == [], (path, width)


@pytest.mark.parametrize("theme", THEMES)
def test_the_two_votes_stay_together(theme: str, shown: Path, page: Page) -> None:
    page.set_content(html_of(shown / "mails" / f"{theme}-usual.eml"))
    for width in (320, 400, 480, 520, 560, 600, 800):
        page.set_viewport_size({"width": width, "height": 800})
        for votes in page.locator(".votes").all()[:7]:
            more, less = votes.locator(".pill").evaluate_all(BOXES)
            assert more[1] == less[1], width


@pytest.mark.parametrize("theme", THEMES)
def test_a_title_fills_the_measure_before_it_takes_a_second_line(theme: str, shown: Path, page: Page) -> None:
    page.set_viewport_size({"width": 1200, "height": 800})
    page.set_content(html_of(shown / "mails" / f"{theme}-wordy.eml"))
    for title in page.locator("h3 a").all()[:3]:
        share = title.evaluate(FIRST_LINE)
        assert share > 0.85, title.inner_text()


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


@pytest.mark.parametrize("theme", THEMES)
def test_votes_stand_below_each_other_and_counts_beside_titles(theme: str, shown: Path, page: Page) -> None:
    page.set_viewport_size({"width": 800, "height": 800})
    page.set_content(html_of(shown / "mails" / f"{theme}-usual.eml"))
    edges = {round(left) for left, *_ in page.locator(".votes:has(.pill + .pill)").evaluate_all(BOXES)}
    assert len(edges) == 1
    for row in page.locator("table.card:has(td + td)").all():
        count = row.locator("td").first.evaluate(WORDS_END)
        [(title, *_)] = row.locator("h3").evaluate_all(BOXES)
        assert title - count >= 8


@pytest.mark.parametrize(("theme", "sheets"), [("paper", 3), ("minimal", 4), ("dense", 2)])
def test_printing_wastes_no_sheet_and_parts_no_entry(theme: str, sheets: int, shown: Path, page: Page) -> None:
    page.set_content(html_of(shown / "mails" / f"{theme}-usual.eml"))
    pdf = page.pdf(format="A4", margin={"top": "1cm", "bottom": "1cm", "left": "1cm", "right": "1cm"})
    assert len(re.findall(rb"/Type /Page\b", pdf)) == sheets


@pytest.mark.parametrize("theme", THEMES)
def test_a_printed_button_can_be_read(theme: str, shown: Path, page: Page) -> None:
    page.set_content(html_of(shown / "notices" / f"{theme}-answer.eml"))
    page.emulate_media(media="print")
    button = page.locator("a.read").first
    ink, ground = button.evaluate("e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]")
    assert (ink, ground) == ("rgb(0, 0, 0)", "rgba(0, 0, 0, 0)")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", ["mails", "notices"])
def test_words_that_are_read_from_the_left_keep_their_full_stop_on_the_right(
    kind: str, theme: str, shown: Path, page: Page
) -> None:
    page.set_content(html_of(shown / kind / f"{theme}-arabic.eml"))
    stops = page.locator("p").evaluate_all(STOPS)
    assert len(stops) > 1
    assert all(stop > start for start, stop in stops)
