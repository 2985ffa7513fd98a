"""The answer to a confirmation: yes, no, or neither.

Consent must be plain: a question, a doubt or a longer thought is neither, and goes to a person.
"""

import re
from collections.abc import Sequence

from newsletter.mailbox.lines import words_of
from newsletter.mailbox.words import CLEARLY_LEAVE, FILLERS, NO, YES, phrases

_YES = YES | phrases(
    """
    subscribe, please subscribe, please confirm, i do, i want, y, thanks, thank you, danke, merci, gracias, grazie,
    obrigado, obrigada, bedankt, abonnieren, anmelden
    """
)
_NO = (
    NO
    | CLEARLY_LEAVE
    | phrases("stop, please stop, cancel, remove, stopp, n, don't, do not, please don't, please do not")
)
#: What takes a "yes" back, or asks first.
_BUT = phrases(
    """
    but, who, why, what, how, which, when, if, not, never, no, nor, aber, wer, warum, was, wie, wenn, nicht, nein, mais,
    qui, pourquoi, quoi, comment, pas, pero, quién, qué, cómo, ma, chi, perché, mas, quem, porquê, maar, waarom, wat,
    hoe, niet, stop, unsubscribe, cancel, remove
    """
)
#: "No problem", "no idea what this is", "no, wait, yes".
_NO_OTHERWISE = phrases(
    "problem, problems, worries, idea, clue, doubt, need, question, questions, but, yes, subscribe, confirm, ok, okay"
)
#: What ticket systems say, some of which name themselves in no header: that a mail came in is no yes to it.
_RECEIPT = re.compile(
    r"\W{0,9}(?:many )?(?:thank|thx|danke|vielen dank|merci|gracias|grazie|obrigad|bedankt)[^.!?\n]{0,80}"
    r"\b(?:e-?mail|mail|message|note|request|inquiry|enquiry|ticket|contact\w*|reaching|nachricht|anfrage|mensaje|bericht)\b",
    re.IGNORECASE,
)
_THUMBS = frozenset("👍✅✔☑🏻🏼🏽🏾🏿\ufe0f ")
#: Words of a first line that is still an answer.
MAX_WORDS = 12


def is_yes(subject_is_reply: bool, lines: Sequence[str]) -> bool:
    """Whether the answer confirms; a reply with nothing in it does."""
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        return subject_is_reply
    if _RECEIPT.match(first):
        return False
    return _THUMBS.issuperset(first) or _begins(first, _YES, _BUT)


def is_no(subject_is_reply: bool, lines: Sequence[str]) -> bool:
    """Whether the answer says no; silence never does."""
    first = next((line for line in lines if line.strip()), None)
    return first is not None and not is_yes(subject_is_reply, lines) and _begins(first, _NO, _NO_OTHERWISE)


def _begins(line: str, answers: frozenset[str], otherwise: frozenset[str]) -> bool:
    """Whether a line begins with one of the answers, and nothing that follows makes it another."""
    words = words_of(line)
    if len(words) > MAX_WORDS or line.rstrip().endswith("?"):
        return False
    length = next((n for n in range(min(6, len(words)), 0, -1) if " ".join(words[:n]) in answers), 0)
    rest = words[length:]
    if not length or otherwise.intersection(rest):
        return False
    # "si" and "no" begin sentences too: they answer before a comma or a full stop, or among words that say nothing.
    alone = r"\W{0,9}" + r"\W{1,3}".join(map(re.escape, words[:length])) + r"\s{0,3}[,.!:;–—-]"
    return bool(re.match(alone, line.casefold().replace("’", "'"))) or FILLERS.union(answers).issuperset(rest)
