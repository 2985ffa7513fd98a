"""A full rehearsal: every mail goes to one address, and none to its reader."""

from pathlib import Path

import pytest
from mailserver import MailServer, mail_server
from mainline import ADA, BOB, Open, subscribe
from newsroom import Clock, mails, make_project, parsed, recipients

from newsletter import Newsletter
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.sending import rehearsal
from newsletter.readers.mails import Thread
from subscribers.bounces import bounces_of
from subscribers.evidence import Origin

ME = "me@example.org"
REDIRECT = f'\n[delivery]\nredirect_all_to = "{ME}"\n'
RECEIVES = '[mailbox]\nreceive = "command"\noperator = "editor@example.org"\n'


def by_smtp(project: Path, told: MailServer, redirect: str) -> None:
    smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {told.port}\nsecurity = "none"\n'
    make_project(project, f'\n[delivery]\ntransport = "smtp"\nredirect_all_to = "{redirect}"\n{smtp}{RECEIVES}')


def fill(newsletter: Newsletter) -> None:
    newsletter.pull()
    subscribe(newsletter, ADA)
    subscribe(newsletter, BOB)


@pytest.mark.slow
def test_every_mail_goes_to_the_one_address_the_same_to_the_byte(
    tmp_path: Path, open_newsletter: Open, clock: Clock
) -> None:
    with mail_server() as told:
        by_smtp(tmp_path, told, ME)
        newsletter = open_newsletter()
        fill(newsletter)
        newsletter.readers.request("new@example.org", words="", origin=Origin("page"))
        counts = newsletter.send(now=True).counts
        assert counts[DeliveryState.SENT] == 3
        copies = {address: newsletter.preview(address).message for address in (ADA, BOB)}
    # The envelope, and with it every server on the way, knows of the one address only; no bounce would name a reader.
    assert {mail.recipients for mail in told.accepted} == {(ME,)}
    assert {mail.sender for mail in told.accepted} == {"papers@news.example.org"}
    assert recipients(mail.content for mail in told.accepted) == [ADA, BOB, "new@example.org"]
    assert set(copies.values()) <= {mail.content for mail in told.accepted}


@pytest.mark.slow
def test_without_a_rehearsal_the_return_path_names_the_reader(tmp_path: Path, open_newsletter: Open) -> None:
    with mail_server() as told:
        by_smtp(tmp_path, told, "")
        newsletter = open_newsletter()
        fill(newsletter)
        newsletter.send(now=True)
    assert sorted(mail.recipients for mail in told.accepted) == [(ADA,), (BOB,)]
    assert {mail.sender.partition("+")[0] for mail in told.accepted} == {"papers"}
    assert len({mail.sender for mail in told.accepted}) == 2


@pytest.mark.slow
def test_a_refusal_of_the_one_address_counts_against_no_reader(tmp_path: Path, open_newsletter: Open) -> None:
    with mail_server() as told:
        by_smtp(tmp_path, told, ME)
        told.on_recipient = lambda _: "550 5.1.1 No such user"
        newsletter = open_newsletter()
        fill(newsletter)
        assert newsletter.send(now=True).counts[DeliveryState.FAILED] == 2
        ada = newsletter.subscriber(ADA)
        assert (ada.state, bounces_of(newsletter.database, ada.id)) == ("active", [])


@pytest.mark.slow
def test_the_answer_to_a_mail_has_no_return_path_in_a_rehearsal_either(tmp_path: Path, open_newsletter: Open) -> None:
    with mail_server() as told:
        by_smtp(tmp_path, told, ME)
        newsletter = open_newsletter()
        newsletter.readers.request(ADA, words="", origin=Origin("mail"), thread=Thread("<asks@example.org>"))
        newsletter.send_notices()
    assert [(mail.sender, mail.recipients) for mail in told.accepted] == [("<>", (ME,))]


def test_files_keep_the_readers_name(tmp_path: Path, open_newsletter: Open) -> None:
    make_project(tmp_path, REDIRECT)
    newsletter = open_newsletter()
    fill(newsletter)
    newsletter.send(now=True)
    names = sorted(path.name for path in (tmp_path / "outbox").glob("*.eml"))
    assert [ADA in names[0], BOB in names[1], len(names)] == [True, True, 2]
    assert [parsed(mail)["to"] for mail in mails(tmp_path)] == [ADA, BOB]


def test_a_rehearsal_is_told_loudly_and_only_then() -> None:
    assert rehearsal("") is None
    said = rehearsal(ME)
    assert said
    assert said.startswith("REHEARSAL: every mail goes to me@example.org and none to its reader")
    assert "delivery.redirect_all_to" in said
