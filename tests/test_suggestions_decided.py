"""What readers suggest, in the operator's hands: told once a day, accepted or declined, thanked for in the issue."""

from pathlib import Path

import httpx2
import pytest
from conftest import WordEmbedder
from newsroom import Clock, entry, mails, make_project, parsed, write_entries
from suggestionbox import LOOMS, PAGE, Web, ada, suggest, text_of, told

from newsletter import Newsletter
from newsletter.entries.fetching import http_client
from newsletter.errors import SuggestionError
from newsletter.readers.suggestions_store import SuggestionState
from subscribers.evidence import Origin

pytest_plugins = ("suggestionbox_fixtures",)


@pytest.fixture
def newsletter(read_by_two: Newsletter) -> Newsletter:
    """Ada and Bob read it."""
    return read_by_two


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
    look = newsletter.suggestions.accept(1)
    assert (look.suggestion.state, look.suggestion.trouble) == (SuggestionState.ACCEPTED, "")
    assert look.became
    assert (look.became.title, look.became.thanks) == ("Walking robots that weave", "Suggested by Ada")
    newsletter.send(now=True)
    to_bob = next(mail for mail in map(parsed, mails(newsletter.project)) if "bob" in mail["To"])
    assert "J Jacquard · Suggested by Ada" in text_of(to_bob)
    assert "Suggested by Ada" in to_bob.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "readers" not in text_of(to_bob)
    (issue,) = newsletter.back_issues.archive()
    edition = newsletter.back_issues.edition(str(issue.key))
    assert edition
    assert "Suggested by Ada" in [shown.card.origin for shown in edition.entries]


def test_words_can_be_mended_and_nobody_is_named_who_did_not_say_so(newsletter: Newsletter) -> None:
    suggest(newsletter)
    newsletter.suggestions.fetch_new()
    look = newsletter.suggestions.accept(1, title=" Robots\nthat weave ", summary="They <i>do</i>.")
    assert look.became
    became = look.became
    assert (became.title, became.summary, became.thanks) == ("Robots that weave", "They do.", "Suggested by a reader")


def test_accepting_and_declining_again_change_nothing(newsletter: Newsletter) -> None:
    suggest(newsletter)
    suggest(newsletter, name="bob")
    newsletter.suggestions.fetch_new()
    before = newsletter.count_entries()
    first = newsletter.suggestions.accept(2, title="Once")
    again = newsletter.suggestions.accept(1, title="Twice")
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
    assert newsletter.suggestions.accept(1).became


def test_what_cannot_be_read_needs_a_title_of_the_operators(newsletter: Newsletter) -> None:
    suggest(newsletter, "https://example.org/gone", named=True)
    with pytest.raises(SuggestionError, match=r"Nothing is known .* --title"):
        newsletter.suggestions.accept(1)
    look = newsletter.suggestions.accept(1, title="A page that is gone")
    assert look.became
    assert (look.became.title, look.became.url) == ("A page that is gone", "https://example.org/gone")
    assert newsletter.suggestions.fetch_new() == 0


def test_what_came_in_by_itself_meanwhile_is_said_and_thanks_nobody(newsletter: Newsletter) -> None:
    suggest(newsletter, named=True)
    newsletter.suggestions.fetch_new()
    write_entries(newsletter.project, [entry(50, "Walking robots that weave", url=PAGE)])
    newsletter.pull()
    before = newsletter.count_entries()
    look = newsletter.suggestions.accept(1)
    assert "It had come in by itself" in look.suggestion.trouble
    assert newsletter.count_entries() == before
    assert look.became
    assert look.became.thanks == ""
    newsletter.send(now=True)
    assert not any("readers" in text_of(parsed(mail)) for mail in mails(newsletter.project))


def test_a_source_that_brings_it_later_leaves_the_thanks(newsletter: Newsletter) -> None:
    suggest(newsletter, named=True)
    newsletter.suggestions.fetch_new()
    look = newsletter.suggestions.accept(1)
    write_entries(newsletter.project, [entry(50, "Walking robots that weave", url=PAGE)])
    newsletter.pull()
    assert look.became
    known = newsletter.readers.entry(look.became.id)
    assert known
    assert (known.thanks, set(known.sources)) == ("Suggested by Ada", {"readers", "papers"})


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
