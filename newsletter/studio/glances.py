"""Looks that are shared: a page asks for frames, part and picks of one copy, all within a moment."""

import threading
import time

from newsletter.issues.composing import Shape
from newsletter.looking import Glimpse, Whom
from newsletter.newsletter import Newsletter

#: Seconds after which time itself may have changed a copy.
MOMENT = 1.0
#: Copies that are kept: two that are compared, and who was looked at before.
MOST = 4


class Glances:
    """Copies of this moment. `glimpse` belongs to one thread, `forget` to any."""

    def __init__(self) -> None:
        #: rises with every change on disk
        self._changes = 0
        self._lock = threading.Lock()
        self._kept: dict[object, tuple[object, float, Glimpse]] = {}

    def forget(self) -> None:
        """Something has changed on disk."""
        with self._lock:
            self._changes += 1

    def glimpse(self, newsletter: Newsletter, whom: Whom, issue: str, shape: Shape | None = None) -> Glimpse:
        """As `Looks.glimpse`; the one of a moment ago, where nothing has changed since."""
        key, marks = (whom, issue, shape), self._marks(newsletter)
        kept = self._kept.pop(key, None)
        if kept is None or kept[0] != marks or time.monotonic() - kept[1] > MOMENT:
            kept = (marks, time.monotonic(), newsletter.looks.glimpse(whom, issue, shape))
        self._kept[key] = kept
        while len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]
        return kept[2]

    def _marks(self, newsletter: Newsletter) -> object:
        """What changes with anything on disk, or in the database, and with a newsletter that is opened anew."""
        connection = newsletter.database.conn
        (others,) = connection.execute("PRAGMA data_version").fetchone()
        return id(newsletter), others, connection.total_changes, self._changes
