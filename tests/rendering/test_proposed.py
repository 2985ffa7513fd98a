"""An interest that votes show stands as a question in the mail's foot, and only where its issue has a place for it."""

import json

import pytest
from proofs import READER, SIGNER, card, edition, pick, read, recipe

from newsletter.ranking.proposals import number_of
from newsletter.rendering.edition import Edition, load_edition
from newsletter.rendering.links import Purpose
from newsletter.rendering.recipe import load_recipe

CARDS = {1: card(1)}
ASKING, SILENT = recipe(pick(1), proposal='owls & "lava" <b>'), recipe(pick(1))


def copies(issue: Edition, proposal: bool) -> tuple[str, str]:
    return read(issue.assemble(ASKING if proposal else SILENT, CARDS, READER, SIGNER))


def test_it_is_one_line_with_its_own_link() -> None:
    html, text = copies(edition(), True)
    link = SIGNER.url(Purpose.PROPOSAL, READER.subscriber_id, number_of(ASKING.proposal))
    assert f'\n\nYou seem to like owls & "lava" <b>.\nFollow it? {link}\n\nChange what' in text
    assert html.count(link) == 1
    assert "owls &amp; &#34;lava&#34; &lt;b&gt;</b>. <a" in html


def test_a_mail_that_asks_nothing_has_no_gap() -> None:
    html, text = copies(edition(), False)
    assert "seem to like" not in html + text
    assert "4 December.\n\nChange what" in text


@pytest.mark.parametrize("proposal", [True, False])
def test_an_issue_that_was_frozen_before_there_were_proposals_is_put_together_as_before(proposal: bool) -> None:
    frozen = json.loads(edition().dump())
    frozen["sources"] = {
        name: source.replace("{{ proposed }}", "")
        for name, source in frozen["sources"].items()
        if "proposed" not in name
    }
    old = load_edition(json.dumps(frozen))
    assert copies(old, proposal) == copies(edition(), False)
    assert old.render_plainly(ASKING if proposal else SILENT, CARDS, READER, SIGNER)[2] == copies(old, False)[1]


def test_recipes_of_before_are_read_and_new_ones_without_are_no_longer() -> None:
    assert "proposal" not in json.loads(SILENT.dump())
    assert load_recipe(SILENT.dump()) == SILENT
    assert load_recipe(ASKING.dump()) == ASKING
