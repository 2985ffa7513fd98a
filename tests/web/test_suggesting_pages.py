"""The reader's page to suggest a link, and the operator's page about it."""

import re

import pytest
from website import ADA, BOB, Website, text_of

from newsletter.readers.suggested import A_DAY
from newsletter.readers.suggestions_store import SuggestionState
from newsletter.rendering.links import Purpose
from newsletter.suggesting import Look

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

pytest_plugins = ("website_fixtures",)

LINK = "https://example.org/looms"


def looks(website: Website) -> list[Look]:
    return website.newsletter.suggestions.open()


def send(website: Website, link: str = LINK, address: str = ADA, **fields: str) -> str:
    answer = website.press(website.link(Purpose.SUGGEST, address=address), act="suggest", link=link, **fields)
    assert answer.status_code == 200
    return text_of(answer)


def desk(website: Website, number: int = 1) -> str:
    """The operator's page."""
    return website.link_of(0, Purpose.SUGGESTION, number)


# -- the reader's


def test_a_link_with_a_word_about_it_is_taken(website: Website) -> None:
    said = send(website, why="They\r\nweave.", named="yes")
    assert "Thank you. A person looks at it." in said
    assert "with thanks to you, Ada." in said
    (look,) = looks(website)
    assert (look.suggestion.url, look.whys, look.thanks) == (LINK, ("They weave.",), "Suggested by Ada")


def test_without_the_tick_nobody_is_named(website: Website) -> None:
    assert "without your name." in send(website)
    assert looks(website)[0].thanks == "Suggested by a reader"


def test_who_gave_no_name_is_not_asked_for_it(website: Website) -> None:
    link = website.link(Purpose.SUGGEST, address=BOB)
    assert 'name="named"' not in website.get(link).text
    assert 'name="named"' in website.get(website.link(Purpose.SUGGEST)).text
    send(website, address=BOB, named="yes")
    assert looks(website)[0].thanks == "Suggested by a reader"


def test_the_same_again_and_what_is_in_already_are_told(website: Website) -> None:
    send(website)
    assert "We know it already. You suggested this very page before." in send(website, LINK + "#top")
    assert "It is in already. Somebody else has brought Study 3 of" in send(website, "https://papers.example.org/3")
    assert len(looks(website)) == 1


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"link": ""}, "link", "Copy the address"),
        ({"link": "looms & more"}, "link", "That is no link."),
        ({"link": "https://news.example.org/archive"}, "link", "That is a page of this newsletter."),
        ({"link": LINK, "why": "x" * 501}, "why", "At most 500 characters; these are 501."),
    ],
)
def test_a_mistake_is_told_in_words_and_all_that_was_typed_stays(
    website: Website, fields: dict[str, str], field: str, told: str
) -> None:
    answer = website.press(
        website.link(Purpose.SUGGEST), **{"act": "suggest", "why": "<weave>", "named": "yes", **fields}
    )
    assert answer.status_code == 400
    assert f'id="{field}-wrong"' in answer.text
    assert told in text_of(answer)
    assert " checked>" in answer.text
    assert fields.get("why", "&lt;weave&gt;") in answer.text
    assert looks(website) == []


def test_the_sixth_of_a_day_is_too_many(website: Website) -> None:
    for n in range(A_DAY):
        send(website, f"https://example.org/{n}")
    answer = website.press(website.link(Purpose.SUGGEST), act="suggest", link=LINK)
    assert answer.status_code == 429
    assert "five things since yesterday" in text_of(answer)
    assert len(looks(website)) == A_DAY


def test_looking_or_posting_without_our_form_changes_nothing(website: Website) -> None:
    link = website.link(Purpose.SUGGEST)
    for fields in ({}, {"act": "suggest", "link": LINK}, {"act": "suggest", "link": LINK, "nonce": "1.x"}):
        assert website.client.post(link, data=fields).status_code == 200
    assert looks(website) == []


def test_only_readers_suggest(website: Website) -> None:
    link = website.link(Purpose.SUGGEST)
    website.press(website.link(Purpose.PAUSE), act="pause", length="1")
    send(website)
    website.press(website.link(Purpose.LEAVE), act="leave")
    assert "You get no issues at present." in text_of(website.get(link))
    website.newsletter.remove(ADA)
    assert website.get(link).status_code == 410
    assert website.get(link[:-1]).status_code == 404


