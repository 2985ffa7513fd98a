"""How far sending is, as a person who looks on is told: of what is due by then, not of all that waits."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mainline import ADA, BOB, subscribe
from newsroom import Clock, make_project

from newsletter import Newsletter
from newsletter.announcing import Announcement

NEWS = Announcement("What is new", "A page.")


class Onlooker:
    """Sees how far it is, and does something then."""

    def __init__(self) -> None:
        #: (done, to do)
        self.seen: list[tuple[int, int]] = []
        self.does: Callable[[int], object] = lambda done: None

    def told(self, what: str) -> Callable[[int, int], None]:
        def progress(done: int, todo: int) -> None:
            if what == "Sending":
                self.seen.append((done, todo))
                self.does(done)

        return progress


@pytest.fixture
def onlooker() -> Onlooker:
    return Onlooker()


@pytest.fixture
def newsletter(tmp_path: Path, clock: Clock, onlooker: Onlooker) -> Iterator[Newsletter]:
    """Copies are composed for 8:00 (two), 8:10 and 8:15; it is eight o'clock."""
    make_project(tmp_path)
    with Newsletter(tmp_path, clock=clock, embedder=WordEmbedder(), progress=onlooker.told) as newsletter:
        newsletter.pull()
        for address, at in ((ADA, "08:00"), (BOB, "08:00"), ("cy@example.org", "08:10"), ("di@example.org", "08:15")):
            subscribe(newsletter, address, cadence=("weekly", "friday", at, "UTC"))
        clock.set("2026-11-27 08:00")
        newsletter.make()
        yield newsletter


def test_what_is_not_due_yet_is_not_counted(newsletter: Newsletter, onlooker: Onlooker) -> None:
    newsletter.deliver()
    assert newsletter.status().deliveries == {"sent": 2, "queued": 2}
    assert {todo for _, todo in onlooker.seen} == {2}
    assert onlooker.seen[-1] == (2, 2)


def test_what_falls_due_meanwhile_is_counted_when_the_rest_is_done(
    newsletter: Newsletter, clock: Clock, onlooker: Onlooker
) -> None:
    onlooker.does = lambda done: clock.set("2026-11-27 08:10")
    newsletter.deliver()
    assert newsletter.status().deliveries == {"sent": 3, "queued": 1}
    assert onlooker.seen[0][1] == 2
    assert onlooker.seen[-1] == (3, 3)


def test_of_one_reader_the_others_are_not_counted(newsletter: Newsletter, onlooker: Onlooker) -> None:
    newsletter.send(to=ADA)
    assert {todo for _, todo in onlooker.seen} == {1}


def test_what_is_held_is_not_counted(newsletter: Newsletter, onlooker: Onlooker) -> None:
    newsletter.editor.hold("weekly-2026-11-27")
    newsletter.announce(NEWS)
    newsletter.deliver()
    assert newsletter.status().deliveries == {"sent": 4, "queued": 4}
    assert {todo for _, todo in onlooker.seen} == {4}


def test_where_notices_go_alone_nothing_else_is_counted(newsletter: Newsletter, onlooker: Onlooker) -> None:
    newsletter.announce(NEWS)
    newsletter.send_notices()
    assert newsletter.status().deliveries == {"sent": 4, "queued": 4}
    assert {todo for _, todo in onlooker.seen} == {4}
