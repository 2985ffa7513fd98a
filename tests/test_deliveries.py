"""Seeing deliveries and sending some again, on a whole newsletter."""

from datetime import datetime

import pytest
from mainline import ADA, BOB, SENT, bring, subscribe
from newsroom import Clock, mails, make_project, parsed

from newsletter import Newsletter
from newsletter.deliveries import Which
from newsletter.delivery.outcomes import DeliveryState
from newsletter.errors import DeliveryError, IssueError
from newsletter.issues import store as issues
from newsletter.issues.issue import IssueState, parse_issue_key
from newsletter.readers.desk import Readers
from subscribers.errors import UnknownSubscriber
from subscribers.evidence import Origin

FRIDAY = "weekly-2026-11-27"
DUE = "2026-11-27 08:00"
FAILED, UNCERTAIN, DEFERRED = DeliveryState.FAILED, DeliveryState.UNCERTAIN, DeliveryState.DEFERRED
QUEUED = DeliveryState.QUEUED


@pytest.fixture
def sent(newsletter: Newsletter, clock: Clock) -> Newsletter:
    """Friday's issue is sent to two readers: deliveries 1 and 2."""
    for address in (ADA, BOB):
        subscribe(newsletter, address)
    clock.set(DUE)
    assert newsletter.send().counts == {SENT: 2}
    return newsletter


def put(newsletter: Newsletter, delivery_id: int, state: str, why: str = "") -> None:
    """As it is when a server has had its say."""
    conn = newsletter.database.conn
    conn.execute("UPDATE deliveries SET state = ?, why = ? WHERE id = ?", [state, why, delivery_id])
    if state == "failed":
        conn.execute("DELETE FROM received WHERE delivery_id = ?", [delivery_id])


def test_who_got_what_and_why_somebody_did_not(sent: Newsletter) -> None:
    put(sent, 2, "failed", "550 5.1.1 no such user")
    found = sent.deliveries.listing(Which())
    assert found.counts == {SENT: 1, FAILED: 1}
    [one] = found.shown
    assert (one.to, one.what, one.delivery.why, one.next_try) == (BOB, FRIDAY, "550 5.1.1 no such user", None)
    assert not found.more
    [other] = sent.deliveries.listing(Which(state="sent", issue=FRIDAY, domain="example.org"), 1).shown
    assert (other.to, other.delivery.attempts) == (ADA, 1)
    put(sent, 2, "sent")
    assert sent.deliveries.listing(Which(state="sent"), 1).more


def test_what_there_is_not_is_told(sent: Newsletter) -> None:
    deliveries = sent.deliveries
    with pytest.raises(DeliveryError, match=r"'fail' is no state of a delivery\. There are: queued, claimed"):
        deliveries.listing(Which(state="fail"))
    with pytest.raises(DeliveryError, match="weekly-2026-12-04 is not made yet"):
        deliveries.listing(Which(issue="weekly-2026-12-04"))
    with pytest.raises(IssueError, match="names no issue"):
        deliveries.retry(Which(issue="friday"))
    with pytest.raises(UnknownSubscriber):
        deliveries.listing(Which(to="eve@example.org"))
    with pytest.raises(DeliveryError, match="There is no delivery 99"):
        deliveries.show(99)
    subscribe(sent, "eve@example.org")
    with pytest.raises(DeliveryError, match=rf"eve@example\.org has no copy of {FRIDAY}"):
        deliveries.of("eve@example.org", FRIDAY)


# -- the message


def test_the_message_is_the_one_that_was_sent_to_the_byte(sent: Newsletter, clock: Clock) -> None:
    clock.forward(days=3)
    bring(sent, 12)
    for one, kept in zip((sent.deliveries.of(ADA, FRIDAY), sent.deliveries.show(2)), mails(sent.project), strict=True):
        envelope = sent.deliveries.message(one.delivery.id)
        assert (envelope.message, envelope.recipient, envelope.doubts) == (kept, one.to, ())
        assert envelope.sender == "papers@news.example.org"


