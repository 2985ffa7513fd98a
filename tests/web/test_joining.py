"""Subscribing by the page: the form, its mistakes, what it never tells, what it cannot be used for."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from newsroom import Clock
from website import ADA, JOINING, Website, text_of

from newsletter.rendering.links import Purpose
from subscribers.evidence import Origin, evidence_of
from subscribers.states import State
from subscribers.suppression import Reason, suppress

pytest_plugins = ("website_fixtures",)


def test_the_form_asks_for_a_confirmation_and_nothing_more(website: Website) -> None:
    answer = website.press("/", **JOINING)
    assert answer.status_code == 200
    assert "Look into your mailbox." in text_of(answer)
    carol = website.newsletter.subscriber("carol@example.org")
    assert carol.state is State.PENDING
    assert website.woken == 1
    assert len(website.confirm_links()) == 1


def test_the_evidence_holds_the_words_and_where_they_came_from(website: Website) -> None:
    page = website.get("/")
    website.client.headers["User-Agent"] = "Browser\t1.0 " + "x" * 500
    website.press("/", **JOINING)
    [evidence] = website.newsletter.evidence("carol@example.org")
    assert evidence.words.startswith("Subscribe. One mail to confirm")
    assert evidence.words.removeprefix("Subscribe. ") in text_of(page)
    assert (evidence.origin.how, evidence.origin.page) == ("page", "https://news.example.org/")
    assert evidence.origin.ip == "192.0.2.7"
    assert len(evidence.origin.agent) == 200
    assert "\t" not in evidence.origin.agent


def test_what_was_typed_is_confirmed_and_comes_into_force(website: Website) -> None:
    website.press("/", **JOINING)
    [link] = website.confirm_links()
    shown = text_of(website.get(link))
    for words in ("carol@example.org", "walking robots", "not: surveys", "on Mondays at 07:00, Paris time"):
        assert words in shown
    welcome = website.press(link, act="confirm")
    assert "Welcome, Carol." in text_of(welcome)
    assert "Monday, 23 November, at 07:00, Paris time" in text_of(welcome)
    carol = website.newsletter.subscriber("carol@example.org")
    assert (carol.state, carol.name) == (State.ACTIVE, "Carol")
    assert list(map(str, carol.interests)) == ["walking robots", "not: surveys"]
    assert website.link(Purpose.PREFERENCES, address=carol.address) in welcome.text


def test_known_unknown_and_suppressed_addresses_get_the_same_answer_byte_for_byte(website: Website) -> None:
    suppress(website.newsletter._db, "mallory@example.org", Reason.COMPLAINED, website.clock())
    answers = []
    for address in (ADA, "eve@example.org", "eve@example.org", "mallory@example.org"):
        answer = website.press("/", **{**JOINING, "address": address})
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        answers.append((answer.status_code, headers, answer.text.replace(address, "ADDRESS")))
    assert answers == [answers[0]] * 4
    assert website.ada().state is State.ACTIVE
    assert website.ada().name == "Ada"


def test_who_fills_in_what_people_cannot_see_gets_the_same_page_and_nothing_is_done(website: Website) -> None:
    before = website.state()
    robot = website.press("/", **JOINING, again="https://spam.example")
    assert website.state() == before
    assert website.press("/", **JOINING).text == robot.text


def test_every_mistake_stands_beside_its_field_and_nothing_typed_is_lost(still: Website) -> None:
    wrong = {
        "address": "carol@",
        "name": "Carol <b>&",
        "interests": "!!!\nrobots",
        "cadence": "weekly",
        "weekday": "someday",
        "hour": "25:00",
        "timezone": "Mars/Olympus",
    }
    answer = still.press("/", **wrong)
    assert answer.status_code == 400
    assert "Five things need mending below." in text_of(answer)
    for field in ("address", "interests", "weekday", "hour", "timezone"):
        assert f'id="{field}-wrong"' in answer.text
        assert f"{field}-wrong" in answer.text.partition(f'id="{field}"')[2].partition(">")[0]
    assert 'value="carol@"' in answer.text
    assert 'value="Carol &lt;b&gt;&amp;"' in answer.text
    assert "!!!\nrobots</textarea>" in answer.text
    assert "<option selected>Mars/Olympus" in answer.text
    assert "<option selected>25:00" in answer.text
    assert still.confirm_links() == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Write the address that your issues shall come to."),
        ("ädä@example.org", "Give another address of yours."),
        ("papers@news.example.org", "the newsletter's own address"),
        ("a b@example.org", "is not an email address"),
        ("x" * 3_000 + "@example.org", "is not an email address"),
    ],
)
def test_an_address_that_cannot_be_used_is_told(still: Website, typed: str, told: str) -> None:
    answer = still.press("/", **{**JOINING, "address": typed})
    assert answer.status_code == 400
    assert told in text_of(answer)


def test_too_many_requests_from_one_network_are_turned_away_with_all_that_was_typed(website: Website) -> None:
    answers = [website.press("/", **{**JOINING, "address": f"a{n}@example.org"}) for n in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600
    assert "Try again in an hour" in text_of(answers[-1])
    assert 'value="a20@example.org"' in answers[-1].text


def test_a_stranger_cannot_fill_a_mailbox(website: Website) -> None:
    for _ in range(6):
        assert website.press("/", **JOINING).status_code == 200
    assert len(website.confirm_links()) == 3


def test_a_form_on_a_foreign_page_leads_to_ours_filled_in_and_does_nothing(website: Website) -> None:
    before = website.state()
    foreign = {"address": "carol@example.org", "interests": "robots"}
    answer = website.client.post("/join", data=foreign)
    assert answer.status_code == 200
    assert website.state() == before
    assert 'value="carol@example.org"' in answer.text
    assert "robots</textarea>" in answer.text
    nonce = answer.text.partition('name="nonce" value="')[2].partition('"')[0]
    website.client.post("/", data={**JOINING, **foreign, "nonce": nonce})
    assert len(website.confirm_links()) == 1


def test_the_form_to_embed_is_plain_and_leads_to_us(still: Website) -> None:
    page = still.get("/embed")
    assert "&lt;form method=&#34;post&#34; action=&#34;https://news.example.org/join&#34;&gt;" in page.text
    assert '<form method="post" action="/join">' in page.text
    assert "<script" not in page.text


def test_a_slip_in_the_address_is_mended_without_typing_again(website: Website) -> None:
    answer = website.press("/", **JOINING)
    fields = dict(
        part.partition('" value="')[::2]
        for part in answer.text.split('<input type="hidden" name="')[1:]
        for part in [part.partition('">')[0]]
    )
    back = website.client.post("/join", data=fields)
    assert 'value="carol@example.org"' in back.text
    assert "<option selected>Europe/Paris" in back.text


def test_recent_entries_that_match_are_shown_while_typing(still: Website) -> None:
    found = still.get("/matching", params={"q": "not: forests\nwalking robots"})
    assert found.text.count("<b ") == 3
    assert "walking robots with springy legs" in found.text
    assert "<html" not in found.text
    assert still.get("/matching").status_code == 200
    assert "<b " not in still.get("/matching", params={"q": "not: walking robots"}).text
    assert "<b " not in still.get("/matching", params={"q": "zyzzyva qoph"}).text


@pytest.mark.parametrize("typed", ['"', "NEAR(", "robots*", "a AND", "\0", "' OR 1=1 --", "(" * 5_000, "\ud800"])
def test_no_search_is_a_query(still: Website, typed: str) -> None:
    encoded = typed.encode("utf-8", "surrogatepass")
    assert still.get("/matching", params={"q": encoded}).status_code == 200


def test_an_expired_request_offers_a_new_mail_with_all_that_was_asked_for(website: Website) -> None:
    website.press("/", **JOINING)
    [link] = website.confirm_links()
    nonce = website.nonce(link)
    website.clock.forward(days=3, seconds=1)
    expired = website.get(link)
    assert expired.status_code == 410
    assert "This link was good for three days." in text_of(expired)
    for kept in ('value="carol@example.org"', "walking robots\nnot: surveys</textarea>", "<option selected>07:00"):
        assert kept in expired.text
    late = website.client.post(link, data={"nonce": nonce, "act": "confirm"})
    assert late.status_code == 410
    assert website.newsletter.subscriber("carol@example.org").state is State.PENDING
    website.client.post("/", data={**JOINING, "nonce": website.nonce(link)})
    assert "Welcome" in text_of(website.press(website.confirm_links()[-1], act="confirm"))


def test_confirming_again_and_again_gives_the_same_welcome(website: Website) -> None:
    website.press("/", **JOINING)
    [link] = website.confirm_links()
    nonce = website.nonce(link)
    answers = [website.client.post(link, data={"nonce": nonce, "act": "confirm"}).text for _ in range(3)]
    answers.append(website.get(link).text)
    assert answers == [answers[0]] * 4
    events = [line.event for line in website.newsletter.evidence("carol@example.org")]
    assert events == ["asked to subscribe", "confirmed"]


def test_who_did_not_ask_says_so_and_is_forgotten(website: Website) -> None:
    website.press("/", **JOINING)
    [link] = website.confirm_links()
    assert "Forgotten." in text_of(website.press(link, act="decline"))
    assert website.newsletter.readers.pending(link.rpartition("/")[2]) is None
    assert website.get(link).status_code == 404


def test_what_a_mail_asked_for_is_shown_before_it_is_done(website: Website) -> None:
    from newsletter.readers.asked import Leave
    from newsletter.readers.mails import Thread

    website.newsletter.correspondence.ask_whether(
        website.ada(), [Leave()], [], words="stop", origin=Origin("mail"), thread=Thread("<1@example.org>")
    )
    [link] = website.confirm_links()
    assert "leave: send nothing more" in text_of(website.get(link))
    assert "You have left." in text_of(website.press(link, act="confirm"))
    assert website.ada().state is State.UNSUBSCRIBED


def test_evidence_never_holds_a_token(website: Website) -> None:
    website.press("/", **JOINING)
    [link] = website.confirm_links()
    website.press(link, act="confirm")
    website.press(website.link(Purpose.PAUSE), act="pause", length="2")
    db = website.newsletter._db
    pages = [line.origin.page for person in website.newsletter.subscribers() for line in evidence_of(db, person.id)]
    assert {"https://news.example.org/confirm", "https://news.example.org/pause"} <= set(pages)
    assert not any(link.rpartition("/")[2] in page for page in pages)


_FIELDS = st.dictionaries(
    st.sampled_from([*JOINING, "again", "nonce", "act", "unknown"]),
    st.one_of(
        st.text(max_size=200), st.sampled_from(["daily", "weekly", "monthly", "31", "08:00", "UTC", "a@b.example"])
    ),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=_FIELDS, pressed=st.booleans())
def test_whatever_is_typed_is_answered_by_a_page_for_people(
    website: Website, fields: dict[str, str], pressed: bool
) -> None:
    encoded = {name: value.encode("utf-8", "surrogatepass") for name, value in fields.items()}
    if pressed:
        encoded["nonce"] = website.nonce("/").encode()
    answer = website.client.post("/", data=encoded)
    assert answer.status_code in (200, 400, 429)
    assert "<h1>" in answer.text


def test_a_clock_that_moves_between_pages_does_no_harm(website: Website) -> None:
    assert isinstance(website.clock, Clock)
    nonce = website.nonce("/")
    website.clock.forward(hours=23)
    answer = website.client.post("/", data={**JOINING, "nonce": nonce})
    assert "Look into your mailbox." in text_of(answer)
