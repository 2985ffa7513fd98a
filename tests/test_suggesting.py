"""What readers suggest, from the link to the issue: kept once, read politely, decided by the operator, thanked for."""

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from threading import Event

import httpx2
import pytest
from conftest import WordEmbedder
from newsroom import Clock, entry, mails, make_project, parsed, write_entries

from newsletter import Newsletter
from newsletter.entries.fetching import http_client
from newsletter.errors import SuggestionError
from newsletter.readers.suggested import A_DAY, MAX_WHY, readable_link, same_page
from newsletter.readers.suggestions_store import SuggestionState, find
from newsletter.suggesting import PAUSES, Suggestions
from subscribers.cadence import parse_cadence
from subscribers.errors import TooMany
from subscribers.evidence import Origin
from subscribers.people import Subscriber

OPERATOR = """
[mailbox]
operator = "op@example.org"

[delivery]
durability = "process"
"""
PAGE = "https://papers.example.org/looms"
LOOMS = (
    '<meta name="citation_title" content="Walking robots that weave"><meta name="citation_author" content="Jacquard, J">'
    '<meta name="citation_abstract" content="Walking robots weave on springy legs. It goes well. We show how.">'
)


class Web:
    """The pages of the world; what is not there answers 404."""

    def __init__(self) -> None:
        self.pages: dict[str, httpx2.Response] = {}
        self.asked: list[str] = []

    def put(self, url: str, content: str = LOOMS, kind: str = "text/html", status: int = 200, **headers: str) -> None:
        self.pages[url] = httpx2.Response(status, text=content, headers={"content-type": kind, **headers})

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(str(request.url))
        page = self.pages.get(str(request.url), httpx2.Response(404))
        return httpx2.Response(page.status_code, headers=page.headers, stream=httpx2.ByteStream(page.content))


@pytest.fixture
def web() -> Web:
    web = Web()
    web.put(PAGE)
    return web


@pytest.fixture
def newsletter(tmp_path: Path, clock: Clock, web: Web) -> Iterator[Newsletter]:
    """Twelve entries are pulled; Ada and Bob read it."""
    http = http_client(httpx2.MockTransport(web))
    make_project(tmp_path, OPERATOR)
    with Newsletter(tmp_path, clock=clock, embedder=WordEmbedder(), http=http) as newsletter:
        newsletter.pull()
        for name in ("Ada", "Bob"):
            cadence = parse_cadence("weekly", "friday", "08:00", "UTC")
            newsletter.subscribe(
                f"{name.lower()}@example.org", name=name, interests=["walking robots"], cadence=cadence
            )
        yield newsletter


def ada(newsletter: Newsletter) -> Subscriber:
    return newsletter.subscriber("ada@example.org")


def suggest(newsletter: Newsletter, link: str = PAGE, why: str = "", *, name: str = "ada", named: bool = False) -> str:
    person = newsletter.subscriber(f"{name}@example.org")
    return newsletter.readers.suggest(person, link, why, named=named).said


def told(newsletter: Newsletter) -> list[EmailMessage]:
    """Mails to the operator, all so far."""
    newsletter.send_notices()
    return [mail for mail in map(parsed, mails(newsletter.project)) if mail["To"] == "op@example.org"]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


# -- a reader suggests


def test_a_link_is_kept_once_for_each_reader(newsletter: Newsletter) -> None:
    assert suggest(newsletter, why="It is\n good. ").startswith("Thank you: a person looks at it")
    for link in (PAGE, f"{PAGE}/?utm_source=x", "http://www.papers.example.org/looms#top"):
        assert suggest(newsletter, link) == "You suggested that already."
    assert suggest(newsletter, name="bob", why="So is this").startswith("Thank you")
    (look,) = newsletter.suggestions.open()
    assert [person.name for person in look.readers] == ["Ada", "Bob"]
    assert look.who == "two readers: Ada <ada@example.org>, Bob <bob@example.org>"
    assert look.whys == ("It is good.", "So is this")


