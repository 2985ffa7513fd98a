"""The threads that do the work of the pages."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conftest import WordEmbedder
from newsroom import make_project

from newsletter import Newsletter
from newsletter.desks import Desks
from newsletter.errors import ProjectError


def working(desks: Desks[Newsletter], *jobs: Callable[[Newsletter], Any]) -> list[Any]:
    """What the jobs return or raise, asked for all at once."""

    async def ask() -> list[Any]:
        return await asyncio.gather(*map(desks.ask, jobs), return_exceptions=True)

    desks.open()
    try:
        return asyncio.run(ask())
    finally:
        desks.close()


def test_every_desk_has_a_newsletter_of_its_own_and_closes_it(tmp_path: Path) -> None:
    make_project(tmp_path)
    both, closed = threading.Barrier(2, timeout=10), set[tuple[int, int]]()

    class Noted(Newsletter):
        def close(self) -> None:
            super().close()
            closed.add((threading.get_ident(), id(self)))

    def meet(newsletter: Newsletter) -> tuple[int, int]:
        both.wait()
        return threading.get_ident(), id(newsletter)

    met = working(Desks(lambda: Noted(tmp_path, embedder=WordEmbedder()), 2), meet, meet)
    assert len({thread for thread, _ in met}) == len({newsletter for _, newsletter in met}) == 2
    assert closed == set(met)


def test_what_goes_wrong_belongs_to_who_asked_and_stops_nobody_else(tmp_path: Path) -> None:
    make_project(tmp_path)

    def fail(newsletter: Newsletter) -> None:
        raise ZeroDivisionError

    desks = Desks(lambda: Newsletter(tmp_path, embedder=WordEmbedder()), 1)
    failed, count = working(desks, fail, Newsletter.count_entries)
    assert isinstance(failed, ZeroDivisionError)
    assert count == 0


def test_a_newsletter_that_cannot_be_opened_is_tried_again(tmp_path: Path) -> None:
    def opening() -> Newsletter:
        try:
            return Newsletter(tmp_path, embedder=WordEmbedder())
        finally:
            if not (tmp_path / "newsletter.toml").exists():
                make_project(tmp_path)

    failed, count = working(Desks(opening, 1), Newsletter.count_entries, Newsletter.count_entries)
    assert isinstance(failed, ProjectError)
    assert count == 0


def test_a_newsletter_that_is_outdated_is_closed_and_opened_anew(tmp_path: Path) -> None:
    make_project(tmp_path)
    old, closed = set[int](), list[int]()

    class Noted(Newsletter):
        def close(self) -> None:
            super().close()
            closed.append(id(self))

    def ages(newsletter: Newsletter) -> int:
        old.add(id(newsletter))
        return id(newsletter)

    desks = Desks[Newsletter](lambda: Noted(tmp_path, embedder=WordEmbedder()), 1, outdated=lambda one: id(one) in old)
    first, second = working(desks, ages, lambda newsletter: (id(newsletter), list(closed)))
    assert second[1] == [first]
    assert len(closed) == 2
