"""Which picture stands with an entry: from every kind of source, and never one that a mail must not show."""

import ipaddress
import json
import re
from dataclasses import replace
from datetime import date, datetime
from time import process_time
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.entry import READERS, Entry, ParsedEntry, as_it_would_be
from newsletter.entries.images import Offered, best_image, first_image, safe_image
from newsletter.entries.page_facts import page_facts
from newsletter.entries.sources import parse
from newsletter.entries.text import MAX_RAW, MAX_URL
from newsletter.rendering.card import card_of, load_card

TODAY = date(2026, 11, 22)
GOOD = "https://img.example.org/figure.png"
OTHER = "https://img.example.org/other.jpg"


def of_feed(inside: str) -> str:
    content = (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>Made up</title>'
        f"<link>https://example.org/</link><item><title>T</title>{inside}</item></channel></rss>"
    )
    [entry] = parse(content.encode(), name="https://example.org/feed", today=TODAY).entries
    return entry.image


def of_text(html: str) -> str:
    return of_feed(f"<description>{escape(html)}</description>")


def of_json_feed(**item: object) -> str:
    content = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"title": "T", **item}]})
    return parse(content.encode(), name="feed.json", today=TODAY).entries[0].image


def of_line(image: object) -> str:
    return parse(json.dumps({"title": "T", "image": image}).encode(), name="a.jsonl", today=TODAY).entries[0].image


def of_paper(**item: object) -> str:
    inner = {"id": "2606.00467", "title": "T", **item.pop("paper", {})}  # type: ignore[dict-item]
    return parse(json.dumps([{"paper": inner, **item}]).encode(), name="papers.json", today=TODAY).entries[0].image


def of_page(head: str) -> str:
    page = f"<!doctype html><html><head><title>T</title>{head}</head></html>".encode()
    return page_facts(page, "text/html", "https://papers.example.org/view/7", today=TODAY).image


# Which links are pictures


@pytest.mark.parametrize(
    "url",
    [
        GOOD,
        "https://img.example.org:443/a",
        "HTTPS://img.example.org/a.webp?width=800&height=100",
        "https://xn--bcher-kva.example.org/a.gif",
        "https://cdn.example.org/fetch/w_1456,c_limit,f_auto/https%3A%2F%2Fs3.example.org%2Fa.jpeg",
        "https://img.example.org/2026/pixel-art-of-stars.png",
        "https://img.example.org/counting-birds/catalogo.jpg",
        "https://img.example.org/stats/open-skies.jpg?w=640",
    ],
)
def test_a_public_link_may_be_a_picture(url: str) -> None:
    assert safe_image(f" {url}\n") == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "figure.png",
        "//img.example.org/a.png",
        "http://img.example.org/a.png",
        "data:image/png;base64,iVBORw0KGgo=",
        "javascript:alert(1)",
        "ftp://img.example.org/a.png",
        "https://ada:secret@img.example.org/a.png",
        "https://img.example.org/a.png onerror=x",
        'https://img.example.org/a.png"onerror="x',
        "https://img.example.org/" + "a" * MAX_URL,
        "https://img.example.org/" + "é" * (MAX_URL // 3),
        "https://img.example.org:8443/a.png",
        "https://localhost/a.png",
        "https://printer/a.png",
        "https://nas.local/a.png",
        "https://wiki.corp/a.png",
        "https://192.0.2.1/a.png",
        "https://192.0.2.1./a.png",
        "https://0xc0.0x2/a.png",
        "https://3221225985/a.png",
        "https://[2001:db8::1]/a.png",
        "https://[::ffff:192.0.2.1]/a.png",
        "https://127。0。0。1/a.png",
        "https://bücher.example.org/a.png",
        "https://img.example.org\\@localhost/a.png",
    ],
)
def test_any_other_link_is_none(url: object) -> None:
    assert safe_image(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://pixel.wp.com/b.gif?post=1",
        "https://stats.wordpress.com/b.gif",
        "https://feeds.feedburner.com/~r/made/up/~4/x",
        "https://blogger.example.org/tracker/123?l=https%3A%2F%2Fexample.org",
        "https://counter.theconversation.com/content/7/count.gif",
        "https://medium.example.org/_/stat?event=post.clientViewed",
        "https://ads.doubleclick.net/ad/a.png",
        "https://secure.gravatar.com/avatar/0123",
        "https://s.w.org/images/core/emoji/72x72/1f600.png",
        "https://img.shields.io/badge/tests-passing-green.png",
        "https://img.example.org/1x1.gif",
        "https://img.example.org/theme/spacer.gif",
        "https://img.example.org/Pixel",
        "https://img.example.org/i?u=7&w=1&h=1",
        "https://img.example.org/static/made-up-logo-fb.png",
        "https://img.example.org/favicon-96.png",
        "https://img.example.org/drawing.svg",
        "https://img.example.org/film.mp4",
        "https://img.example.org/photo.avif",
        "https://img.example.org/open.php?reader=7",
    ],
)
def test_counters_signs_and_what_mail_does_not_show_are_none(url: str) -> None:
    assert safe_image(url) == ""


