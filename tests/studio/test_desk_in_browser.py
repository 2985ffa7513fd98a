"""The desk in a real browser: keys, addresses, what changes by itself, every width, names and contrast."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from browsing import ADA, BO, CHROMIUM, FLAGS, ISSUE, Desk, newsletter_at, served
from conftest import WordEmbedder
from newsroom import Clock, entry, write_entries
from playwright.sync_api import Browser, expect, sync_playwright

from newsletter import Newsletter
from newsletter.ranking.embedding import Vectors

pytestmark = pytest.mark.slow

TUESDAY = datetime(2026, 11, 24, 12, tzinfo=UTC)
CONTRAST = """() => {
  const rgb = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { c: [r, g, b], a }; };
  const light = ([r, g, b]) => [[r, .2126], [g, .7152], [b, .0722]].reduce((sum, [v, w]) => {
    v /= 255;
    return sum + w * (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  }, 0);
  const over = (top, under) => top.c.map((v, n) => v * top.a + under[n] * (1 - top.a));
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const own = rgb(getComputedStyle(element).backgroundColor);
    return own.a === 1 ? own.c : over(own, ground(element.parentElement));
  };
  const poor = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode());) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest('.unseen, .skip, [disabled]')) continue;
    const style = getComputedStyle(element), under = ground(element), ink = rgb(style.color);
    for (let one = element; one; one = one.parentElement) ink.a *= Number(getComputedStyle(one).opacity);
    const pair = [light(under), light(over(ink, under))].sort((a, b) => b - a);
    const ratio = (pair[0] + .05) / (pair[1] + .05);
    if (ratio < 4.5) poor.push(`${node.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""
NAMELESS = """() => [...document.querySelectorAll('a, button, input, textarea, select, iframe, dialog')]
  .filter((one) => one.type !== 'hidden')
  .filter((one) => !(one.ariaLabel || one.title || one.textContent.trim() || one.labels?.[0]?.textContent.trim()
    || document.getElementById(one.getAttribute('aria-labelledby'))?.textContent.trim()))
  .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def desk(browser: Browser, tmp_path: Path) -> Iterator[Desk]:
    clock = Clock(TUESDAY)
    project = newsletter_at(tmp_path / "newsletter", clock)
    with served(project, clock) as address:
        desk = Desk(browser, project, address)
        yield desk
        desk.close()
    assert desk.complaints == []


def test_it_is_driven_by_keys_alone(desk: Desk) -> None:
    press = desk.page.keyboard.press
    press("/")
    desk.page.keyboard.type("lovelace")
    expect(desk.page.locator("#readers .row")).to_have_count(2)  # Ada, and somebody imagined
    press("Enter")
    desk.shows("Ada Lovelace")
    assert "reader=ada%40example.org" in desk.query()

    press("Escape")
    expect(desk.page.locator("#readers .row")).to_have_count(5)
    press("ArrowDown")
    desk.shows("Bo Lindqvist")
    desk.page.locator("#mail").focus()
    press("k")
    desk.shows("Ada Lovelace")

    for key, panel in (("2", "picks"), ("3", "intro"), ("4", "pictures"), ("1", "checks")):
        press(key)
        expect(desk.page.locator(f"#panel-{panel}")).to_be_visible()
        expect(desk.page.locator("[role=tabpanel]:visible")).to_have_count(1)
    desk.page.locator("#tab-checks").focus()
    press("ArrowRight")
    expect(desk.page.locator("#tab-picks")).to_be_focused()

    press("p")
    expect(desk.page.locator("#stage figure")).to_have_count(1)
    press("p")
    press("t")
    expect(desk.page.locator("#part")).to_contain_text("Ada Lovelace")
    press("t")
    press("?")
    expect(desk.page.locator("#dialog-keys")).to_be_visible()
    press("Escape")
    press("r")
    expect(desk.page.locator("#dialog-release")).to_contain_text("3 readers")
    press("Escape")
    expect(desk.page.locator("dialog[open]")).to_have_count(0)


def test_what_is_chosen_stands_in_the_address(desk: Desk) -> None:
    desk.open(issue=ISSUE, reader=BO, view="phone", scheme="dark", panel="picks")
    desk.shows("Bo Lindqvist")
    expect(desk.page.locator("#stage figure")).to_have_count(1)
    expect(desk.page.locator("#panel-picks")).to_contain_text("Bo Lindqvist")
    ground = desk.mail().evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, re.findall(r"\d+", ground)[:3])) < 150

    desk.page.get_by_text("Ada Lovelace", exact=True).click()
    desk.shows("Ada Lovelace")
    desk.page.keyboard.press("d")
    assert "scheme" not in desk.query()
    desk.page.go_back()
    desk.shows("Bo Lindqvist")


def test_keys_and_links_work_inside_the_mail_which_runs_nothing(desk: Desk) -> None:
    desk.open(reader=ADA)
    desk.mail().evaluate("document.body.tabIndex = 0, document.body.focus()")
    desk.page.keyboard.press("2")
    expect(desk.page.locator("#panel-picks")).to_be_visible()
    with desk.page.context.expect_page() as opened:
        desk.mail().locator("a[href^='https://papers.example.org/']").first.click(modifiers=[])
    assert opened.value.evaluate("window.opener") is None
    assert desk.page.url.startswith(desk.home)
    assert desk.page.locator("#stage iframe").first.get_attribute("sandbox") == "allow-same-origin"


def test_what_is_written_on_disk_appears_where_one_was_reading(desk: Desk) -> None:
    desk.open(reader=ADA, view="desktop")
    desk.mail().evaluate("scrollTo(0, 500)")
    folder = desk.project / "issues"
    folder.mkdir(exist_ok=True)
    (folder / f"{ISSUE}.md").write_text("The week in which *everything* walked.\n", "utf-8")
    desk.shows("The week in which everything walked.")
    assert desk.scrolled() == 500


def test_a_mistake_in_a_template_is_shown_over_the_last_good_copy(desk: Desk) -> None:
    desk.open(reader=ADA)
    own = desk.project / "templates" / "issue"
    own.mkdir(parents=True)
    (own / "greeting.html").write_text("<p>Hello</p>\n{{ nobody.knows }}\n", "utf-8")
    bar = desk.page.locator("#trouble")
    expect(bar).to_be_visible()
    expect(bar).to_contain_text("greeting.html, line 2")
    expect(bar.locator("code")).to_have_text("{{ nobody.knows }}")
    desk.shows("Ada Lovelace")

    (own / "greeting.html").write_text("<p>Hello from the desk</p>\n", "utf-8")
    expect(bar).to_be_hidden()
    desk.shows("Hello from the desk")
    desk.complaints.clear()  # the browser tells of refused requests


def test_an_imagined_reader_is_seen_while_they_are_typed(desk: Desk) -> None:
    desk.page.get_by_text("Imagined reader").click()
    field = desk.page.get_by_label("What the imagined reader follows")
    expect(field).to_be_focused()
    field.press_sequentially("brain tumours")
    desk.shows("tumours")
    desk.waits_for(lambda: "like=brain+tumours" in desk.query())
    expect(field).to_be_focused()
    expect(field).to_have_value("brain tumours")


def test_the_intro_is_written_here_and_nobodys_words_are_lost(desk: Desk) -> None:
    desk.page.keyboard.press("e")
    field = desk.page.get_by_label("Intro, in Markdown")
    expect(field).to_be_focused()
    field.press_sequentially("Hello *legs*")
    expect(desk.page.locator("#intro-proof em")).to_have_text("legs")
    field.press("Control+Enter")
    desk.shows("Hello legs")
    file = desk.project / "issues" / f"{ISSUE}.md"
    assert file.read_text("utf-8") == "Hello *legs*\n"
    expect(field).to_be_focused()

    field.press_sequentially(" and wings")
    file.write_text("Somebody else’s.\n", "utf-8")
    expect(desk.page.locator("#intro-changed")).to_be_visible()
    expect(field).to_have_value("Hello *legs* and wings")
    desk.page.get_by_text("Keep mine").click()
    field.press("Control+Enter")
    desk.waits_for(lambda: file.read_text("utf-8") == "Hello *legs* and wings\n")


def test_picks_are_pinned_dropped_edited_and_put_in_order(desk: Desk) -> None:
    desk.open(reader=ADA, panel="picks")
    picks = desk.page.locator("#panel-picks > ol > li")
    first = picks.nth(0).locator("h3").inner_text()
    second = picks.nth(1).locator("h3").inner_text()
    desk.page.get_by_label(f"Pin: {second}", exact=True).click()
    expect(picks.nth(0).locator("h3")).to_have_text(second)
    desk.page.get_by_label(f"Pin: {first}", exact=True).click()
    expect(desk.page.get_by_label(f"Unpin: {first}", exact=True)).to_be_visible()

    desk.page.keyboard.press("3")
    desk.page.get_by_label(f"Move up: {first}", exact=True).click()
    expect(desk.page.locator("#pins li").first).to_contain_text(first)
    desk.page.keyboard.press("2")
    expect(picks.nth(0).locator("h3")).to_have_text(first)

    third = picks.nth(2).locator("h3").inner_text()
    desk.page.get_by_label(f"Drop: {third}", exact=True).click()
    expect(desk.page.get_by_label(f"Take back: {third}", exact=True)).to_be_visible()

    desk.page.get_by_label(f"Edit: {first}", exact=True).click()
    desk.page.get_by_label("Title in this issue").first.fill("Another title <b>altogether</b>")
    desk.page.get_by_text("Keep for this issue").first.click()
    desk.shows("Another title <b>altogether</b>")


def test_two_copies_stand_side_by_side(desk: Desk) -> None:
    desk.open(reader=ADA)
    desk.page.keyboard.press("c")
    desk.page.get_by_label("With another reader’s").fill(BO)
    desk.page.keyboard.press("Enter")
    desk.shows("Ada Lovelace", 0)
    desk.shows("Bo Lindqvist", 1)
    expect(desk.page.locator("figcaption b")).to_contain_text(["Ada Lovelace", "Bo Lindqvist"])
    desk.page.locator("#mail").focus()
    desk.page.keyboard.press("c")
    assert "with" not in desk.query()


def test_a_pick_leads_to_its_card_and_a_finding_to_its_place(desk: Desk) -> None:
    desk.open(reader=ADA, panel="picks", view="desktop")
    last = desk.page.locator("#panel-picks > ol > li").last.locator("h3 button")
    card = desk.mail().get_by_text(last.inner_text(), exact=True).first
    expect(card).not_to_be_in_viewport()
    last.click()
    expect(card).to_be_in_viewport()

    desk.page.keyboard.press("1")
    desk.page.get_by_role("button", name="the intro").click()
    expect(desk.page.get_by_label("Intro, in Markdown")).to_be_focused()


def test_titles_of_others_stay_text(desk: Desk) -> None:
    write_entries(desk.project, [entry(100, "&lt;img src=x onerror='document.title=1'&gt; robots with legs")])
    with Newsletter(desk.project, clock=Clock(TUESDAY), embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
    desk.open(like="images, src x onerror document title <b>robots</b> with legs", panel="picks")
    expect(desk.page.locator("#panel-picks")).to_contain_text("<img src=x")
    assert desk.page.locator("#why img, #who img, #who b b").count() == 0
    assert desk.page.title() != "1"


class WaitingEmbedder(WordEmbedder):
    """A model that starts when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.started = Event()

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        assert self.started.wait(30)
        return super().embed(texts, progress)


def test_while_the_model_starts_the_desk_says_so_and_asks_for_one_thing_at_a_time(
    browser: Browser, tmp_path: Path
) -> None:
    clock, model = Clock(TUESDAY), WaitingEmbedder()
    project = newsletter_at(tmp_path / "newsletter", clock)
    with served(project, clock, model) as address:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        expect(page.locator("#stage figure").first).to_contain_text("The first copy takes longest")
        expect(page.locator("#panel-checks")).to_contain_text("Still looking at every reader’s copy.")
        assert not any("/checks" in url for url in asked)
        model.started.set()
        expect(page.locator(".waiting")).to_have_count(0)
        expect(page.locator("#panel-checks .finding").first).to_be_visible()
        page.context.close()


def test_what_cannot_be_said_of_an_issue_any_more_is_no_question(desk: Desk) -> None:
    desk.page.get_by_text("More", exact=True).click()
    desk.page.locator("[data-dialog=skip]").click()
    desk.page.get_by_role("button", name="Skip it").click()
    expect(desk.page.locator("#top .pill").first).to_have_text("skipped")
    assert desk.page.locator("#dialog-skip").count() == 0


def test_what_is_chosen_is_seen_with_few_colours(desk: Desk) -> None:
    desk.page.emulate_media(forced_colors="active")
    desk.open(reader=ADA)
    for one in ("#readers .row", "#issues .row", ".set > a", "[role=tab]"):
        grounds = desk.page.locator(one).evaluate_all(
            "(all) => all.map((one) => [getComputedStyle(one).backgroundColor,"
            " one.ariaCurrent === 'true' || one.ariaSelected === 'true'])"
        )
        assert {ground for ground, chosen in grounds if chosen}.isdisjoint(
            ground for ground, chosen in grounds if not chosen
        )


def test_releasing_asks_once_and_says_what_came_of_it(desk: Desk) -> None:
    desk.page.get_by_role("button", name="Release").click()
    desk.page.get_by_role("button", name="Not now").click()
    desk.page.get_by_role("button", name="Release").click()
    desk.page.get_by_role("button", name="Release it").click()
    assert ISSUE in desk.said()


@pytest.mark.parametrize("width", [390, 768, 1024, 1280, 1920])
def test_nothing_runs_out_of_the_desk(desk: Desk, width: int) -> None:
    desk.page.set_viewport_size({"width": width, "height": 800})
    desk.open(reader=ADA)
    assert desk.page.evaluate("document.documentElement.scrollWidth") == width
    out = desk.page.evaluate(
        "() => [...document.querySelectorAll('#top *, #tools *, #stage figure')]"
        ".filter((one) => one.checkVisibility() && !one.closest('.menu div'))"
        ".filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80))"
    )
    assert out == []


def test_columns_fold_into_drawers(desk: Desk) -> None:
    desk.page.set_viewport_size({"width": 768, "height": 1024})
    desk.open()
    expect(desk.page.locator("#who")).to_be_hidden()
    opener = desk.page.get_by_role("button", name="Readers")
    opener.click()
    expect(desk.page.get_by_placeholder("Find or imagine a reader")).to_be_focused()
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator("#who")).to_be_hidden()
    expect(opener).to_be_focused()
    opener.click()
    desk.page.get_by_text("Bo Lindqvist").click()
    desk.shows("Bo Lindqvist")
    expect(desk.page.locator("#who")).to_be_hidden()
    desk.page.get_by_role("button", name="Checks").click()
    expect(desk.page.locator("#panel-checks")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_has_a_name_and_can_be_read(desk: Desk, scheme: str) -> None:
    desk.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for panel in ("checks", "picks", "intro", "pictures"):
        desk.open(reader=ADA, panel=panel)
        expect(desk.page.locator(f"#panel-{panel} > :not([hidden])").first).to_be_visible()
        expect(desk.page.get_by_text("Looking …")).to_have_count(0)
        assert desk.page.evaluate(NAMELESS) == []
        assert desk.page.evaluate(CONTRAST) == []
    for name in ("release", "test", "compare", "keys"):
        desk.page.evaluate(f"document.getElementById('dialog-{name}').showModal()")
        assert desk.page.evaluate(CONTRAST) == []
        desk.page.keyboard.press("Escape")
