"""Would anybody open a mail with this subject, and would a filter let it through?

Whence the rules are: SpamAssassin's SUBJ_ALL_CAPS, PLING_QUERY (“?!”) and SUBJ_DOLLARS; the law of the United States
against subjects that mislead, such as a false “Re:” (15 U.S.C. 7704(a)(2), CAN-SPAM); and the width of lists of mail.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping

from newsletter.checks.findings import Check, Finding, Place, PlaceKind, counted, titles
from newsletter.checks.proof import Proof, Subject

SUBJECT = Check("Subject")
#: Characters; lists of mail show 40 (a phone) to 90 (a wide window).
LONGEST = 90
MOST_EMOJI = 2
_FILE = Place(PlaceKind.SUBJECT, "issue/subject.txt")
#: SpamAssassin looks at capitals from so many letters on.
_FEWEST_CAPITALS = 10
_ONE = {"be": "is", "have": "has", "speak": "speaks"}
_SEVERAL = {verb: verb for verb in ("have", "speak")} | {"be": "are"}


def subjects(proof: Proof) -> list[Finding]:
    """Every subject that some reader gets; they differ by the entry that comes first."""
    return subjects_of(proof.tally.subjects)


def subjects_of(known: Mapping[str, Subject]) -> list[Finding]:
    """The same by the subjects alone."""
    findings = [finding for rule in _RULES if (finding := _of(known, *rule))]
    if not findings and known:
        longest = max(map(len, known))
        return [SUBJECT.ok(f"{counted(len(known), 'subject')}, of at most {longest} characters: {titles(known, 1)}.")]
    return findings


def _of(known: Mapping[str, Subject], is_so: Callable[[str], bool], found: str, todo: str, bad: bool) -> Finding | None:
    said = {text: who for text, who in known.items() if is_so(text)}
    if not said:
        return None
    readers = counted(sum(who.readers for who in said.values()), "reader")
    first = next(iter(said.values()))
    places = (_FILE, Place(PlaceKind.ENTRY, str(first.entry_id)), Place(PlaceKind.READER, first.address))
    named = f": {titles(said, 1)}" if any(said) else ""
    say = SUBJECT.error if "" in said else SUBJECT.warning if bad else SUBJECT.note
    verbs = _ONE if len(said) == 1 else _SEVERAL
    what = found.format(longest=max(map(len, said)), **verbs)
    return say(f"{counted(len(said), 'subject')} (of {readers}) {what}{named}.", todo, *places)


def _is_shouted(text: str) -> bool:
    letters = [c for c in text if c.isupper() or c.islower()]
    return len(letters) >= _FEWEST_CAPITALS and " " in text.strip() and all(c.isupper() for c in letters)


def _has(pattern: str, flags: re.RegexFlag = re.IGNORECASE) -> Callable[[str], bool]:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.search(text) is not None


def _emoji(text: str) -> int:
    """How many pictures are in it; marks of mathematics and the like are none."""
    return sum(unicodedata.category(c) == "So" and ord(c) >= 0x2600 for c in text)


#: (is it so, what it is, what to do, is it bad?)
_RULES: tuple[tuple[Callable[[str], bool], str, str, bool], ...] = (
    (lambda text: not text.strip(), "{be} empty", "Write something into issue/subject.txt.", True),
    (_is_shouted, "{be} all in capitals; filters take that for shouting", "Write it as a sentence.", True),
    (_has(r"!{2,}|\?!|!\?|\?{3,}"), "{have} too many marks", "One mark is enough.", True),
    (_has(r"\${2,}|^\s*\$\d"), "{speak} of dollars as spam does", "Say it in words.", True),
    (
        _has(r"\bFREE\b(?! ?-)", re.NOFLAG),
        "{speak} of FREE things, as spam does",
        "Say it in small letters, or not at all.",
        True,
    ),
    (_has(r"\b(100 ?% free|for free)\b"), "{speak} of what is free, as spam does", "Say it otherwise.", False),
    (
        _has(r"^\s*(re|fwd?|aw|wg|sv|rv)\s*(\[\d+\])?:"),
        "{speak} like an answer (“Re:”), which the law of some countries forbids",
        "Take the “Re:” away.",
        True,
    ),
    (
        _has(r"\{\{|\{%|\bTODO\b|\bTBD\b|(?i:lorem ipsum)", re.NOFLAG),
        "{be} not finished",
        "Finish issue/subject.txt.",
        True,
    ),
    (
        lambda text: _emoji(text) > MOST_EMOJI,
        "{have} more than " + str(MOST_EMOJI) + " pictures; filters count them",
        "Keep one or two.",
        False,
    ),
    (
        lambda text: len(text) > LONGEST,
        "{have} up to {longest} characters; lists of mail show 40 to " + str(LONGEST),
        "What matters should stand in front.",
        False,
    ),
)
