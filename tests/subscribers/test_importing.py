"""Bringing readers in: consent is kept, nobody is mailed who should not be, and a bad row stops nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from subscribers import people
from subscribers.cadence import Cadence, Frequency
from subscribers.database import writing
from subscribers.errors import SubscribersError
from subscribers.evidence import Evidence, evidence_of
from subscribers.importing import Fate, ImportReport, import_readers, understand
from subscribers.interests import Interest
from subscribers.people import Subscriber
from subscribers.states import State
from subscribers.suppression import Reason, suppress, suppression_of
from subscribers.tables import UnreadableTable

WEEKLY = Cadence(Frequency.WEEKLY, 5, time(8), "Europe/Paris")
MAILCHIMP = "Email Address,First Name,Last Name,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LEID,EUID,TAGS"
Bring = Callable[..., ImportReport]


@pytest.fixture
def bring(store: Database, tmp_path: Path, now: datetime) -> Bring:
    """Imports what it is given, as a file; checks that `understand` had promised what came."""

    def bring(content: str | bytes, **options: object) -> ImportReport:
        path = tmp_path / "list.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        named = str(options.get("interests_from", ""))
        before = list(people.everybody(store))
        promised = understand(store, path, now=now, interests_from=named)
        assert before == list(people.everybody(store))
        report = import_readers(store, path, **{"cadence": WEEKLY, "now": now} | options)  # type: ignore[arg-type]
        assert promised.counts == report.counts
        assert promised.bad == report.bad
        assert promised.rows == report.rows == sum(report.counts.values())
        return report

    return bring


def counts(report: ImportReport) -> dict[str, int]:
    return {str(fate): count for fate, count in report.counts.items() if count}


def person(store: Database, address: str) -> Subscriber:
    return people.get(store, address)


def proof(store: Database, address: str) -> Evidence:
    [evidence] = evidence_of(store, person(store, address).id)
    return evidence


def states(store: Database) -> dict[str, str]:
    return {reader.address: str(reader.state) for reader in people.everybody(store)}


# -- consent


def test_a_date_of_consent_makes_a_reader_and_is_kept_as_evidence(store: Database, now: datetime, bring: Bring) -> None:
    report = bring(
        f"{MAILCHIMP}\nada@example.org,Ada,Lovelace,2018-02-12 10:50:00,192.0.2.1,2018-02-12 10:54:27,192.0.2.7,1,a,VIP"
    )
    assert counts(report) == {"active": 1}
    ada = person(store, "ADA@example.org")
    assert (ada.state, ada.name, ada.cadence, ada.interests) == (State.ACTIVE, "Ada Lovelace", WEEKLY, ())
    assert ada.confirmed_at == datetime(2018, 2, 12, 10, 54, 27, tzinfo=UTC)
    assert ada.created_at == datetime(2018, 2, 12, 10, 50, tzinfo=UTC)
    evidence = proof(store, "ada@example.org")
    assert (evidence.at, evidence.event) == (now, "imported as active")
    assert (evidence.origin.how, evidence.origin.ip) == ("import", "192.0.2.7")
    assert evidence.words == (
        "Imported from Mailchimp (list.csv, line 2): confirmed at 2018-02-12 10:54:27 UTC from IP 192.0.2.7; "
        "opted in at 2018-02-12 10:50:00 UTC from IP 192.0.2.1."
    )


def test_without_a_date_of_consent_somebody_is_pending_from_today(store: Database, now: datetime, bring: Bring) -> None:
    report = bring("id,email,name,subscribed_to_emails,created_at\n1,ada@example.org,Ada,true,2019-01-01T00:00:00Z")
    assert counts(report) == {"pending": 1}
    ada = person(store, "ada@example.org")
    assert (ada.state, ada.confirmed_at, ada.created_at) == (State.PENDING, None, now)
    assert "Ghost (list.csv, line 2): first known at 2019-01-01" in proof(store, "ada@example.org").words


def test_a_list_that_says_nothing_about_consent_says_so_in_the_evidence(store: Database, bring: Bring) -> None:
    bring("ada@example.org")
    assert proof(store, "ada@example.org").words == (
        "Imported from a plain list (list.csv, line 1): it says nothing about consent."
    )


def test_a_consent_that_has_not_come_yet_is_none(store: Database, now: datetime, bring: Bring) -> None:
    soon, late = now + timedelta(hours=2), now + timedelta(days=3)
    report = bring(f"email,confirmed_at\na@x.org,{soon.isoformat()}\nb@x.org,{late.isoformat()}")
    assert counts(report) == {"active": 1, "bad": 1}
    assert report.bad[0].why == "Its date of consent, 2026-11-25, has not come yet."
    assert person(store, "a@x.org").created_at == now


def test_who_left_there_has_left_here(store: Database, bring: Bring) -> None:
    report = bring("uuid,email,name,attributes,status,created_at\n1,ada@example.org,Ada,{},disabled,2020-01-01")
    assert counts(report) == {"unsubscribed": 1}
    assert states(store) == {"ada@example.org": "unsubscribed"}


@pytest.mark.parametrize(
    ("header", "cells", "reason"),
    [
        (f"{MAILCHIMP},CLEAN_TIME", ",,,2018-02-12 10:50:00,,,,,,,2020-01-01 00:00:00", Reason.BOUNCED),
        (f"{MAILCHIMP},UNSUB_TIME,UNSUB_REASON", ",,,,,,,,,,2020-01-01 00:00:00,ABUSE", Reason.COMPLAINED),
    ],
)
def test_who_bounced_or_complained_there_is_on_our_list_and_no_reader(
    store: Database, bring: Bring, header: str, cells: str, reason: Reason
) -> None:
    assert counts(bring(f"{header}\nada@example.org{cells}")) == {"suppressed": 1}
    assert states(store) == {}
    assert suppression_of(store, "ADA@example.org") is reason
    assert counts(bring("ada@example.org,Ada")) == {"refused": 1}


# -- whom we know


@pytest.mark.parametrize("reason", Reason)
def test_suppressed_addresses_are_refused_whatever_the_reason(
    store: Database, now: datetime, bring: Bring, reason: Reason
) -> None:
    suppress(store, "ada@bücher.example", reason, now)
    report = bring("email,confirmed_at\nADA@xn--bcher-kva.example,2024-01-01\nbob@example.org,2024-01-01")
    assert counts(report) == {"active": 1, "refused": 1}
    assert states(store) == {"bob@example.org": "active"}
    assert suppression_of(store, "ada@bücher.example") is reason


@pytest.mark.parametrize("status", ["active", "unsubscribed", "bounced", "complained", "pending"])
def test_known_people_stay_as_they_are(store: Database, now: datetime, bring: Bring, status: str) -> None:
    ada = people.add_by_operator(
        store, "ada@example.org", name="Ada", interests=(Interest("graphs"),), cadence=WEEKLY, now=now
    )
    report = bring(f"email,name,status,confirmed_at,interests\nAda@Example.org,Other,{status},2020-01-01,trees")
    assert counts(report) == {"known": 1}
    assert [ada] == list(people.everybody(store))
    assert len(evidence_of(store, ada.id)) == 1
    assert suppression_of(store, "ada@example.org") is None


def test_running_it_twice_does_no_harm(store: Database, bring: Bring) -> None:
    text = "email,status,confirmed_at\n" + "".join(
        f"{status}@x.org,{status},{date}\n"
        for status, date in [
            ("active", "2024-01-01"),
            ("pending", ""),
            ("unsubscribed", ""),
            ("bounced", ""),
            ("complained", ""),
        ]
    )
    first = counts(bring(text))
    before = list(store.conn.iterdump())
    assert first == {"active": 1, "pending": 1, "unsubscribed": 1, "suppressed": 2}
    assert counts(bring(text)) == {"known": 5}
    assert before == list(store.conn.iterdump())


def test_a_complaint_there_is_graver_than_a_bounce_here(store: Database, now: datetime, bring: Bring) -> None:
    suppress(store, "ada@example.org", Reason.BOUNCED, now)
    assert counts(bring("email,status\nada@example.org,complained")) == {"suppressed": 1}
    assert suppression_of(store, "ada@example.org") is Reason.COMPLAINED
    assert counts(bring("email,status\nada@example.org,bounced")) == {"known": 1}
    assert suppression_of(store, "ada@example.org") is Reason.COMPLAINED


def test_of_rows_with_one_address_the_first_counts(store: Database, bring: Bring) -> None:
    report = bring("email,name\nada@example.org,Ada\nADA@EXAMPLE.ORG,Augusta\nbob@x.org,Bob\nada@example.org,A")
    assert counts(report) == {"pending": 2, "repeated": 2}
    assert person(store, "ada@example.org").name == "Ada"


@pytest.mark.parametrize(
    ("first", "second", "state", "reason"),
    [
        ("active", "unsubscribed", "unsubscribed", None),
        ("unsubscribed", "active", "unsubscribed", None),
        ("active", "complained", None, Reason.COMPLAINED),
        ("complained", "bounced", None, Reason.COMPLAINED),
    ],
)
def test_who_left_or_complained_in_any_row_has_done_so(
    store: Database, bring: Bring, first: str, second: str, state: str | None, reason: Reason | None
) -> None:
    bring(f"email,status,confirmed_at\na@x.org,{first},2024-01-01\na@x.org,{second},2024-01-01")
    assert states(store) == ({"a@x.org": state} if state else {})
    assert suppression_of(store, "a@x.org") is reason


# -- what comes along


def test_interests_come_in_and_tags_only_when_asked_for(store: Database, bring: Bring) -> None:
    text = 'email,interests,tags\nada@x.org,"graphs; not: surveys","vip, maps"\n'
    bring(text)
    assert person(store, "ada@x.org").interests == (Interest("graphs"), Interest("surveys", muted=True))
    bring(text.replace("ada", "bob"), interests_from="Tags")
    assert [str(i) for i in person(store, "bob@x.org").interests] == ["graphs", "not: surveys", "vip", "maps"]


def test_a_formula_is_a_name_like_any_other(store: Database, bring: Bring) -> None:
    bring('ada@x.org,"=HYPERLINK(""http://x"")",-omics')
    ada = person(store, "ada@x.org")
    assert (ada.name, ada.interests) == ('=HYPERLINK("http://x")', (Interest("-omics"),))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_letters_come_in_as_they_were_written(store: Database, bring: Bring, encoding: str) -> None:
    bring("email;name\r\nzoe@x.org;Zoë Müller\r\n".encode(encoding))
    assert person(store, "zoe@x.org").name == "Zoë Müller"


def test_a_bad_row_is_told_with_its_line_and_stops_nothing(store: Database, bring: Bring) -> None:
    report = bring('email,name\na@x.org,A\nnobody,N\nb@x.org,"B\nc@x.org,C\n\nd@x.org,D,E\ne@x.org\n')
    assert sorted(states(store)) == ["a@x.org", "c@x.org", "e@x.org"]
    assert [row.line for row in report.bad] == [3, 4, 7]
    assert counts(report) == {"pending": 3, "bad": 3}


@pytest.mark.slow
def test_of_very_many_bad_rows_the_first_are_told_and_all_counted(bring: Bring) -> None:
    report = bring("email\n" + "nobody\n" * 2_500)
    assert (len(report.bad), report.bad[-1].line, report.counts[Fate.BAD]) == (1_000, 1_001, 2_500)


def test_what_was_understood_is_shown(store: Database, tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email;name;city\n" + "".join(f"r{n}@x.org;R{n};Paris\n" for n in range(9)), "utf-8")
    found = understand(store, path, now=now)
    assert (found.system, found.encoding, found.delimiter, found.rows) == ("a plain list", "UTF-8", ";", 9)
    assert found.used == (("email", "address"), ("name", "name"))
    assert found.ignored == ("city",)
    assert [reader.address for reader in found.first] == [f"r{n}@x.org" for n in range(5)]


@pytest.mark.parametrize(
    "content", [b"", b"\n\n \n", b"\xef\xbb\xbf", b"name,city\nAda,London", b'email,"name\na@x.org']
)
def test_a_file_that_is_no_list_is_refused_as_a_whole(bring: Bring, content: bytes) -> None:
    with pytest.raises(UnreadableTable):
        bring(content)


def test_a_folder_is_refused_and_a_missing_file_is_told(store: Database, tmp_path: Path, now: datetime) -> None:
    with pytest.raises(UnreadableTable, match="is no file"):
        understand(store, tmp_path, now=now)
    with pytest.raises(FileNotFoundError):
        understand(store, tmp_path / "missing.csv", now=now)


# -- asking for confirmations


def test_each_who_is_pending_is_asked_once_also_after_an_earlier_run(
    store: Database, now: datetime, bring: Bring
) -> None:
    asked: list[str] = []

    def ask(address: str) -> None:
        asked.append(address)
        with writing(store):  # what the desk does
            store.conn.execute(
                "INSERT INTO confirmations (token_hash, subscriber_id, purpose, detail, created_at, expires_at) "
                "SELECT randomblob(32), id, 'subscribe', '{}', ?, ? FROM subscribers WHERE address = ?",
                [now.isoformat(), now.isoformat(), address],
            )

    text = "email,confirmed_at,status\na@x.org,2024-01-01,\nb@x.org,,\nc@x.org,,unsubscribed\nd@x.org,,\n"
    assert bring(text).asked == 0
    suppress(store, "d@x.org", Reason.BOUNCED, now)
    assert bring(text, ask=ask).asked == 1
    assert bring(text + "e@x.org,,\n", ask=ask).asked == 1
    assert asked == ["b@x.org", "e@x.org"]


def test_people_are_in_before_the_first_is_asked(store: Database, bring: Bring) -> None:
    def ask(address: str) -> None:
        raise OSError(address)

    with pytest.raises(OSError, match=r"a@x\.org"):
        bring("a@x.org\nb@x.org\n", ask=ask)
    assert states(store) == {"a@x.org": "pending", "b@x.org": "pending"}


# -- anything at all


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.binary(max_size=200)
    | st.text('ab@.,;"\n\0é=-', max_size=80).map(lambda text: f"email,name,interests\n{text}".encode())
    | st.text('{}[]":,ab@.\n', max_size=60).map(lambda text: ('{"subscribers": [\n{"email": "a@x.org"' + text).encode())
)
def test_any_file_is_imported_or_refused_in_our_own_words(
    store: Database, tmp_path: Path, now: datetime, content: bytes
) -> None:
    path = tmp_path / "any"
    path.write_bytes(content)
    try:
        report = import_readers(store, path, cadence=WEEKLY, now=now)
    except SubscribersError as refused:
        assert str(refused)
        return
    assert sum(report.counts.values()) == report.rows
    assert store.conn.execute("SELECT count(*) FROM subscribers WHERE state = 'active'").fetchone() == (0,)
    assert store.conn.execute("SELECT count(*) FROM sqlite_temp_master").fetchone() == (0,)
