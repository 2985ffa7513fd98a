"""What people type: the fields about what, when and how often with their mistakes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from newsletter.bodies import Form
from newsletter.rendering import words
from newsletter.web.zones import offered
from subscribers.address import parse_address
from subscribers.cadence import WEEKDAYS, Cadence, Frequency, parse_cadence
from subscribers.errors import InvalidAddress, InvalidCadence, InvalidInterest
from subscribers.interests import Interest, lines_in, parse_interests
from subscribers.people import Subscriber

CADENCES = (
    (str(Frequency.DAILY), "Every day"),
    (str(Frequency.WEEKLY), "Every week"),
    (str(Frequency.MONTHLY), "Every month"),
)
_HOURS = tuple((f"{hour:02}:00", f"{hour:02}:00") for hour in range(24))
_DAYS = tuple((str(day), f"{day}") for day in range(1, 29)) + tuple(
    (str(day), f"{day}, or the last") for day in (29, 30, 31)
)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields of a form, right or wrong."""

    address: str = ""
    name: str = ""
    interests: str = ""
    cadence: str = ""
    weekday: str = ""
    day: str = ""
    hour: str = ""
    timezone: str = ""
    announcements: bool = True


@dataclass(frozen=True, slots=True)
class Checked:
    """The same, understood; `wrong` tells by field what was not."""

    typed: Typed
    interests: tuple[Interest, ...] = ()
    #: None where it is wrong
    cadence: Cadence | None = None
    wrong: dict[str, str] = field(default_factory=dict)


def typed_of(person: Subscriber) -> Typed:
    """What a form about this person begins with."""
    return replace(
        _typed_cadence(person.cadence),
        address=person.address,
        name=person.name,
        interests=lines(person.interests),
        announcements=person.announcements,
    )


def typed_in(form: Form, before: Typed) -> Typed:
    """What was posted; fields that are not there stay as they were."""
    return Typed(
        address=form.get("address", before.address).strip(),
        name=form.get("name", before.name),
        interests=form.get("interests", before.interests),
        cadence=form.get("cadence", before.cadence),
        weekday=form.get("weekday", before.weekday),
        day=form.get("day", before.day),
        hour=form.get("hour", before.hour),
        timezone=form.get("timezone", before.timezone),
        announcements=form.get("announcements") == "yes",
    )


def empty(cadence: Cadence) -> Typed:
    """What a new form begins with."""
    return _typed_cadence(cadence)


def check_wishes(typed: Typed) -> Checked:
    """Understand what, when and how often."""
    wrong: dict[str, str] = {}
    interests: tuple[Interest, ...] = ()
    try:
        interests = parse_interests(lines_in(typed.interests))
    except InvalidInterest as error:
        wrong["interests"] = str(error)
    frequency, cadence = typed.cadence, None
    day = typed.day if frequency == Frequency.MONTHLY else typed.weekday
    # Each field by itself, with a day, an hour and a zone that are right for the others: so each mistake finds its own.
    for name, parts in (
        ("cadence", (frequency, "monday" if frequency != Frequency.MONTHLY else "1", "08:00", "UTC")),
        ("day" if frequency == Frequency.MONTHLY else "weekday", (frequency, day, "08:00", "UTC")),
        ("hour", ("daily", "", typed.hour, "UTC")),
        ("timezone", ("daily", "", "08:00", typed.timezone)),
    ):
        try:
            parse_cadence(*parts)
        except InvalidCadence as error:
            wrong[name] = _short(error)
            if name == "cadence":
                break
    if not wrong.keys() & {"cadence", "day", "weekday", "hour", "timezone"}:
        cadence = parse_cadence(frequency, day, typed.hour, typed.timezone)
    return Checked(typed, interests, cadence, wrong)


def check_address(typed: str) -> tuple[str, str]:
    """(the address as mail wants it, what is wrong with it): one of the two is empty."""
    if not typed.strip():
        return "", "Write the address that your issues shall come to."
    try:
        return parse_address(typed), ""
    except InvalidAddress as error:
        if "outside ASCII" in str(error):
            return "", "Most mail servers refuse letters outside ASCII before the @. Give another address of yours."
        return "", _short(error)


def choices(typed: Typed, now: datetime) -> dict[str, Any]:
    """What the select fields offer, with what is chosen already."""
    hours = _HOURS
    if typed.hour and typed.hour not in dict(_HOURS):
        hours = tuple(sorted((*_HOURS, (typed.hour[:20], typed.hour[:20]))))
    return {
        "cadences": CADENCES,
        "weekdays": [(name, name.title()) for name in WEEKDAYS],
        "days": _DAYS,
        "hours": hours,
        "zones": offered(typed.timezone[:60], now.year),
    }


def lines(interests: Iterable[Interest]) -> str:
    """Interests as they stand in a form, one a line."""
    return "\n".join(map(str, interests))


def mend(wrong: Mapping[str, str]) -> str:
    """What stands above a form with mistakes."""
    count = len(wrong)
    return f"{words.number(count).capitalize()} {'thing needs' if count == 1 else 'things need'} mending below."


def _typed_cadence(cadence: Cadence) -> Typed:
    weekly, monthly = cadence.frequency is Frequency.WEEKLY, cadence.frequency is Frequency.MONTHLY
    return Typed(
        cadence=str(cadence.frequency),
        weekday=WEEKDAYS[cadence.day - 1] if weekly else "friday",
        day=str(cadence.day) if monthly else "1",
        hour=f"{cadence.at:%H:%M}",
        timezone=cadence.timezone,
    )


def _short(error: Exception) -> str:
    text = str(error)
    return text if len(text) <= 300 else text[:299] + "…"
