"""`newsletter sources`: finding a feed, importing a list, seeing how they do."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx2
import pytest
from commandline import Run, fails
from newsroom import entry, write_entries
from webhost import feed_of, say, web_host

from newsletter.cli.source_places import location_of
from newsletter.entries.fetching import http_client
from newsletter.settings import FILE

#: What the web server has, by path.
Site = dict[str, str]
HEAD = '<link rel="alternate" type="application/atom+xml" href="blog/atom.xml">'


@pytest.fixture
def site() -> Site:
    return {
        "/": f"<!doctype html><html><head><title>Looms</title>{HEAD}</head></html>",
        "/blog/atom.xml": feed_of(1, 7, "Loom Weekly"),
        "/bare": "<html><title>nothing here</title></html>",
    }


@pytest.fixture
def web(site: Site, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a real server; the network is there again."""

    def talk(handler: BaseHTTPRequestHandler) -> None:
        if handler.path in site:
            say(handler, site[handler.path], content_type="text/html")
        else:
            say(handler, status=404)

    monkeypatch.setattr("newsletter.sourcing.http_client", http_client)
    with web_host(talk) as address:
        yield address


def settings(project: Path) -> str:
    return (project / FILE).read_text("utf-8")


def test_the_feed_behind_a_page_is_found_shown_and_written(run: Run, project: Path, web: str) -> None:
    ran = run("sources", "add", f"{web}/")
    assert ran.status == 0, ran.err
    assert ran.out.startswith(f"Found its feed at {web}/blog/atom.xml: Loom Weekly.\n")
    assert "Its last five entries, as they would look in an issue:" in ran.out
    assert ran.out.count("  The Loom Weekly that has the number ") == 5
    assert "  Loom Weekly\N{NO-BREAK SPACE}· 20\N{NO-BREAK SPACE}Nov" in ran.out
    assert "  What Loom Weekly number 1 has to say is said here in a sentence or two." in ran.out
    assert "Added 'Loom Weekly': it holds 7 now." in ran.out
    assert f'name = "Loom Weekly"\nlocation = "{web}/blog/atom.xml"\n' in settings(project)
    assert run("pull", "--json").json["entries"] == 19


def test_the_entries_that_are_shown_are_the_newest_and_no_wider_than_a_terminal(run: Run, project: Path) -> None:
    long = "Looms that weave for ever and ever " * 20
    write_entries(
        project, [entry(n, f"Entry {n}", published=f"2026-11-{n:02}", summary=long) for n in range(1, 9)], "n.jsonl"
    )
    ran = run("sources", "add", "n.jsonl")
    assert re.findall(r"^  Entry (\d)$", ran.out, re.MULTILINE) == ["8", "7", "6", "5", "4"]
    assert max(map(len, ran.out.splitlines())) <= 80
    assert len(re.findall("^  .*weave", ran.out, re.MULTILINE)) == 10


def test_a_feed_is_added_as_it_is_and_its_name_may_be_given(run: Run, project: Path, web: str) -> None:
    ran = run("sources", "add", f"{web}/blog/atom.xml", "--name", "Mine")
    assert (ran.status, ran.out.splitlines()[0]) == (0, "Found Loom Weekly.")
    assert "Added 'Mine': it holds 7 now." in ran.out
    assert 'name = "Mine"' in settings(project)


def test_a_feed_without_entries_is_one_too(run: Run, project: Path, web: str, site: Site) -> None:
    site["/blog/atom.xml"] = feed_of(1, 0, "Empty")
    ran = run("sources", "add", web)
    assert (ran.status, "as they would look" in ran.out) == (0, False)
    assert "Added 'Empty': it holds 0 now" in ran.out


@pytest.mark.parametrize("path", ["/", "", "/blog/atom.xml", "/blog/atom.xml#top"])
def test_what_is_a_source_already_changes_nothing(run: Run, project: Path, web: str, path: str) -> None:
    run("sources", "add", web)
    before = settings(project)
    fails(run("sources", "add", f"{web}{path}", "--name", "Other"), "was not added", "'Loom Weekly' already", web)
    assert settings(project) == before


@pytest.mark.parametrize("said", ["papers.jsonl", "./papers.jsonl", "../news/papers.jsonl"])
def test_neither_does_a_file_that_is_one(run: Run, project: Path, said: str) -> None:
    before = settings(project)
    fails(run("sources", "add", said), f"{said} was not added: it is the source 'papers' already")
    assert settings(project) == before


@pytest.mark.parametrize(
    ("path", "words"),
    [("/bare", ["no feed was found behind it", "/feed.xml", "404"]), ("/gone", ["404"]), (":x/", ["no valid address"])],
)
def test_a_page_without_a_feed_is_told(run: Run, project: Path, web: str, path: str, words: list[str]) -> None:
    before = settings(project)
    fails(run("sources", "add", f"{web}{path}"), f"{web}{path} was not added", *words)
    assert settings(project) == before


@pytest.mark.parametrize("address", ["http://[bad", "https://example.org:port/"])
def test_an_address_that_is_none_is_told(run: Run, project: Path, address: str) -> None:
    fails(run("sources", "add", address), f"{address} was not added")


