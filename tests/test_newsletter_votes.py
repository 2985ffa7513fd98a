"""The main line: what a reader votes changes the next issue that is composed, and says so."""

from html import unescape
from pathlib import Path
from typing import Any

import pytest
from mainline import ADA, BOB, SENT, Open, subscribe
from newsroom import Clock, mails, make_project, write_entries

from newsletter import Newsletter
from newsletter.issues.issue import ReasonKind, Section
from newsletter.reports import Preview

EVE = "eve@example.org"
ROBOTS, TUMOURS, MUSIC, FORESTS = (
    "walking robots with springy legs",
    "segmenting brain tumours in scans",
    "graph networks recommending music",
    "forests counted by satellites",
)
#: Of each so many are brought with every issue, numbered on.
OF_EACH = 3


def study(n: int, subject: str, summary: str = "") -> dict[str, Any]:
    """An entry about the subject, told in words of its own too."""
    own = " ".join(f"{word}{n}" for word in ("oak", "elm", "ash", "fir", "yew", "bay"))
    return {
        "title": f"Study {n} about {subject}",
        "url": f"https://papers.example.org/{n}",
        "summary": summary or f"{subject.capitalize()} {own}.",
    }


def bring(newsletter: Newsletter, first: int) -> None:
    about = [subject for subject in (ROBOTS, TUMOURS, MUSIC, FORESTS) for _ in range(OF_EACH)]
    about += [f"{word}{first}" for word in ("tides", "bees", "lava", "glass", "wheat", "ships", "salt")]
    write_entries(newsletter.project, [study(first + n, subject) for n, subject in enumerate(about)])
    newsletter.pull()


@pytest.fixture
def newsletter(tmp_path: Path, open_newsletter: Open, clock: Clock) -> Newsletter:
    """Twelve entries of four subjects have come in, and seven of others; nobody is subscribed."""
    newsletter = (make_project(tmp_path, "[issue]\noutside = 0\n", entries=0), open_newsletter())[1]
    bring(newsletter, 1)
    return newsletter


def vote(newsletter: Newsletter, title: str, value: int, address: str = ADA) -> None:
    """On the entry whose title begins so."""
    row = newsletter._db.conn.execute("SELECT id FROM entries WHERE title LIKE ?", [f"{title} %"]).fetchone()
    newsletter.readers.vote(newsletter.subscriber(address), row[0], value)


def next_week(newsletter: Newsletter, clock: Clock) -> None:
    """The first issue goes out to everybody, and as many entries come in for the second."""
    newsletter.send(now=True)
    clock.set("2026-11-30 12:00")
    bring(newsletter, 101)


def subjects(shown: Preview) -> list[str]:
    return [pick.title.partition(" about ")[2] for pick in shown.picks]


def test_more_like_this_brings_more_of_it_next_time_and_says_why(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter, interests=("walking robots with legs",))
    next_week(newsletter, clock)
    before = newsletter.preview(ADA)
    assert TUMOURS not in subjects(before)
    vote(newsletter, "Study 5", 1)
    after = newsletter.preview(ADA)
    assert subjects(after).count(TUMOURS) >= 2
    # What was asked for in words is there as before.
    assert subjects(after).count(ROBOTS) == subjects(before).count(ROBOTS) == OF_EACH
    assert subjects(after)[0] == ROBOTS
    liked = [pick for pick in after.picks if pick.pick.reason is ReasonKind.LIKED]
    assert {pick.title.partition(" about ")[2] for pick in liked} == {TUMOURS}
    assert {pick.reason for pick in liked} == {f"Because you liked: Study 5 about {TUMOURS}"}
    assert f"Because you liked: Study 5 about {TUMOURS}" in after.text
    assert "Because you liked <b" in after.html and f">Study 5 about {TUMOURS}</b>" in unescape(after.html)


