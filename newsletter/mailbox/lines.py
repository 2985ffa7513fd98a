"""One line of a mail → what it asks for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.mailbox.rhythm import cadence_in, names_frequency
from newsletter.mailbox.spans import span_and_others, weeks_in
from newsletter.mailbox.words import CLEARLY_LEAVE, FILLERS, LONGEST, MEANINGS, Meaning, phrases
from newsletter.readers.asked import (
    ChangeTimezone,
    Command,
    Confirm,
    Decline,
    Erase,
    Follow,
    Help,
    Leave,
    Less,
    More,
    Mute,
    Pause,
    Resume,
    SendData,
    ShowInterests,
    Subscribe,
    Unclear,
    Unfollow,
)
from subscribers.cadence import parse_timezone
from subscribers.errors import InvalidCadence
from subscribers.interests import Interest, divided

#: Nobody asks for one thing in more words.
MAX_WORDS = 30
MAX_INTEREST = 300
MAX_WEEKS = 52

_WORD = re.compile(r"\d{1,2}[:.h]\d\d(?!\d)|\d+|[^\W\d_]+(?:['-][^\W\d_]+)*")
_TIME = re.compile(r"(\d)[.h](\d)")
_NOT_WORDS = re.compile(r"https?://\S{1,500}|<[^<>\s]{1,300}>|[\w.+=-]{1,64}@[\w.-]{1,255}")
# German takes some verbs apart: "melden Sie mich bitte vom Newsletter ab".
_SEPARATED = re.compile(r"\b(meld)en?\s(?=[^.,;!?]{0,80}\b(ab|an)\b)((?:(?!\b(?:ab|an)\b)[^.,;!?]){0,80})\b(?:ab|an)\b")
_ORNAMENTS = " \t\"“”„‚‘«»*_`'()[]"

_OPERATION = re.compile(
    r"(?P<sign>[+＋−–-]|(?:not|no|mute|follow|add|unfollow|unmute)\s{0,3}:)\s{0,3}(?P<text>[^\s+＋−–-].*)",
    re.IGNORECASE,
)
_NOT = re.compile(r"not?\s{0,3}:\s{0,3}(.+)", re.IGNORECASE)
_TELEPHONE = re.compile(r"\+\s?\d[\d\s()/.-]{5,}")
_TIMEZONE = re.compile(
    r"(?:please )?(?:(?:set|change|switch) )?(?:my )?(?:time ?zone|zeitzone|fuseau(?: horaire)?|zona horaria"
    r"|fuso orario|fuso horário|tijdzone)\s{0,3}[:=]?\s{0,3}(?:to |is )?(\S{2,60})",
    re.IGNORECASE,
)
_MORE = phrases("more, mehr, plus, más, più, mais, meer")
_LESS = phrases("less, fewer, weniger, moins, menos, meno, minder")
_LIKE = phrases(
    """
    like, of, this, these, such, as, as in, number, numbers, no, nr, entry, entries, paper, papers, item, items,
    article, articles, and, or, und, et, y, e, en, the, please, als, wie, comme, como, come, zoals, things, ones
    """
)
_UNTIL = phrases("until, till, bis, jusqu'à, jusqu'au, hasta, fino, até, tot")
_FOR_HOW_LONG = _UNTIL | phrases("for, during, für, pour, pendant, por, durante, per, voor")
#: What leaving is about, besides oneself.
ABOUT_MAIL = phrases(
    """
    list, lists, mailing, mailinglist, newsletter, newsletters, digest, email, emails, e-mail, e-mails, mail, mails,
    message, messages, subscription, subscriptions, sending, emailing, spamming, spam, receiving, receive, issues,
    updates, notifications, verteiler, liste, abo, lettre, infolettre, lista, boletín, boletim, correos, iscrizione,
    abbonamento, assinatura, inscrição, nieuwsbrief, abonnement, lijst, inscription, suscripción
    """
)
#: With these, and without the former, it is about something else: "I have to leave now".
_ELSEWHERE = phrases(
    "have, day, morning, afternoon, evening, good, today, here, there, soon, need, am, is, are, be, go, on, in, at, up,"
    "by, the"
)

_COMMANDS: dict[Meaning, Command] = {
    Meaning.SUBSCRIBE: Subscribe(),
    Meaning.CONFIRM: Confirm(),
    Meaning.DECLINE: Decline(),
    Meaning.LEAVE: Leave(),
    Meaning.REFUSE: Leave(),
    Meaning.RESUME: Resume(),
    Meaning.INTERESTS: ShowInterests(),
    Meaning.DATA: SendData(),
    Meaning.ERASE: Erase(),
    Meaning.HELP: Help(),
}


@dataclass(frozen=True, slots=True)
class Spelling:
    """Words of a clause, as far as they mean something."""

    meanings: tuple[Meaning, ...]
    #: words that are neither meaningful nor polite
    unknown: tuple[str, ...]
    #: the phrases that the meanings were read from
    phrases: tuple[str, ...]
    #: polite and other words without weight
    fillers: tuple[str, ...]


def words_of(text: str) -> list[str]:
    """The words in lower case, without addresses, links and punctuation; a time of day is one word ("8:30")."""
    plain = _NOT_WORDS.sub(" ", text[: MAX_INTEREST * 2]).casefold().replace("’", "'")
    plain = _SEPARATED.sub(lambda found: f"{found[2]}{found[1]}en {found[3]} ", plain)
    return [_TIME.sub(r"\1:\2", word) if word[0].isdigit() else word for word in _WORD.findall(plain)]


def spelled(words: Sequence[str]) -> Spelling:
    """What the words mean, the longest phrase first."""
    meanings: list[Meaning] = []
    said: list[str] = []
    unknown: list[str] = []
    fillers: list[str] = []
    position = 0
    while position < len(words):
        for length in range(min(LONGEST, len(words) - position), 0, -1):
            phrase = " ".join(words[position : position + length])
            if phrase in MEANINGS:
                meanings.append(MEANINGS[phrase])
                said.append(phrase)
                position += length
                break
        else:
            if words[position] in FILLERS:
                fillers.append(words[position])
            else:
                unknown.append(words[position])
            position += 1
    return Spelling(tuple(meanings), tuple(unknown), tuple(said), tuple(fillers))


def read_line(line: str) -> list[Command | Unclear]:
    """What the line asks for, as a whole; nothing where it is no command."""
    text = line.strip(_ORNAMENTS)
    words = words_of(text)
    if not words and text.strip(" .") == "?":
        return [Help()]
    if papers := _papers(line.strip()) or _papers(text):  # whole first: a quote at the end may be a title's
        return [papers]
    if not words or len(words) > MAX_WORDS:
        return []
    if operation := _operation(text):
        return [operation]
    if zone := _TIMEZONE.fullmatch(text.rstrip(" .!")):
        return [_timezone(zone[1])]
    for reader in (_votes, _pause, _clauses):
        if read := reader(text, words):
            return read
    if cadence := cadence_in(words):
        return [cadence]
    return _subscribe_to(text, words) or _broken_cadence(text, words)


def _papers(text: str) -> Command | None:
    """ "+ 2312.00752, 10.1038/…": papers, of which a line may name many."""
    found = _OPERATION.fullmatch(text)
    return _wish(found) if found and Interest(found["text"].strip()).papers else None


def _operation(text: str) -> Command | Unclear | None:
    """ "+ topic", "- topic", "not: topic"."""
    found = _OPERATION.fullmatch(text)
    if not found or _TELEPHONE.match(text) or not any(c.isalpha() for c in found["text"]):
        return None
    topic = found["text"].strip()
    if len(topic) > MAX_INTEREST:
        return Unclear(f"“{topic[:40]}…” is too long for an interest; {MAX_INTEREST} characters are the most.")
    wish = _wish(found)
    if isinstance(wish, Unfollow):
        meant = spelled(words_of(topic))
        if set(meant.meanings) == {Meaning.LEAVE} and not meant.unknown:
            # A command as an item of a list: "- unsubscribe".
            return Leave()
    return wish


def _wish(operation: re.Match[str]) -> Follow | Mute | Unfollow:
    """What a sign before an interest asks for; it may stand before "not:" too."""
    sign, topic = operation["sign"].rstrip(" :").casefold(), operation["text"].strip()
    if sign in ("not", "no", "mute"):
        return Mute(topic)
    muted = _NOT.match(topic)
    if sign in ("+", "＋", "follow", "add"):
        return Mute(muted[1]) if muted else Follow(topic)
    return Unfollow(muted[1] if muted else topic)


def _timezone(name: str) -> Command | Unclear:
    places = "/".join("_".join(part.capitalize() for part in place.split("_")) for place in name.split("/"))
    for spelling in (name, places, name.upper()):
        try:
            return ChangeTimezone(parse_timezone(spelling))
        except InvalidCadence as error:
            refusal = str(error)
    return Unclear(refusal.replace(repr(name.upper()), repr(name)))


def _votes(text: str, words: Sequence[str]) -> list[Command | Unclear]:
    """ "more 3, less 2 and 5"."""
    start = next((n for n, word in enumerate(words) if word not in FILLERS - _MORE), len(words))
    if start == len(words) or words[start] not in _MORE | _LESS:
        return []
    votes: list[tuple[type[More | Less], list[int]]] = []
    for word in words[start:]:
        if word in _MORE:
            votes.append((More, []))
        elif word in _LESS:
            votes.append((Less, []))
        elif word.isascii() and word.isdigit():
            votes[-1][1].append(int(word[:4]))
        elif word not in _LIKE:
            # "more 3 weeks of this" is about something else; "more abc" only lacks its number.
            return [_no_number(text, words[start])] if len(words) - start <= 2 else []
    if not all(numbers for _, numbers in votes):
        return [_no_number(text, words[start])] if len(words) <= 5 else []
    if any(not 1 <= number <= 999 for _, numbers in votes for number in numbers):
        return [Unclear(f"“{shown(text)}” names no entry. Use the numbers of the entries in your issue.")]
    return [kind(tuple(dict.fromkeys(numbers))) for kind, numbers in votes]


def _no_number(text: str, word: str) -> Unclear:
    return Unclear(f"“{shown(text)}” does not say which entry. Write its number in the issue, such as “{word} 3”.")


def _pause(text: str, words: Sequence[str]) -> list[Command | Unclear]:
    """ "pause for 3 weeks"."""
    if Meaning.RESUME in spelled(words).meanings:
        return []
    here = [n for n, word in enumerate(words) if MEANINGS.get(word) is Meaning.PAUSE]
    if not here:
        return []
    span, others = span_and_others([word for n, word in enumerate(words) if n not in here])
    strange = [word for word in others if word not in FILLERS and word not in _FOR_HOW_LONG]
    unto = bool(_UNTIL.intersection(others))
    if not (span or strange or unto):
        return [Pause(None)]
    weeks = None if strange or unto else weeks_in(span)
    if weeks is not None and 1 <= weeks <= MAX_WEEKS:
        return [Pause(weeks)]
    if weeks is not None:
        return [Unclear(f"“{shown(text)}” is not between 1 and {MAX_WEEKS} weeks. Write “pause 3 weeks”, for example.")]
    begins = next((n for n, word in enumerate(words) if word not in FILLERS), 0) == here[0]
    if begins and len(words) <= 9 and (span or _FOR_HOW_LONG.intersection(others) or len(words) <= 3):
        return [Unclear(f"“{shown(text)}” does not say for how many weeks. Write “pause 3 weeks”, for example.")]
    return []


def _clauses(text: str, words: Sequence[str]) -> list[Command | Unclear]:
    """Words of which each means something or is polite; several commands where commas or "and" divide them."""
    whole = clause(words)
    if whole:
        return [whole]
    commands: list[Command | Unclear] = []
    for one in clauses_of(text):
        part = words_of(one)
        command = clause(part)
        if command:
            commands.append(command)
        elif any(word not in FILLERS for word in part):
            return []
    return commands


def clause(words: Sequence[str]) -> Command | None:
    """The one command that a clause is, each of its words accounted for."""
    said = spelled(words)
    kinds = set(said.meanings)
    if said.unknown or not kinds:
        return None
    if Meaning.HELP in kinds:
        return Help()
    if len(kinds) > 1:
        # "ok, unsubscribe": the yes only leads to it.
        kinds.discard(Meaning.CONFIRM)
    if len(kinds) > 1 or (kinds == {Meaning.LEAVE} and not _leaves_us(said)):
        return None
    return _COMMANDS.get(kinds.pop())


def _leaves_us(said: Spelling) -> bool:
    """Whether "stop", "leave" or "cancel" is about our mail: "I have to leave now" is not."""
    return (
        bool(CLEARLY_LEAVE.intersection(said.phrases))
        or bool(ABOUT_MAIL.intersection(said.fillers))
        or not _ELSEWHERE.intersection(said.fillers)
    )


def clauses_of(text: str) -> list[str]:
    """A line, divided where one thought ends."""
    return [one for one in _DIVIDERS.split(text[: MAX_INTEREST * 2]) if one.strip()]


def _subscribe_to(text: str, words: Sequence[str]) -> list[Command | Unclear]:
    """ "subscribe: protein design, robots"."""
    said = spelled(words)
    if said.meanings[:1] != (Meaning.SUBSCRIBE,):
        return []
    before, _, rest = text.replace("’", "'").lower().partition(said.phrases[0])
    if any(word not in FILLERS for word in words_of(before)):
        return []
    rest = text[len(text) - len(rest) :]
    colon = rest.lstrip().startswith(":")
    topics = [topic.strip(" .") for topic in divided(rest.lstrip(" :,-"))] or [""]
    topics[0] = _without_leading_fillers(topics[0])
    if colon or (len(words) <= 7 and not text.endswith((".", "!", "?"))):
        named = (topic for topic in topics if any(c.isalpha() for c in topic) or Interest(topic).papers)
        return [Subscribe(tuple(named))]
    return []


def _without_leading_fillers(text: str) -> str:
    kept = text.split()
    while kept and all(word in FILLERS for word in words_of(kept[0])):
        kept.pop(0)
    return " ".join(kept)


def _broken_cadence(text: str, words: Sequence[str]) -> list[Command | Unclear]:
    if len(words) <= 5 and names_frequency(words[0]) and {"on", "at"}.intersection(words):
        return [Unclear(f"“{shown(text)}” is no rhythm that we know. Write “weekly on friday at 8”, for example.")]
    return []


def shown(text: str) -> str:
    """Somebody's words, short enough to be repeated to them."""
    return text if len(text) <= 60 else text[:59] + "…"


_DIVIDERS = re.compile(
    r"[.,;:!?()–—]+(?:\s|$)|\s(?:and|but|so|because|since|or|und|aber|et|mais|y|pero|e|ma|en|maar|–|—|-)\s",
    re.IGNORECASE,
)
