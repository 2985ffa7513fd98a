"""Preferences, pauses and votes: what a reader changes, and what the page then says."""

from datetime import date

import pytest
from website import ADA, BOB, Website, text_of

from newsletter.readers.places import places
from newsletter.rendering.links import Purpose
from newsletter.web.forms import typed_of
from newsletter.web.wishes import end_of_pause
from subscribers.cadence import Frequency
from subscribers.interests import MAX_INTERESTS
from subscribers.states import State

pytest_plugins = ("website_fixtures",)

SAME = {
    "name": "Ada",
    "interests": "walking robots\nnot: surveys",
    "cadence": "weekly",
    "weekday": "friday",
    "day": "1",
    "hour": "08:00",
    "timezone": "Europe/Paris",
    "announcements": "yes",
}


def test_the_form_begins_with_what_is_so(still: Website) -> None:
    page = still.get(still.link(Purpose.PREFERENCES))
    assert "Friday, 4 December, at 08:00, Paris time" in text_of(page)  # the one of this week was sent ahead
    assert "walking robots\nnot: surveys</textarea>" in page.text
    assert 'value="Ada"' in page.text
    for chosen in (
        'value="weekly" selected',
        'value="friday" selected',
        "option selected>08:00",
        "option selected>Europe/Paris",
    ):
        assert chosen in page.text
    assert 'name="announcements" value="yes" checked' in page.text
    assert typed_of(still.ada()).interests == SAME["interests"]


def test_each_line_says_how_many_places_it_had_last(website: Website) -> None:
    link = website.link(Purpose.PREFERENCES)
    sent = places(website.newsletter.database, website.ada())
    assert sent is not None
    ((label, count),) = sent.of_each
    assert label == "walking robots" and count > 0
    assert f"Their places in your last issue, of {sent.day} walking robots : {count}" in text_of(website.get(link))
    website.press(link, **{**SAME, "interests": "walking robots\nbrand new & <shiny>\nnot: surveys"})
    assert f"walking robots : {count} brand new & <shiny> : none" in text_of(website.get(link))


def test_saving_what_is_so_already_changes_nothing(still: Website) -> None:
    before = still.state()
    answer = still.press(still.link(Purpose.PREFERENCES), **SAME)
    assert "It was all so already." in text_of(answer)
    assert still.state() == before


def test_the_page_says_exactly_what_changed_and_from_when_on(website: Website) -> None:
    changed = {
        **SAME,
        "name": "",
        "interests": "walking robots\nforests\nnot: music",
        "cadence": "daily",
        "hour": "06:00",
    }
    del changed["announcements"]
    said = text_of(website.press(website.link(Purpose.PREFERENCES), **changed))
    for words in (
        "Saved.",
        "You now follow: forests",
        "Kept away from now on: music",
        "No longer kept away: surveys",
        "We greet you without a name.",
        "Your issue comes every day at 06:00, Paris time.",
        "No announcements come any more.",
        "In force from the next issue on: it comes on Monday, 23 November, at 06:00, Paris time",
    ):
        assert words in said
    assert "walking robots" not in said.partition("In force")[0]
    ada = website.ada()
    assert (ada.name, ada.cadence.frequency, ada.announcements) == ("", Frequency.DAILY, False)
    assert list(map(str, ada.interests)) == ["walking robots", "forests", "not: music"]


def test_another_order_is_a_change_too(website: Website) -> None:
    answer = website.press(website.link(Purpose.PREFERENCES), **{**SAME, "interests": "not: surveys\nwalking robots"})
    assert "What you follow stands in another order." in text_of(answer)


def test_days_of_a_month_and_odd_hours_and_zones_are_kept(website: Website) -> None:
    link = website.link(Purpose.PREFERENCES)
    website.press(link, **{**SAME, "cadence": "monthly", "day": "31", "hour": "07:45", "timezone": "US/Eastern"})
    page = website.get(link)
    for chosen in (
        'value="31" selected',
        "option selected>07:45",
        "option selected>US/Eastern",
        'value="monthly" selected',
    ):
        assert chosen in page.text
    assert "Nothing was changed." in text_of(
        website.press(link, **{**SAME, "cadence": "monthly", "day": "31", "hour": "07:45", "timezone": "US/Eastern"})
    )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"interests": "x" * 301}, "interests"),
        ({"interests": "\n".join(f"interest {n}" for n in range(MAX_INTERESTS + 1))}, "interests"),
        ({"cadence": "hourly"}, "cadence"),
        ({"cadence": "monthly", "day": "32"}, "day"),
        ({"weekday": ""}, "weekday"),
        ({"hour": "8 o'clock"}, "hour"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": ""}, "timezone"),
    ],
)
def test_a_mistake_changes_nothing_and_all_that_was_typed_stays(
    still: Website, fields: dict[str, str], field: str
) -> None:
    before = still.state()
    answer = still.press(still.link(Purpose.PREFERENCES), **{**SAME, "name": "Countess", **fields})
    assert answer.status_code == 400
    assert "One thing needs mending below." in text_of(answer)
    assert f'id="{field}-wrong"' in answer.text
    assert 'value="Countess"' in answer.text
    assert still.state() == before


def test_what_people_type_never_becomes_markup(website: Website) -> None:
    nasty = "\"><script>alert(1)</script><b x='"
    website.press(
        website.link(Purpose.PREFERENCES), **{**SAME, "name": nasty, "interests": f"{nasty}\n{{{{ 1234567*7 }}}}"}
    )
    for purpose in (Purpose.PREFERENCES, Purpose.PAUSE, Purpose.LEAVE, Purpose.PRIVACY):
        page = website.get(website.link(purpose))
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "8641969" not in page.text
    assert website.ada().interests[0].text == nasty