def test_what_is_in_already_is_told_at_once_and_kept_nowhere(newsletter: Newsletter) -> None:
    assert suggest(newsletter, "https://papers.example.org/3").startswith("It is in already: “Study 3 of ")
    assert newsletter.suggestions.open() == []


@pytest.mark.parametrize(
    "link",
    ["", "looms", "ftp://example.org/a", "javascript:alert(1)", "https://", "https://localhost/a", "https://a b.org/",
     "https://me:secret@example.org/a", "https://example.org/" + "a" * 2_000, "https://[::1]/", "mailto:a@example.org"],
)  # fmt: skip
def test_what_is_no_link_is_asked_for_again(newsletter: Newsletter, link: str) -> None:
    told = newsletter.readers.suggest(ada(newsletter), link)
    assert (told.wrong, told.kept) == (True, False)
    assert "That is no link." in told.said
    assert newsletter.suggestions.open() == []


def test_our_own_pages_are_no_suggestion(newsletter: Newsletter) -> None:
    told = newsletter.readers.suggest(ada(newsletter), "https://NEWS.example.org/p/abc")
    assert told.wrong
    assert "That is a page of this newsletter." in told.said


def test_five_a_day_are_the_most(newsletter: Newsletter, clock: Clock) -> None:
    for n in range(A_DAY):
        suggest(newsletter, f"https://example.org/{n}")
    with pytest.raises(TooMany, match="five things since yesterday"):
        suggest(newsletter, "https://example.org/more")
    assert suggest(newsletter, "https://example.org/more", name="bob").startswith("Thank you")
    clock.forward(days=1)
    assert suggest(newsletter, "https://example.org/more").startswith("Thank you")


def test_links_are_taken_as_people_type_them() -> None:
    assert readable_link(" <arxiv.org/abs/1706.03762> ") == "https://arxiv.org/abs/1706.03762"
    assert same_page("https://arxiv.org/abs/1706.03762v5", "http://arxiv.org/pdf/1706.03762")
    assert same_page("https://example.org", "https://example.org")
    assert not same_page("https://example.org/a", "https://example.org/b")


def test_what_is_said_is_shortened_and_a_name_is_named_only_if_there_is_one(newsletter: Newsletter) -> None:
    suggest(newsletter, why="long " * 200, named=True)
    newsletter.readers.change(newsletter.subscriber("bob@example.org"), name="", origin=Origin("page"))
    suggest(newsletter, "https://example.org/b", name="bob", named=True)
    first, second = newsletter.suggestions.open()
    assert len(first.whys[0]) <= MAX_WHY
    assert (first.thanks, second.thanks) == ("Suggested by Ada", "Suggested by a reader")


# -- its page is read


def test_a_page_is_read_and_waits_for_the_operator(newsletter: Newsletter, web: Web) -> None:
    suggest(newsletter)
    assert newsletter.suggestions.fetch_new() == 1
    (look,) = newsletter.suggestions.open()
    assert look.suggestion.state is SuggestionState.WAITING
    assert (look.entry.title, look.entry.authors, look.entry.url) == (
        "Walking robots that weave",
        ("J Jacquard",),
        PAGE,
    )
    assert newsletter.suggestions.fetch_new() == 0
    assert web.asked == [PAGE]


def test_what_cannot_be_read_is_tried_three_times_with_growing_pauses(newsletter: Newsletter, clock: Clock) -> None:
    suggest(newsletter, "https://example.org/gone")
    moments = []
    for _ in range(300):
        if newsletter.suggestions.fetch_new():
            moments.append(clock())
        clock.forward(minutes=5)
    pauses = [after - before for before, after in zip(moments, moments[1:], strict=False)]
    assert pauses == list(PAUSES)
    (look,) = newsletter.suggestions.open()
    assert look.suggestion.state is SuggestionState.UNREADABLE
    assert look.suggestion.trouble == "The page could not be read: the server answered 404 Not Found."


