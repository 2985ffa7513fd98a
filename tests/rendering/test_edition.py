"""A frozen issue: the fast way gives what the plain way gives, and what it gives is fit to be sent."""

import re
from html import unescape
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from proofs import KEYS, READER, SIGNER, card, edition, pick, read, recipe

from newsletter.issues.issue import Pick, ReasonKind, Section
from newsletter.rendering.card import Card
from newsletter.rendering.edition import Body, Edition, Reader, check, load_edition
from newsletter.rendering.links import Purpose, Signer, verify
from newsletter.rendering.recipe import Recipe, load_recipe

NASTY = [*'<b> &amp; " {{7*7}} {%x%} ]]> שלום 👩‍🔬 é = . =3D %b --'.split(), "'", "x" * 70]
#: Whatever cleaning lets through: no control characters, private use or surrogates, one line.
WORDS = (
    st.text(st.characters(exclude_categories=["Cc", "Co", "Cs", "Cn"]), max_size=40)
    | st.lists(st.sampled_from(NASTY), max_size=6).map(" ".join)
).map(lambda text: " ".join(text.split()))
CARDS = {
    1: card(1),
    2: card(2, "<b>&amp; \"two\" 'three' {{ 7*7 }} {% x %} שלום 👩‍🔬", people="", source="<i>"),
    3: card(3, "Bare", sentences=(), people="", source="", date="", linked=False, likes=None),
    4: card(4, "One sentence", sentences=("Only one, with = and 100 %b.",)),
}
ISSUE = edition()
PICKS = st.builds(
    lambda n, section, reason, words, sentence: Pick(n, section, 0.5, reason, words, sentence if n != 3 else None),
    st.sampled_from([1, 2, 3, 4]),
    st.sampled_from(Section),
    st.sampled_from(ReasonKind),
    WORDS.map(lambda words: words or "x"),
    st.sampled_from([None, 0]),
).filter(lambda p: p.section is not Section.FAVOURITES or p.entry_id != 3)
RECIPES = st.builds(
    lambda picks, **words: recipe(*sorted(picks, key=lambda p: list(Section).index(p.section)), **words),
    st.lists(PICKS, min_size=1, max_size=12),
    name=WORDS,
    number=st.integers(1, 10_000),
    rhythm=WORDS,
    next_date=WORDS,
    follows=st.booleans(),
    key_id=st.sampled_from([1, 2]),
    proposal=st.just("") | WORDS,
)


def assembled(issue: Edition, a_recipe: Recipe, cards: dict[int, Card] = CARDS, reader: Reader = READER) -> Body:
    return issue.assemble(a_recipe, cards, reader, SIGNER)


@given(RECIPES)
@example(recipe(*[pick(n % 4 + 1, sentence=None) for n in range(40)]))
@example(recipe(*[pick(2, words="é" * 300) for n in range(40)]))
@settings(max_examples=40)
def test_the_fast_way_gives_what_the_plain_way_gives(a_recipe: Recipe) -> None:
    subject, html, text = ISSUE.render_plainly(a_recipe, CARDS, READER, SIGNER)
    body = assembled(ISSUE, a_recipe)
    assert read(body) == (html.encode("ascii", "xmlcharrefreplace").decode(), text)
    assert body.subject == subject


@given(RECIPES)
@settings(max_examples=8)
def test_the_same_arguments_give_the_same_bytes_from_whichever_edition(a_recipe: Recipe) -> None:
    fresh = load_edition(ISSUE.dump())
    again = load_recipe(a_recipe.dump())
    assert again == a_recipe
    one, two = assembled(ISSUE, a_recipe), assembled(fresh, again)
    assert b"".join(one.html) == b"".join(two.html)
    assert b"".join(one.text) == b"".join(two.text)
    assert one.subject == two.subject


@given(RECIPES)
@settings(max_examples=30)
def test_lines_are_short_and_ascii(a_recipe: Recipe) -> None:
    body = assembled(ISSUE, a_recipe)
    for part in (body.html, body.text):
        joined = b"".join(part)
        assert joined.isascii()
        assert max(map(len, joined.split(b"\r\n"))) <= 76
        assert b"\n" not in joined.replace(b"\r\n", b"")


def test_a_copy_has_the_readers_words_sections_and_reasons() -> None:
    html, text = read(
        assembled(
            ISSUE,
            recipe(
                pick(4, Section.PINNED, ReasonKind.EDITOR),
                pick(1, words="singing bridges", sentence=1),
                pick(3, reason=ReasonKind.NEAREST, words="lentil soup", sentence=None),
                pick(2, Section.FAVOURITES, ReasonKind.POPULAR, "1,234 people"),
                pick(1, Section.OUTSIDE, ReasonKind.OUTSIDE),
            ),
        )
    )
    heads = ["THE EDITOR’S CHOICE", "FOR YOU", "EVERYBODY’S FAVOURITES", "OUTSIDE YOUR USUAL"]
    assert re.findall(r"^([A-Z’ ]+)\n={72}$", text, re.M) == heads
    assert [unescape(h).upper() for h in re.findall(r"<h2[^>]*>(.*?)</h2>", html)] == heads
    for said in ("Because you follow", "singing bridges", "came nearest to", "Look it up", "▲ More like this"):
        assert said in unescape(html)
    assert "Good morning, Ada." in text
    assert "Your no. 3" in text
    assert "We measured a hundred of them.\n\nThree sang well.\n" in text
    assert "ada@example.com" in text
    assert "PAPER ROBOTS" in text


