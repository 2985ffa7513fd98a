"""The desk in a real browser: opening it, choosing another reader, saving a template; 1,000 entries, 10,000 readers."""

from pathlib import Path
from statistics import median
from time import perf_counter

import pytest
from browsing import CHROMIUM, FLAGS, Desk, served
from busyness import NOON, SubjectEmbedder, busy_newsletter
from newsroom import Clock
from playwright.sync_api import Page, sync_playwright

from newsletter.rendering.templates import shipped_templates

pytestmark = pytest.mark.slow
ISSUE = "weekly-2026-11-27"
#: Tells when a frame that is in front shows these words.
SHOWN = """
words => new Promise(done => {
  const look = () => {
    const frames = [...document.querySelectorAll('#stage iframe:not(.coming)')];
    const there = frames.some(one => one.contentDocument?.body?.textContent.includes(words));
    if (there) done(); else requestAnimationFrame(look);
  };
  look();
})
"""
#: Milliseconds that the server took for each copy.
COPIES = """
() => performance.getEntriesByType('resource').filter(one => one.name.includes('/copy?'))
  .map(one => one.responseEnd - one.requestStart)
"""


def until_shown(page: Page, words: str) -> None:
    page.evaluate(SHOWN, words)


def test_from_a_key_to_pixels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    embedder = SubjectEmbedder()
    with busy_newsletter(tmp_path, embedder) as newsletter:
        start = perf_counter()
        newsletter.preview("reader1@example.org")
        plain = perf_counter() - start
    head = tmp_path / "templates" / "issue" / "head.html"
    head.parent.mkdir(parents=True, exist_ok=True)
    shipped = (shipped_templates() / "issue" / "head.html").read_text("utf-8")
    intro = tmp_path / "issues" / f"{ISSUE}.md"
    intro.parent.mkdir(exist_ok=True)
    with served(tmp_path, Clock(NOON), embedder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        start = perf_counter()
        desk = Desk(browser, tmp_path, address)
        opened = perf_counter() - start
        page = desk.page
        page.wait_for_timeout(15_000)  # the checks of all readers are through
        start = perf_counter()
        desk.open(issue=ISSUE, reader="reader5@example.org")
        again = perf_counter() - start
        page.wait_for_timeout(4_000)
        other = []
        page.evaluate("performance.clearResourceTimings()")
        for n in range(8):
            row = page.locator("#readers .row").nth(n + 4)
            who = row.inner_text().split()[0]
            start = perf_counter()
            row.click()
            page.wait_for_function(
                "who => document.querySelector('#stage figcaption').innerText.includes(who)", arg=who
            )
            desk.loaded()
            other.append(perf_counter() - start)
            page.wait_for_timeout(600)
        copies = page.evaluate(COPIES)
        templates = [
            saved(
                page,
                head,
                shipped.replace("Your no.", f"Number{n} no."),
                f"Number{n}",
            )
            for n in range(6)
        ]
        intros = [saved(page, intro, f"Words{n} of the editor.\n", f"Words{n}") for n in range(6)]
        desk.close()
        browser.close()
    with capsys.disabled():
        print(
            "\nThe desk, 1,000 entries and 10,000 readers: "
            + ", ".join(
                f"{what} {taken * 1e3:.0f} ms ({taken / plain:.1f} ×)"
                for what, taken in (
                    ("a plain preview", plain),
                    ("opened", opened),
                    ("opened again", again),
                    ("another reader", median(other)),
                    ("of which the copy", median(copies) / 1e3),
                    ("a template saved to pixels", median(templates)),
                    ("an intro", median(intros)),
                )
            )
        )


def saved(page: Page, path: Path, text: str, words: str) -> float:
    """Seconds from saving a file to its words on the screen."""
    page.wait_for_timeout(2_500)
    start = perf_counter()
    path.write_text(text, "utf-8")
    until_shown(page, words)
    return perf_counter() - start
