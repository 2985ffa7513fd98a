"""A cadence in people's words: "weekly on friday at 8", "once a month", "every tuesday", "at 7 pm"."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time

from newsletter.mailbox.words import FILLERS, phrases
from newsletter.readers.asked import ChangeCadence, Unclear
from subscribers.cadence import Frequency

_FREQUENCIES = {
    phrase: frequency
    for frequency, table in {
        Frequency.DAILY: """
            daily, everyday, every day, each day, once a day, once per day, per day, täglich, jeden tag, quotidien,
            quotidienne, tous les jours, chaque jour, diario, diaria, cada día, todos los días, giornaliero,
            ogni giorno, todos os dias, diário, dagelijks, elke dag
            """,
        Frequency.WEEKLY: """
            weekly, every week, each week, once a week, once per week, per week, wöchentlich, jede woche,
            einmal pro woche, hebdomadaire, chaque semaine, semanal, cada semana, settimanale, ogni settimana,
            toda semana, wekelijks, elke week
            """,
        Frequency.MONTHLY: """
            monthly, every month, each month, once a month, once per month, per month, monatlich, jeden monat,
            einmal im monat, mensuel, mensuelle, chaque mois, mensual, cada mes, mensile, ogni mese, mensal, todo mês,
            maandelijks, elke maand
            """,
    }.items()
    for phrase in phrases(table)
}
_WEEKDAYS = {
    word: number
    for number, words in enumerate(
        (
            "monday, mondays, mon, montag, montags, lundi, lunes, lunedì, segunda, maandag",
            "tuesday, tuesdays, tue, tues, dienstag, dienstags, mardi, martes, martedì, terça, dinsdag",
            "wednesday, wednesdays, wed, mittwoch, mittwochs, mercredi, miércoles, mercoledì, quarta, woensdag",
            "thursday, thursdays, thu, thur, thurs, donnerstag, donnerstags, jeudi, jueves, giovedì, quinta, donderdag",
            "friday, fridays, fri, freitag, freitags, vendredi, viernes, venerdì, sexta, vrijdag",
            "saturday, saturdays, sat, samstag, samstags, sonnabend, samedi, sábado, sabato, zaterdag",
            "sunday, sundays, sun, sonntag, sonntags, dimanche, domingo, domenica, zondag",
        ),
        1,
    )
    for word in phrases(words)
}
_AT = phrases("at, um, à, alle, ore, om, às, las, by, around")
#: What stands before a weekday that is meant to come again.
_EVERY = phrases("on, every, each, jeden, jede, am, le, chaque, el, los, cada, il, ogni, na, toda, op, elke, iedere")
#: What stands before or after a day of the month.
_THE = phrases("the, day, on, am, le, el, il, dia, día, op, de")
_ORDINALS = phrases("st, nd, rd, th, er")
_O_CLOCK = phrases("o'clock, uhr, h, heures, horas, uur")
_ABOUT = (
    FILLERS
    | _AT
    | _EVERY
    | _THE
    | phrases(
        """
        change, switch, set, make, move, deliver, delivery, cadence, frequency, schedule, rhythm, instead, time, hour,
        prefer, day, date, auf, umstellen, only
        """
    )
)


@dataclass(slots=True)
class _Named:
    """What words name so far."""

    frequencies: set[Frequency] = field(default_factory=set)
    weekdays: set[int] = field(default_factory=set)
    dates: set[int] = field(default_factory=set)
    times: set[time] = field(default_factory=set)
    #: a weekday that comes again, as in "on fridays": not just the word
    every: bool = False


def cadence_in(words: Sequence[str]) -> ChangeCadence | Unclear | None:
    """The change that words ask for, or why it cannot be made; None where they are about anything else.

    Words are in lower case; a time of day with minutes is one word ("8:30").
    """
    named = _Named()
    position = 0
    while position < len(words):
        used = _frequency(words, position, named) or _weekday(words, position, named) or _number(words, position, named)
        if not used and words[position] not in _ABOUT:
            return None
        position += used or 1
    return _change(named)


def names_frequency(word: str) -> bool:
    """Whether a word is "daily" or the like."""
    return word in _FREQUENCIES


def _frequency(words: Sequence[str], position: int, named: _Named) -> int:
    for length in (3, 2, 1):
        phrase = " ".join(words[position : position + length])
        if phrase in _FREQUENCIES:
            given_up = words[position - 1 : position] == ["from"] or words[position - 2 : position] == ["instead", "of"]
            if not given_up:
                named.frequencies.add(_FREQUENCIES[phrase])
            return phrase.count(" ") + 1
    return 0


def _weekday(words: Sequence[str], position: int, named: _Named) -> int:
    day = _WEEKDAYS.get(words[position])
    if day is None:
        return 0
    named.weekdays.add(day)
    named.every = named.every or words[position].endswith("s") or (position > 0 and words[position - 1] in _EVERY)
    return 1


def _number(words: Sequence[str], position: int, named: _Named) -> int:
    """A time of day or a day of the month; 0 words for neither."""
    hour, colon, minute = words[position].partition(":")
    if not (hour.isascii() and hour.isdigit() and len(hour) <= 2):
        return 0
    before = words[position - 1] if position else ""
    after = words[position + 1] if position + 1 < len(words) else ""
    half = after if after in ("am", "pm") else ""
    if colon or half or after in _O_CLOCK or before in _AT:
        clock = int(hour) % 12 + 12 * (half == "pm") if half and 1 <= int(hour) <= 12 else int(hour)
        if clock > 23 or int(minute or 0) > 59:
            return 0
        named.times.add(time(clock, int(minute or 0)))
        return 2 if half or after in _O_CLOCK else 1
    if 1 <= int(hour) <= 31 and (after in _ORDINALS or before in _THE):
        named.dates.add(int(hour))
        return 2 if after in _ORDINALS else 1
    return 0


def _change(named: _Named) -> ChangeCadence | Unclear | None:
    if any(len(several) > 1 for several in (named.frequencies, named.weekdays, named.dates, named.times)):
        return Unclear("Several rhythms, days or hours are named at once. Name one, such as “weekly on friday at 8”.")
    frequency = next(iter(named.frequencies), None)
    weekday = next(iter(named.weekdays), None)
    date = next(iter(named.dates), None)
    at = next(iter(named.times), None)
    if weekday is not None and frequency is None:
        # A weekday alone may be the subject of any mail.
        frequency = Frequency.WEEKLY
        if not (named.every or at):
            return None
    if weekday is not None and frequency is not Frequency.WEEKLY:
        return Unclear("A weekday goes with a weekly issue. Write “weekly on friday”, “daily” or “monthly on the 1st”.")
    if date is not None and frequency is not Frequency.MONTHLY:
        return Unclear(
            "A day of the month goes with a monthly issue. Write “monthly on the 1st” or “weekly on friday”."
        )
    if frequency is None and at is None:
        return None
    return ChangeCadence(frequency, weekday if date is None else date, at)
