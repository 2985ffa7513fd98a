"""What a check finds: which check, how bad, what was found, what to do, and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is; the worst first."""

    #: the mail would not leave, or be wrong in readers' hands
    ERROR = "error"
    #: some readers, or their mail servers, will mind it
    WARNING = "warning"
    #: worth knowing, and often meant
    NOTE = "note"
    OK = "ok"


class PlaceKind(StrEnum):
    """What a place is, so that whoever shows it knows where to go."""

    ENTRY = "entry"
    READER = "reader"
    SETTING = "setting"
    TEMPLATE = "template"
    INTRO = "intro"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to go and mend it."""

    kind: PlaceKind
    #: an entry's id, an address, a setting's name, a file (“issue/card.html:3”)
    name: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    #: two or three words, the same for all findings of one check: “Size”, “Text contrast”
    check: str
    severity: Severity
    #: a sentence, with the figures
    found: str
    #: a sentence; empty where nothing need be done
    todo: str = ""
    #: the worst or first few
    places: tuple[Place, ...] = ()


def worst(findings: Iterable[Finding]) -> Severity:
    """The worst there is; OK where there is nothing."""
    return min((one.severity for one in findings), key=list(Severity).index, default=Severity.OK)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same findings; those that are as bad as each other stay in their order."""
    return tuple(sorted(findings, key=lambda one: list(Severity).index(one.severity)))


@dataclass(frozen=True, slots=True)
class Check:
    """One check by its name, and what can be said of it."""

    name: str

    def error(self, found: str, todo: str, *places: Place) -> Finding:
        """The mail would not leave, or be wrong in readers' hands."""
        return Finding(self.name, Severity.ERROR, found, todo, places)

    def warning(self, found: str, todo: str, *places: Place) -> Finding:
        """Some readers, or their mail servers, will mind it."""
        return Finding(self.name, Severity.WARNING, found, todo, places)

    def note(self, found: str, todo: str = "", *places: Place) -> Finding:
        """Worth knowing, and often meant."""
        return Finding(self.name, Severity.NOTE, found, todo, places)

    def ok(self, found: str) -> Finding:
        """All is well."""
        return Finding(self.name, Severity.OK, found)


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its word: “1 entry”, “1,200 readers”."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def entry_places(ids: Iterable[int], most: int = 5) -> tuple[Place, ...]:
    """The first few of these entries."""
    return tuple([Place(PlaceKind.ENTRY, str(entry_id)) for entry_id in ids][:most])


def titles(names: Iterable[str], most: int = 2, length: int = 70) -> str:
    """The first few titles, quoted and cut: “One”, “Two …” and 3 more."""
    all_ = list(names)
    said = ", ".join(f"“{name if len(name) <= length else name[: length - 1] + '…'}”" for name in all_[:most])
    return said + (f" and {len(all_) - most:,} more" if len(all_) > most else "")
