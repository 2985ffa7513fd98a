"""Feeds of all kinds: real ones, broken ones and hostile ones."""

import json
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.entries.entry import Parsed, ParsedEntry
from newsletter.entries.identity import identities
from newsletter.entries.sources import feed as feed_room
from newsletter.entries.sources import parse
from newsletter.entries.sources.feed import parse_feed
from newsletter.entries.text import MAX_TITLE
from newsletter.errors import SourceError

TODAY = date(2026, 11, 22)
PLACE = "https://example.org/feeds/all.xml"


def read(content: str | bytes, content_type: str = "") -> Parsed:
    content = content.encode() if isinstance(content, str) else content
    return parse_feed(content, content_type=content_type, location=PLACE, today=TODAY)


def rss(*items: str, before: str = "") -> str:
    inner = "".join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{before}<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>Made up</title><link>https://example.org/</link>{inner}</channel></rss>"
    )


def atom(*entries: str) -> str:
    inner = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Made up</title><id>urn:x</id>{inner}</feed>'


def json_feed(*items: object, version: str = "https://jsonfeed.org/version/1.1") -> str:
    return json.dumps({"version": version, "title": "Made up", "items": list(items)})


def sample(shared_data: Path, name: str) -> Parsed:
    return parse((shared_data / "feeds" / name).read_bytes(), name=name, today=TODAY)


# Real answers


def test_the_answer_of_arxivs_api_is_read_whole(shared_data: Path) -> None:
    parsed = sample(shared_data, "arxiv_api_atom_query10.xml")
    assert len(parsed.entries) == 10
    assert parsed.skipped == ()
    for entry in parsed.entries:
        assert entry.title and entry.summary and entry.authors and entry.categories and entry.published
        assert entry.url is not None
        assert identities(entry)[0].startswith(("arxiv:", "doi:"))
        assert any(key.startswith("arxiv:") for key in identities(entry))
        assert "\n" not in entry.title + entry.summary


def test_an_empty_answer_of_arxivs_api_is_no_error(shared_data: Path) -> None:
    assert sample(shared_data, "arxiv_api_atom_empty.xml") == Parsed()


def test_an_error_of_arxivs_api_is_an_error(shared_data: Path) -> None:
    with pytest.raises(SourceError, match="arXiv answers with an error: incorrect id format for abc"):
        sample(shared_data, "arxiv_api_atom_error.xml")


def test_a_weekend_feed_of_arxiv_without_items_is_no_error(shared_data: Path) -> None:
    assert sample(shared_data, "arxiv_rss2_weekend_empty.xml") == Parsed()


def test_a_new_version_of_an_older_paper_is_skipped(shared_data: Path) -> None:
    parsed = sample(shared_data, "arxiv_rss2_item_from_spec.xml")
    assert parsed.entries == ()
    assert [skipped.why for skipped in parsed.skipped] == ["a new version of an older paper"]


def test_arxivs_news_feed_loses_its_prefix_and_its_authors_are_told_apart(shared_data: Path) -> None:
    parsed = sample(shared_data, "arxiv_rss_atom_cs.AI.xml")
    first = parsed.entries[0]
    assert first.summary.startswith("As large language models")
    assert first.authors == ("Chunhua Liu", "Kabir Manandhar Shrestha", "Sukai Huang")
    assert (first.url, first.published) == ("https://arxiv.org/abs/2508.13426", date(2025, 8, 20))
    assert first.categories == ("cs.CL", "cs.AI")
    assert not any("Announce Type" in entry.summary for entry in parsed.entries)


def test_the_json_feeds_of_two_projects_are_read(shared_data: Path) -> None:
    [only] = sample(shared_data, "json_feed_1_1_gofeed.json").entries
    expected = ("title", "summary", ("author_name",), "https://sample-json-feed.com/id", ("tag1", "tag2"))
    assert expected == (only.title, only.summary, only.authors, only.url, only.categories)
    assert only.published == date(2019, 10, 12)
    titled, untitled = sample(shared_data, "json_feed_1_1_reader.json").entries
    assert (titled.title, titled.summary, titled.authors) == ("Title", "A summary", ())
    assert (untitled.title, untitled.authors, untitled.published) == ("Hello, world!", ("Jane",), date(2020, 1, 2))


