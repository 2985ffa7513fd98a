"""The mail in a real browser: every width, light and dark, with the worst that sources can give."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import WordEmbedder
from playwright.sync_api import Browser, Page, Route, sync_playwright

from newsletter import Newsletter
from newsletter.sections import SourceSettings

pytestmark = pytest.mark.slow

CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
ENTRIES = [
    {"title": "Paper robots that walk", "summary": "A sheet folds itself. It then walks away.", "popularity": 12_345},
    {"title": "W" * 280, "summary": "A title that has no place to break."},
    {"title": "机器人 " * 60, "summary": "走路的机器人。它会飞。"},
    {"title": "روبوت يمشي على الورق", "summary": "نص عربي قصير."},
    {"title": "<script>document.title = 'robot'</script> & \"walk\" 👩‍🔬", "summary": ""},
    {"title": "Robot links", "url": "https://example.org/" + "a" * 900, "summary": "x" * 2_000, "popularity": 3},
    {"title": "Names", "authors": ["N" * 80] * 30, "summary": "Walk. Robot. Paper. " * 40},
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("newsletter")
    Newsletter.create(folder, title="News & <views>", postal_address="1 Example Street", brand="#ffee00")
    (folder / "entries.jsonl").write_text("\n".join(map(json.dumps, ENTRIES)), "utf-8")
    with Newsletter(folder, embedder=WordEmbedder()) as newsletter:
        newsletter.sources.add(SourceSettings(name="robots", location="entries.jsonl"))
        newsletter.pull()
        newsletter.subscribe("ada@example.org", name="Ada", interests=["robots that walk", "paper", "x" * 200])
        path = folder / "issue.html"
        path.write_text(newsletter.preview("ada@example.org").html, "utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 600, 1200])
def test_nothing_runs_out_of_the_page_and_nothing_is_fetched(
    browser: Browser, mail: Path, width: int, scheme: str
) -> None:
    page, remote = opened(browser, mail, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert remote == []
    assert page.title().startswith("News & <views> · ")
    assert page.locator("h3").count() >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_its_ground(browser: Browser, mail: Path, scheme: str) -> None:
    """Contrast of every text, as the browser computes it, with a brand colour that is unreadable on paper."""
    page, _ = opened(browser, mail, 600, scheme)
    contrasts = page.evaluate(CONTRASTS)
    assert contrasts
    assert [text for text, contrast in contrasts if contrast < 4.5] == []


def opened(browser: Browser, mail: Path, width: int, scheme: str) -> tuple[Page, list[str]]:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page, remote = context.new_page(), list[str]()

    def fetch(route: Route) -> None:
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            remote.append(route.request.url)
            route.abort()

    page.route("**/*", fetch)
    page.goto(mail.as_uri())
    return page, remote


#: [[text, contrast]] of all visible text, by WCAG's formula.
CONTRASTS = """() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = channels(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!/\\w/.test(text) || !element.getClientRects().length || getComputedStyle(element).opacity === '0') continue;
    const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(ground(element))];
    found.push([text.slice(0, 60), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]);
  }
  return found;
}"""
