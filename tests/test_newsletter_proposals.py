"""The main line: what votes show that nobody wrote is asked about in the mail, a few times, and then never again."""

import re
from pathlib import Path

import pytest
from mainline import ADA, BOB, Open, subscribe
from newsroom import Clock, mails, make_project, parsed
from test_newsletter_votes import MUSIC, OF_EACH, TUMOURS, bring, vote

from newsletter import Newsletter
from newsletter.ranking.proposals import Proposal, ProposalState, proposals_of
from newsletter.readers.proposed import answer, open_proposal
from newsletter.rendering.links import PATHS, Purpose, verify
from subscribers.evidence import Origin

PAGE = Origin("page")
NAME = "segmenting brain tumours"


@pytest.fixture
def newsletter(tmp_path: Path, open_newsletter: Open, clock: Clock) -> Newsletter:
    """Ada follows walking robots and has had one issue; nobody has voted yet."""
    newsletter = (make_project(tmp_path, "[issue]\noutside = 0\n", entries=0), open_newsletter())[1]
    bring(newsletter, 1)
    subscribe(newsletter)
    newsletter.send(now=True)
    clock.set("2026-11-27 08:00")
    return newsletter


def like_tumours(newsletter: Newsletter, address: str = ADA, value: int = 1) -> None:
    for n in range(OF_EACH):
        vote(newsletter, f"Study {OF_EACH + 1 + n}", value, address)


def next_issue(newsletter: Newsletter, clock: Clock, address: str = ADA) -> str:
    """The text of the reader's copy of the issue of a week later, which must be the one that was previewed."""
    clock.forward(days=7)
    bring(newsletter, clock.now.toordinal() * 100)
    before = len(mails(newsletter.project))
    shown = newsletter.preview(address)
    newsletter.send(to=address)
    sent = mails(newsletter.project)
    assert len(sent) == before + 1
    assert shown.message in sent
    return shown.text


def kept(newsletter: Newsletter, address: str = ADA) -> list[Proposal]:
    return proposals_of(newsletter.database, [newsletter.subscriber(address).id]).get(
        newsletter.subscriber(address).id, []
    )


def asked(text: str) -> str:
    """What the mail asks about; empty where it asks nothing."""
    assert "Change what, when and how often" in text
    found = re.search(r"\n\r?\nYou seem to like (.+)\.\r?\nFollow it\? \S+\r?\n\r?\nChange what", text)
    assert bool(found) == ("seem to like" in text)
    return found[1] if found else ""


def test_three_likes_of_what_nobody_wrote_are_asked_about_with_a_link_for_that_alone(
    newsletter: Newsletter, clock: Clock
) -> None:
    vote(newsletter, "Study 4", 1)
    vote(newsletter, "Study 5", 1)
    assert asked(next_issue(newsletter, clock)) == ""
    vote(newsletter, "Study 6", 1)
    text = next_issue(newsletter, clock)
    assert asked(text) == NAME
    message = parsed(mails(newsletter.project)[-1])
    html = message.get_body(("html",))
    assert html is not None
    assert f"You seem to like <b class=ink>{NAME}" in html.get_content().replace('"', "")
    token = re.findall(rf"/{PATHS[Purpose.PROPOSAL]}/([\w-]+)", text)[0]
    [proposal] = kept(newsletter)
    claim = verify(token, Purpose.PROPOSAL, newsletter._signer.keys)
    assert claim and (claim.subscriber_id, claim.subject) == (newsletter.subscriber(ADA).id, proposal.number)
    titles = {
        row[0]
        for row in newsletter.database.conn.execute("SELECT id FROM entries WHERE title LIKE ?", [f"%{TUMOURS}%"])
    }
    assert set(proposal.entry_ids) <= titles and len(proposal.entry_ids) == OF_EACH


def test_looking_at_it_keeps_nothing(newsletter: Newsletter, clock: Clock) -> None:
    like_tumours(newsletter)
    clock.forward(days=7)
    bring(newsletter, 101)
    assert asked(newsletter.preview(ADA).text) == NAME
    assert kept(newsletter) == []


def test_whoever_does_not_answer_is_asked_three_times(newsletter: Newsletter, clock: Clock) -> None:
    like_tumours(newsletter)
    assert [asked(next_issue(newsletter, clock)) for _ in range(5)] == [NAME, NAME, NAME, "", ""]
    assert [one.state for one in kept(newsletter)] == [ProposalState.IGNORED]


def test_a_no_is_the_last_word_about_all_that_is_near_it(newsletter: Newsletter, clock: Clock) -> None:
    like_tumours(newsletter)
    next_issue(newsletter, clock)
    ada = newsletter.subscriber(ADA)
    answer(newsletter.readers, newsletter.database, ada, NAME, follow=False, origin=PAGE)
    row = newsletter.database.conn.execute("SELECT id FROM entries WHERE title LIKE ? ORDER BY id", [f"%{TUMOURS}%"])
    for (entry_id,) in row.fetchall():
        newsletter.readers.vote(ada, entry_id, 1)
    assert asked(next_issue(newsletter, clock)) == ""
    # Something else is still asked about.
    for n in range(OF_EACH):
        vote(newsletter, f"Study {2 * OF_EACH + 1 + n}", 1)
    name = asked(next_issue(newsletter, clock))
    assert name and name in MUSIC


def test_a_yes_is_a_line_among_the_interests_and_a_reason(newsletter: Newsletter, clock: Clock) -> None:
    like_tumours(newsletter)
    next_issue(newsletter, clock)
    ada = newsletter.subscriber(ADA)
    after = answer(newsletter.readers, newsletter.database, ada, NAME, follow=True, origin=PAGE)
    assert [str(one) for one in after.interests] == ["walking robots", NAME]
    assert newsletter.subscriber(ADA).interests == after.interests
    assert asked(next_issue(newsletter, clock)) == ""


@pytest.mark.parametrize("line", ["brain tumours in scans, segmenting them", "not: brain tumours in scans"])
def test_what_is_written_already_is_not_asked_about(newsletter: Newsletter, clock: Clock, line: str) -> None:
    like_tumours(newsletter)
    ada = newsletter.subscriber(ADA)
    newsletter.readers.change(ada, origin=PAGE, interests=["walking robots", line])
    assert asked(next_issue(newsletter, clock)) == ""


def test_votes_that_are_taken_back_show_nothing_any_more(newsletter: Newsletter, clock: Clock) -> None:
    like_tumours(newsletter)
    next_issue(newsletter, clock)
    assert open_proposal(newsletter.database, newsletter.subscriber(ADA)) is not None
    vote(newsletter, "Study 4", 0)
    assert open_proposal(newsletter.database, newsletter.subscriber(ADA)) is None
    assert asked(next_issue(newsletter, clock)) == ""


def test_one_readers_votes_show_nothing_about_another(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter, BOB, ("forests",))
    like_tumours(newsletter)
    assert asked(next_issue(newsletter, clock, BOB)) == ""
    assert kept(newsletter, BOB) == []


def test_who_is_erased_leaves_no_proposal(newsletter: Newsletter, clock: Clock) -> None:
    like_tumours(newsletter)
    next_issue(newsletter, clock)
    newsletter.remove(ADA)
    assert newsletter.database.conn.execute("SELECT count(*) FROM proposals").fetchone()[0] == 0
