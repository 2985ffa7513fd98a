"""Papers that readers name are looked for in the background: politely, patiently, and told in words."""

import json
from datetime import UTC, datetime
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st
from newsroom import Clock
from suggestionbox import Web, ada

from newsletter import Newsletter
from newsletter.entries.fetching import Document
from newsletter.finding_papers import PAUSES, facts_in, registered_in
from subscribers.evidence import Origin

pytest_plugins = ("suggestionbox_fixtures",)

API = "https://export.arxiv.org/api/query?id_list={}&max_results={}"
PAGE = (
    '<meta name="citation_title" content="Folding proteins"><meta name="citation_abstract" content="They fold.">'
    '<meta name="citation_author" content="Jumper, John">'
)


@pytest.fixture
def newsletter(read_by_two: Newsletter) -> Newsletter:
    """Ada and Bob read it."""
    return read_by_two


def atom(*papers: tuple[str, str]) -> str:
    """What arXiv's API answers with these (id, title)."""
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/{id_}v1</id><title>{title}</title><summary>About {title}.</summary>"
        f'<author><name>Albert Gu</name></author><link href="http://arxiv.org/abs/{id_}v1" rel="alternate"/></entry>'
        for id_, title in papers
    )
    return (
        '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><id>http://arxiv.org/api/x</id>'
        f"<opensearch:totalResults>{len(papers)}</opensearch:totalResults>{entries}</feed>"
    )


def follow(newsletter: Newsletter, *lines: str) -> None:
    newsletter.readers.change(ada(newsletter), interests=lines, origin=Origin("page"))


def told(newsletter: Newsletter) -> list[str]:
    """What Ada is told of each paper of hers."""
    return [
        f"{paper.title}: {paper.trouble}" if paper.trouble else paper.title
        for line in newsletter.readers.followed(ada(newsletter).interests)
        for paper in line.papers
    ]


def test_arxiv_is_asked_once_for_many(newsletter: Newsletter, web: Web) -> None:
    follow(newsletter, "State-space models: 2312.00752, hep-th/9901001", "2401.00001")
    assert told(newsletter) == [
        f"{one}: It is not looked up yet." for one in ("2312.00752", "hep-th/9901001", "2401.00001")
    ]
    asked = API.format("2312.00752,2401.00001,hep-th/9901001", 3)
    web.put(asked, atom(("2312.00752", "Mamba"), ("hep-th/9901001", "Strings")), "application/atom+xml")
    assert newsletter.papers.look() == 3
    assert told(newsletter) == ["Mamba", "Strings", "2401.00001: arXiv knows no paper 2401.00001."]
    assert newsletter.papers.look() == 0
    assert web.asked.count(asked) == 1


def test_one_id_that_arxiv_dislikes_costs_no_other(newsletter: Newsletter, web: Web) -> None:
    follow(newsletter, "2312.00752, 2401.00001, 2401.00002")
    web.put(API.format("2312.00752,2401.00001,2401.00002", 3), "no", status=400)
    web.put(API.format("2312.00752", 1), atom(("2312.00752", "Mamba")), "application/atom+xml")
    web.put(API.format("2401.00001,2401.00002", 2), "no", status=400)
    web.put(API.format("2401.00001", 1), "no", status=400)
    web.put(API.format("2401.00002", 1), atom(("2401.00002", "Looms")), "application/atom+xml")
    newsletter.papers.look()
    mamba, bad, looms = told(newsletter)
    assert (mamba, looms) == ("Mamba", "Looms")
    assert bad == "2401.00001: arXiv could not be asked: the server answered 400 Bad Request."


def test_a_doi_leads_to_its_page(newsletter: Newsletter, web: Web) -> None:
    web.put("https://doi.org/10.1038/s1", "", status=302, location="https://nature.example/s1")
    web.put("https://nature.example/s1", PAGE)
    follow(newsletter, "10.1038/s1")
    newsletter.papers.look()
    assert told(newsletter) == ["Folding proteins"]


@pytest.mark.parametrize(("page", "status"), [("<title>Redirecting</title>", 200), ("", 403)])
def test_where_its_page_is_shut_crossref_is_asked(newsletter: Newsletter, web: Web, page: str, status: int) -> None:
    web.put("https://doi.org/10.1038/s1", page, status=status)
    work = {"title": ["Folding"], "abstract": "<jats:p>It folds.</jats:p>", "author": [{"given": "J", "family": "J"}]}
    web.put("https://api.crossref.org/works/10.1038%2Fs1", json.dumps({"message": work}), "application/json")
    follow(newsletter, "10.1038/s1")
    newsletter.papers.look()
    assert told(newsletter) == ["Folding"]


