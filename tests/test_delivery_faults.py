"""Mail servers that are down, refuse, hang, drop, crawl or hang up: nobody is left out and nobody gets it twice."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sending_town import CONNECTIONS, PARTLY, Town, town, until
from sink import HangUp, Script, Visit, forever, well

pytestmark = pytest.mark.slow

READERS = 60
IMPATIENT = 'security = "none"\ntimeout = 1'


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, smtp=IMPATIENT) as made:
        made.people(READERS)
        yield made


def answering(at: str, answer: str, whom: set[str] | None = None) -> Script:
    """Says so to everybody, or about these."""

    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        return answer if verb == at and (whom is None or any(one in argument for one in whom)) else None

    return script


# -- down


def test_a_server_that_is_down_and_comes_back(there: Town) -> None:
    there.sink.down()
    for _ in range(3):
        told = there.run("send")
        assert (told.status, told.out) == (1, "")
        assert f"127.0.0.1:{there.sink.port}" in told.err
        assert there.states().keys() <= {"queued", "deferred"}
    there.sink.up()
    assert not there.settled(uncertain=0).of("uncertain")


def test_a_server_that_goes_down_in_the_middle_and_comes_back(there: Town) -> None:
    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        if verb == "TAKEN":
            await asyncio.sleep(0.02)
        return None

    there.sink.script = script
    command = there.command("send")
    until(lambda: len(there.sink.taken) > READERS // 3)
    there.sink.down()
    told = command.ended()
    assert told.status in (1, PARTLY)
    assert "127.0.0.1" in told.err or "did not leave" in told.err
    there.sink.up()
    there.settled(uncertain=CONNECTIONS)


# -- later, and never


def test_a_storm_of_later(there: Town) -> None:
    """Everybody is put off, and waits; the server is not asked thousands of times."""
    there.sink.script = answering("RCPT", "451 4.3.2 please try again later")
    told = there.run("send")
    assert told.status in (1, PARTLY), told
    states = there.states()
    assert (states.keys() <= {"queued", "deferred"}, states.total()) == (True, READERS), states
    asked = there.sink.heard("RCPT")
    assert asked <= READERS
    for _ in range(3):
        there.run("send")
    # Whoever was put off waits for minutes, whoever starts it again.
    assert there.sink.heard("RCPT") <= max(READERS, asked + 3 * CONNECTIONS)
    assert there.sink.taken == []
    there.sink.script = well
    account = there.settled(uncertain=0, later=timedelta(hours=3))
    assert account.of("sent") == account.everybody


def test_what_is_put_off_again_and_again_is_given_up_and_shown(there: Town) -> None:
    greylisted = {there.everybody[7]}
    there.sink.script = answering("RCPT", "451 4.7.1 greylisted", greylisted)
    for hours in (0, 3, 7, 15, 24, 33, 45):
        there.run("send", later=timedelta(hours=hours))
    account = there.account()
    assert account.of("sent") == account.everybody - greylisted
    assert account.of("failed", "dropped") == greylisted
    assert 3 <= there.sink.heard("RCPT") - (READERS - 1) <= 8
    assert "greylisted" in there.run("status", "--json").out


def test_every_tenth_is_not_known(there: Town) -> None:
    unknown = set(there.everybody[::10])
    there.sink.script = answering("RCPT", "550 5.1.1 no such user here", unknown)
    assert there.run("send").status == PARTLY
    account = there.account()
    assert account.of("failed") == unknown
    assert account.of("sent") == account.everybody - unknown == account.accepted.keys()
    assert there.shown("failed") == unknown
    assert "550 5.1.1 no such user here" in there.run("status", "--json").out
    # Each is counted against its own address, and once.
    bounced = there.query("SELECT address FROM bounces JOIN subscribers ON subscribers.id = subscriber_id")
    assert sorted(address for (address,) in bounced) == sorted(unknown)
    there.sink.script = well
    there.run("send")
    assert there.account().accepted.keys() == account.everybody - unknown


@pytest.mark.parametrize("at", ["MAIL", "RCPT", "."])
def test_a_server_that_refuses_us_stops_the_issue_and_blames_nobody(there: Town, at: str) -> None:
    there.sink.script = answering(at, "554 5.7.1 rejected for policy reasons")
    told = there.run("send")
    assert told.status in (1, PARTLY), told
    assert "5.7.1 rejected for policy reasons" in told.err + there.run("status").out
    assert there.sink.heard("MAIL") <= 5 * CONNECTIONS, "it went on in spite of that"
    assert there.query("SELECT count(*) FROM bounces") == [(0,)]
    assert there.query("SELECT DISTINCT state FROM subscribers") == [("active",)]
    account = there.account()
    assert (account.lost, account.of("uncertain")) == (set(), set())
    [issue] = [row for row in json.loads(there.run("issue", "list", "--json").out) if row["state"] != "open"]
    if at != "MAIL":  # the sender is refused, before any copy was: no mail of ours can leave
        assert issue["state"] == "held", issue
        heard = there.sink.heard("MAIL")
        there.run("send")
        assert there.sink.heard("MAIL") == heard
        assert there.run("issue", "release", issue["issue"]).status == 0
    there.sink.script = well
    there.run("send")
    account = there.settled(uncertain=0, later=timedelta(hours=3))
    assert account.of("sent") == account.everybody == account.accepted.keys()


# -- silence, and lines that break


def test_an_answer_that_never_comes(tmp_path: Path) -> None:
    """The message is uncertain, whether the server has it or not; the others go on, and nothing is repeated."""
    with town(tmp_path, smtp='security = "none"\ntimeout = 0.6') as there:
        there.people(READERS)
        taken, not_taken = there.everybody[10:12]

        async def script(visit: Visit, verb: str, argument: str) -> str | None:
            if (verb, argument) in (("TAKEN", taken), (".", not_taken)):
                await forever()
            return None

        there.sink.script = script
        assert there.run("send").status == PARTLY
        account = there.account()
        assert account.of("uncertain") == {taken, not_taken} == there.shown("uncertain")
        assert account.of("sent") == account.everybody - {taken, not_taken}
        there.sink.script = well
        assert there.settled(uncertain=2).accepted.keys() == account.everybody - {not_taken}


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
def test_silence_before_the_message_makes_nothing_uncertain(there: Town, verb: str) -> None:
    silent = True

    async def script(visit: Visit, said: str, argument: str) -> str | None:
        if said == verb and silent:
            await forever()
        return None

    there.sink.script = script
    assert there.run("send").status in (1, PARTLY)
    assert not there.states().keys() - {"queued", "deferred"}
    silent = False
    account = there.settled(uncertain=0, later=timedelta(hours=3))
    assert account.of("sent") == account.everybody


def test_a_line_that_breaks_in_the_middle_of_a_message(there: Town) -> None:
    broken = set(there.everybody[5:50:15])
    tried: set[str] = set()

    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        if verb == "READING" and argument in broken - tried:
            tried.add(argument)
            await visit.reader.readexactly(3000)
            raise HangUp
        return None

    there.sink.script = script
    there.run("send")
    account = there.account()
    assert account.of("sent") >= account.everybody - broken
    there.settled(uncertain=len(broken))


def test_bytes_that_crawl_do_not_stop_the_others(there: Town) -> None:
    there.settings(smtp='security = "none"\ntimeout = 20')
    began: dict[int, float] = {}

    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        if verb == "READING":
            began.setdefault(visit.number, time.time())
            visit.slow = 0.005 if visit.number == 1 and not visit.taken else 0.0
        return None

    there.sink.script = script
    assert there.run("send").status == 0
    assert there.account().of("sent") == set(there.everybody)
    slow, *_ = (one for one in there.taken() if one.connection == 1)
    assert slow.at - began[1] > 1
    meanwhile = [one for one in there.taken() if began[1] < one.at < slow.at]
    assert len(meanwhile) > READERS * 0.7, "the others waited for the slow one"


# -- hanging up between messages


@pytest.mark.parametrize("how", ["closes", "421 instead of a mail"])
def test_a_server_that_has_enough_after_some_messages(there: Town, how: str) -> None:
    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        if how == "closes" and verb == "SAID" and visit.taken == 3:
            raise HangUp
        if how == "421 instead of a mail" and verb == "MAIL" and visit.taken == 3:
            return "421 4.7.0 too many messages on this connection"
        return None

    there.sink.script = script
    there.run("send")
    account = there.account()
    # Nothing of a message was under way, so nothing is in doubt; a 421 may ask for a pause.
    assert not account.state.keys() - account.of("sent", "queued", "deferred")
    there.sink.script = well
    assert there.settled(uncertain=0, later=timedelta(hours=3)).of("sent") == account.everybody


def test_a_server_that_takes_two_connections_and_no_third(there: Town) -> None:
    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        if verb == "CONNECT" and visit.number > 2:
            return "421 4.7.0 too many connections from your address"
        return None

    there.sink.script = script
    assert there.run("send").status == 0
    assert there.account().of("sent") == set(there.everybody)
    assert there.sink.connections <= 2 * CONNECTIONS
    assert not there.settled(uncertain=0).of("uncertain")


def test_so_many_messages_as_a_connection_may_carry(tmp_path: Path) -> None:
    with town(tmp_path, smtp='security = "none"\nmessages_per_connection = 7') as there:
        there.people(READERS)
        assert there.run("send").status == 0
        carried: dict[int, int] = {}
        for one in there.taken():
            carried[one.connection] = carried.get(one.connection, 0) + 1
        assert max(carried.values()) == 7
        assert not there.settled(uncertain=0).of("uncertain")


def test_as_many_connections_as_it_may_have_and_no_more(there: Town) -> None:
    now: set[int] = set()
    most = 0

    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        nonlocal most
        if verb == "READING":
            now.add(visit.number)
            most = max(most, len(now))
            await asyncio.sleep(0.02)
        if verb == "SAID":
            now.discard(visit.number)
        return None

    there.sink.script = script
    began = time.monotonic()
    assert there.run("send").status == 0
    assert most == CONNECTIONS, f"{most} messages at once, in {time.monotonic() - began:.1f} s"
