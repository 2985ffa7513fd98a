"""Issues at hand: what was made of one is kept for as long as it would be made the same way again."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.issues import store as issues
from newsletter.issues.editorial import editorial_text, read_editorial
from newsletter.issues.issue import IssueKey
from newsletter.issues.resolving import resolve
from newsletter.judgement import Ground
from newsletter.press import Press
from newsletter.printing import Printing
from newsletter.ranking import votes
from newsletter.rendering.templates import shipped_templates

#: Issues kept at once (some megabytes each); the oldest are made again when they are asked for.
MOST = 4


@dataclass(slots=True)
class AtHand:
    """An issue, and what every look at it needs."""

    printing: Printing
    #: None where nothing has come in
    ground: Ground | None
    #: what it was made of, and marks that change whenever any of that may have changed
    made_of: Any
    marks: Any


class IssuesAtHand:
    """Makes issues as they are at a moment, or hands out what it made before."""

    def __init__(self, db: Database, project: Path, press: Press) -> None:
        self._db = db
        self._project = project
        self._press = press
        self._kept: dict[IssueKey, AtHand] = {}

    def of(self, key: IssueKey, now: datetime) -> AtHand:
        """The issue as `Press.printing` makes it at that moment. Raises as that does, and `ModelError`."""
        # The marks are taken first: what changes while all else is read is seen the next time.
        marks, kept = self._marks(key, now), self._kept.get(key)
        if kept and kept.marks == marks:
            return kept
        made_of = self._made_of(key, now)
        if kept and kept.made_of == made_of:
            kept.marks = marks
            return kept
        printing = self._press.printing(key, now)
        self._kept.pop(key, None)
        while len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = AtHand(printing, self._ground(printing, kept), made_of, marks)
        return self._kept[key]

    def _ground(self, printing: Printing, before: AtHand | None) -> Ground | None:
        """Whoever changes a template goes on with the vectors of the same entries."""
        if not printing.candidates:
            return None
        if before and (list(before.printing.candidates), before.printing.pins) == (printing.candidates, printing.pins):
            return before.ground
        return self._press.judge.ground(printing)

    def _marks(self, key: IssueKey, now: datetime) -> Any:
        """Small things of which one changes when anything changes that an issue is made of, and at other times too."""
        (others,) = self._db.conn.execute("PRAGMA data_version").fetchone()
        ours = self._db.conn.total_changes
        # What came in too long ago leaves a first issue as time goes by.
        arrived = self._press.count_arrived(key, now)
        return others, ours, arrived, editorial_text(self._project, key), tuple(self._templates())

    def _made_of(self, key: IssueKey, now: datetime) -> Any:
        """All that an issue is made of: while it is equal, the issue is the same."""
        if stored := issues.find(self._db, key):
            ids = issues.candidates(self._db, stored.id)
            # A card changes where somebody is not thanked any more, an entry where another source says more of it.
            return stored, entries.by_ids(self._db, ids), issues.cards_of(self._db, stored.id, ids)
        editorial = read_editorial(self._project, key)
        arrived = self._press.arrived(key, now, entries.newest_id(self._db))
        chosen = resolve(self._db, editorial)
        liked = votes.likes(self._db, [entry.id for entry in (*arrived, *chosen.pins)])
        return editorial, chosen, arrived, liked, tuple(self._templates())

    def _templates(self) -> Iterator[tuple[str, int, int]]:
        """Every file and folder of templates, the operator's and ours, and what of it changes when it is written."""
        for folder in (self._project / "templates", shipped_templates()):
            for path in sorted(folder.rglob("*")):
                # What an editor writes beside a file while it saves is gone in a moment.
                with suppress(FileNotFoundError):
                    stat = path.stat()
                    yield str(path), stat.st_mtime_ns, stat.st_size
