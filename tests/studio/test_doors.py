"""Who may come in: the rules."""

import pytest

from newsletter.studio.doors import (
    FREE,
    IDLE,
    LASTING,
    LONGEST_WAIT,
    MOST_CALLERS,
    Guesses,
    Key,
    Knock,
    Sessions,
    is_password,
    turned_away,
)

OURS = frozenset({"http://127.0.0.1:8010", "http://localhost:8010", "http://[::1]:8010"})
HOST = "127.0.0.1:8010"


class Time:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    "knock",
    [
        Knock("GET", HOST),
        Knock("GET", "localhost:8010"),
        Knock("GET", "[::1]:8010"),
        Knock("GET", HOST, site="none", mode="navigate", destination="document"),
        Knock("GET", HOST, site="same-origin", mode="cors", destination="empty"),
        # a link to the desk on another page: it opens in a tab of its own
        Knock("GET", HOST, site="cross-site", mode="navigate", destination="document"),
        Knock("POST", HOST, origin="http://127.0.0.1:8010", site="same-origin", mode="cors", destination="empty"),
        Knock("POST", HOST, site="same-origin"),
        Knock("POST", HOST, origin="http://localhost:8010"),
    ],
)
def test_our_own_pages_come_in(knock: Knock) -> None:
    assert turned_away(knock, OURS) is None


@pytest.mark.parametrize(
    "knock",
    [
        # a name that was bent to this machine
        Knock("GET", "evil.example"),
        Knock("GET", "evil.example:8010", origin="http://evil.example:8010", site="same-origin"),
        Knock("GET", "127.0.0.1"),
        Knock("GET", "127.0.0.1:8011"),
        Knock("GET", "127.0.0.1:8010.evil.example"),
        Knock("GET", ""),
        # another page's fetch, picture, script, frame
        Knock("GET", HOST, site="cross-site", mode="cors", destination="empty"),
        Knock("GET", HOST, site="cross-site", mode="no-cors", destination="image"),
        Knock("GET", HOST, site="cross-site", mode="no-cors", destination="script"),
        Knock("GET", HOST, site="cross-site", mode="navigate", destination="iframe"),
        # another program's page on this machine
        Knock("GET", HOST, site="same-site", mode="cors", destination="empty"),
        Knock("GET", HOST, origin="http://127.0.0.1:9999"),
        # another page's form
        Knock("POST", HOST, origin="https://evil.example", site="cross-site", mode="navigate", destination="document"),
        Knock("POST", HOST, origin="null"),
        Knock("POST", HOST, site="cross-site", mode="navigate", destination="document"),
        Knock("POST", HOST, site="none"),
        Knock("POST", HOST),
        Knock("DELETE", HOST),
    ],
)
def test_everybody_else_is_turned_away_in_words(knock: Knock) -> None:
    assert (turned_away(knock, OURS) or "").endswith(".")


def test_a_key_lets_one_in_once() -> None:
    key = Key()
    value = key.value
    assert len(value) >= 32
    assert not key.turn("")
    assert not key.turn(value[:-1])
    assert not key.turn("ключ")
    assert key.turn(value)
    assert not key.turn(value)
    assert not key.turn("")


def test_a_session_is_known_by_its_cookie_alone() -> None:
    sessions = Sessions(Time())
    one, other = sessions.begin(), sessions.begin()
    assert sessions.known(one)
    assert not sessions.known(one[:-1])
    assert not sessions.known("")
    sessions.end(one)
    assert not sessions.known(one)
    assert sessions.known(other)


def test_every_session_has_a_token_of_its_own() -> None:
    sessions = Sessions(Time())
    one, other = sessions.begin(), sessions.begin()
    assert sessions.pressed(one, sessions.token(one))
    assert not sessions.pressed(one, sessions.token(other))
    assert not sessions.pressed(one, "")
    assert not sessions.pressed(one, "é")
    assert not Sessions(Time()).pressed(one, sessions.token(one))


def test_sessions_end_by_themselves() -> None:
    time = Time()
    sessions = Sessions(time)
    cookie = sessions.begin()
    for _ in range(int(LASTING / IDLE * 2) - 1):
        time.now += IDLE / 2
        assert sessions.known(cookie)
    time.now += IDLE / 2
    assert not sessions.known(cookie)
    idle = sessions.begin()
    time.now += IDLE
    assert not sessions.known(idle)


def test_on_ones_own_machine_they_last_as_long_as_the_process() -> None:
    time = Time()
    sessions = Sessions(time, lasting=None)
    cookie = sessions.begin()
    time.now += 100 * LASTING
    assert sessions.known(cookie)


def test_who_guesses_waits_longer_and_longer() -> None:
    time = Time()
    guesses, waits = Guesses(time), []
    for _ in range(FREE + 12):
        guesses.wrong("192.0.2.1")
        waits.append(guesses.wait("192.0.2.1"))
        time.now += waits[-1]
        assert guesses.wait("192.0.2.1") == 0
    assert waits[:FREE] == [0.0] * FREE
    assert waits[FREE:] == sorted(waits[FREE:])
    assert waits[-1] == LONGEST_WAIT
    assert guesses.wait("192.0.2.2") == 0, "somebody else does not wait"
    guesses.right("192.0.2.1")
    guesses.wrong("192.0.2.1")
    assert guesses.wait("192.0.2.1") == 0


def test_a_network_of_addresses_is_one_caller() -> None:
    guesses = Guesses(Time())
    for n in range(FREE + 1):
        guesses.wrong(f"2001:db8::{n:x}")
    assert guesses.wait("2001:db8::ffff") > 0
    assert guesses.wait("2001:db8:1::1") == 0


def test_callers_that_are_remembered_are_bounded() -> None:
    guesses = Guesses(Time())
    for n in range(MOST_CALLERS + 50):
        guesses.wrong(f"caller {n}")
    assert len(guesses._wrong) <= MOST_CALLERS


@pytest.mark.parametrize("typed", ["", "Four words", "four words ", "\ud800", "four wordz"])
def test_only_the_password_is_the_password(typed: str) -> None:
    assert not is_password(typed, "four words")
    assert is_password("four words", "four words")


def test_no_password_is_none_at_all() -> None:
    assert not is_password("", "")