# Forms of feeds


def test_an_rss_item_gives_all_it_says() -> None:
    item = (
        "<title>Bridges that sing</title><link>https://example.org/a</link>"
        "<guid isPermaLink='false'>10.5555/12345</guid>"
        "<description>&lt;p&gt;They do.&lt;/p&gt;&lt;p&gt;At night.&lt;/p&gt;</description>"
        "<dc:creator>N. One</dc:creator><category>music</category><pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate>"
    )
    [entry] = read(rss(item)).entries
    assert entry.identifiers == ("10.5555/12345",)
    assert (entry.title, entry.summary, entry.authors) == ("Bridges that sing", "They do. At night.", ("N. One",))
    assert (entry.url, entry.published, entry.categories) == (
        "https://example.org/a",
        date(2026, 11, 20),
        ("music",),
    )


def test_an_atom_entry_gives_all_it_says() -> None:
    entry = (
        '<title type="html">Bridges &lt;em&gt;that&lt;/em&gt; sing</title><id>urn:1</id>'
        '<link rel="enclosure" href="https://example.org/a.mp3"/><link href="../a"/>'
        "<author><name>N. One</name></author><author><name>N. Two</name></author>"
        '<content type="html">The long &lt;b&gt;content&lt;/b&gt;.</content><summary>Short.</summary>'
        "<updated>2026-11-20T08:00:00Z</updated>"
    )
    [found] = read(atom(entry)).entries
    assert (found.title, found.summary) == ("Bridges that sing", "The long content.")
    assert (found.url, found.authors) == ("https://example.org/a", ("N. One", "N. Two"))
    assert found.published == date(2026, 11, 20)


def test_an_author_with_a_comma_outside_arxiv_stays_one() -> None:
    [entry] = read(rss("<title>T</title><dc:creator>One, N.</dc:creator>")).entries
    assert entry.authors == ("One, N.",)


@pytest.mark.parametrize("kind", ["new", "cross"])
def test_arxivs_new_and_crossed_papers_are_kept(kind: str) -> None:
    item = (
        "<title>T</title><link>https://arxiv.org/abs/2611.00001</link>"
        f"<description>arXiv:2611.00001v1 Announce Type: {kind} \nAbstract: We made it up.</description>"
    )
    assert [entry.summary for entry in read(rss(item)).entries] == ["We made it up."]


@pytest.mark.parametrize("kind", ["replace", "replace-cross"])
def test_arxivs_replaced_papers_are_known_by_their_prefix_alone(kind: str) -> None:
    description = f"<description>arXiv:2611.00001v2 Announce Type: {kind} \nAbstract: Again.</description>"
    assert read(rss(f"<title>T</title>{description}")).entries == ()