def test_letters_beyond_ascii_are_written_so_that_every_mail_program_finds_them() -> None:
    assert safe_image("https://img.example.org/café 1.png") == ""
    assert safe_image("https://img.example.org/café%201.png?é=ü") == (
        "https://img.example.org/caf%C3%A9%201.png?%C3%A9=%C3%BC"
    )


PIECES = st.lists(
    st.sampled_from(
        [*"/.:@?#[]%&=\\\"'<>; \x00é\u202e。", *"http https :// // data: localhost 127 0x7f img example org".split()]
    ),
    max_size=12,
).map("".join)


@given(
    (st.text() | PIECES).flatmap(lambda end: st.sampled_from([end, f"https://{end}", f"https://img.example.org{end}"]))
)
def test_no_link_leads_a_mail_astray(raw: str) -> None:
    image = safe_image(raw)
    if not image:
        return
    parts = urlsplit(image)
    assert parts.scheme == "https"
    assert re.fullmatch(r"[!#-;=?-\[\]_a-z~]{1,2000}", image), "nothing that ends an attribute or a line"
    assert parts.hostname and "." in parts.hostname and parts.username is None
    with pytest.raises(ValueError, match="does not appear"):
        ipaddress.ip_address(parts.hostname)
    assert safe_image(image) == image


# Which of several


@pytest.mark.parametrize(
    ("widths", "best"),
    [
        ([150, 640, 2_000], 640),
        ([2_000, 640, 150], 640),
        ([150, 300], 300),
        (["640px", "480"], "480"),
        ([30, 150], 150),
        ([30, 1, "0", 0], None),
        ([150, "auto"], "auto"),
        (["wide", 640], "wide"),
        ([], None),
    ],
)
def test_the_smallest_that_is_sharp_is_taken(widths: list[object], best: object) -> None:
    offered = [Offered(f"https://img.example.org/{width}.png", width) for width in widths]
    assert best_image(offered) == ("" if best is None else f"https://img.example.org/{best}.png")


def test_a_flat_one_is_no_picture() -> None:
    assert best_image([Offered(GOOD, 600, 1), Offered(OTHER, 300, 200)]) == OTHER


# Sources


@pytest.mark.parametrize(
    "inside",
    [
        f'<media:thumbnail url="{GOOD}"/><media:content url="{OTHER}" medium="image"/>',
        f'<media:thumbnail url="{OTHER}" width="75"/><media:content url="{GOOD}" type="image/png" width="800"/>',
        f'<media:group><media:content url="https://img.example.org/a.mp4" type="video/mp4">'
        f'<media:thumbnail url="{GOOD}" width="480"/></media:content></media:group>',
        f'<media:content url="https://img.example.org/a" medium="video"/><media:content url="{GOOD}"/>',
        f'<media:thumbnail url="http://img.example.org/a.png"/><itunes:image href="{GOOD}"/>',
        f'<enclosure url="https://img.example.org/a.mp3" type="audio/mpeg" length="9"/>'
        f'<enclosure url="{GOOD}" type="image/png" length="9"/>',
        f'<enclosure url="{GOOD}"/><description>&lt;img src="{OTHER}"&gt;</description>',
        f"<description>{escape(f'<p>One</p><img src={quoteattr(GOOD)}>')}</description>",
    ],
)
def test_a_feed_says_it_in_many_ways(inside: str) -> None:
    assert of_feed(inside) == GOOD


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<media:thumbnail/><media:content/><itunes:image/><enclosure/>",
        '<media:content url="https://img.example.org/a" medium="audio"/>',
        f'<enclosure url="{GOOD}" type="application/pdf"/>',
        f'<link>{GOOD}</link><description>See {GOOD}, or &amp;lt;img src="{GOOD}"&amp;gt;.</description>',
    ],
)
def test_a_feed_without_any_has_none(inside: str) -> None:
    assert of_feed(inside) == ""


def test_the_picture_of_a_whole_podcast_is_none_of_its_episodes() -> None:
    content = (
        '<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>Made up</title>'
        f'<itunes:image href="{OTHER}"/><image><url>{OTHER}</url></image><item><title>T</title></item></channel></rss>'
    )
    assert parse(content.encode(), name="a", today=TODAY).entries[0].image == ""


