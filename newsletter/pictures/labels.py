"""Names on a map: each stands above its topic's disc, and both have a room of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from newsletter.pictures.svg import SIZE, SMALL, width_of
from newsletter.ranking.arrays import Vectors

#: Two lines of text and the space below them.
HEIGHT = 33.0
#: Between two rooms.
_MARGIN = 4.0


@dataclass(frozen=True, slots=True)
class Label:
    """A name and a line below it."""

    name: str
    note: str
    #: nobody follows it
    alone: bool = False
    #: readers follow it, and there is nothing
    wished: bool = False

    @property
    def width(self) -> float:
        """Of the longer line, in pixels."""
        return max(width_of(self.name, SIZE), width_of(self.note, SMALL))


def rooms(labels: Sequence[Label], radius: Vectors) -> Vectors:
    """Half the room of each disc with its label above, across and down, (labels, 2)."""
    across = [max(label.width / 2, float(r)) for label, r in zip(labels, radius, strict=True)]
    return np.stack([np.array(across, np.float32), radius + HEIGHT / 2], axis=1) + np.float32(_MARGIN)