@pytest.mark.parametrize("declared", ["", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-8"?>'])
@pytest.mark.parametrize("content_type", ["", "text/xml", "application/atom+xml", "text/html"])
def test_letters_outside_ascii_survive_any_declaration(declared: str, content_type: str) -> None:
    item = "<title>Poincaré — naïve 🧬</title><author><name>Zoë Žák</name></author><summary>Ça va.</summary>"
    [entry] = read(declared + atom(item), content_type).entries
    assert (entry.title, entry.authors, entry.summary) == ("Poincaré — naïve 🧬", ("Zoë Žák",), "Ça va.")


def test_a_feed_in_utf16_is_read() -> None:
    content = rss("<title>Poincaré</title>").replace("utf-8", "utf-16").encode("utf-16")
    assert [entry.title for entry in parse(content, name="a", today=TODAY).entries] == ["Poincaré"]


def test_a_feed_without_items_is_no_error() -> None:
    assert read(rss()) == Parsed()
    assert read(atom()) == Parsed()
    assert read(json_feed()) == Parsed()


# What is no feed


@pytest.mark.parametrize(
    "content",
    [
        "<!DOCTYPE html><html><head><title>News</title></head><body><p>Hello</p></body></html>",
        "\n  <html><body>Down for maintenance</body></html>",
        "<HTML><BODY>404</BODY></HTML>",
    ],
)
def test_a_web_page_is_no_feed_and_the_error_says_what_to_look_for(content: str) -> None:
    with pytest.raises(SourceError, match="it is a web page, not a feed; look for its RSS or Atom address"):
        read(content, "text/html")


@pytest.mark.parametrize(
    "content", [b"", b" \n", b"nothing", b"<a/>", b"<?xml version='1.0'?>", b"\x00\xff" * 50, b"%PDF-1.7"]
)
def test_what_is_no_feed_is_told(content: bytes) -> None:
    with pytest.raises(SourceError, match="it is no feed"):
        read(content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "is not JSON"),
        ('{"items": [' + "[" * 100_000, "is not JSON"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": [{"title": "cut', "is not JSON"),
        ("{}", "no JSON Feed"),
        ('{"error": "not found"}', "the server answers with an error: not found"),
        ('{"items": {"title": "T"}}', "no JSON Feed"),
    ],
)
def test_json_that_is_no_feed_is_told(content: str, why: str) -> None:
    with pytest.raises(SourceError, match=why):
        read(content)


def test_a_feed_that_is_too_large_is_refused() -> None:
    with pytest.raises(SourceError, match="it holds 21 MB; a feed of over 20 MB is not read"):
        read(b"<rss>" + b" " * 21_000_000)


def test_a_feed_with_too_many_items_is_read_up_to_the_limit_and_the_rest_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_room, "MAX_ITEMS", 3)
    for content in (rss(*["<title>T</title>"] * 5), json_feed(*[{"title": "T"}] * 5)):
        parsed = read(content)
        assert len(parsed.entries) == 3
        assert [str(skipped) for skipped in parsed.skipped] == ["2 further items: only 3 are read of one feed"]


def test_a_feed_cut_in_the_middle_gives_what_came() -> None:
    whole = rss("<title>First</title>", "<title>Second</title>")
    assert read(whole[: whole.index("Second")]).entries[0].title == "First"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_that_could_grow_without_end_are_refused(encoding: str) -> None:
    growing = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10 if n else 'ha'}'>" for n in range(10))
    content = rss("<title>&e9;</title>", before=f"<!DOCTYPE rss [{growing}]>").replace("utf-8", encoding)
    with pytest.raises(SourceError, match="it declares entities of its own"):
        read(content.encode(encoding))


def test_a_feed_cannot_read_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("the secret")
    outside = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">]>'
    with pytest.raises(SourceError, match="it declares entities of its own"):
        read(rss("<title>T &x;</title>", before=outside))


def test_a_document_type_without_entities_does_no_harm() -> None:
    outside = '<!DOCTYPE rss PUBLIC "-//Example//DTD RSS 0.91//EN" "http://localhost:1/rss.dtd">'
    assert [entry.title for entry in read(rss("<title>T</title>", before=outside)).entries] == ["T"]


# Items that are wrong


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ("", None),
        ("<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>", None),
        ("<pubDate>Thu, 01 Jan 2099 00:00:00 GMT</pubDate>", None),
        ("<pubDate>rubbish</pubDate>", None),
        ("<pubDate></pubDate>", None),
        ("<pubDate>rubbish</pubDate><dc:date>2026-11-20</dc:date>", date(2026, 11, 20)),
        ("<dc:date>2026-11-20</dc:date>", date(2026, 11, 20)),
        ("<pubDate>2026-11-20</pubDate>", date(2026, 11, 20)),
    ],
)
def test_a_missing_or_impossible_date_is_unknown(dates: str, expected: date | None) -> None:
    assert [entry.published for entry in read(rss(f"<title>T</title>{dates}")).entries] == [expected]


