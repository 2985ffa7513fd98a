"""What a person writes to a person, and the wishes that may stand in the middle of it."""

import re
from collections.abc import Sequence

from newsletter.mailbox.courtesies import is_closing, is_greeting
from newsletter.mailbox.lines import ABOUT_MAIL, clause, clauses_of, spelled, words_of
from newsletter.mailbox.words import CLEARLY_LEAVE, FILLERS, phrases
from newsletter.readers.asked import Command, Leave, Subscribe

#: Words of a mail in whose middle a wish to leave is heard.
MAX_SHORT = 60

_LEGAL = re.compile(
    r"confidential|intended (?:recipient|solely|only)|privileged|disclaimer|vertraulich|before printing",
    re.IGNORECASE,
)


def is_courtesy(line: str) -> bool:
    """Whether a line asks for nothing and tells nothing."""
    return (
        is_greeting(line)
        or is_closing(line)
        or bool(_LEGAL.search(line))
        or all(word in FILLERS for word in words_of(line))
    )


_SENTENCE_WORDS = phrases(
    """
    i, i'm, i've, i'd, you, we, my, your, me, is, are, was, were, have, has, had, can, could, would, will, should, this,
    that, it, please, do, does, did, don't, but, because, ich, sie, wir, mir, mein, ist, sind, habe, haben, nicht, je,
    vous, nous, est, sont, mais, yo, usted, es, está, pero, io, voi, sono, ma, eu, você, é, mas, ik, u, wij, maar
    """
)


def is_sentence(line: str) -> bool:
    """Whether somebody tells or asks something here: not a name, a title, a telephone number."""
    words = words_of(line)
    if len(words) < 4:
        return False
    return line.rstrip().endswith((".", "?", "!", "…")) or not _SENTENCE_WORDS.isdisjoint(words) or len(words) > 14


def asides(lines: Sequence[str]) -> list[Command]:
    """Wishes to leave or to subscribe in the sentences of a short mail: "Great work, but please unsubscribe me"."""
    text = " ".join(line for line in lines if line)[:4_000]
    if len(words_of(text)) > MAX_SHORT or len(text) > 600:
        return []
    for sentence in re.split(r"(?<=[.!?])\s", text):
        words = words_of(sentence)
        asks = bool(words) and words[0] in _ASKING
        if _CONDITIONS.intersection(words) or any(word.endswith("n't") for word in words):
            continue
        if sentence.endswith("?") and not asks:
            continue
        for one in clauses_of(sentence):
            command = _aside(words_of(one))
            if command:
                return [command]
    return []


def _aside(words: Sequence[str]) -> Command | None:
    said = spelled(words)
    command = clause(words)
    if isinstance(command, Leave):
        # A bare "stop" may be anything here.
        plain = CLEARLY_LEAVE.intersection(said.phrases) or ABOUT_MAIL.intersection(said.fillers)
        return command if plain else None
    if isinstance(command, Subscribe):
        return command if said.fillers else None
    # "Unsubscribe me from this nonsense": the words after it may be any.
    start = next((n for n, word in enumerate(words) if word not in FILLERS), len(words))
    for length in (4, 3, 2, 1):
        end = start + length
        if " ".join(words[start:end]) in CLEARLY_LEAVE and words[end : end + 1] and words[end] in FILLERS:
            return Leave()
    return None


_CONDITIONS = phrases(
    """
    if, unless, when, whenever, before, until, whether, not, never, should, why, how, what, who, wenn, falls,
    nicht, nie, bevor, si, pas, jamais, cuando, nunca, se, non, quando, mai, não, als, niet, nooit, indien
    """
)
_ASKING = phrases(
    """
    can, could, would, will, please, kannst, könnt, können, könnten, könntest, bitte, pouvez, pourriez, peux, puede,
    podría, puedes, puoi, potete, può, pode, poderia, kunt, kun, kan
    """
)
