"""Mail that is never answered."""

import pytest
from letters import letter, parts_of_mail

from newsletter.mailbox.automatic import is_away_note, is_ours, why_not_answer
from newsletter.mailbox.reading import read

OURS = ("news@example.net", "news+bounces@bounces.example.net")


def why(raw: bytes, *, envelope_from: str | None = None) -> str | None:
    return why_not_answer(read(raw, envelope_from=envelope_from), own_addresses=OURS)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Return_Path": "<ada@example.org>"},
        {"Auto_Submitted": "no"},
        {"Auto_Submitted": "No; a comment"},
        {"Precedence": "normal"},
        {"X_Auto_Response_Suppress": "None"},
        {"X_Loop": "somebody@example.org"},
        {"From": "news+ada@example.org"},
        {"From": "newsletter@example.net"},
        {"From": "Requester <request-ada@example.org>"},
        {"From": "Owner <downer-ada@example.org>"},
        {"Return_Path": "<bounces+SRS=ada=example.org@example.com>", "Subject": "handed on by a mail host"},
        {"Subject": "Automatic speech recognition"},
        {"Subject": "Office hours"},
    ],
)
def test_a_person_is_answered(headers: dict[str, str]) -> None:
    assert why(letter("yes", **headers)) is None


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Return_Path": "<>"}, "null envelope sender"),
        ({"Auto_Submitted": "auto-replied"}, "Auto-Submitted: auto-replied"),
        ({"Auto_Submitted": "auto-generated (failure)"}, "Auto-Submitted"),
        ({"Precedence": "Bulk"}, "Precedence: bulk"),
        ({"Precedence": "list"}, "Precedence: list"),
        ({"Precedence": "junk"}, "Precedence: junk"),
        ({"List_Id": "Robots <robots.example.org>"}, "came through a mailing list (list-id)"),
        ({"List_Unsubscribe": "<mailto:x@example.org>"}, "list-unsubscribe"),
        ({"List_Post": "<mailto:x@example.org>"}, "list-post"),
        ({"X_Autoreply": "yes"}, "x-autoreply"),
        ({"X_Autorespond": "x"}, "x-autorespond"),
        ({"X_Auto_Response_Suppress": "All"}, "x-auto-response-suppress"),
        ({"Subject": "Automatic reply: Papers"}, "out-of-office note"),
        ({"Subject": "Out of Office: Papers"}, "out-of-office note"),
        ({"Subject": "Re: Abwesenheitsnotiz: Papers"}, "out-of-office note"),
        ({"Subject": "Réponse automatique : Papers"}, "out-of-office note"),
        ({"From": "MAILER-DAEMON@example.org"}, "address of a program"),
        ({"From": "Postmaster@example.org"}, "address of a program"),
        ({"From": "no-reply@example.org"}, "address of a program"),
        ({"From": "noreply+x@example.org"}, "address of a program"),
        ({"From": "do_not_reply@example.org"}, "address of a program"),
        ({"From": "shop.noreply@example.org"}, "address of a program"),
        ({"From": "owner-robots@example.org"}, "address of a program"),
        ({"From": "robots-request@example.org"}, "address of a program"),
        ({"From": "robots-owner@example.org"}, "address of a program"),
        ({"Return_Path": "<MAILER-DAEMON>"}, "address of a program"),
        ({"Return_Path": "<robots-bounces+ada=example.org@lists.example.org>"}, "address of a program"),
        ({"From": "news@example.net"}, "we sent it ourselves"),
        ({"From": "NEWS+x@Example.net"}, "we sent it ourselves"),
        ({"From": "news@bounces.example.net"}, "we sent it ourselves"),
        ({"Return_Path": "<news+b-abc@bounces.example.net>"}, "we sent it ourselves"),
        ({"X_Loop": "news@example.net"}, "X-Loop"),
        ({"From": "nobody"}, "no valid address"),
        ({"From": "zoë@example.org"}, "no valid address"),
    ],
)
def test_machines_lists_and_ourselves_are_not(headers: dict[str, str], reason: str) -> None:
    assert reason in (why(letter("subscribe", **headers)) or "")


@pytest.mark.parametrize("sender", ["", "<>", " <> "])
def test_the_null_sender_of_the_envelope_is_one_however_it_is_written(sender: str) -> None:
    assert "null envelope sender" in (why(letter("subscribe"), envelope_from=sender) or "")


def test_a_person_who_writes_through_a_mailing_list_is_not_answered() -> None:
    raw = letter("subscribe", Sender="robots-bounces@example.org", List_Post="<mailto:robots@example.org>")
    assert "mailing list" in (why(raw, envelope_from="ada@example.org") or "")


def test_more_than_25_servers_are_a_circle() -> None:
    hop = b"Received: from a by b\n"
    assert why(hop * 25 + letter("subscribe")) is None
    assert "26 servers" in (why(hop * 26 + letter("subscribe")) or "")


@pytest.mark.parametrize("kind", ["delivery-status", "disposition-notification", "feedback-report"])
def test_reports_are_not_answered(kind: str) -> None:
    report, body = parts_of_mail("Content-Type: text/plain\n\nx", f"Content-Type: message/{kind}\n\nx: y")
    assert "report" in (why(letter(body, Content_Type=report)) or "")
    assert "report" in (why(letter(body, Content_Type=report.replace("mixed", "report"))) or "")


def test_plus_details_are_taken_off_our_addresses_only() -> None:
    assert is_ours("News+anything@example.net", OURS)
    assert is_ours("news@bounces.example.net", OURS)
    assert not is_ours("new+s@example.net", OURS)
    assert not is_ours("ada+news@example.net", OURS)
    assert not is_ours("news@example.org", OURS)


def test_a_note_is_known_by_the_beginning_of_its_subject() -> None:
    assert is_away_note("Automatische Antwort: Papers")
    assert not is_away_note("A survey of automatic reply systems")
