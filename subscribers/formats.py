"""Lists of readers as other systems export them: what each row says of a reader. Pure; `systems.py` has the facts.

The header tells the system, and the system tells what its words mean:

* A **date of consent** is one of an opt-in or a confirmation (`OPTIN_TIME`, `CONFIRM_TIME`, our own `confirmed_at`). A
  date of creation is none: it is kept as when somebody asked.
* **Tags and labels** are the operator's words, not the reader's: no interests, unless the operator names the column.
* What left, bounced or complained there has done so; a word for a state that we do not know is a bad row, not a reader.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from subscribers.cadence import Cadence
from subscribers.cells import address_in, cadence_in, evidence_in, flag_in, interests_in, moment_in
from subscribers.interests import Interest
from subscribers.people import tidy_name
from subscribers.systems import PLAIN, SYSTEMS, Cells, Part, Standing, System
from subscribers.tables import BadRow, Row, UnreadableTable, looks_like_address

_CADENCE = (Part.FREQUENCY, Part.AT, Part.TIMEZONE)
_INTERESTS = re.compile(r"(?:interests?|topics?)(?:_?\d+)?")
#: Columns that hold lists of short words, between commas.
_TAGS = frozenset({"tags", "labels", "groups", "categories", "segments"})
_IP = re.compile(r"[0-9a-fA-F.:]{2,45}")
#: date, its IP, what happened then
_DATES = (
    (Part.CONFIRMED, Part.CONFIRMED_IP, "confirmed"),
    (Part.OPTED_IN, Part.OPTED_IN_IP, "opted in"),
    (Part.REQUESTED, Part.REQUESTED_IP, "first known"),
)
_ENDS = ((Part.LEFT, "left at"), (Part.CLEANED, "bounced at"), (Part.REASON, "reason:"))


@dataclass(frozen=True, slots=True)
class ImportedReader:
    """A row, understood."""

    line: int
    #: as `parse_address` gives it
    address: str
    name: str
    interests: tuple[Interest, ...]
    standing: Standing
    #: when they consented; None where the list does not say
    confirmed_at: datetime | None = None
    #: when they asked, or were first known
    requested_at: datetime | None = None
    confirmed_ip: str = ""
    #: None where the list does not say
    cadence: Cadence | None = None
    #: what the list says about the consent and its end, for the evidence
    words: str = ""
    paused_until: date | None = None
    announcements: bool = True
    #: evidence that came along, oldest first; each line as `EVIDENCE` names its parts (from our own export)
    evidence: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """How the rows of one list are read."""

    system: System
    has_header: bool
    #: (column as the file names it, what it is taken for)
    used: tuple[tuple[str, Part], ...]
    #: columns that are not looked at
    ignored: tuple[str, ...]
    #: how many cells a row has
    width: int
    #: further cells are further interests
    goes_on: bool
    positions: Mapping[Part, int]
    #: columns of interests,
    interests: tuple[int, ...]
    #: and those of them in which they stand between commas
    tags: frozenset[int]

    def reader(self, row: Row) -> ImportedReader | BadRow:
        """What a row says of a reader, or why it says nothing that can be used."""
        if not self.goes_on and any(map(str.strip, row.cells[self.width :])):
            return BadRow(
                row.line,
                f"It has {len(row.cells)} cells where the first line has {self.width}. "
                "A text that holds what stands between cells must be in quotes.",
            )
        try:
            return self._reader(row.line, row.cells)
        except ValueError as error:
            return BadRow(row.line, str(error))

    def _reader(self, line: int, cells: tuple[str, ...]) -> ImportedReader:
        count = len(cells)
        of = {part: cells[place].strip() if place < count else "" for part, place in self.positions.items()}
        name = of.get(Part.NAME) or f"{of.get(Part.FIRST, '')} {of.get(Part.LAST, '')}".strip()
        if "\n" in of[Part.ADDRESS] or "\n" in name:
            raise ValueError("Its address or its name goes over several lines. Is a quote missing there?")
        wishes = [cells[place] for place in self.interests if place < count and place not in self.tags]
        wishes += cells[self.width :] if self.goes_on else ()
        tags = [cells[place] for place in self.tags if place < count]
        confirmed = moment_in(of.get(Part.CONFIRMED, ""))
        opted_in = moment_in(of.get(Part.OPTED_IN, ""))
        return ImportedReader(
            line=line,
            address=address_in(of[Part.ADDRESS]),
            name=tidy_name(name),
            interests=interests_in(wishes, tags),
            standing=self.system.standing(of),
            confirmed_at=confirmed or opted_in,
            requested_at=_moment_if_any(of.get(Part.REQUESTED, "")) or opted_in,
            confirmed_ip=_ip(of.get(Part.CONFIRMED_IP if confirmed else Part.OPTED_IN_IP, "")),
            cadence=_cadence(of),
            words=_words(of),
            paused_until=_day(of.get(Part.PAUSED_UNTIL, "")),
            announcements=flag_in(of.get(Part.ANNOUNCEMENTS, ""), default=True),
            evidence=evidence_in(of.get(Part.EVIDENCE, "")),
        )


def recognise(first: Sequence[str], *, interests_from: str = "") -> Reading:
    """How to read a list by its first row: a header, or a reader where the first cell is an address already.

    `interests_from` names a column (tags, labels …) that holds interests besides those which are named so.
    Raises `UnreadableTable` where no column holds addresses, or none has that name.
    """
    if first and looks_like_address(first[0]):
        return _headless(interests_from)
    names = [plain(cell) for cell in first]
    there = frozenset(names)
    system = next((known for known in SYSTEMS if any(marks <= there for marks in known.marks)), PLAIN)
    positions = {
        part: names.index(found)
        for part, candidates in system.columns.items()
        if (found := next((name for name in candidates if name in there), ""))
    }
    if Part.ADDRESS not in positions:
        positions[Part.ADDRESS] = _address_column(first, names)
    if not all(part in positions for part in _CADENCE):
        positions = {part: place for part, place in positions.items() if part not in (*_CADENCE, Part.DAY)}
    interests = {place for place, name in enumerate(names) if _INTERESTS.fullmatch(name)}
    if interests_from:
        interests.add(_named_column(first, names, interests_from, positions[Part.ADDRESS]))
    positions = {part: place for part, place in positions.items() if place not in interests}
    used = {place: part for part, place in positions.items()} | dict.fromkeys(interests, Part.INTERESTS)
    last = max(place for place, name in enumerate(names) if name)
    # "email,name,interests,,": what stands right of the last name are more interests.
    goes_on = system is PLAIN and last in interests and names[last] not in _TAGS
    return Reading(
        system=system,
        has_header=True,
        used=tuple((_one_line(first[place]), used[place]) for place in sorted(used)),
        ignored=tuple(_one_line(cell) for place, cell in enumerate(first) if place not in used and names[place]),
        width=last + 1 if goes_on else len(first),
        goes_on=goes_on,
        positions=positions,
        interests=tuple(sorted(interests)),
        tags=frozenset(place for place in interests if system.commas or names[place] in _TAGS),
    )


def plain(name: str) -> str:
    """A column's name without what differs between exports: "Email Address" is email_address."""
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")


