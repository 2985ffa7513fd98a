"""Spans of time in people's words: "3 weeks", "a month", "zehn Tage"."""

from collections.abc import Sequence

from newsletter.mailbox.words import phrases

_ARTICLES = phrases("a, an, ein, eine, einen, un, une, una, um, uma, een, the, next, this")
_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "one, eins, uno, één, a, an, ein, eine, einen, un, une, una, um, uma, een, the, next, this",
            "two, zwei, deux, dos, due, dois, duas, twee",
            "three, drei, trois, tres, tre, três, drie",
            "four, vier, quatre, cuatro, quattro, quatro",
            "five, fünf, cinq, cinco, cinque, vijf",
            "six, sechs, seis, sei, zes",
            "seven, sieben, sept, siete, sette, sete, zeven",
            "eight, acht, huit, ocho, otto, oito",
            "nine, neun, neuf, nueve, nove, negen",
            "ten, zehn, dix, diez, dieci, dez, tien",
            "eleven, elf, undici",
            "twelve, zwölf, douze, doce, dodici, doze, twaalf",
        ),
        1,
    )
    for word in phrases(words)
}
#: Days of one unit.
_UNITS = {
    word: days
    for days, words in (
        (1.0, "day, days, tag, tage, tagen, jour, jours, día, días, dia, dias, giorno, giorni, dag, dagen"),
        (7.0, "week, weeks, wk, wks, woche, wochen, semaine, semaines, semana, semanas, settimana, settimane, weken"),
        (365 / 12, "month, months, monat, monate, monaten, mois, mes, meses, mese, mesi, mês, maand, maanden"),
        (365.0, "year, years, jahr, jahre, ans, année, año, años, anno, anni, ano, anos, jaar"),
    )
    for word in phrases(words)
}


def weeks_in(words: Sequence[str]) -> int | None:
    """The weeks that words such as `3 weeks`, `a month`, `10 days` or `2` name; None where they name no span.

    Days are rounded up to whole weeks, months and years to the nearest.
    """
    match words:
        case [unit] if unit in _UNITS:
            number, days = 1, _UNITS[unit]
        case [count] if count not in _ARTICLES:
            number, days = _number(count), 7.0
        case [count, unit] if unit in _UNITS:
            number, days = _number(count), _UNITS[unit]
        case _:
            return None
    if number < 0:
        return None
    weeks = number * days / 7
    return -int(-weeks // 1) if days < 7 else round(weeks)


def span_and_others(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Words, divided into those that make a span of time and all others; an article counts before a unit only."""
    span: list[str] = []
    others: list[str] = []
    for position, word in enumerate(words):
        counts = bool(_UNITS.keys() & words[position + 1 : position + 2]) if word in _ARTICLES else _number(word) >= 0
        (span if counts or word in _UNITS else others).append(word)
    return span, others


def _number(word: str) -> int:
    """-1 for no number; more than four digits are none that anybody means."""
    if word.isascii() and word.isdigit():
        return int(word[:4])
    return _NUMBERS.get(word, -1)
