"""What readers suggest: kept once, and its page read politely, without a way into private networks."""

import time
from itertools import pairwise
from threading import Event

import pytest
from newsroom import Clock
from suggestionbox import PAGE, Web, ada, suggest, told

from newsletter import Newsletter
from newsletter.errors import SuggestionError
from newsletter.readers.suggested import A_DAY, MAX_WHY, page_key, readable_link
from newsletter.readers.suggestions_store import SuggestionState, find
from newsletter.rendering.links import Signer
from newsletter.rendering.store import load_keys
from newsletter.suggesting import PAUSES, Suggestions
from subscribers.errors import TooMany
from subscribers.evidence import Origin

pytest_plugins = ("suggestionbox_fixtures",)


@pytest.fixture
def newsletter(read_by_two: Newsletter) -> Newsletter:
    """Ada and Bob read it."""
    return read_by_two


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


def test_links_are_taken_as_people_type_them_and_known_again() -> None:
    assert readable_link(" <arxiv.org/abs/1706.03762> ") == "https://arxiv.org/abs/1706.03762"
    assert page_key("https://arxiv.org/abs/1706.03762v5") == page_key("http://arxiv.org/pdf/1706.03762")
    assert page_key("https://example.org") == page_key("https://example.org")
    assert page_key("https://example.org/a") != page_key("https://example.org/b")


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
    pauses = [after - before for before, after in pairwise(moments)]
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
def test_no_private_network_is_reached_by_a_link(newsletter: Newsletter, clock: Clock, link: str) -> None:
    """With the client that is used in earnest."""
    suggest(newsletter, link)
    signer = Signer("https://news.example.org", load_keys(newsletter.database))
    suggestions = Suggestions(
        newsletter.database, newsletter.project, newsletter.settings, newsletter.readers, signer, clock
    )
    try:
        suggestions.fetch_new()
    finally:
        suggestions.close()
    found = find(newsletter.database, 1)
    assert found
    assert found.tries == 1
    assert "is not on the public internet" in found.trouble


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


def test_no_server_is_asked_more_often_than_for_a_source(
    newsletter: Newsletter, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.entries.spacing.ARXIV_PAUSE", 0.25)
    for number in ("2603.01234", "2603.01235", "2603.01236"):
        suggest(newsletter, f"https://arxiv.org/abs/{number}")
    began = time.monotonic()
    assert newsletter.suggestions.fetch_new() == 3
    assert time.monotonic() - began >= 0.5
    assert len(web.asked) == 3


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
