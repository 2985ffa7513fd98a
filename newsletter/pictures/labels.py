"""Names on a map: each stands above its topic's disc, and both have a room of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from newsletter.pictures.svg import SIZE, SMALL, width_of
from newsletter.ranking.arrays import Vectors

#: A line of a name, and the note with the space below it.
LINE, NOTE = 16.0, 20.0
#: Between two rooms.
_MARGIN = 5.0


@dataclass(frozen=True, slots=True)
class Label:
    """A name, in a line or two, and a line below it."""

    name: tuple[str, ...]
    note: str
    #: nobody follows it
    alone: bool = False
    #: readers follow it, and there is nothing
    wished: bool = False

    @property
    def width(self) -> float:
        """Of the longest line, in pixels."""
        return max(*(width_of(line, SIZE) for line in self.name), width_of(self.note, SMALL))

    @property
    def height(self) -> float:
        """Of all lines, in pixels."""
        return LINE * len(self.name) + NOTE


def rooms(labels: Sequence[Label], radius: Vectors) -> Vectors:
    """Half the room of each disc with its label above, across and down, (labels, 2)."""
    across = [max(label.width / 2, float(r)) for label, r in zip(labels, radius, strict=True)]
    down = [label.height / 2 + float(r) for label, r in zip(labels, radius, strict=True)]
    return np.array([across, down], np.float32).T + np.float32(_MARGIN)