def test_a_vote_taken_back_gives_the_former_issue_byte_for_byte(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    next_week(newsletter, clock)
    before = newsletter.preview(ADA).message
    vote(newsletter, "Study 5", 1)
    vote(newsletter, "Study 1", -1)
    assert newsletter.preview(ADA).message != before
    # Turned around they ask for what the reader's words ask for, and that is in already.
    vote(newsletter, "Study 5", -1)
    vote(newsletter, "Study 1", 1)
    assert subjects(newsletter.preview(ADA)) == [ROBOTS] * OF_EACH
    vote(newsletter, "Study 5", 0)
    vote(newsletter, "Study 1", 0)
    assert newsletter.preview(ADA).message == before


def test_less_like_this_puts_it_further_down_and_hides_nothing(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter, interests=("walking robots", "brain tumours"))
    next_week(newsletter, clock)
    before = newsletter.preview(ADA)
    assert subjects(before)[0] == ROBOTS
    vote(newsletter, "Study 2", -1)
    after = newsletter.preview(ADA)
    assert subjects(after) == [TUMOURS] * OF_EACH + [ROBOTS] * OF_EACH
    assert sorted(subjects(after)) == sorted(subjects(before))
    # The reasons are as true as before.
    told = [{pick.title: pick.reason for pick in shown.picks} for shown in (before, after)]
    assert told[0] == told[1]


def test_votes_of_three_readers_do_not_touch_each_other(newsletter: Newsletter, clock: Clock) -> None:
    for address, interest in ((ADA, "walking robots"), (BOB, "brain tumours"), (EVE, "walking robots")):
        subscribe(newsletter, address, (interest,))
    next_week(newsletter, clock)
    before = {address: newsletter.preview(address).message for address in (ADA, BOB, EVE)}
    vote(newsletter, "Study 7", 1, ADA)
    vote(newsletter, "Study 8", 1, ADA)
    assert newsletter.preview(ADA).message != before[ADA]
    assert {address: newsletter.preview(address).message for address in (BOB, EVE)} == {
        address: before[address] for address in (BOB, EVE)
    }
    vote(newsletter, "Study 10", 1, BOB)
    vote(newsletter, "Study 11", 1, BOB)
    vote(newsletter, "Study 1", -1, EVE)
    shown = {address: newsletter.preview(address) for address in (ADA, BOB, EVE)}
    assert MUSIC in subjects(shown[ADA]) and FORESTS not in subjects(shown[ADA])
    assert FORESTS in subjects(shown[BOB]) and MUSIC not in subjects(shown[BOB])
    # Composed together they are what each of them was shown alone.
    clock.set("2026-12-04 08:00")
    drafts = {newsletter.preview(address).message for address in (ADA, BOB, EVE)}
    assert newsletter.send().counts == {SENT: 3}
    sent = [message for message in mails(newsletter.project) if b"4 December" in message or b"4=20December" in message]
    assert len(drafts & set(sent)) == 3


def test_a_vote_brings_nothing_back_that_was_received(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    first = {pick.title for pick in newsletter.preview(ADA).picks}
    next_week(newsletter, clock)
    # Nothing new about robots came: the liked ones would be the nearest there are.
    for title in first:
        vote(newsletter, " ".join(title.split()[:2]), 1)
    assert first.isdisjoint(pick.title for pick in newsletter.preview(ADA).picks)


def test_a_muted_line_stays_stronger_than_a_like(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter, interests=("walking robots", "not: brain tumours"))
    subscribe(newsletter, BOB, interests=("not: brain tumours",))
    next_week(newsletter, clock)
    for address in (ADA, BOB):
        vote(newsletter, "Study 4", 1, address)
        vote(newsletter, "Study 5", 1, address)
        assert TUMOURS not in subjects(newsletter.preview(address))


def test_who_follows_nothing_and_likes_something_has_an_issue_of_their_own(
    newsletter: Newsletter, clock: Clock
) -> None:
    subscribe(newsletter, interests=())
    next_week(newsletter, clock)
    before = newsletter.preview(ADA)
    assert {pick.pick.reason for pick in before.picks} == {ReasonKind.GENERAL}
    assert "Say what you follow" in before.text
    vote(newsletter, "Study 5", 1)
    after = newsletter.preview(ADA)
    assert subjects(after)[:OF_EACH] == [TUMOURS] * OF_EACH
    assert {pick.pick.reason for pick in after.picks} <= {ReasonKind.LIKED, ReasonKind.NEAREST}
    assert "Say what you follow" not in after.text
    assert "FOR YOU" in after.text
    vote(newsletter, "Study 5", -1)
    less = newsletter.preview(ADA)
    assert {pick.pick.reason for pick in less.picks} == {ReasonKind.GENERAL}
    assert len(less.picks) == len(before.picks)


def test_a_copy_that_is_composed_already_stays_as_it_is(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    newsletter.send(now=True)
    before = newsletter.preview(ADA, issue="weekly-2026-11-27").message
    vote(newsletter, "Study 5", 1)
    assert newsletter.preview(ADA, issue="weekly-2026-11-27").message == before == mails(newsletter.project)[0]


def test_the_sentence_set_off_is_the_one_about_what_was_liked(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    newsletter.send(now=True)
    clock.set("2026-11-30 12:00")
    about = f"The second is about {TUMOURS}."
    summary = f"The first is on oaks that grow on the hill. {about} The third is on elms that do not."
    write_entries(newsletter.project, [study(200, TUMOURS, summary), study(201, MUSIC)])
    newsletter.pull()
    vote(newsletter, "Study 5", 1)
    shown = next(pick for pick in newsletter.preview(ADA).picks if pick.title.startswith("Study 200"))
    assert (shown.pick.reason, shown.pick.section) == (ReasonKind.LIKED, Section.FOR_YOU)
    assert shown.sentence == about


def test_who_is_erased_leaves_no_votes(newsletter: Newsletter) -> None:
    subscribe(newsletter)
    subscribe(newsletter, BOB)
    vote(newsletter, "Study 5", 1)
    vote(newsletter, "Study 5", 1, BOB)
    newsletter.remove(ADA)
    assert newsletter._db.conn.execute("SELECT count(*) FROM votes").fetchone()[0] == 1


def test_entries_that_were_voted_on_may_be_read_in_pieces(
    newsletter: Newsletter, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(newsletter)
    next_week(newsletter, clock)
    for n in (1, 4, 5, 7):
        vote(newsletter, f"Study {n}", -1 if n == 4 else 1)
    whole = newsletter.preview(ADA).message
    monkeypatch.setattr("newsletter.judging.CHUNK", 2)
    assert newsletter.preview(ADA).message == whole
