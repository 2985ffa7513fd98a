"""What each system's list says of a reader."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.address import parse_address
from subscribers.cadence import Cadence, Frequency
from subscribers.formats import ImportedReader, Reading, recognise
from subscribers.interests import Interest
from subscribers.systems import COLUMNS, OURS, PLAIN, SYSTEMS, Part, Standing
from subscribers.tables import BadRow, Row, UnreadableTable

LISTMONK = "uuid,email,name,attributes,status,created_at,updated_at"
MAILCHIMP = (
    "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,"
    "GMTOFF,DSTOFF,TIMEZONE,CC,REGION,{}LEID,EUID,NOTES,TAGS"
)
SUBSCRIBED = MAILCHIMP.format("LAST_CHANGED,")
UNSUBSCRIBED = MAILCHIMP.format("UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER,")
CLEANED = MAILCHIMP.format("CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,")
BUTTONDOWN = "email,notes,metadata,tags,subscriber_type,creation_date,source,unsubscription_date,undeliverability_date"
SUBSTACK = "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at"
SUBSTACK_DASHBOARD = "Email,Name,Stripe plan,Cancel date,Start date,Paid upgrade date,Activity,Type"
GHOST = (
    "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers"
)
OWN = ",".join(COLUMNS)


def reading(header: str, interests_from: str = "") -> Reading:
    return recognise(header.split(","), interests_from=interests_from)


def row(read: Reading, header: str, **cells: str) -> ImportedReader | BadRow:
    """A row with these cells, by column; spaces in a column's name are underscores here."""
    names = [name.replace(" ", "_") for name in header.split(",")]
    assert set(cells) <= set(names), cells
    return read.reader(Row(7, tuple(cells.get(name, "") for name in names)))


def reader(header: str, interests_from: str = "", **cells: str) -> ImportedReader:
    found = row(reading(header, interests_from), header, **cells)
    assert isinstance(found, ImportedReader), found
    return found


def refusal(header: str, interests_from: str = "", **cells: str) -> str:
    found = row(reading(header, interests_from), header, **cells)
    assert isinstance(found, BadRow), found
    assert found.line == 7
    return found.why


# -- which system


@pytest.mark.parametrize(
    ("header", "system"),
    [
        (OWN, "newsletter"),
        (LISTMONK, "listmonk"),
        (SUBSCRIBED, "Mailchimp"),
        (UNSUBSCRIBED, "Mailchimp"),
        (CLEANED, "Mailchimp"),
        (BUTTONDOWN, "Buttondown"),
        ("email_address,creation_date,type,tags,metadata", "Buttondown"),
        (SUBSTACK, "Substack"),
        (SUBSTACK_DASHBOARD, "Substack"),
        ("Email,Active subscription,Expiry,Created At", "Substack"),
        (GHOST, "Ghost"),
        ("email,name,interests", "a plain list"),
        ("E-Mail,Vorname", "a plain list"),
        ("ada@example.org,Ada,graphs", "a plain list"),
    ],
)
def test_the_header_tells_which_system_it_was(header: str, system: str) -> None:
    assert system == reading(header).system.name


def test_columns_that_are_used_and_ignored_are_told_in_the_order_of_the_file() -> None:
    read = reading(f" {SUBSCRIBED}")
    assert [name for name, _ in read.used] == [
        "Email Address",
        "First Name",
        "Last Name",
        "OPTIN_TIME",
        "OPTIN_IP",
        "CONFIRM_TIME",
        "CONFIRM_IP",
    ]
    assert read.used[5][1] is Part.CONFIRMED
    assert read.ignored[0] == "MEMBER_RATING"
    assert read.ignored[-1] == "TAGS"


@pytest.mark.parametrize("header", ["Courriel,Nom", "uuid,name", "a,b@x.org", "subscribed_to_emails,emails", "-,="])
def test_a_list_without_addresses_is_refused_with_what_it_has(header: str) -> None:
    with pytest.raises(UnreadableTable, match='Name that column "email"'):
        reading(header)


def test_an_address_in_the_first_line_but_not_in_its_first_cell_is_told() -> None:
    with pytest.raises(UnreadableTable, match="holds an address, but not in its first cell"):
        reading("Ada,ada@example.org")


def test_one_column_that_is_about_mail_holds_the_address() -> None:
    assert reader("Name,Contact mail", Contact_mail="ada@example.org").address == "ada@example.org"


# -- what each says