def test_a_link_leads_to_its_page(newsletter: Newsletter, web: Web) -> None:
    web.put("https://openreview.net/forum?id=a", PAGE)
    web.put("https://example.org/a.pdf", "%PDF-1.7", "application/pdf")
    follow(newsletter, "https://openreview.net/forum?id=a https://example.org/a.pdf")
    newsletter.papers.look()
    assert told(newsletter) == [
        "Folding proteins",
        "https://example.org/a.pdf: Its link leads to no page but to application/pdf. "
        "Name it by a page, a DOI or an arXiv id.",
    ]


def test_what_fails_is_tried_again_for_a_week_and_then_no_more(newsletter: Newsletter, web: Web, clock: Clock) -> None:
    follow(newsletter, "https://papers.example.org/gone")
    for pause in PAUSES:
        assert newsletter.papers.look() == 1
        clock.now += pause - pause / 10
        assert newsletter.papers.look() == 0
        clock.now += pause / 5
    assert newsletter.papers.look() == 1
    clock.forward(days=20)
    assert newsletter.papers.look() == 0
    assert told(newsletter) == [
        "https://papers.example.org/gone: Its page could not be read: the server answered 404 Not Found."
    ]


def test_nothing_is_asked_on_private_networks(newsletter: Newsletter, clock: Clock) -> None:
    from newsletter.finding_papers import PaperSearch

    follow(newsletter, "http://127.0.0.1:9/admin")
    search = PaperSearch(newsletter.database, newsletter.project, newsletter.settings, clock)
    try:
        assert search.look() == 1
    finally:
        search.close()
    assert "could not be read" in told(newsletter)[0]


def test_only_the_papers_of_readers_are_looked_for(newsletter: Newsletter) -> None:
    newsletter.readers.request(
        "eve@example.org", interests=["https://example.org/a"], words="Subscribe.", origin=Origin("page")
    )
    follow(newsletter, "https://example.org/b")
    newsletter.readers.leave(ada(newsletter), words="stop", origin=Origin("page"))
    newsletter.database.conn.execute("DELETE FROM papers")
    newsletter.papers.tend()
    assert newsletter.papers.look() == 0
    newsletter.readers.stay(ada(newsletter), words="back", origin=Origin("page"))
    newsletter.papers.tend()
    assert newsletter.papers.look() == 1


def test_papers_of_a_line_that_was_dropped_are_forgotten_after_a_month(newsletter: Newsletter, clock: Clock) -> None:
    follow(newsletter, 'title:"A Book of Bridges"', 'title:"Looms"')
    follow(newsletter, 'title:"Looms"')
    for days, kept in ((29, 2), (2, 1)):
        clock.forward(days=days)
        newsletter.papers.tend()
        assert newsletter.database["papers"].count == kept


def test_it_stops_between_two_requests_and_goes_on_later(newsletter: Newsletter, web: Web) -> None:
    web.put("https://example.org/a", PAGE)
    follow(newsletter, "https://example.org/a")
    stop = Event()
    stop.set()
    assert newsletter.papers.look(stop) == 0
    assert newsletter.papers.look() == 1
    assert told(newsletter) == ["Folding proteins"]


def test_who_is_added_by_the_operator_has_their_titles_known_at_once(newsletter: Newsletter) -> None:
    person = newsletter.subscribe("carol@example.org", interests=['title:"A Book of Bridges"'])
    (line,) = newsletter.readers.followed(person.interests)
    assert line.name == "“A Book of Bridges”"


@given(st.binary(max_size=300) | st.recursive(st.none() | st.text(max_size=5) | st.integers(), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["title", "author", "given", "URL"]), inner)
), max_leaves=12).map(lambda value: json.dumps({"message": value}).encode()))  # fmt: skip
def test_no_answer_of_crossref_is_too_strange(content: bytes) -> None:
    found = registered_in(content)
    assert found is None or found.title


@given(st.binary(max_size=300), st.sampled_from(["text/html", "application/pdf", "", "image/png; x"]))
def test_no_page_is_too_strange(content: bytes, kind: str) -> None:
    today = datetime(2026, 11, 22, tzinfo=UTC).date()
    found, trouble = facts_in(Document("https://example.org/a", content, kind), today)
    assert (found is None) == bool(trouble)
    assert found is None or found.title
