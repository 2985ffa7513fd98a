"""Leaving: the one click of mail programs (RFC 8058), the page, the way back; and announcements alone."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from newsroom import SETTINGS, Clock
from website import ADA, NOON, Website, build, nonce_in, text_of

from newsletter.rendering.links import Purpose
from subscribers import consent
from subscribers.evidence import Origin
from subscribers.states import State
from subscribers.suppression import Reason

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

pytest_plugins = ("website_fixtures",)

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
#: A body that a mail program may send, by the two types that RFC 8058 allows.
BODIES: dict[str, dict[str, Any]] = {
    "form-data": {"files": {"List-Unsubscribe": (None, "One-Click")}},
    "urlencoded": {"data": ONE_CLICK},
    "urlencoded without a type": {"content": b"List-Unsubscribe=One-Click"},
}
OTHER_BODIES: dict[str, dict[str, Any]] = {
    "empty": {},
    "another value": {"data": {"List-Unsubscribe": "Two-Clicks"}},
    "another name": {"data": {"Unsubscribe": "One-Click"}},
    "our button without its nonce": {"data": {"act": "leave"}},
    "a nonce that is made up": {"data": {"act": "leave", "nonce": "491234.AAAAAAAAAAAAAAAA"}},
    "JSON": {"json": ONE_CLICK},
    "form-data cut off": {
        "content": b'--x\r\nContent-Disposition: form-data; name="List-Uns',
        "headers": {"Content-Type": "multipart/form-data; boundary=x"},
    },
    "form-data without a boundary": {
        "content": b"List-Unsubscribe=One-Click",
        "headers": {"Content-Type": "multipart/form-data"},
    },
    "a file of that name": {"files": {"List-Unsubscribe": ("a.txt", b"One-Click")}},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_one_click_leaves_at_once_again_and_again(website: Website, body: dict[str, Any]) -> None:
    link = website.link(Purpose.LEAVE)
    for _ in range(3):
        answer = website.client.post(link, **body)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert "location" not in answer.headers
        assert website.ada().state is State.UNSUBSCRIBED
    events = [line for line in website.newsletter.evidence(ADA) if line.event.endswith("unsubscribed")]
    assert [(line.origin.how, line.origin.page) for line in events] == [("one-click", "https://news.example.org/u")]


@pytest.mark.parametrize("body", OTHER_BODIES.values(), ids=OTHER_BODIES.keys())
def test_another_post_shows_the_page_and_changes_nothing(still: Website, body: dict[str, Any]) -> None:
    before, link = still.state(), still.link(Purpose.LEAVE)
    answer = still.client.post(link, **body)
    assert answer.status_code == 200
    assert "Leave?" in text_of(answer)
    assert still.state() == before


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_link_changes_nothing(still: Website, method: str) -> None:
    before = still.state()
    link = still.link(Purpose.LEAVE)
    answers = [still.client.request(method, link, params=params) for params in ({}, ONE_CLICK) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {200}
    assert still.state() == before


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_altered_link_changes_nothing_and_says_what_to_do(still: Website, method: str) -> None:
    before, link = still.state(), still.link(Purpose.LEAVE)
    another = "%42" if link.endswith("A") else "%41"
    altered_links = [link[:-1], link[:-1] + another, link[:-6] + "AAAAAA", link.replace("/u/A", "/u/B")]
    for altered in (*altered_links, "/u/x", "/u/" + "A" * 9_000):
        answer = still.client.request(method, altered, data=ONE_CLICK if method == "POST" else None)
        assert answer.status_code == 404
        assert "write a mail to papers@news.example.org" in text_of(answer)
    assert still.state() == before


def test_a_link_for_something_else_does_not_leave(website: Website) -> None:
    for purpose in (Purpose.PREFERENCES, Purpose.ANNOUNCEMENTS, Purpose.PAUSE):
        token = website.link(purpose).rpartition("/")[2]
        assert website.client.post(f"/u/{token}", data=ONE_CLICK).status_code == 404
    assert website.ada().state is State.ACTIVE


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_who_was_erased_has_left(website: Website, body: dict[str, Any]) -> None:
    link = website.link(Purpose.LEAVE)
    website.newsletter.remove(ADA)
    for answer in (website.client.post(link, **body), website.get(link), website.client.head(link)):
        assert answer.status_code == 200
    assert "You have left already." in text_of(website.get(link))


@pytest.mark.parametrize("base", ["", "/news", "/a/b"])
def test_one_click_works_below_any_path(tmp_path: Path, quick_templates: None, base: str) -> None:
    settings = SETTINGS.replace("https://news.example.org", f"https://example.org{base}")
    build(tmp_path, settings=settings)
    with ExitStack() as stack:
        website = Website(tmp_path, Clock(NOON), stack, base)
        link = website.link(Purpose.LEAVE)
        assert link.startswith(f"{base}/u/")
        assert website.client.post(link.removeprefix(base) or "/", data=ONE_CLICK).status_code == (404 if base else 200)
        assert website.client.post(link, data=ONE_CLICK).status_code == 200
        assert website.ada().state is State.UNSUBSCRIBED
        home = website.get(f"{base}/")
        assert home.status_code == website.get(base or "/").status_code == 200
        links = {part.partition('"')[0] for part in home.text.split('href="')[1:]}
        assert all(one.startswith((f"{base}/", "mailto:")) for one in links)
        assert f'action="{base}/"' in home.text
        assert all(website.get(one.partition("?")[0]).status_code == 200 for one in links if one.startswith("/"))


def test_one_press_leaves_and_the_question_may_be_passed_over(website: Website) -> None:
    link = website.link(Purpose.LEAVE)
    asked = website.get(link)
    assert ADA in text_of(asked)
    assert website.link(Purpose.PAUSE) in asked.text
    left = website.press(link, act="leave")
    assert "You have left." in text_of(left)
    assert website.ada().state is State.UNSUBSCRIBED
    assert "Why" not in [line.words for line in website.newsletter.evidence(ADA)]
    assert text_of(website.get(link)) == text_of(left)


def test_the_answer_to_why_is_kept(website: Website) -> None:
    link = website.link(Purpose.LEAVE)
    website.press(link, act="leave")
    answer = website.press(link, act="answer", why="too-often", words="Every <b>day</b>?" + "!" * 5_000)
    assert "Thank you." in text_of(answer)
    said = website.newsletter.evidence(ADA)[-1]
    assert said.event == "said why they left"
    assert said.words.startswith("It came too often: Every <b>day</b>?!!!")
    assert len(said.words) < 1_100


def test_who_has_not_left_is_not_asked_why(still: Website) -> None:
    before = still.state()
    answer = still.press(still.link(Purpose.LEAVE), act="answer", why="too-often")
    assert "Leave?" in text_of(answer)
    assert still.state() == before


def test_a_mistake_is_taken_back_for_a_day(website: Website) -> None:
    link = website.link(Purpose.LEAVE)
    website.press(link, act="leave")
    assert "Good that you stay." in text_of(website.press(link, act="stay"))
    assert website.ada().state is State.ACTIVE
    website.press(link, act="leave")
    website.clock.forward(days=1, minutes=1)
    late = website.press(link, act="stay")
    assert late.status_code == 409
    assert "Subscribe again" in text_of(late)
    assert website.ada().state is State.UNSUBSCRIBED


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_announcements_alone_are_left_by_one_click(website: Website, body: dict[str, Any]) -> None:
    link = website.link(Purpose.ANNOUNCEMENTS)
    for _ in range(2):
        assert website.client.post(link, **body).status_code == 200
        assert not website.ada().announcements
    assert website.ada().state is State.ACTIVE
    assert [line.event for line in website.newsletter.evidence(ADA)].count("announcements off") == 1


@pytest.mark.parametrize("body", OTHER_BODIES.values(), ids=OTHER_BODIES.keys())
def test_announcements_are_not_left_by_another_post(still: Website, body: dict[str, Any]) -> None:
    before = still.state()
    assert still.client.post(still.link(Purpose.ANNOUNCEMENTS), **body).status_code == 200
    assert still.state() == before


def test_announcements_are_left_and_wanted_again_by_a_press(website: Website) -> None:
    link = website.link(Purpose.ANNOUNCEMENTS)
    assert "No more announcements." in text_of(website.press(link, act="quiet"))
    assert not website.ada().announcements
    assert "They come again." in text_of(website.press(link, act="loud"))
    assert website.ada().announcements
    website.newsletter.remove(ADA)
    assert website.client.post(link, data=ONE_CLICK).status_code == 200
    assert website.client.post(link[:-3], data=ONE_CLICK).status_code == 404


def test_who_complained_meanwhile_is_not_told_that_they_stay(website: Website) -> None:
    link = website.link(Purpose.LEAVE)
    nonce = nonce_in(website.get(link).text)
    person = website.ada()
    consent.suppress_person(
        website.newsletter.database, person, Reason.COMPLAINED, words="", origin=Origin("mail"), now=website.clock()
    )
    answer = website.client.post(link, data={"nonce": nonce, "act": "stay"})
    assert "next issue" not in text_of(answer).lower()
    assert website.ada().state is State.SUPPRESSED