def test_preferences_lead_to_the_other_pages(still: Website) -> None:
    page = still.get(still.link(Purpose.PREFERENCES))
    for purpose in (Purpose.PAUSE, Purpose.LEAVE, Purpose.PRIVACY, Purpose.FEED):
        link = still.link(purpose)
        assert f'href="{link}"' in page.text
        assert still.get(link).status_code == 200


@pytest.mark.parametrize("purpose", [Purpose.PREFERENCES, Purpose.PAUSE, Purpose.PRIVACY, Purpose.MORE, Purpose.ISSUE])
def test_of_somebody_erased_nothing_is_shown_or_changed(website: Website, purpose: Purpose) -> None:
    link = website.link(purpose, 1)
    website.newsletter.remove(ADA)
    before = website.state()
    for answer in (website.get(link), website.client.post(link, data=SAME)):
        if answer.status_code != 405:
            assert answer.status_code == 410
            assert "Nothing is kept under this link any more." in text_of(answer)
    assert website.state() == before


@pytest.mark.parametrize("purpose", [Purpose.PREFERENCES, Purpose.PAUSE])
def test_who_has_left_is_led_back_to_the_form(website: Website, purpose: Purpose) -> None:
    website.press(website.link(Purpose.LEAVE), act="leave")
    before = website.state()
    page = website.get(website.link(purpose))
    assert "You get no issues at present." in text_of(page)
    assert website.client.post(website.link(purpose), data={**SAME, "act": "pause"}).status_code == 200
    assert website.state() == before


@pytest.mark.parametrize(
    ("fields", "until", "told"),
    [
        ({"length": "1"}, "2026-11-29", "the next one comes on Friday, 4 December"),
        ({"length": "8"}, "2027-01-17", "the next one comes on Friday, 22 January"),
        ({"length": "until", "until": "2026-12-04"}, "2026-12-04", "the next one comes on Friday, 4 December"),
        ({"length": "open"}, None, "None comes until you say so"),
    ],
)
def test_a_pause_lasts_as_long_as_was_said(
    website: Website, fields: dict[str, str], until: str | None, told: str
) -> None:
    link = website.link(Purpose.PAUSE)
    assert told in text_of(website.press(link, act="pause", **fields))
    assert website.ada().state is State.PAUSED
    assert website.ada().paused_until == (date.fromisoformat(until) if until else None)
    assert "Your issues are paused" in text_of(website.get(website.link(Purpose.PREFERENCES)))
    assert "Good to have you back." in text_of(website.press(link, act="resume"))
    assert website.ada().state is State.ACTIVE


@pytest.mark.parametrize(
    ("length", "until"),
    [
        ("until", ""),
        ("until", "2026-11-22"),
        ("until", "2020-01-01"),
        ("until", "9999-12-31"),
        ("until", "tomorrow"),
        ("3", ""),
        ("", ""),
        ("-1", ""),
        ("1" * 400, ""),
        ("2", "2026-12-24"),
    ],
)
def test_a_pause_that_makes_no_sense_is_asked_again(still: Website, length: str, until: str) -> None:
    before = still.state()
    answer = still.press(still.link(Purpose.PAUSE), act="pause", length=length, until=until)
    assert answer.status_code == 400
    assert 'id="until-wrong"' in answer.text
    assert still.state() == before


def test_an_end_counts_by_the_readers_calendar(website: Website) -> None:
    website.clock.set("2026-11-22 23:30")  # Monday already in Paris
    website.press(website.link(Purpose.PAUSE), act="pause", length="1")
    assert str(website.ada().paused_until) == "2026-11-30"


def test_weeks_are_counted_from_today() -> None:
    assert end_of_pause("2", "", date(2026, 12, 31)) == (date(2027, 1, 14), "")


def test_a_vote_is_cast_taken_back_and_turned_round(website: Website) -> None:
    link, readers = website.link(Purpose.MORE, 1), website.newsletter.readers
    page = website.get(link)
    title = "Study 0 of walking robots with springy legs"
    assert title in text_of(page)
    assert 'href="https://papers.example.org/0"' in page.text
    assert "stand higher" in text_of(page)
    assert readers.vote_of(website.ada(), 1) == 0
    for act, vote, said in (
        ("more", 1, "higher"),
        ("none", 0, "Taken back"),
        ("less", -1, "lower"),
        ("less", -1, "lower"),
    ):
        assert said in text_of(website.press(link, act=act))
        assert readers.vote_of(website.ada(), 1) == vote
    website.press(website.link(Purpose.LESS, 2), act="less")
    assert readers.vote_of(website.ada(), 2) == -1


def test_a_vote_link_tells_nothing_about_the_person(website: Website) -> None:
    link = website.link(Purpose.MORE, 1)
    for page in (website.get(link), website.press(link, act="more"), website.press(link, act="none")):
        for private in (ADA, "ada@", "Ada", "walking robots\n", "Paris", "Friday", "surveys"):
            assert private not in text_of(page)
        for purpose in Purpose:
            assert website.link(purpose) not in page.text


def test_a_vote_link_moves_no_other_vote(website: Website) -> None:
    link = website.link(Purpose.MORE, 1)
    nonce = website.nonce(link)
    website.client.post(link, data={"nonce": nonce, "act": "more", "entry": "2", "subject": "2", "subscriber": "2"})
    bob = website.newsletter.subscriber(BOB)
    assert website.newsletter.readers.vote_of(website.ada(), 2) == website.newsletter.readers.vote_of(bob, 1) == 0


def test_an_entry_that_is_not_kept_any_more_is_told(still: Website) -> None:
    assert still.get(still.link(Purpose.MORE, 999)).status_code == 410
    assert still.get(still.link(Purpose.MORE, 2**63)).status_code == 410