def test_a_confirmed_reader_of_mailchimp_keeps_date_and_ip_of_the_consent() -> None:
    ada = reader(
        SUBSCRIBED,
        Email_Address=" Ada@Example.org ",
        First_Name=" Ada",
        Last_Name="Lovelace ",
        OPTIN_TIME="2018-02-12 10:50:00",
        OPTIN_IP="192.0.2.1",
        CONFIRM_TIME="2018-02-12 10:54:27",
        CONFIRM_IP="192.0.2.7",
        TAGS='"VIP","Lorem"',
    )
    assert ada == ImportedReader(
        line=7,
        address="Ada@example.org",
        name="Ada Lovelace",
        interests=(),
        standing=Standing.ACTIVE,
        confirmed_at=datetime(2018, 2, 12, 10, 54, 27, tzinfo=UTC),
        requested_at=datetime(2018, 2, 12, 10, 50, tzinfo=UTC),
        confirmed_ip="192.0.2.7",
        words="confirmed at 2018-02-12 10:54:27 UTC from IP 192.0.2.7; "
        "opted in at 2018-02-12 10:50:00 UTC from IP 192.0.2.1",
    )


def test_an_opt_in_alone_is_consent_too() -> None:
    ada = reader(SUBSCRIBED, Email_Address="ada@x.org", OPTIN_TIME="2018-02-12 10:50:00", OPTIN_IP="2001:db8::1")
    assert ada.confirmed_at == datetime(2018, 2, 12, 10, 50, tzinfo=UTC)
    assert (ada.confirmed_ip, ada.words) == ("2001:db8::1", "opted in at 2018-02-12 10:50:00 UTC from IP 2001:db8::1")


@pytest.mark.parametrize(
    ("header", "cells", "standing"),
    [
        (UNSUBSCRIBED, {"UNSUB_TIME": "2020-01-01 00:00:00", "UNSUB_REASON": "NORMAL"}, Standing.UNSUBSCRIBED),
        (UNSUBSCRIBED, {}, Standing.UNSUBSCRIBED),
        (UNSUBSCRIBED, {"UNSUB_REASON": "SPAM: The emails are spam"}, Standing.COMPLAINED),
        (UNSUBSCRIBED, {"UNSUB_REASON": "ABUSE"}, Standing.COMPLAINED),
        (CLEANED, {"CLEAN_TIME": "2020-03-23 17:30:05"}, Standing.BOUNCED),
        (CLEANED, {}, Standing.BOUNCED),
    ],
)
def test_mailchimps_other_files_are_of_people_who_left_or_bounced(
    header: str, cells: dict[str, str], standing: Standing
) -> None:
    assert standing is reader(header, Email_Address="ada@x.org", CONFIRM_TIME="2018-02-12 10:54:27", **cells).standing


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("enabled", Standing.ACTIVE),
        ("disabled", Standing.UNSUBSCRIBED),
        ("blocklisted", Standing.BOUNCED),
        ("Blacklisted", Standing.BOUNCED),
        ("", Standing.ACTIVE),
    ],
)
def test_listmonks_words(status: str, standing: Standing) -> None:
    ada = reader(LISTMONK, email="ada@x.org", name="Ada", status=status, created_at="2023-01-02 15:04:05.12+05:30")
    assert (standing, None) == (ada.standing, ada.confirmed_at)
    assert ada.requested_at == datetime(2023, 1, 2, 9, 34, 5, tzinfo=UTC)
    assert ada.words == "first known at 2023-01-02 09:34:05 UTC"


@pytest.mark.parametrize(
    ("cells", "standing"),
    [
        ({"subscriber_type": "regular"}, Standing.ACTIVE),
        ({"subscriber_type": "premium"}, Standing.ACTIVE),
        ({}, Standing.ACTIVE),
        ({"subscriber_type": "unactivated"}, Standing.PENDING),
        ({"subscriber_type": "unsubscribed"}, Standing.UNSUBSCRIBED),
        ({"subscriber_type": "regular", "unsubscription_date": "2024-01-01"}, Standing.UNSUBSCRIBED),
        ({"subscriber_type": "removed"}, Standing.UNSUBSCRIBED),
        ({"subscriber_type": "undeliverable"}, Standing.BOUNCED),
        ({"subscriber_type": "regular", "undeliverability_date": "2024-01-01"}, Standing.BOUNCED),
        ({"subscriber_type": "complained", "undeliverability_date": "2024-01-01"}, Standing.COMPLAINED),
    ],
)
def test_buttondowns_words(cells: dict[str, str], standing: Standing) -> None:
    ada = reader(BUTTONDOWN, email="ada@x.org", creation_date="2024-01-01T10:00:00Z", **cells)
    assert (standing, None) == (ada.standing, ada.confirmed_at)


