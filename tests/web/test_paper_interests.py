"""Papers and authors as interests, on the pages of readers."""

from test_preferences import SAME
from website import Website, text_of

from newsletter.rendering.links import Purpose

pytest_plugins = ("website_fixtures",)

BIBTEX = """walking robots
State-space models:
@misc{gu2023, title={Mamba: Linear-Time {S}equence Modeling}, author={Gu, Albert},
  eprint={2312.00752}, archivePrefix={arXiv}}

@book{b, title={A Book of Bridges}}
by: Ada Lovelace"""


def save(website: Website, interests: str) -> str:
    return text_of(website.press(website.link(Purpose.PREFERENCES), **SAME | {"interests": interests}))


def test_what_is_followed_is_said_with_each_paper(website: Website) -> None:
    said = save(website, "State-space models: 2312.00752, https://papers.example.org/3\n10.1000/x\nby: Ada Lovelace")
    assert "You now follow: State-space models, with 2 papers" in said
    assert "You now follow: one paper" in said
    assert "You now follow: by: Ada Lovelace" in said
    assert "2312.00752: It is not looked up yet." in said
    assert "Study 3 of " in said  # which the archive holds
    page = website.get(website.link(Purpose.PREFERENCES))
    assert '<a href="https://papers.example.org/3">Study 3 of ' in page.text


def test_pasted_bibtex_becomes_a_line_that_can_be_edited(website: Website) -> None:
    said = save(website, BIBTEX)
    assert "You now follow: State-space models, with 2 papers" in said
    page = website.get(website.link(Purpose.PREFERENCES))
    assert (
        "walking robots\nState-space models: 2312.00752 &#34;Mamba: Linear-Time Sequence Modeling&#34;, "
        "title:&#34;A Book of Bridges&#34;\nby: Ada Lovelace</textarea>"
    ) in page.text
    assert "It was all so already." in save(website, "\n".join(map(str, website.ada().interests)))


def test_bibtex_that_cannot_be_read_is_told_and_nothing_typed_is_lost(website: Website) -> None:
    before = website.ada().interests
    answer = website.press(website.link(Purpose.PREFERENCES), **SAME | {"interests": "robots\n@misc{a, year=2020}"})
    assert answer.status_code == 400
    assert "neither a title nor an identifier can be read" in text_of(answer)
    assert "robots\n@misc{a, year=2020}</textarea>" in answer.text
    assert website.ada().interests == before


def test_too_many_papers_in_a_line_are_told(website: Website) -> None:
    said = save(website, ", ".join(f"2312.{n:05}" for n in range(101)))
    assert "names 101 papers; 100 is the most for one line" in said


def test_the_subscribe_page_shows_what_matches_words_papers_and_authors(still: Website) -> None:
    def matches(typed: str) -> str:
        return str(still.client.get("/matching", params={"q": typed}).text)

    assert "Study" in matches("walking robots: 2312.00752")
    assert "Study 3 of " in matches("https://papers.example.org/3")
    assert "Nothing of late" in matches("2312.00752")
    assert "Nothing of late" in matches("by: Nobody Known")
    for half in ("@article{a, title={walking ro", 'title:"', "by:", "@misc{a, year=2020}"):
        assert still.client.get("/matching", params={"q": half}).status_code == 200


def test_what_is_asked_for_with_papers_is_shown_before_it_is_confirmed(website: Website) -> None:
    website.press("/", **SAME | {"address": "dora@example.org", "interests": BIBTEX})
    (link,) = website.confirm_links()
    assert "State-space models, with 2 papers" in text_of(website.get(link))
    website.press(link, act="confirm")
    person = website.newsletter.subscriber("dora@example.org")
    assert person.interests[1].papers == ("arxiv:2312.00752", "title:abookofbridges")
