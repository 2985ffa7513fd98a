"""What a mail server's "later" says: of what kind it is, and how long to wait where it names a time. Pure."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from newsletter.delivery.verdicts import Verdict, told_by

#: A time that a server names is taken as at least and at most this.
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=6)
#: More of an answer than this says nothing new.
MAX_TEXT = 1_000


class Kind(StrEnum):
    """Why the server said "later"."""

    #: it does not know us yet and wants to see whether we come back
    GREYLISTED = "greylisted"
    #: the reader's mailbox is full
    FULL = "full"
    #: we are too fast for it, or it is too busy
    RATE = "rate"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Later:
    """A "later", understood."""

    kind: Kind
    #: how long the server asks to be left alone, within `SHORTEST` and `LONGEST`; None where it does not say
    wait: timedelta | None
    #: is it about this message to this reader only, so that it says nothing about the next one?
    personal: bool


def understood(answer: str) -> Later:
    """Read a server's words ("450 4.2.0 greylisted, try again in 300 seconds"); any text will do."""
    text = _LINE.sub(" ", answer[:MAX_TEXT]).casefold().replace("’", "'")
    text = " ".join(text.split())
    kind = _kind(answer, text)
    personal = kind is Kind.FULL or bool(_GREYLISTED.search(text) or _OF_ONE.search(text))
    return Later(kind, named_wait(text), personal)


def _kind(answer: str, text: str) -> Kind:
    if _FULL_CODE.search(text):
        return Kind.FULL
    if _GREYLISTED.search(text):
        return Kind.GREYLISTED
    if _RATE.search(text):
        return Kind.RATE
    # A disk that is full is the server's own trouble, and soon over.
    if told_by("", answer) is Verdict.FULL and not _SYSTEM.search(text):
        return Kind.FULL
    if _REPLY_421.search(text):
        return Kind.RATE
    return Kind.GREYLISTED if _MAYBE_GREYLISTED.search(text) else Kind.OTHER


def named_wait(text: str) -> timedelta | None:
    """The time that a text asks to wait ("try again in 5 minutes", "retry after 300", "come back in 00:05:00").

    `text` is in lower case, with one space between words.
    """
    seconds: float | None = None
    if clock := _CLOCK.search(text):
        seconds = int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3])
    elif found := _AFTER_CUE.search(text) or _BEFORE_CUE.search(text):
        seconds = _amount(found, text)
    elif found := _CJK.search(text):
        seconds = float(found[1]) * (1 if found[2] == "秒" else 60 if found[2].startswith("分") else 3600)
    elif bare := _BARE.search(text):
        seconds = float(bare[1])
    if seconds is None:
        return None
    return timedelta(seconds=min(max(seconds, SHORTEST.total_seconds()), LONGEST.total_seconds()))


def _amount(found: re.Match[str], text: str) -> float:
    """ "1 hour and 30 minutes" in seconds."""
    total, end = 0.0, found.start("number")
    while more := _AMOUNT.match(text, end):
        number = more["number"].replace(",", ".")
        count = _NUMBERS[number] if number in _NUMBERS else float(number)
        total += count * next(seconds for name, seconds in _UNITS.items() if more[name])
        end = _AND.match(text, more.end()).end()  # type: ignore[union-attr] # it matches nothing, too
    return total


# Each line of an answer may bring its code again.
_LINE = re.compile(r"[\r\n]+(?:[245]\d\d[ -])?(?:[245]\.\d{1,3}\.\d{1,3}[ -])?")
_FULL_CODE = re.compile(r"\b[45]\.2\.2\b")
_GREYLISTED = re.compile(r"gr[ea]y.?list|postgrey|gr[ea]y.?trap")
_RATE = re.compile(
    r"\btoo (?:many|much|fast|quickly|frequent)|\brate.?limit|throttl|\bat a rate|unusual (?:rate|traffic|volume)"
    r"|\b(?:rate|quota|(?<!size )limits?) (?:\w+ ){0,3}(?:exceed|reach)|exceed\w* (?:\w+ ){0,3}(?:rate|connections)\b"
    r"|temporarily deferred|unexpected volume|slow(?:er)? down|\breduce\w* (?:\w+ ){0,3}rate"
    r"|(?:sending|daily) (?:\w+ )?(?:quota|limit)|concurren|server (?:is )?(?:too )?busy"
    r"|\b4\.7\.(?:28|5\d\d|65\d)\b|\brp-00\d|\btss?\d\d\b"
)
_SYSTEM = re.compile(r"\b4\.3\.\d|\bsystem (?:storage|resource|disk)|(?:disk|storage) (?:\w+ )?on (?:the )?server")
_REPLY_421 = re.compile(r"(?<![\w.])421(?=[ -]|$)")
_MAYBE_GREYLISTED = re.compile(r"(?<![\w.])45[01][ -](?:4\.7\.1\b|.{0,60}\bfirst (?:time|contact|attempt))")
# 4.1.x and 4.2.x are about the address and its mailbox; 4.1.7 and 4.1.8 about ours.
_OF_ONE = re.compile(r"(?<![\w.])4\.(?:2\.\d|1\.(?![78]\b)\d)")