def test_the_way_there_is_in_every_issue_and_among_the_preferences(website: Website) -> None:
    link = website.link(Purpose.SUGGEST)
    assert f'href="{link}"' in website.get(website.link(Purpose.PREFERENCES)).text
    preview = website.newsletter.preview(ADA)
    assert f"https://news.example.org{link}" in preview.html
    assert f"https://news.example.org{link}" in preview.text


# -- the operator's


def read(website: Website, title: str = "Looms that weave") -> None:
    """As if its page had been read."""
    website.newsletter.database.conn.execute(
        "UPDATE suggestions SET state = 'waiting', entry = json_object('title', ?, 'url', url, 'summary', "
        "'One sentence leads. Another follows.')",
        [title],
    )


def test_the_operator_sees_it_as_it_would_look(website: Website) -> None:
    send(website, why="<b>They</b> weave.", named="yes")
    read(website)
    page = website.get(desk(website))
    said = text_of(page)
    for piece in (
        "Shall others read this?",
        "Ada <ada@example.org> suggested it on Sunday, 22 November.",
        "<b>They</b> weave.",
        "Looms that weave",
        "Suggested by Ada",
        "One sentence leads.",
        "Another follows.",
    ):
        assert piece in said
    assert "<b>They" not in page.text
    assert 'value="Looms that weave"' in page.text
    assert "One sentence leads. Another follows.</textarea>" in page.text


def test_accepting_stores_what_stands_in_the_form(website: Website) -> None:
    send(website, named="yes")
    read(website)
    fields = {"title": "Looms, mended", "summary": "It is better now."}
    answer = website.press(desk(website), act="accept", **fields)
    assert "It is in. It is a candidate of the next issues now" in text_of(answer)
    assert "Looms, mended" in text_of(answer)
    assert "<form" not in answer.text
    (entry,) = website.newsletter.readers.matching("mended", 1)
    assert (entry.title, entry.summary, entry.thanks) == ("Looms, mended", "It is better now.", "Suggested by Ada")


def test_accepting_twice_is_harmless_and_declining_after_it_too(website: Website) -> None:
    send(website)
    read(website)
    nonce = website.nonce(desk(website))
    before = website.newsletter.count_entries()
    for act in ("accept", "accept", "decline"):
        fields = {"nonce": nonce, "act": act, "title": "Looms", "summary": ""}
        assert "It is in." in text_of(website.client.post(desk(website), data=fields))
    assert website.newsletter.count_entries() == before + 1


def test_declining_tells_nobody_and_can_be_thought_over(website: Website) -> None:
    send(website)
    read(website)
    said = text_of(website.press(desk(website), act="decline"))
    assert "Declined. It goes no further, and nobody is told." in said
    assert "Accept after all" in said
    assert looks(website) == []
    website.press(desk(website), act="accept", title="Looms", summary="")
    assert website.newsletter.suggestions.look(1).suggestion.state is SuggestionState.ACCEPTED


def test_what_was_not_read_needs_a_title(website: Website) -> None:
    send(website)
    assert "give it a title of your own" in text_of(website.get(desk(website)))
    answer = website.press(desk(website), act="accept", title=" ", summary="So it is.")
    assert answer.status_code == 400
    assert "It needs a title." in text_of(answer)
    assert "So it is.</textarea>" in answer.text
    assert "It is in." in text_of(website.press(desk(website), act="accept", title="Looms", summary=""))


def test_looking_at_it_decides_nothing(website: Website) -> None:
    send(website)
    read(website)
    for fields in (
        {},
        {"act": "accept", "title": "x"},
        {"act": "decline"},
        {"nonce": "1.x", "act": "accept", "title": "x"},
    ):
        website.client.post(desk(website), data=fields)
        website.get(desk(website))
    assert len(looks(website)) == 1


def test_it_is_no_readers_page(website: Website) -> None:
    send(website)
    link = website.link(Purpose.SUGGEST)
    assert website.get(link.replace("/suggest/", "/suggestion/")).status_code == 404
    assert website.get(desk(website, 9)).status_code == 410
    website.newsletter.remove(ADA)
    assert "This suggestion is gone." in text_of(website.get(desk(website)))


def test_a_vote_page_names_who_suggested_it_and_not_the_source(website: Website) -> None:
    send(website, named="yes")
    read(website)
    became = website.newsletter.suggestions.accept(1).became
    assert became
    said = text_of(website.get(website.link(Purpose.MORE, became.id)))
    assert "Suggested by Ada" in said
    assert not re.search(r"\breaders\b", said)