def test_a_server_that_asks_for_patience_is_left_alone(newsletter: Newsletter, clock: Clock, web: Web) -> None:
    web.put("https://example.org/busy", status=429, **{"retry-after": "7200"})
    suggest(newsletter, "https://example.org/busy")
    newsletter.suggestions.fetch_new()
    clock.forward(minutes=119)
    assert newsletter.suggestions.fetch_new() == 0
    clock.forward(minutes=2)
    assert newsletter.suggestions.fetch_new() == 1


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:1/admin", "http://169.254.169.254/latest", "http://10.1.2.3/router"]
)
def test_no_private_network_is_reached_by_a_link(newsletter: Newsletter, link: str) -> None:
    """With the client that is used in earnest."""
    suggest(newsletter, link)
    suggestions = Suggestions(
        newsletter.database, newsletter.settings, newsletter.readers, _signer(newsletter), newsletter._clock
    )
    try:
        suggestions.fetch_new()
    finally:
        suggestions.close()
    found = find(newsletter.database, 1)
    assert found
    assert found.tries == 1
    assert "private" in found.trouble


def _signer(newsletter: Newsletter):  # type: ignore[no-untyped-def]
    return newsletter._signer


def test_a_file_goes_by_the_readers_words_or_its_name(newsletter: Newsletter, web: Web) -> None:
    for n, why in enumerate(("", "On looms"), 1):
        web.put(f"https://example.org/{n}/The%20loom.pdf", "%PDF-1.7", "application/pdf")
        suggest(newsletter, f"https://example.org/{n}/The%20loom.pdf", why)
    newsletter.suggestions.fetch_new()
    by_name, by_words = newsletter.suggestions.open()
    assert (by_name.entry.title, by_words.entry.title) == ("The loom.pdf", "On looms")
    assert "It is not a page but application/pdf" in by_name.suggestion.trouble
    assert by_name.suggestion.state is SuggestionState.WAITING


def test_of_a_paper_on_arxiv_the_page_is_read_and_not_the_file(newsletter: Newsletter, web: Web) -> None:
    web.put("https://arxiv.org/abs/2603.01234")
    suggest(newsletter, "https://arxiv.org/pdf/2603.01234")
    newsletter.suggestions.fetch_new()
    assert web.asked == ["https://arxiv.org/abs/2603.01234"]
    assert newsletter.suggestions.look(1).entry.title == "Walking robots that weave"


def test_what_turns_out_to_be_in_already_is_no_work_for_the_operator(newsletter: Newsletter, web: Web) -> None:
    web.put(
        "https://short.example/x",
        '<link rel="canonical" href="/3">',
        status=302,
        location="https://papers.example.org/3",
    )
    web.put("https://papers.example.org/3", "<title>Study 3</title>")
    suggest(newsletter, "https://short.example/x")
    newsletter.suggestions.fetch_new()
    assert newsletter.suggestions.open() == []
    look = newsletter.suggestions.look(1)
    assert look.suggestion.state is SuggestionState.ACCEPTED
    assert look.became
    assert look.became.url == "https://papers.example.org/3"
    assert told(newsletter) == []


def test_it_stops_between_two_pages_and_goes_on_later(newsletter: Newsletter) -> None:
    suggest(newsletter)
    stop = Event()
    stop.set()
    assert newsletter.suggestions.fetch_new(stop) == 0
    assert newsletter.suggestions.fetch_new(Event()) == 1


def test_who_is_erased_while_a_page_is_read_does_not_come_back(newsletter: Newsletter, web: Web) -> None:
    suggest(newsletter)
    newsletter.remove("ada@example.org")
    assert newsletter.suggestions.fetch_new() == 0
    with pytest.raises(SuggestionError, match="There is no suggestion 1"):
        newsletter.suggestions.look(1)


# -- the operator is told


