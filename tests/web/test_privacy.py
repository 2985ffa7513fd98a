"""What is kept: shown to everybody, counted for one reader, taken away, moved and erased by a fresh link only."""

import json

import pytest
from website import ADA, BOB, Website, text_of

from newsletter.readers.keeping import TABLES
from newsletter.rendering.links import Purpose
from subscribers import bounces, consent, people
from subscribers.evidence import Origin
from subscribers.states import State
from subscribers.suppression import Reason, suppression_of

pytest_plugins = ("website_fixtures",)


def fresh_link(website: Website) -> str:
    """The link that a press on Ada's privacy page mails."""
    website.press(website.link(Purpose.PRIVACY), act="export")
    return website.confirm_links()[-1]


def test_the_public_page_tells_of_every_table_without_counting_anybody(still: Website) -> None:
    page = still.get("/privacy")
    for table in TABLES.values():
        assert table.what[1:] in text_of(page)
        assert table.why[1:] in text_of(page)
    assert 'class="count"' not in page.text
    assert "<form" not in page.text


def test_the_readers_own_page_counts_what_there_is(website: Website) -> None:
    website.press(website.link(Purpose.MORE, 1), act="more")
    page = website.get(website.link(Purpose.PRIVACY))
    said = text_of(page)
    assert ADA in said
    assert "Your votes 1 To choose your issue" in said
    assert "in your own words 2 To choose" in said


@pytest.mark.parametrize("act", ["export", "address", "erase"])
def test_every_button_only_mails_a_fresh_link(website: Website, act: str) -> None:
    answer = website.press(website.link(Purpose.PRIVACY), act=act)
    assert "A mail is on its way to ada@example.org" in text_of(answer)
    [link] = website.confirm_links()
    assert website.woken == 1
    assert website.ada().state is State.ACTIVE
    assert link not in answer.text
    choices = website.get(link)
    for other in ("export", "address", "erase"):
        assert f'href="{link}?act={other}"' in choices.text
    assert "<form" not in choices.text


def test_everything_is_taken_away_as_a_file(website: Website) -> None:
    link = fresh_link(website)
    answer = website.press(f"{link}?act=export", act="export")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="what-we-keep.json"'
    assert answer.headers["cache-control"] == "no-store"
    assert json.loads(answer.content)["subscribers"][0]["address"] == ADA
    assert json.loads(answer.content) == json.loads(json.dumps(website.newsletter.readers.export(website.ada())))


def test_an_erasure_gives_a_receipt_and_leaves_nothing(website: Website) -> None:
    link = fresh_link(website)
    asked = website.get(f"{link}?act=erase")
    assert "This cannot be taken back." in text_of(asked)
    nonce = website.nonce(f"{link}?act=erase")
    answer = website.client.post(link, data={"nonce": nonce, "act": "erase"})
    assert "You are erased." in text_of(answer)
    assert "What you follow and mute, in your own words 2" in text_of(answer)
    assert people.find(website.newsletter._db, ADA) is None
    assert suppression_of(website.newsletter._db, ADA) is Reason.ERASED
    assert website.client.post(link, data={"nonce": nonce, "act": "erase"}).status_code == 404


def test_a_fresh_link_is_good_for_one_hour(website: Website) -> None:
    link = fresh_link(website)
    nonce = website.nonce(f"{link}?act=erase")
    website.clock.forward(hours=1, seconds=1)
    for answer in (website.get(link), website.client.post(link, data={"nonce": nonce, "act": "erase"})):
        assert answer.status_code == 410
        assert website.link(Purpose.PRIVACY) in answer.text
    assert website.ada().state is State.ACTIVE


def test_a_link_that_was_answered_by_a_reply_opens_nothing_later(website: Website) -> None:
    link = fresh_link(website)
    website.newsletter.readers.confirm(link.rpartition("/")[2], words="yes", origin=Origin("mail"))
    website.clock.forward(days=2)
    assert website.get(link).status_code == 410


