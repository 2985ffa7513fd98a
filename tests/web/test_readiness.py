"""/healthz and /readyz: alive is not the same as ready."""

from collections.abc import Callable
from typing import Any

import pytest
from website import NOON, Website

from newsletter import ticks
from newsletter.newsletter import Newsletter

pytest_plugins = ("website_fixtures",)


def asked(website: Website, path: str = "/readyz") -> tuple[int, str]:
    answer = website.get(path)
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.text


def all_ended(website: Website) -> None:
    for name in ticks.NAMES:
        ticks.began(website.newsletter.database, name, website.clock())
        ticks.ended(website.newsletter.database, name, website.clock())


def test_before_the_first_tick_it_is_starting_and_alive(website: Website) -> None:
    assert asked(website) == (503, "starting: nothing has run by itself yet")
    assert asked(website, "/healthz") == (200, "ok")


def test_it_is_ready_while_the_ticks_are_fresh_however_they_end(website: Website) -> None:
    all_ended(website)
    assert asked(website) == (200, "ready")
    ticks.ended(website.newsletter.database, "pull", website.clock(), "the network is away")
    website.clock.forward(minutes=10)
    assert asked(website) == (200, "ready")


def test_a_tick_that_is_stuck_is_named_with_since_when(website: Website) -> None:
    all_ended(website)
    website.clock.forward(minutes=5)
    ticks.began(website.newsletter.database, "deliver", website.clock())
    website.clock.forward(minutes=11)
    for name in ("pull", "make", "tend"):
        ticks.ended(website.newsletter.database, name, website.clock())
    since = f"{NOON:%Y-%m-%d} 12:05 UTC"
    assert asked(website) == (503, f"deliver began at {since} and has not ended")
    assert asked(website, "/healthz") == (200, "ok")


@pytest.mark.parametrize("path", ["/readyz", "/healthz"])
def test_a_database_that_does_not_answer_is_neither(
    website: Website, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def broken(self: object) -> Callable[..., Any]:
        raise OSError("the disk has gone, and ada@example.org with it")

    monkeypatch.setattr(Newsletter, "database" if path == "/readyz" else "readers", property(broken), raising=False)
    assert asked(website, path) == (503, "the database does not answer")