def test_one_mail_lists_all_that_waits(newsletter: Newsletter) -> None:
    suggest(newsletter, why="It *weaves* <b>well</b>", named=True)
    suggest(newsletter, name="bob")
    suggest(newsletter, "https://example.org/gone")
    newsletter.suggestions.fetch_new()
    (mail,) = told(newsletter)
    assert mail["Subject"] == "Paper Robots: one suggestion waits for you"
    said = text_of(mail)
    for piece in (
        "Walking robots that weave",
        PAGE,
        "two readers: Ada <ada@example.org>, Bob <bob@example.org>",
        "It *weaves* <b>well</b>",
        "https://news.example.org/suggestion/",
    ):
        assert piece in said
    assert "<b>well" not in str(mail.get_body(("html",)).get_content())  # type: ignore[union-attr]


def test_the_operator_hears_of_it_once_a_day_and_only_of_what_is_new(
    newsletter: Newsletter, clock: Clock, web: Web
) -> None:
    web.put("https://example.org/2", LOOMS.replace("weave", "spin"))
    suggest(newsletter)
    newsletter.suggestions.fetch_new()
    suggest(newsletter, "https://example.org/2", name="bob")
    newsletter.suggestions.fetch_new()
    assert len(told(newsletter)) == 1
    clock.forward(days=1)
    newsletter.suggestions.fetch_new()
    assert [mail["Subject"] for mail in told(newsletter)][1:] == ["Paper Robots: two suggestions wait for you"]
    for _ in range(3):
        clock.forward(days=1)
        newsletter.suggestions.fetch_new()
    assert len(told(newsletter)) == 2


def test_without_an_operators_address_nothing_is_mailed(tmp_path: Path, clock: Clock, web: Web) -> None:
    make_project(tmp_path / "mute")
    http = http_client(httpx2.MockTransport(web))
    with Newsletter(tmp_path / "mute", clock=clock, embedder=WordEmbedder(), http=http) as newsletter:
        newsletter.subscribe("ada@example.org")
        suggest(newsletter)
        newsletter.suggestions.fetch_new()
        assert len(newsletter.suggestions.open()) == 1
        newsletter.send_notices()
        assert mails(newsletter.project) == []


# -- the operator decides


def test_an_accepted_one_is_an_entry_and_stands_in_the_issue_with_thanks(newsletter: Newsletter, clock: Clock) -> None:
    suggest(newsletter, named=True)
    newsletter.suggestions.fetch_new()
    look, in_already = newsletter.suggestions.accept(1)
    assert (look.suggestion.state, in_already) == (SuggestionState.ACCEPTED, False)
    assert look.became
    assert (look.became.title, look.became.thanks) == ("Walking robots that weave", "Suggested by Ada")
    newsletter.send(now=True)
    to_bob = next(mail for mail in map(parsed, mails(newsletter.project)) if "bob" in mail["To"])
    assert "J Jacquard · Suggested by Ada" in text_of(to_bob)
    assert "J Jacquard · Suggested by Ada" in to_bob.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "readers" not in text_of(to_bob)
    (issue,) = newsletter.back_issues.archive()
    edition = newsletter.back_issues.edition(str(issue.key))
    assert edition
    assert "Suggested by Ada" in [shown.card.origin for shown in edition.entries]


def test_words_can_be_mended_and_nobody_is_named_who_did_not_say_so(newsletter: Newsletter) -> None:
    suggest(newsletter)
    newsletter.suggestions.fetch_new()
    look, _ = newsletter.suggestions.accept(1, title=" Robots\nthat weave ", summary="They <i>do</i>.")
    assert look.became
    became = look.became
    assert (became.title, became.summary, became.thanks) == ("Robots that weave", "They do.", "Suggested by a reader")


def test_accepting_and_declining_again_change_nothing(newsletter: Newsletter) -> None:
    suggest(newsletter)
    suggest(newsletter, name="bob")
    newsletter.suggestions.fetch_new()
    before = newsletter.count_entries()
    first, _ = newsletter.suggestions.accept(2, title="Once")
    again, _ = newsletter.suggestions.accept(1, title="Twice")
    assert newsletter.suggestions.decline(1).suggestion.state is SuggestionState.ACCEPTED
    assert newsletter.count_entries() == before + 1
    assert first.became == again.became
    assert again.became
    assert again.became.title == "Once"
    assert newsletter.suggestions.open() == []


