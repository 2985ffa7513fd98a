""" "submit https://… because …": the link, however mail programs have treated it, and why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from newsletter.mailbox.interest_lines import is_signature
from newsletter.mailbox.lines import read_line, words_of
from newsletter.mailbox.words import FILLERS, SUGGEST
from newsletter.readers.asked import Leave, Suggest, Unclear
from newsletter.readers.suggested import MAX_WHY

#: Lines over which one link may be broken, and columns from which on a line may have been broken.
_MOST_PIECES, _FULL = 6, 65
#: Characters of a link, and words between "suggest" and the link: "I suggest this paper of Ada's: https://…".
_MAX_LINK, _BETWEEN = 2_000, 6
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
#: A link without its https://, as people write it: "example.org/paper".
_BARE = re.compile(r"(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?::\d{1,5})?/\S", re.IGNORECASE)
#: What a word of prose does not hold, and the rest of a link does.
_OF_A_LINK = re.compile(r"[/=&?%_#~]|\d|\.\w|-\w")
#: What ends a sentence or a bracket around a link, and no link.
_AFTER = ".,;:!?\"'“”‘’«»*_`>]}|"
_BEHIND = ' \t:,;.!?>)*_"”–—-'
_BEFORE = " \t:,;.!?\"'“”‘’«»*_`<([{|–—-"


def suggestion_in(lines: Sequence[str]) -> tuple[Suggest | Unclear, int] | None:
    """(what the first of the lines suggests, how many lines that takes); None where it suggests nothing.

    The lines below it, up to the next command, say why.
    """
    opening = _opening(lines)
    if opening is None or isinstance(opening, Unclear):
        return (opening, 1) if opening else None
    why, more = _why((opening.before, opening.after), lines[opening.used - 1], lines[opening.used :])
    return Suggest(opening.link, why), opening.used + more


@dataclass(frozen=True, slots=True)
class _Opening:
    """Where somebody suggests a link."""

    #: what stands before the link, and behind it
    before: str
    link: str
    after: str
    #: how many lines that is
    used: int


def _opening(lines: Sequence[str]) -> _Opening | Unclear | None:
    rest = _after_the_word(lines[0]) if lines else None
    if rest is None:
        return None
    number = 0
    if _only_punctuation(rest):  # the link stands on a line of its own
        number = next((n for n, line in enumerate(lines[1:3], 1) if line), 0)
        rest = lines[number] if number else ""
    found = _link_in(rest, len(lines[number]), lines[number + 1 :])
    if found and sum(word not in FILLERS for word in words_of(found.before)) <= _BETWEEN:
        return replace(found, used=number + 1 + found.used)
    meant = all(word in FILLERS | SUGGEST for word in words_of(lines[0])) and not read_line(lines[0])
    return Unclear("a suggestion needs a link. Write “submit https://…”, and behind it why.") if meant else None


def says_too_much(command: Suggest) -> bool:
    """Whether more is said than is kept, so that a person should read the mail."""
    return len(command.why) > MAX_WHY


def _after_the_word(line: str) -> str | None:
    """What follows "please submit"; None where the line begins in another way."""
    start = line.lstrip(_BEFORE)
    for found in re.finditer(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", start[:200]):
        word = found[0].casefold().replace("’", "'")
        if word in SUGGEST:
            return start[found.end() :]
        if word not in FILLERS or _SCHEME.search(start[: found.start()]):
            return None
    return None


def _only_punctuation(text: str) -> bool:
    return not text.strip(_BEFORE + _AFTER)


def _link_in(text: str, width: int, below: Sequence[str]) -> _Opening | None:
    """The link in a line of that width, and how many of the lines below it reaches."""
    at = _SCHEME.search(text)
    start = at.start() if at else len(text) - len(text.lstrip(_BEFORE))
    if not at and not _BARE.match(text[start:]):
        return None
    before, rest = text[:start], text[start:]
    if before.endswith("<"):
        link, rest, used = _in_brackets(rest, below)
    else:
        link, rest, used = _in_the_open(rest, width, below)
    # A mail that was HTML names a link twice: as its words, and behind them where it leads.
    again, end, behind = rest.lstrip().partition(">")
    if end and again.startswith("<") and _SCHEME.match(again[1:]):
        link, rest = again[1:], behind
    return _Opening(before.strip(_BEFORE), _without_what_follows(link)[:_MAX_LINK], rest.lstrip(_BEHIND), used)


def _in_brackets(rest: str, below: Sequence[str]) -> tuple[str, str, int]:
    """<https://…>, over as many lines as it takes (RFC 3986, appendix C)."""
    link, end, after = rest.partition(">")
    used = 0
    while not end and used < min(len(below), _MOST_PIECES) and below[used] and " " not in link:
        piece, end, after = below[used].partition(">")
        link += piece
        used += 1
    if end and " " not in link:
        return link, after, used
    link, _, after = rest.partition(" ")  # it is never closed
    return link, after, 0


def _in_the_open(rest: str, width: int, below: Sequence[str]) -> tuple[str, str, int]:
    """A link that ends at a space, or goes on below where a mail program has broken a line that was full."""
    link, _, after = rest.partition(" ")
    used = 0
    while not after and width >= _FULL and used < min(len(below), _MOST_PIECES):
        piece, _, following = below[used].partition(" ")
        if not (piece and _OF_A_LINK.search(piece)) or _SCHEME.match(piece):
            break
        link, after, width = link + piece, following, len(below[used])
        used += 1
    return link, after, used


def _without_what_follows(link: str) -> str:
    """Without the full stop of its sentence; a bracket that the link itself opened stays."""
    while link and (link[-1] in _AFTER or (link[-1] == ")" and link.count(")") > link.count("("))):
        link = link[:-1]
    return link


def _why(said: Sequence[str], line: str, below: Sequence[str]) -> tuple[str, int]:
    """(why, how many of the lines below it takes): up to the next command, or a name at the end."""
    words = [one.strip() for one in said if any(c.isalnum() for c in one)]
    used = 0
    for number, one in enumerate(below):
        commands = [command for command in read_line(one) if isinstance(command, Leave) or not _goes_on(line, one)]
        if (
            commands
            or (one and not _goes_on(line, one) and _opening(below[number:]))
            or (one and not line and is_signature(below[number:]))
        ):
            break
        if one:
            words.append(one)
            used = number + 1
        line = one
    return " ".join(words), used


def _goes_on(line: str, below: str) -> bool:
    """Whether the line below is the rest of a sentence that a mail program broke, be it one word such as "help"."""
    first = below.partition(" ")[0]
    return len(line) + 1 + len(first) > _FULL and not line.endswith((".", "!", "?", "…"))
