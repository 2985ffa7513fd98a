"""Lines below "subscribe": interests, one a line, until a signature or somebody's prose."""

import re
from collections.abc import Sequence

from newsletter.mailbox.lines import MAX_INTEREST, read_line, words_of
from newsletter.mailbox.words import phrases
from newsletter.readers.asked import (
    ChangeCadence,
    ChangeTimezone,
    Command,
    Confirm,
    Decline,
    Erase,
    Follow,
    Leave,
    Mute,
    Subscribe,
    Unclear,
)
from subscribers.interests import Interest, divided

_BULLET = re.compile(r"[-–—−*•·‣▪◦+＋]+\s{0,5}|\(?\d{1,2}[.)]\s{1,5}")
_ANNOUNCED = re.compile(
    r"(?:and )?(?:(?:my|our|these|here are my|meine|mes|mis|i miei|meus|mijn) )?(?:research )?"
    r"(?:interests?|topics?|keywords?|interessen|themen|intérêts|sujets|intereses|temas|interessi|interesses)"
    r"(?: are| is| include| sind)?\s{0,3}(?::\s{0,5}(.*)|$)",
    re.IGNORECASE,
)
_TOLD = re.compile(
    r"(?:i am|i'm|i’m|we are) (?:mostly |mainly |very |especially |also )?interested in\s?:?\s?(.*)"
    r"|(?:i|we)(?: would|'d|’d)? (?:like|love|want) to (?:read|hear|learn|know)(?: more)? about\s?:?\s?(.*)"
    r"|(?:i|we) (?:work on|study|follow)\s?:?\s?(.*)|interested in\s?:?\s?(.*)",
    re.IGNORECASE,
)
_STARTS_SENTENCE = phrases(
    """
    i, i'm, i've, i'd, we, my, please, could, can, would, thanks, thank, you, your, this, it, is, are, ich, wir, sie,
    bitte, je, nous, vous, merci, yo, gracias, io, grazie, eu, obrigado, ik, wij, looking, hope, let, dear, hello, hi
    """
)
#: Commands that nobody means as an interest.
_COMMANDS = (ChangeCadence, ChangeTimezone, Confirm, Decline, Erase, Leave, Subscribe)


class InterestLines:
    """Reads them one by one."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        #: nothing more is an interest
        self.over = False
        self._gap = False

    def read(self, line: str, after: Sequence[str]) -> tuple[list[Command | Unclear], list[str]]:
        """Commands in a line, and the line if it was not understood; an interest is kept in `topics`."""
        if not line:
            self._gap = bool(self.topics)
            return [], []
        if self._gap and is_signature([line, *after]):
            self.over = True
            return [], []
        bare = line[found.end() :].strip() if (found := _BULLET.match(line)) else line
        if Interest(bare).papers:
            self.topics.append(bare)
            return [], []
        commands = [one for one in read_line(bare) if isinstance(one, (*_COMMANDS, Mute, Follow, Unclear))]
        if any(isinstance(one, _COMMANDS) for one in commands):
            self.topics += [topic for one in commands if isinstance(one, Subscribe) for topic in one.interests]
            return [one for one in commands if isinstance(one, _COMMANDS)], []
        announced = _ANNOUNCED.fullmatch(bare)
        told = announced or _TOLD.fullmatch(bare)
        if told:
            text = next((group for group in told.groups() if group), "")
            several = divided(text) if len(text) <= MAX_INTEREST else []
            self.topics += [topic for one in several if (topic := one.strip(" .")) and any(c.isalpha() for c in topic)]
            return [], []
        if _is_sentence(bare):
            self.over = True
            return [], [line]
        topic = bare.rstrip(" .") if not bare.endswith("...") else bare
        if any(c.isalpha() for c in topic) and len(topic) <= MAX_INTEREST:
            self.topics.append(topic)
        return [], []


def _is_sentence(line: str) -> bool:
    words = words_of(line)
    if len(line) > MAX_INTEREST or len(words) > 25:
        return True
    ends = line.rstrip().endswith((".", "!", "?"))
    return (ends and len(words) >= 7) or line.endswith("?") or (len(words) >= 4 and words[0] in _STARTS_SENTENCE)


def is_signature(rest: Sequence[str]) -> bool:
    """Whether the last paragraph is somebody's name, with how to reach them."""
    lines = [line for line in rest if line]
    name = re.findall(r"[^\W\d_][\w'’.-]*", lines[0])
    if not 1 <= len(name) <= 3 or lines[0].strip(".,")[:1].islower() or not all(part[0].isupper() for part in name):
        return False
    return len(lines) == 1 or (len(lines) <= 6 and any(re.search(r"@|https?:|www\.|\d{4}", line) for line in lines[1:]))