_NUMBERS = {
    "half an": 0.5,
    **dict.fromkeys("a an one eine einer ein une un una uma um een een één ett en".split(), 1.0),
    "two": 2.0,
    "three": 3.0,
    "five": 5.0,
    "ten": 10.0,
    "fifteen": 15.0,
    "thirty": 30.0,
    "sixty": 60.0,
}
_NUMBER = r"(?P<number>\d{1,7}(?:[.,]\d{1,3})?|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + ")"
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_UNIT = (
    r"(?:(?P<s>s|secs?|second[eio]?s?|seconden|sek|sekund\w*|segs?|segundos?|сек\w*)"
    r"|(?P<m>m|mins?|minut\w*|мин\w*)"
    r"|(?P<h>h|hrs?|hours?|std|stunden?|heures?|horas?|or[ae]|uur|uren|timm\w+|timer?|godz\w*|час\w*)"
    r"|(?P<d>d|days?|tag(?:en?|e)?|jours?|d[ií]as?|giorn[oi]|dag(?:en|ar|e)?|dni|дн\w*|сут\w*))(?![^\W\d_])"
)
_ONE = rf"{_NUMBER} ?\(?{_UNIT}"
_AMOUNT = re.compile(_ONE)
_AND = re.compile(r"(?:,? (?:and |und |et |y |e |en )?)?")
_CUE = (
    r"\b(?:again|retr(?:y|ies|ying)|re-?(?:send|submit|connect|attempt|deliver)\w*|come back|call back|later|wait\w*"
    r"|paus\w*|delay\w*|defer\w*|gr[ea]y-?list\w*|block\w*|suspend\w*|hold|sleep|throttl\w*|attempt|try|next"
    r"|erneut|noch ?(?:ein)?mals?|wieder\w*|versuch\w*|wart\w*|réessa\w*|ressa\w*|patient\w*|attend\w*|nouveau"
    r"|intent\w*|inténte\w*|esper\w*|reintent\w*|nuevo|riprov\w*|tent\w*|novamente|aguard\w*|probeer\w*|wacht\w*"
    r"|opnieuw|повтор\w*|подожд\w*|попроб\w*|спустя|spróbuj\w*|ponownie|odczekaj|försök\w*|prøv\w*|igen|vänta\w*)\b"
)
# Not "wait, you sent 60 messages in the last 5 minutes".
_GAP = (
    r"[,:=]?(?: ?\(?(?!(?:last|past|previous|per|within|every|each|than|messages?|mails?|e-?mails?|connections?|"
    r"recipients?|sent|used|exceeded)\b)[^\W\d_][\w'-]{0,20}[,:]?){0,7}? ?[(=]?"
)
_RANGE = r"(?:\d{1,5} ?(?:-|–|to) ?)?"
_AFTER_CUE = re.compile(_CUE + _GAP + r"(?<![\w.:/])" + _RANGE + _ONE)
_BEFORE_CUE = re.compile(
    r"\b(?:in|after|for|nach|dans|après|en|dentro de|tra|fra|dopo|em|over|na|через|za|om|efter) "
    + _ONE
    + r"(?: [^\W\d_]+){0,3} (?:again|retry|try|erneut|noch ?(?:ein)?mals?|wieder|opnieuw|igen|ponownie|nuevo|nouveau)\b"
)
_CLOCK = re.compile(_CUE + _GAP + r"\b(?:in|for|after) (\d{1,2}):([0-5]\d):([0-5]\d)\b(?! ?(?:utc|gmt|[+-]\d))")
_CJK = re.compile(r"(\d{1,6}) ?(秒|分|小时|小時|時間)(?:钟|鐘)?(?:以|之)?(?:后|後)")
# "Retry-After: 300", "retry=300": seconds where no unit is said, and neither a date nor an hour.
_BARE = re.compile(r"\b(?:retry(?:[ -]?after)?(?: ?[:=] ?| )|again (?:in|after) )(\d{1,6})(?![\w.:/-]|,\d| [^\W\d_])")