@pytest.mark.parametrize("active", ["true", "false", ""])
@pytest.mark.parametrize(("off", "standing"), [("false", Standing.ACTIVE), ("true", Standing.UNSUBSCRIBED)])
def test_who_does_not_pay_at_substack_reads_all_the_same(active: str, off: str, standing: Standing) -> None:
    ada = reader(SUBSTACK, email="ada@x.org", active_subscription=active, email_disabled=off, created_at="2020-05-05")
    assert (standing, None) == (ada.standing, ada.confirmed_at)
    assert ada.requested_at == datetime(2020, 5, 5, tzinfo=UTC)


def test_a_paid_plan_that_was_cancelled_at_substack_is_no_leaving() -> None:
    ada = reader(SUBSTACK_DASHBOARD, Email="ada@x.org", Name="Ada", Cancel_date="2025-01-01", Start_date="2024-01-01")
    assert (ada.standing, ada.name) == (Standing.ACTIVE, "Ada")


@pytest.mark.parametrize(
    ("cells", "standing"),
    [
        ({"subscribed_to_emails": "true"}, Standing.ACTIVE),
        ({"subscribed_to_emails": "false"}, Standing.UNSUBSCRIBED),
        ({"subscribed_to_emails": "true", "deleted_at": "2024-01-01T00:00:00.000Z"}, Standing.UNSUBSCRIBED),
    ],
)
def test_ghosts_words(cells: dict[str, str], standing: Standing) -> None:
    assert standing is reader(GHOST, email="ada@x.org", **cells).standing