def test_a_bare_host_is_a_web_address_unless_there_is_such_a_file(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert str(request.url) == "https://looms.example.org"
        return httpx2.Response(200, stream=httpx2.ByteStream(feed_of(1, 2, "Looms").encode()))

    monkeypatch.setattr("newsletter.sourcing.http_client", lambda **_: http_client(httpx2.MockTransport(answer)))
    assert run("sources", "add", "looms.example.org").status == 0
    assert 'location = "https://looms.example.org"' in settings(project)
    write_entries(project, [entry(60)], "cards.example.org")
    assert "it holds 1 now" in run("sources", "add", "cards.example.org", "--kind", "jsonl").out


@pytest.mark.parametrize(
    ("typed", "location"),
    [
        ("example.org/blog?x=1", "https://example.org/blog?x=1"),
        ("example.org:8080", "https://example.org:8080"),
        ("bücher.example", "https://bücher.example"),
        ("HTTP://example.org", "HTTP://example.org"),
        ("feed.xml", "feed.xml"),
        ("./example.org", "example.org"),
        ("pages", "pages"),
        ("a b.org", "a b.org"),
        ("/srv/pages", "/srv/pages"),
    ],
)
def test_what_is_typed_is_a_web_address_or_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, location: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert location_of(typed, tmp_path) == location


# -- lists of feeds


def opml(*feeds: tuple[str, str]) -> str:
    return "<opml><body>" + "".join(f'<outline text="{t}" xmlUrl="{url}"/>' for t, url in feeds) + "</body></opml>"


def test_a_list_of_feeds_is_imported_at_once_without_a_network(run: Run, project: Path) -> None:
    (project / FILE).write_text(f"# my own words\n{settings(project)}")
    (project / "feeds.opml").write_text(
        opml(("Looms", "https://looms.example.org/f"), ("Cards", "http://cards.example.org/f"), ("Old", "gopher://x/1"))
    )
    ran = run("sources", "import", "feeds.opml")
    assert (ran.status, ran.err) == (0, "")
    assert "Looms  https://looms.example.org/f\nCards  http://cards.example.org/f\n" in ran.out
    assert "skipped Old: its address is no http:// or https:// address" in ran.out
    assert "Added 2 sources. `newsletter sources check` tries them" in ran.out
    assert settings(project).startswith("# my own words\n")
    listed = run("sources", "list", "--json").json
    assert [one["name"] for one in listed] == ["papers", "Looms", "Cards"]
    checked = run("sources", "check")
    assert (checked.status, "papers: 12 entries" in checked.out, "Looms: the server" in checked.err) == (3, True, True)
    before = settings(project)
    again = run("sources", "import", "feeds.opml")
    assert (again.status, "names no feed that is new. Nothing was changed." in again.out) == (0, True)
    assert "skipped Looms: it is the source 'Looms' already" in again.out
    assert settings(project) == before


def test_of_a_long_row_of_reasons_the_rest_is_counted(run: Run, project: Path) -> None:
    (project / "feeds.opml").write_text(opml(*((f"N{n}", f"gopher://{n}") for n in range(60))))
    ran = run("sources", "import", "feeds.opml")
    assert ran.out.count("skipped N") == 50
    assert "and 10 more" in ran.out


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read"), ("<html>", "no OPML"), ("<!ENTITY", "entities of its own")]
)
def test_a_file_that_is_no_list_is_told(run: Run, project: Path, content: str | None, words: str) -> None:
    if content:
        (project / "feeds.opml").write_text(content)
    before = settings(project)
    fails(run("sources", "import", "feeds.opml"), "feeds.opml was not imported", words)
    assert settings(project) == before


# -- how they do


def test_the_list_says_when_they_were_read_when_they_will_be_and_what_is_wrong(
    run: Run, project: Path, web: str, site: Site
) -> None:
    run("sources", "add", web)
    never = run("sources", "list").out
    assert re.search(r"^Loom Weekly +0 +never +now +http", never, re.MULTILINE)
    run("pull")
    assert re.search(r"^Loom Weekly +7 +20[\d-]+ \d\d:\d\d +20[\d-]+ \d\d:\d\d +http", run("sources", "list").out, re.M)
    del site["/blog/atom.xml"]
    run("pull")
    run("pull")
    assert re.search(r"^Loom Weekly \(2 times since 20.*\): .*404", run("sources", "list").out, re.MULTILINE)
    papers, looms = run("sources", "list", "--json").json
    assert looms.keys() == papers.keys() >= {"name", "entries", "pulled_at", "location", "error"}
    assert (papers["failures"], papers["error"], looms["failures"]) == (0, None, 2)
    assert papers["good_at"] >= looms["good_at"]
    assert looms["next_at"] > looms["pulled_at"]
    assert "404" in looms["error"]


def test_the_list_says_where_one_has_moved_for_good(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def talk(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/new":
            say(handler, feed_of(1, 1))
        else:
            say(handler, status=301, location="/new")

    monkeypatch.setattr("newsletter.sourcing.http_client", http_client)
    with web_host(talk) as address:
        run("sources", "add", f"{address}/old", "--name", "Looms")
        run("pull")
        said = f"Looms has moved for good. Write its new address into newsletter.toml: {address}/new"
        assert said in run("sources", "list").out
        assert run("sources", "list", "--json").json[1]["moved_to"] == f"{address}/new"