@pytest.mark.parametrize(
    "before",
    [
        '<img src="https://pixel.wp.com/b.gif">',
        '<img src="https://img.example.org/t" width="1" height="1">',
        f'<img src="{OTHER}" style="float:left; display: none">',
        f'<img src="{OTHER}" width="16">',
        '<img><img src><img src="data:image/gif;base64,R0lGOD">',
        f"<!-- <img src='{OTHER}'> -->",
        "<p title='a > b'><![endif]><!x>",
    ],
)
def test_of_a_text_the_first_that_is_a_picture_is_taken(before: str) -> None:
    html = f"{before}<p>One</p><IMG alt='a > b' src={quoteattr(GOOD)}><img src='{OTHER}'>"
    assert first_image(html) == GOOD


def test_a_picture_of_a_text_is_found_from_where_the_feed_is() -> None:
    assert of_text('<img src="/pictures/a.png">') == "https://example.org/pictures/a.png"


@pytest.mark.parametrize("hostile", ["<img ", "<img src='", "<img <!--", '<img x="', "<img><![", "<img>&#"])
def test_a_text_made_to_take_long_is_read_quickly(hostile: str) -> None:
    began = process_time()
    first_image(hostile * (MAX_RAW // len(hostile)))
    assert process_time() - began < 2


def test_only_the_beginning_of_a_text_is_looked_at() -> None:
    assert first_image("<p>" + "word " * (MAX_RAW // 5) + f'<img src="{GOOD}">') == ""
    assert first_image("<img>" * 1_000 + f'<img src="{GOOD}">') == ""


def test_a_json_feed_says_it_in_four_ways() -> None:
    assert of_json_feed(image=GOOD, banner_image=OTHER) == GOOD
    assert of_json_feed(image="http://example.org/a.png", banner_image=GOOD) == GOOD
    sound = {"url": OTHER, "mime_type": "audio/mpeg"}
    assert of_json_feed(attachments=[sound, None, 5, {"url": GOOD, "mime_type": "image/png"}]) == GOOD
    assert of_json_feed(content_html=f'<img src="{GOOD}">') == GOOD
    assert of_json_feed(content_text=f'<img src="{GOOD}">', attachments={"url": GOOD}) == ""


def test_a_line_of_json_names_it() -> None:
    assert [of_line(image) for image in (GOOD, "a.png", None, [GOOD], {"url": GOOD})] == [GOOD, "", "", "", ""]


def test_a_paper_has_the_figure_of_its_authors_or_that_of_hugging_face() -> None:
    assert of_paper(thumbnail=GOOD) == GOOD
    assert of_paper(thumbnail=OTHER, paper={"mediaUrls": ["https://img.example.org/a.mp4", GOOD]}) == GOOD
    assert of_paper(thumbnail=GOOD, mediaUrls=["https://img.example.org/a.mp4", 5]) == GOOD
    assert of_paper(thumbnail=[GOOD], mediaUrls=GOOD) == ""


@pytest.mark.parametrize(
    ("head", "image"),
    [
        (f'<meta property="og:image" content="{GOOD}"><meta property="og:image" content="{OTHER}">', GOOD),
        (
            f'<meta property="og:image" content="http://x.org/a.png"><meta name="twitter:image" content="{GOOD}">',
            GOOD,
        ),
        (f'<meta property="og:image:secure_url" content="{GOOD}"><meta property="og:image" content="{OTHER}">', GOOD),
        ('<meta property="og:image" content="/a.png">', "https://papers.example.org/a.png"),
        ('<meta property="og:image" content="/static/site-logo.png">', ""),
        ('<meta property="og:image" content="https://[">', ""),
        ("", ""),
    ],
)
def test_a_page_says_with_which_picture_it_wants_to_be_shown(head: str, image: str) -> None:
    assert of_page(head) == image


# On the way to the issue


def stored_entry(db: Database, now: datetime, *seen: ParsedEntry) -> Entry:
    for n, one in enumerate(seen):
        entries.save(db, f"source {n}", "a.txt", [one], now)
    return entries.by_ids(db, [1])[1]


def test_an_entry_keeps_its_first_picture(store: Database, now: datetime) -> None:
    bare = ParsedEntry("Bridges that sing in the evening wind")
    kept = stored_entry(store, now, bare, replace(bare, image=GOOD), replace(bare, image=OTHER), bare)
    assert kept.image == GOOD


def test_a_picture_changes_nothing_that_is_read_or_embedded(store: Database, now: datetime) -> None:
    bare = ParsedEntry("Bridges that sing in the evening wind", "They do.")
    before = stored_entry(store, now, bare)
    after = stored_entry(store, now, replace(bare, image=GOOD))
    assert (after.text, after.content_hash) == (before.text, before.content_hash)
    assert replace(after, image="") == before


def test_a_card_keeps_it_and_one_of_an_older_issue_has_none() -> None:
    entry = as_it_would_be(ParsedEntry("Bridges", image=GOOD), READERS)
    card = card_of(entry, search_url="https://example.org/?q={title}", today=TODAY)
    assert load_card(card.dump()).image == GOOD
    old = {name: value for name, value in json.loads(card.dump()).items() if name != "image"}
    assert load_card(json.dumps(old)).image == ""