def test_lines_of_the_text_part_are_short_but_for_links() -> None:
    long = card(1, "A very long title " * 12, sentences=("Singing bridges " * 18 + "end.", "And so on " * 15 + "end."))
    _, text = read(assembled(ISSUE, recipe(pick(1), pick(1, Section.FAVOURITES)), {1: long}))
    for line in text.splitlines():
        assert len(line) <= 78 or "https://" in line, line
    assert "\n\n\n\n" not in text
    assert not [line for line in text.splitlines() if line != line.rstrip() and line != "-- "]


def test_a_copy_without_a_name_or_interests_reads_well() -> None:
    html, text = read(assembled(ISSUE, recipe(pick(1, reason=ReasonKind.GENERAL, words=""), name="", follows=False)))
    assert "Good morning.\n" in text
    assert "THIS EDITION" in text
    assert "In everybody’s edition, because you follow nothing yet" in text
    assert "Say what you follow" in html


def test_links_are_signed_for_this_reader_and_stand_in_both_bodies() -> None:
    html, text = read(assembled(ISSUE, recipe(pick(1), key_id=1)))
    signer = SIGNER.with_key(1)
    for purpose, subject in ((Purpose.LEAVE, 0), (Purpose.SUGGEST, 0), (Purpose.MORE, 1), (Purpose.LESS, 1)):
        url = signer.url(purpose, READER.subscriber_id, subject)
        assert verify(url.rpartition("/")[2], purpose, KEYS)
        assert f'href="{url}"' in html
        assert f": {url}\n" in text


@pytest.mark.parametrize("script", ["a", "橋", "👩"])
@pytest.mark.parametrize("base_url", ["https://n.example", "https://" + "n" * 130 + ".example.org/x"])
def test_an_issue_too_large_for_a_mail_is_cut_and_linked(script: str, base_url: str) -> None:
    issue = edition(base_url=base_url)
    long = {
        n: card(n, script * 300, people=script * 250, source=script * 100, sentences=(script * 320, script * 165))
        for n in range(1, 51)
    }
    picks = [pick(n, words=script * 300) for n in range(1, 41)]
    picks += [pick(n, Section.FAVOURITES) for n in range(41, 50)] + [pick(50, Section.OUTSIDE)]
    a_recipe, signer = recipe(*picks, name=script * 80), Signer(base_url, KEYS)
    a_recipe = issue.fitted(a_recipe, long)
    html, text = read(issue.assemble(a_recipe, long, READER, signer))
    assert 50_000 < len(html.encode()) < 100_000
    assert 0 < a_recipe.left_out < 50
    assert f"And {a_recipe.left_out} more, too long for a mail" in html
    assert f"And {a_recipe.left_out} more, too long for a mail" in text
    assert html.count("<h3") == text.count("Read it: ") == 50 - a_recipe.left_out
    check(issue, a_recipe, long, READER, signer)


def test_a_usual_issue_is_whole_and_light() -> None:
    cards = {n: card(n, f"A title of a usual length, number {n}") for n in range(1, 12)}
    a_recipe = ISSUE.fitted(recipe(*[pick(n) for n in cards]), cards)
    assert a_recipe.left_out == 0
    assert len(read(assembled(ISSUE, a_recipe, cards))[0]) < 60_000


@pytest.mark.parametrize(
    "text", ["{{ 7*7 }}", "{% if x %}", "{# x #}", "reader.name", "<mj-text>", "<script>x", "%s%b"]
)
def test_what_looks_like_a_template_stays_text(text: str) -> None:
    cards = {1: card(1, text, people=text, source=text, sentences=(text + " one.", text + " two."))}
    issue = edition(title=text, postal_address=text, intro=text)
    html, plain = read(assembled(issue, recipe(pick(1, words=text), name=text), cards, Reader(7, "a@example.com")))
    assert plain.count(text) >= 7
    assert unescape(html).count(text) >= 9
    assert "49" not in html.replace(".49", "")
    assert "<script" not in html


def test_what_looks_like_a_hole_stays_text() -> None:
    mark = "\ue000reader.address\ue001"
    issue = edition(title=mark, intro=mark)
    a_recipe = recipe(pick(1, words=mark), name=mark)
    html, text = read(assembled(issue, a_recipe))
    assert html.count(READER.address) == text.count(READER.address) == 1
    check(issue, a_recipe, CARDS, READER, SIGNER)


def test_the_intro_stands_in_both_bodies() -> None:
    html, text = read(assembled(edition(intro="Good *evening* & [all](https://example.org/x)"), recipe(pick(1))))
    assert '<em>evening</em> &amp; <a href="https://example.org/x"' in html
    assert "Good *evening* & [all](https://example.org/x)" in text


def test_the_subject_is_the_first_title_and_the_count_of_the_rest() -> None:
    def subject(count: int, **words: Any) -> str:
        return assembled(edition(), recipe(*[pick(1) for _ in range(count)]), {1: card(1, **words)}).subject

    assert subject(1) == "Title 1"
    assert subject(2) == "Title 1, and one more"
    assert subject(14, title="x" * 300) == "x" * 89 + "…, and 13 more"
    assert subject(1, title="<b> & {{ x }}") == "<b> & {{ x }}"


def test_the_html_is_fit_for_every_mail_program() -> None:
    html, _ = read(assembled(edition(brand="#0055aa", language="pt-BR"), recipe(*[pick(n) for n in (1, 2, 3, 4)])))
    assert re.search(r'<html[^>]* lang="pt-BR"', html)
    assert re.search(r"<title>Paper Robots", html)
    assert all('role="presentation"' in table for table in re.findall(r"<table\b[^>]*>", html))
    assert all("alt=" in image for image in re.findall(r"<img\b[^>]*>", html))
    assert not re.search(r"<(script|form|iframe|link|mj-)|@import|url\(|\bsrc=", html)
    assert all(re.match("https?:|mailto:", unescape(link)) for link in re.findall(r'href="([^"]*)"', html))
    assert "#a8401c" not in html
    assert "#0055aa" in html