def test_one_id_for_all_items_does_not_make_them_one() -> None:
    items = [f"<title>Chapter number {n} of it</title><guid>the-same</guid>" for n in range(3)]
    parsed = read(rss(*items))
    assert len({tuple(identities(entry)) for entry in parsed.entries}) == 3


def test_an_item_without_a_title_is_told() -> None:
    parsed = read(rss("<description>Only this</description>", "<title> </title><link>https://example.org/a</link>"))
    assert parsed.entries == ()
    told = [str(skipped) for skipped in parsed.skipped]
    assert told == ["an item: it has no title", "https://example.org/a: it has no title"]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("<script>alert(1)</script>Harmless", "Harmless"),
        ("<img src=x onerror=alert(1)>Harmless", "Harmless"),
        ("{{ 7*7 }}", "{{ 7*7 }}"),
        ("{% for x in y %}", "{% for x in y %}"),
        ("Subject\r\nBcc: eve@example.org", "Subject Bcc: eve@example.org"),
        ("End ]]> of it", "End ]]> of it"),
        ("Safe\u202egnp.exe", "Safegnp.exe"),
        ("🧬 genes 👩‍🔬", "🧬 genes 👩‍🔬"),
        ("R&D & <b>more</b>", "R&D & more"),
        (r"On $\ell_1$ and 20\% more", "On ℓ₁ and 20% more"),
    ],
)
def test_a_hostile_title_becomes_plain_text_in_one_line(title: str, expected: str) -> None:
    as_rss = rss(f"<title>{escape(title)}</title>")
    as_json = json_feed({"title": title})
    assert [[entry.title for entry in read(content).entries] for content in (as_rss, as_json)] == [[expected]] * 2


def test_a_title_of_10000_characters_is_clipped() -> None:
    for content in (rss(f"<title>{'long ' * 2_000}</title>"), json_feed({"title": "long " * 2_000})):
        [entry] = read(content).entries
        assert len(entry.title) <= MAX_TITLE
        assert entry.title.endswith("…")


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "file:///etc/passwd", "http://[", "mailto:a@b"],
)
def test_a_link_that_is_no_web_address_is_none(link: str) -> None:
    as_rss = rss(f"<title>T</title><link>{link}</link>")
    as_atom = atom(f'<title>T</title><link href="{link}"/>')
    as_json = json_feed({"title": "T", "url": link})
    assert [read(content).entries[0].url for content in (as_rss, as_atom, as_json)] == [None] * 3


# JSON Feed


PIECES = st.sampled_from(
    "<rss> <rss version='2.0'> <channel> <item> </item> <title> </title> <link> </link> <guid> <pubDate> </pubDate> "
    "<feed xmlns='http://www.w3.org/2005/Atom'> <entry> </entry> <link_href='http://['/> <![CDATA[ ]]> <!-- --> & "
    "&amp; &#0; &#xD800; &lt;b&gt; <?xml?> <?xml_encoding='x'?> <base_href='http://['/> <a_xml:base='http://['> T 5 é "
    "\x00 <!DOCTYPE_x_[<!ENTITY_a_'b'>]> &a; <dc:date> <media:content_url='x'/> <georss:point> <content_type='xhtml'> "
    "<summary_type='application/x'_mode='base64'> </summary> <itunes:image_href='http://['/>".split(" ")
).map(lambda piece: piece.replace("_", " "))


@given(st.binary(max_size=200) | st.lists(PIECES, max_size=25).map(lambda pieces: "".join(pieces).encode()))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        parsed = read(content)
    except SourceError:
        return
    assert all(isinstance(entry, ParsedEntry) and entry.title for entry in parsed.entries)