def test_a_declined_one_goes_no_further_tells_nobody_and_can_still_be_accepted(newsletter: Newsletter) -> None:
    suggest(newsletter)
    newsletter.suggestions.fetch_new()
    sent = len(mails(newsletter.project)) + len(told(newsletter))
    before = newsletter.count_entries()
    assert newsletter.suggestions.decline(1).suggestion.state is SuggestionState.DECLINED
    newsletter.send_notices()
    assert (newsletter.suggestions.open(), newsletter.count_entries()) == ([], before)
    assert len(mails(newsletter.project)) == sent
    assert suggest(newsletter) == "You suggested that already."
    assert newsletter.suggestions.accept(1)[0].became


def test_what_cannot_be_read_needs_a_title_of_the_operators(newsletter: Newsletter) -> None:
    suggest(newsletter, "https://example.org/gone", named=True)
    with pytest.raises(SuggestionError, match=r"Nothing is known .* --title"):
        newsletter.suggestions.accept(1)
    look, _ = newsletter.suggestions.accept(1, title="A page that is gone")
    assert look.became
    assert (look.became.title, look.became.url) == ("A page that is gone", "https://example.org/gone")
    assert newsletter.suggestions.fetch_new() == 0


def test_what_came_in_by_itself_meanwhile_is_said_and_thanks_nobody(newsletter: Newsletter) -> None:
    suggest(newsletter, named=True)
    newsletter.suggestions.fetch_new()
    write_entries(newsletter.project, [entry(50, "Walking robots that weave", url=PAGE)])
    newsletter.pull()
    before = newsletter.count_entries()
    look, in_already = newsletter.suggestions.accept(1)
    assert in_already
    assert newsletter.count_entries() == before
    assert look.became
    assert look.became.thanks == ""
    newsletter.send(now=True)
    assert not any("readers" in text_of(parsed(mail)) for mail in mails(newsletter.project))


def test_a_source_that_brings_it_later_leaves_the_thanks(newsletter: Newsletter) -> None:
    suggest(newsletter, named=True)
    newsletter.suggestions.fetch_new()
    look, _ = newsletter.suggestions.accept(1)
    write_entries(newsletter.project, [entry(50, "Walking robots that weave", url=PAGE)])
    newsletter.pull()
    assert look.became
    known = newsletter.readers.entry(look.became.id)
    assert known
    assert (known.thanks, known.sources) == ("Suggested by Ada", ("readers", "papers"))


@pytest.mark.parametrize("number", [0, -1, 7, 2**63, 10**30])
def test_there_is_no_such_number(newsletter: Newsletter, number: int) -> None:
    for act in (newsletter.suggestions.look, newsletter.suggestions.accept, newsletter.suggestions.decline):
        with pytest.raises(SuggestionError, match=f"There is no suggestion {number}"):
            act(number)


def test_of_a_name_nothing_becomes_markup_or_a_hole(newsletter: Newsletter) -> None:
    name = "<b>\ue000Ada\ue001{{ 7*7 }}"
    newsletter.readers.change(ada(newsletter), name=name, origin=Origin("page"))
    suggest(newsletter, named=True)
    newsletter.suggestions.fetch_new()
    newsletter.suggestions.accept(1)
    newsletter.send(now=True)
    for mail in map(parsed, mails(newsletter.project)):
        if "bob" in mail["To"]:
            assert "Suggested by Ada {{ 7*7 }}" in text_of(mail)
            assert "<b>" not in mail.get_body(("html",)).get_content().partition("Suggested by")[2][:40]  # type: ignore[union-attr]


def test_pauses_grow() -> None:
    assert timedelta(0) < PAUSES[0] < PAUSES[1]
    assert len(PAUSES) == 2