def test_our_own_export_says_everything() -> None:
    ada = reader(
        OWN,
        email="ada@x.org",
        name="Ada",
        state="paused",
        interests="graphs; not: surveys",
        frequency="weekly",
        day="5",
        at="08:00",
        timezone="Europe/Paris",
        created_at="2026-01-01T00:00:00+00:00",
        confirmed_at="2026-01-02T00:00:00+00:00",
        paused_until="2027-01-01",
        announcements="false",
    )
    assert (ada.standing, ada.paused_until, ada.announcements) == (Standing.PAUSED, date(2027, 1, 1), False)
    assert ada.cadence == Cadence(Frequency.WEEKLY, 5, time(8), "Europe/Paris")
    assert ada.interests == (Interest("graphs"), Interest("surveys", muted=True))
    assert ada.confirmed_at == datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "cells", "why"),
    [
        (LISTMONK, {"email": "ada@"}, "'ada@' is not an email address"),
        (LISTMONK, {"name": "Ada"}, "'' is not an email address"),
        (LISTMONK, {"email": "zoë@x.org"}, "letters outside ASCII before the @"),
        (LISTMONK, {"email": "x" * 2_000}, "has 2,000 characters: that is no address"),
        (LISTMONK, {"email": "ada@x.org", "status": "gone"}, "Its state 'gone' is not known here. Known are: enabled"),
        (BUTTONDOWN, {"email": "ada@x.org", "subscriber_type": "new"}, "Its state 'new' is not known here"),
        ("email,status", {"email": "ada@x.org", "status": "?"}, "Its state '?' is not known here"),
        (SUBSCRIBED, {"Email_Address": "ada@x.org", "CONFIRM_TIME": "03/04/2025"}, "Write it as 2026-11-22 12:00"),
        (SUBSCRIBED, {"Email_Address": "ada@x.org", "OPTIN_TIME": "1970-01-01"}, "too long ago to be true"),
        (OWN, {"email": "ada@x.org", "state": "paused", "paused_until": "soon"}, "'soon' is no day"),
        (OWN, {"email": "ada@x.org", "frequency": "hourly"}, "'hourly' is no cadence"),
        (OWN, {"email": "ada@x.org", "frequency": "daily", "at": "8", "timezone": "Mars"}, "'Mars' is no time zone"),
        (OWN, {"email": "ada@x.org", "interests": "x" * 400}, "has 400 characters"),
        (OWN, {"email": "ada@x.org", "name": "Ada\nbob@x.org,Bob"}, "Is a quote missing there?"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_and_why(header: str, cells: dict[str, str], why: str) -> None:
    assert why in refusal(header, **cells)


def test_a_comma_without_quotes_is_told_and_does_not_shift_the_cells() -> None:
    found = reading("name,email,city").reader(Row(3, ("Lovelace", "Ada", "ada@x.org", "London")))
    assert isinstance(found, BadRow)
    assert found.why.startswith("It has 4 cells where the first line has 3.")


def test_missing_and_empty_cells_at_the_end_of_a_row_do_no_harm() -> None:
    read = reading(OWN)
    assert isinstance(read.reader(Row(3, ("ada@x.org",))), ImportedReader)
    assert isinstance(read.reader(Row(3, ("ada@x.org", *[""] * 20, " "))), ImportedReader)


# -- plain lists


def test_a_list_without_a_header_is_address_name_interests() -> None:
    found = reading("ada@x.org,Ada,graphs").reader(Row(1, ("ada@x.org", "Ada", "graphs", "not: surveys", "")))
    assert isinstance(found, ImportedReader)
    assert (found.address, found.name) == ("ada@x.org", "Ada")
    assert found.interests == (Interest("graphs"), Interest("surveys", muted=True))
    assert found.confirmed_at is None


@pytest.mark.parametrize("header", ["email,name,interests", "email,name,interests,,", "E-Mail,Name,Topics"])
def test_cells_behind_the_interests_are_more_interests(header: str) -> None:
    found = reading(header).reader(Row(2, ("ada@x.org", "Ada", "graphs", "trees", "not: surveys; maps")))
    assert isinstance(found, ImportedReader)
    assert [str(i) for i in found.interests] == ["graphs", "trees", "not: surveys", "maps"]


def test_interests_in_numbered_columns() -> None:
    header = "email,interest 1,interest 2,city"
    ada = reader(header, email="ada@x.org", interest_1="graphs", interest_2="trees", city="Paris")
    assert ada.interests == (Interest("graphs"), Interest("trees"))


def test_a_state_may_be_a_place() -> None:
    assert reader("email,state", email="ada@x.org", state="California").standing is Standing.ACTIVE
    assert reader("email,state", email="ada@x.org", state="Unsubscribed").standing is Standing.UNSUBSCRIBED


def test_a_plain_list_may_bring_the_date_of_consent() -> None:
    header = "Email,Opt-in date,Opt-in IP"
    ada = recognise(header.split(",")).reader(Row(2, ("ada@x.org", "2024-05-06", "not an IP")))
    assert isinstance(ada, ImportedReader)
    assert (ada.confirmed_at, ada.confirmed_ip) == (datetime(2024, 5, 6, tzinfo=UTC), "")


def test_tags_are_no_interests_unless_the_operator_says_so() -> None:
    cells = {"email": "ada@x.org", "labels": "graphs, not: surveys"}
    assert reader(GHOST, **cells).interests == ()
    assert reader(GHOST, "Labels", **cells).interests == (Interest("graphs"), Interest("surveys", muted=True))


def test_the_operators_column_has_to_be_there() -> None:
    with pytest.raises(UnreadableTable, match=r"has no column 'topics' for interests\. It has: id, email, name"):
        reading(GHOST, "topics")
    with pytest.raises(UnreadableTable, match="has no column 'email' for interests"):
        reading(GHOST, "email")
    with pytest.raises(UnreadableTable, match="has no header line"):
        reading("ada@x.org,Ada", "tags")


# -- anything at all

_CELL = st.text(max_size=12) | st.sampled_from(
    ["email", "tags", "interests", "state", "frequency", "at", "timezone", "OPTIN_TIME", "a@x.org", "b@y.org", "[", "1"]
)
_HEADERS = st.sampled_from([OWN, LISTMONK, SUBSCRIBED, UNSUBSCRIBED, BUTTONDOWN, SUBSTACK, GHOST]).map(
    lambda header: header.split(",")
)


@given(_HEADERS | st.lists(_CELL, max_size=8), st.lists(_CELL, max_size=20), st.sampled_from(["", "tags", "email"]))
def test_any_cells_give_a_reader_or_a_sentence_why_not(header: list[str], cells: list[str], named: str) -> None:
    try:
        read = recognise(header, interests_from=named)
    except UnreadableTable as refused:
        assert str(refused).isprintable()
        return
    found = read.reader(Row(2, tuple(cells)))
    if isinstance(found, BadRow):
        assert found.why.isprintable()
        assert found.why
    else:
        assert parse_address(found.address) == found.address
        assert (found.name + found.words).isprintable()


def test_every_known_system_has_a_name_and_a_column_for_the_address() -> None:
    assert len({system.name for system in SYSTEMS}) == len(SYSTEMS)
    assert all(Part.ADDRESS in system.columns for system in (*SYSTEMS, PLAIN))
    assert SYSTEMS[0] is OURS
