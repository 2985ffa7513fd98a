"""Who does work that is cut into parts: this process, or a cluster. The one seam between the two.

A part of work is a function over what it is given (arrays, recipes) that opens nothing else; its results are the same
wherever it runs. `map` is that of `concurrent.futures.Executor`.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Workforce(Protocol):
    """Does parts of work."""

    @property
    def at_once(self) -> int:
        """How many parts are done at the same time."""

    def share(self, value: T) -> T:
        """What many parts need, to be handed to `map` in its place: it travels once."""

    def map(self, work: Callable[..., R], *parts: Iterable[object]) -> Iterator[R]:
        """The results in the order of the parts; what one raises is raised in its place."""


class Here:
    """This process, one part after the other."""

    at_once = 1

    def share(self, value: T) -> T:
        """It is here."""
        return value

    def map(self, work: Callable[..., R], *parts: Iterable[object]) -> Iterator[R]:
        """As the builtin."""
        return map(work, *parts)


def cut(count: int, workforce: Workforce, least: int) -> list[slice]:
    """So many things in about equal parts for everybody, none smaller than `least` where there are several.

    Of what makes one part only, nobody is asked who is there.
    """
    pieces = min(workforce.at_once, count // least) if count >= 2 * least else 1
    bounds = [count * n // pieces for n in range(pieces + 1)]
    return [slice(first, last) for first, last in pairwise(bounds)]
