"""Lists of feeds, as feed readers export them."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.entries import opml
from newsletter.entries.opml import Imported, new_sources, read_opml
from newsletter.errors import SourceError
from newsletter.sections import SourceSettings

LIST = """\
<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0">
  <head><title>Feeds of Ada</title><ownerName>Ada</ownerName><dateCreated>yesterday</dateCreated></head>
  <body>
    <outline text="Craft">
      <outline text="Looms &amp; more" type="rss" xmlUrl="https://looms.example.org/feed?a=1&amp;b=2"/>
      <outline title="Łódź" XMLURL=" https://lodz.example.org/rss "></outline>
      <outline text="Deeper"><outline text="" xmlUrl="https://www.deep.example.org/atom.xml"/></outline>
    </outline>
    <outline text="A page" htmlUrl="https://page.example.org"/>
    <outline text="A list" type="include" url="https://list.example.org/other.opml"/>
    <outline text="An empty folder"/>
  </body>
</opml>
"""
NAMES = [
    ("Looms more", "https://looms.example.org/feed?a=1&b=2"),
    ("Łódź", "https://lodz.example.org/rss"),
    ("deep.example.org", "https://www.deep.example.org/atom.xml"),
]


def outlines(*feeds: tuple[str, str]) -> bytes:
    body = "".join(f'<outline text="{title}" xmlUrl="{url}"/>' for title, url in feeds)
    return f"<opml><body>{body}</body></opml>".encode()


def imported(content: bytes, *known: SourceSettings) -> Imported:
    return new_sources(read_opml(content)[0], known)


def named(found: Imported) -> list[tuple[str, str]]:
    return [(source.name, source.location) for source in found.sources]


@pytest.mark.parametrize(
    "content",
    [
        LIST.encode(),
        LIST.encode("utf-8-sig"),
        LIST.encode("utf-16"),
        LIST.encode("utf-16-le"),
        LIST.replace("UTF-8", "ISO-8859-2").encode("iso-8859-2"),
        LIST.replace("\n", "\r\n").encode(),
        LIST.replace('<?xml version="1.0" encoding="UTF-8"?>\n', "").encode(),
        LIST.replace("</body>\n</opml>\n", "").encode(),
        LIST.replace("&amp;", "&").encode(),
    ],
)
def test_all_feeds_of_a_list_in_any_folder_and_charset(content: bytes) -> None:
    assert named(imported(content)) == NAMES


def test_what_is_no_feed_is_told() -> None:
    _, skipped = read_opml(LIST.encode())
    assert [str(one) for one in skipped] == [
        "A page: it is a web page; `newsletter sources add` finds the feed of a page",
        "A list: it is a list of feeds elsewhere: import that one",
    ]


def test_what_is_known_or_stands_there_twice_or_is_no_web_address_is_skipped() -> None:
    content = outlines(
        ("AI", "http://arxiv.org/list/cs.AI/recent"),
        ("One", "https://one.example.org/feed"),
        ("Again", "http://www.one.example.org/feed/"),
        ("Gopher", "gopher://one.example.org/feed"),
        ("", "/etc/passwd"),
        ("Other port", "https://one.example.org:8443/feed"),
    )
    found = imported(content, SourceSettings(name="arXiv", location="https://rss.arxiv.org/rss/cs.AI"))
    assert [name for name, _ in named(found)] == ["One", "Other port"]
    assert [str(one) for one in found.skipped] == [
        "AI: it is the source 'arXiv' already",
        "Again: it stands in the list before, as 'One'",
        "Gopher: its address is no http:// or https:// address",
        "/etc/passwd: its address is no http:// or https:// address",
    ]


def test_names_are_made_unique() -> None:
    known = SourceSettings(name="News", location="news.jsonl")
    found = imported(outlines(*(("News", f"https://{n}.example.org/feed") for n in range(3))), known)
    assert [source.name for source in found.sources] == ["News 2", "News 3", "News 4"]


@given(st.lists(st.text(max_size=80), max_size=6))
def test_every_title_becomes_a_name_that_the_settings_allow(titles: list[str]) -> None:
    found = new_sources([opml.Outline(title, f"https://{n}.example.org/f") for n, title in enumerate(titles)], ())
    assert len({source.name for source in found.sources}) == len(titles)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no OPML"),
        (b"<html><body>hello</body></html>", "no OPML"),
        (b"%PDF-1.7 \x00\xff", "no OPML"),
        (b'{"feeds": []}', "no OPML"),
        (b"https://example.org/feed", "no OPML"),
        (b'<!DOCTYPE opml [<!ENTITY a "b">]><opml></opml>', "entities of its own"),
        ('<!DOCTYPE opml [<!ENTITY a "b">]><opml></opml>'.encode("utf-16"), "entities of its own"),
        (b"<opml>" + b" " * opml.MAX_BYTES, "more than 5 MB"),
    ],
)
def test_what_is_no_list_is_told(content: bytes, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        read_opml(content)


PIECES = ["<opml>", "</opml>", "<outline ", "</outline>", "xmlUrl=", "text=", "<title>", "</title>", *"<>&\"'=/!?-["]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=40).map("".join), st.binary(max_size=20))
def test_no_list_is_too_odd(text: str, end: bytes) -> None:
    found, _ = read_opml(b"<opml>" + text.encode("utf-8", "replace") + end)
    new_sources(found, ())


@pytest.mark.slow
def test_ten_thousand_feeds_are_read_in_a_moment() -> None:
    content = outlines(*(("The same title", f"https://example.org/{n}") for n in range(10_000)))
    started = process_time()
    assert len(imported(content).sources) == 10_000
    assert process_time() - started < 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    ["<outline xmlUrl='http://a'>", "<outline text=a><outline xmlUrl='http://a'/></outline>", "<", "<!--", "a,"],
)
def test_lists_that_were_made_to_be_slow_are_not(piece: str) -> None:
    start = "<opml><outline xmlUrl='http://b' category='" if piece == "a," else "<opml>"
    content = (start + piece * min(19_000, 1_000_000 // len(piece))).encode()
    started = process_time()
    read_opml(content)
    assert process_time() - started < 3


def test_a_list_that_is_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opml, "MAX_FEEDS", 2)
    with pytest.raises(SourceError, match="names over 2 feeds"):
        read_opml(outlines(*((f"N{n}", f"https://example.org/{n}") for n in range(3))))
