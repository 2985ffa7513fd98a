"""Servers whose TLS or login is broken: the operator is told, nothing leaves in plain text, and nothing is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from certified import Authority, self_signed
from sending_process import Ended
from sending_town import CONNECTIONS, Town, town
from sink import HangUp, Visit, well

from subscribers.database import stored

pytestmark = pytest.mark.slow

READERS = 20
STARTTLS = 'security = "starttls"\ntimeout = 3\n'
LOGIN = 'username = "ada"\npassword = "{}"\n'


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@contextmanager
def of_readers(folder: Path, authority: Authority, smtp: str, **server: Any) -> Iterator[Town]:
    """A town whose machine trusts that authority, with copies that wait."""
    with town(folder, smtp=smtp, **server) as there:
        there.environment["SSL_CERT_FILE"] = str(authority.file)
        there.people(READERS)
        yield there


def refused(there: Town) -> Ended:
    """A run that cannot send: it says so, every copy waits, and no mail was even begun."""
    told = there.run("send")
    assert (told.status, told.out) == (1, ""), told
    assert told.err.startswith("newsletter: ")
    assert f"127.0.0.1:{there.sink.port}" in told.err
    all_wait(there)
    assert there.sink.heard("MAIL") == 0
    # A server that is broken is not called again and again.
    assert there.sink.connections <= 2 * CONNECTIONS
    return told


def all_wait(there: Town) -> None:
    """And may go as soon as the server is well."""
    states = there.states()
    assert (states.keys() <= {"queued", "deferred"}, states.total()) == (True, READERS), states
    late = stored(datetime.now(UTC) + timedelta(seconds=1))
    assert there.query(f"SELECT count(*) FROM deliveries WHERE due_at > '{late}'") == [(0,)]


def all_is_well(there: Town) -> None:
    assert not there.settled(uncertain=0).of("uncertain")
    assert all(one.secure for one in there.taken())


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (lambda folder, authority: self_signed(folder), "self-signed"),
        (lambda folder, authority: authority.context(until=timedelta(days=-1)), "expired"),
        (lambda folder, authority: authority.context("mail.example.org"), "certificate"),
    ],
    ids=["self-signed", "expired", "of another host"],
)
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_cannot_be_trusted(
    tmp_path: Path, authority: Authority, server: Any, words: str, security: str
) -> None:
    how = {security: server(tmp_path, authority)}
    smtp = f'security = "{security}"\ntimeout = 3\n' + LOGIN.format("right")
    with of_readers(tmp_path, authority, smtp, login=True, **how) as there:
        told = refused(there)
        assert words in told.err
        assert there.sink.logins == []


def test_starttls_that_is_not_offered(tmp_path: Path, authority: Authority) -> None:
    """Someone in between may have taken it out of the server's offer."""
    with of_readers(tmp_path, authority, STARTTLS + LOGIN.format("right"), login=True) as there:
        told = refused(there)
        assert "starttls" in told.err.lower()
        assert there.sink.logins == []
        assert there.sink.heard("AUTH") == 0


def test_garbage_instead_of_tls(tmp_path: Path, authority: Authority) -> None:
    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        if verb == "STARTTLS":
            await visit.say("220 go ahead", "250 who needs TLS", "\x00\x01\x02garbage" * 50)
            await visit.reader.read(1000)
            raise HangUp
        return None

    with of_readers(
        tmp_path, authority, STARTTLS + LOGIN.format("right"), starttls=authority.context(), login=True
    ) as there:
        there.sink.script = script
        refused(there)
        assert there.sink.logins == []
        there.sink.script = well
        all_is_well(there)


def test_tls_from_the_start_on_a_port_that_speaks_plainly(tmp_path: Path, authority: Authority) -> None:
    with of_readers(tmp_path, authority, 'security = "tls"\ntimeout = 3\n') as there:
        refused(there)


def test_what_was_said_before_tls_began_is_not_believed(tmp_path: Path, authority: Authority) -> None:
    """Whoever sits in between puts an answer behind the server's "go ahead" (CVE-2011-0411 turned round)."""

    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        if verb == "STARTTLS":
            await visit.say("220 go ahead\r\n250-evil.example\r\n250 AUTH PLAIN")
            await visit.writer.start_tls(context)
            visit.secure = True
            await visit.reader.readline()
            raise HangUp
        return None

    context = authority.context()
    with of_readers(tmp_path, authority, STARTTLS, starttls=context) as there:
        there.sink.script = script
        told = there.run("send")
        assert told.status == 1
        all_wait(there)
        assert there.sink.heard("MAIL") == 0


def test_a_login_that_is_refused(tmp_path: Path, authority: Authority) -> None:
    smtp = STARTTLS + LOGIN.format("wrong-and-secret")
    with of_readers(tmp_path, authority, smtp, starttls=authority.context(), login=True) as there:
        told = refused(there)
        assert "535 5.7.8 no such login" in told.err
        assert "wrong-and-secret" not in told.err
        # A few more, and a server locks the account.
        assert 1 <= len(there.sink.logins) <= CONNECTIONS
        there.settings(smtp=STARTTLS + LOGIN.format("right"))
        all_is_well(there)


def test_a_password_that_expires_while_it_sends(tmp_path: Path, authority: Authority) -> None:
    smtp = STARTTLS + LOGIN.format("right") + "messages_per_connection = 3\n"
    with of_readers(tmp_path, authority, smtp, starttls=authority.context(), login=True) as there:

        async def script(visit: Visit, verb: str, argument: str) -> str | None:
            if verb == "MAIL" and len(there.sink.taken) >= READERS // 2:
                there.sink.password = "another"
                return "421 4.7.0 please log in again"
            return None

        there.sink.script = script
        there.run("send")
        states = there.states()
        assert states["sent"] >= READERS // 2
        assert not states.keys() - {"sent", "queued", "deferred"}, states
        there.sink.password, there.sink.script = "right", well
        account = there.settled(uncertain=0, later=timedelta(hours=2))
        assert account.of("sent") == account.everybody
        assert all(one.secure for one in there.taken())