def _headless(interests_from: str) -> Reading:
    if interests_from:
        raise UnreadableTable(
            f"This list has no header line, so no column is named {interests_from!r}. Put a header above it, such as "
            "email,name,interests."
        )
    return Reading(
        system=PLAIN,
        has_header=False,
        used=(("1st cell", Part.ADDRESS), ("2nd cell", Part.NAME), ("all others", Part.INTERESTS)),
        ignored=(),
        width=2,
        goes_on=True,
        positions={Part.ADDRESS: 0, Part.NAME: 1},
        interests=(),
        tags=frozenset(),
    )


def _address_column(first: Sequence[str], names: Sequence[str]) -> int:
    places = [place for place, name in enumerate(names) if "mail" in name]
    if len(places) == 1:
        return places[0]
    hint = ""
    if any(map(looks_like_address, first)):
        hint = " (It holds an address, but not in its first cell, where a list without a header must have it.)"
    raise UnreadableTable(
        f"No column of this list is known to hold addresses. Its first line is: {_shown(first)}.{hint} "
        'Name that column "email" and import the list again.'
    )


def _named_column(first: Sequence[str], names: Sequence[str], wanted: str, address: int) -> int:
    name = plain(wanted)
    if not name or name not in names or names.index(name) == address:
        raise UnreadableTable(f"This list has no column {wanted!r} for interests. It has: {_shown(first)}.")
    return names.index(name)


def _shown(cells: Sequence[str]) -> str:
    return _one_line(", ".join(cell.strip()[:30] for cell in cells[:40] if cell.strip()))


def _words(of: Cells) -> str:
    said = []
    for date_part, ip_part, event in _DATES:
        cell = of.get(date_part, "")
        try:
            moment = moment_in(cell)
        except ValueError:
            said.append(f"{event} at {cell[:40]}")
            continue
        if moment:
            ip = _ip(of.get(ip_part, ""))
            said.append(f"{event} at {moment:%Y-%m-%d %H:%M:%S} UTC" + (f" from IP {ip}" if ip else ""))
    said += [f"{event} {of[part][:80]}" for part, event in _ENDS if of.get(part)]
    return _one_line("; ".join(said))


def _one_line(text: str) -> str:
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def _ip(cell: str) -> str:
    return cell if _IP.fullmatch(cell) else ""


def _moment_if_any(cell: str) -> datetime | None:
    try:
        return moment_in(cell)
    except ValueError:
        return None


def _day(cell: str) -> date | None:
    try:
        return date.fromisoformat(cell) if cell else None
    except ValueError:
        raise ValueError(f"{cell[:40]!r} is no day that can be read. Write it as 2026-11-22.") from None


def _cadence(of: Cells) -> Cadence | None:
    if not of.get(Part.FREQUENCY):
        return None
    return cadence_in(of[Part.FREQUENCY], of.get(Part.DAY, ""), of[Part.AT], of[Part.TIMEZONE])