def test_a_copy_that_waits_is_as_it_is_going_to_be(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    newsletter.editor.hold(FRIDAY)
    clock.set(DUE)
    newsletter.send()
    before = newsletter.deliveries.message(1)
    newsletter.editor.release(FRIDAY)
    newsletter.send()
    assert [before.message] == mails(newsletter.project)


def test_who_reads_elsewhere_now_makes_it_another_message_and_that_is_said(sent: Newsletter, clock: Clock) -> None:
    clock.forward(hours=1)
    move(sent.readers, sent, ADA, "ada@elsewhere.example")
    envelope = sent.deliveries.message(1)
    assert envelope.recipient == "ada@elsewhere.example"
    assert envelope.doubts == (f"The reader's address has changed since (2026-11-27): it went to {ADA}.",)
    assert envelope.message != mails(sent.project)[0]


def move(readers: Readers, newsletter: Newsletter, address: str, to: str) -> None:
    """They read elsewhere, and confirmed it there."""
    person = newsletter.subscriber(address)
    readers.change_address(person, to, origin=Origin("page"))
    row = newsletter.database.conn.execute("SELECT recipe FROM deliveries WHERE notice = 'address'").fetchone()
    token = row[0].split("/confirm/")[1][:26]
    readers.confirm(token, words="yes", origin=Origin("page"))


def test_a_rehearsal_shows_to_whom_it_really_goes(
    sent: Newsletter, monkeypatch: pytest.MonkeyPatch, open_newsletter: type[Newsletter]
) -> None:
    monkeypatch.setenv("NEWSLETTER_DELIVERY_REDIRECT_ALL_TO", "me@example.org")
    assert open_newsletter().deliveries.message(1).recipient == "me@example.org"


def test_words_of_a_notice_are_never_shown(sent: Newsletter) -> None:
    sent.readers.send_private_link(sent.subscriber(ADA), origin=Origin("page"))
    assert sent.deliveries.show(3).what == "private notice"
    with pytest.raises(
        DeliveryError, match=r"Delivery 3 is a notice \(private\). Its words and links are its reader's"
    ):
        sent.deliveries.message(3)


def test_what_was_never_composed_or_whose_reader_is_gone_has_no_message(sent: Newsletter) -> None:
    conn = sent.database.conn
    conn.execute("UPDATE deliveries SET state = 'dropped', recipe = '', why = 'nothing is new' WHERE id = 2")
    with pytest.raises(DeliveryError, match="Nothing was composed for delivery 2: nothing is new"):
        sent.deliveries.message(2)
    conn.execute("DELETE FROM subscribers WHERE address = ?", [ADA])
    with pytest.raises(DeliveryError, match="The reader of delivery 1 was erased"):
        sent.deliveries.message(1)


# -- again


def test_just_those_that_failed_are_sent_again_the_same_to_the_byte(sent: Newsletter, clock: Clock) -> None:
    before = mails(sent.project)
    put(sent, 2, "failed", "550 5.7.1 not from you")
    for path in (sent.project / "outbox").iterdir():
        path.unlink()
    clock.forward(hours=5)
    done = sent.deliveries.retry(Which())
    assert (done.queued, done.refused.counts) == ({FAILED: 1}, {})
    assert sent.send().counts == {SENT: 1}
    assert mails(sent.project) == before[1:]
    assert sent.deliveries.retry(Which()).queued == {}


def test_what_is_limited_takes_no_others(sent: Newsletter) -> None:
    for delivery_id in (1, 2):
        put(sent, delivery_id, "failed", "550 no")
    assert sent.deliveries.retry(Which(to=BOB), dry_run=True).queued == {FAILED: 1}
    assert sent.deliveries.retry(Which(domain="elsewhere.example")).queued == {}
    assert sent.deliveries.retry(Which(issue=FRIDAY, state="deferred")).queued == {}
    assert sent.deliveries.retry(Which(ids=(2,))).queued == {FAILED: 1}
    assert [one.delivery.state for one in sent.deliveries.listing(Which(to=ADA)).shown] == [FAILED]


def test_uncertain_ones_only_where_they_are_asked_for(sent: Newsletter) -> None:
    put(sent, 1, "uncertain", "the connection broke")
    put(sent, 2, "uncertain", "the connection broke")
    assert sent.deliveries.retry(Which()).queued == {}
    assert sent.deliveries.retry(Which(issue=FRIDAY)).queued == {}
    assert sent.deliveries.retry(Which(ids=(1,))).queued == {UNCERTAIN: 1}
    assert sent.deliveries.retry(Which(state="uncertain")).queued == {UNCERTAIN: 1}


def test_ids_that_there_are_not_and_what_was_sent_are_told(sent: Newsletter) -> None:
    done = sent.deliveries.retry(Which(ids=(1, 99)))
    assert done.refused.counts == {
        "it was sent, and nobody gets the same twice": 1,
        "there is no such delivery": 1,
    }
    assert done.refused.ids["there is no such delivery"] == [99]


def test_consent_is_asked_again_when_it_is_sent(sent: Newsletter) -> None:
    put(sent, 2, "failed", "550 no")
    sent.deliveries.retry(Which())
    sent.readers.leave(sent.subscriber(BOB), words="no more", origin=Origin("page"))
    assert sent.send().counts == {DeliveryState.DROPPED: 1}


def test_a_held_issue_is_named(sent: Newsletter) -> None:
    put(sent, 2, "failed", "550 no")
    stored = issues.find(sent.database, parse_issue_key(FRIDAY))
    assert stored
    issues.set_state(sent.database, stored.id, IssueState.HELD)
    done = sent.deliveries.retry(Which())
    assert sent.deliveries.names(done.held) == [FRIDAY]


def test_what_the_operator_knows_of_uncertain_ones_stands(sent: Newsletter) -> None:
    put(sent, 1, "uncertain", "the connection broke")
    settled = sent.deliveries.settle([1, 2], arrived=True)
    assert [(one.to, one.delivery.state) for one in settled.done] == [(ADA, SENT)]
    assert settled.refused.counts == {"it is sent, and only an uncertain one can be settled": 1}


# -- an issue


def test_an_issue_tells_its_history_and_one_to_come_has_none(sent: Newsletter, now: datetime) -> None:
    put(sent, 2, "failed", "550 5.1.1 <bob@example.org> is nobody")
    found = sent.deliveries.history(FRIDAY)
    assert found
    assert found.counts == {SENT: 1, FAILED: 1}
    assert found.said[0].words == "550 5.1.1 … is nobody"
    assert sent.deliveries.history("weekly-2026-12-04") is None


def test_a_signed_newsletter_shows_the_signature(sent: Newsletter, open_newsletter: type[Newsletter]) -> None:
    from newsletter.delivery.signing_keys import make_key

    make_key(sent.project, "s2026", "ed25519")
    make_project(sent.project, '\n[dkim]\nselector = "s2026"\n')
    envelope = open_newsletter().deliveries.message(1)
    assert parsed(envelope.message)["dkim-signature"]
    assert envelope.message.endswith(mails(sent.project)[0])
    assert envelope.doubts == (
        "It is signed with the keys of today; with others then, only the signature was another.",
    )