def test_what_was_asked_on_a_stale_page_is_still_what_is_asked(website: Website) -> None:
    link = fresh_link(website)
    answer = website.client.post(link, data={"nonce": "100000.x", "act": "address", "address": "ada@new.example.org"})
    assert "press once more" in text_of(answer)
    assert 'value="ada@new.example.org"' in answer.text


def test_an_address_is_changed_when_the_new_one_confirms(website: Website) -> None:
    link = fresh_link(website)
    answer = website.press(f"{link}?act=address", act="address", address="ada@new.example.org")
    assert "ada@new.example.org" in text_of(answer)
    assert website.ada().address == ADA
    confirm = website.confirm_links()[-1]
    shown = website.get(confirm)
    assert "ada@new.example.org" in text_of(shown)
    assert ADA not in shown.text  # who reads there may be a stranger
    done = website.press(confirm, act="confirm")
    assert "Your issues come here now." in text_of(done)
    assert website.newsletter.subscriber("ada@new.example.org").name == "Ada"
    assert website.get(confirm).status_code == 200


def test_a_change_of_address_that_expires_leads_a_stranger_nowhere(website: Website) -> None:
    link = fresh_link(website)
    website.press(f"{link}?act=address", act="address", address="stranger@example.com")
    confirm = website.confirm_links()[-1]
    website.clock.forward(days=4)
    page = website.get(confirm)
    assert page.status_code == 410
    assert ADA not in page.text
    assert not any(website.link(purpose) in page.text for purpose in Purpose)


@pytest.mark.parametrize(
    ("typed", "told"),
    [("ADA@Example.org", "already"), ("nobody", "is not an email address"), ("", "Write the address")],
)
def test_a_new_address_that_cannot_be_is_told(website: Website, typed: str, told: str) -> None:
    link = fresh_link(website)
    answer = website.press(f"{link}?act=address", act="address", address=typed)
    assert answer.status_code == 400
    assert told in text_of(answer)
    assert len(website.confirm_links()) == 1


def test_an_address_that_somebody_else_reads_at_is_refused_when_it_confirms(website: Website) -> None:
    link = fresh_link(website)
    website.press(f"{link}?act=address", act="address", address=BOB)
    answer = website.press(website.confirm_links()[-1], act="confirm")
    assert answer.status_code == 409
    assert website.ada().address == ADA


def test_the_operator_sees_why_an_address_is_suppressed_and_lifts_it(website: Website) -> None:
    db, ada = website.newsletter._db, website.ada()
    bounces.note(db, ada.id, "mail 1", 3.0, "550 5.1.1 <b>no such user</b>", website.clock())
    consent.suppress_person(db, ada, Reason.BOUNCED, words="550", origin=Origin("mail"), now=website.clock())
    link = website.link(Purpose.SUPPRESSED)
    page = website.get(link)
    assert "550 5.1.1 <b>no such user</b>" in text_of(page)
    assert "<b>no such user" not in page.text
    assert "22 November 2026: mail to it came back too often" in text_of(page)
    assert "gets issues again." in text_of(website.press(link, act="lift"))
    assert website.ada().state is State.ACTIVE
    assert "nothing to lift" in text_of(website.get(link))


def test_who_complained_is_asked_to_confirm_after_the_operator_lifted_it(website: Website) -> None:
    db = website.newsletter._db
    consent.suppress_person(db, website.ada(), Reason.COMPLAINED, words="", origin=Origin("mail"), now=website.clock())
    link = website.link(Purpose.SUPPRESSED)
    assert "reported our mail as unwanted" in text_of(website.get(link))
    assert "asks to confirm" in text_of(website.press(link, act="lift"))
    assert website.ada().state is State.PENDING
    assert "Welcome" in text_of(website.press(website.confirm_links()[-1], act="confirm"))


def test_a_readers_link_does_not_open_the_operators_page(website: Website) -> None:
    for purpose in (Purpose.PRIVACY, Purpose.PREFERENCES, Purpose.LEAVE):
        token = website.link(purpose).rpartition("/")[2]
        assert website.get(f"/lift/{token}").status_code == 404
