"""Subject and lines of a mail → what it asks for, in plain words and forgiving of politeness.

Commands stand at the beginning, one a line, in the subject or in the body. What comes after the first sentence that is
none is a person writing; only somebody who asks in so many words to leave (or to subscribe) in the middle of a short
mail is heard there too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.mailbox.contradictions import contradiction_in, without_what_leaving_ends
from newsletter.mailbox.courtesies import without_greeting, without_signature
from newsletter.mailbox.interest_lines import InterestLines
from newsletter.mailbox.lines import read_line
from newsletter.mailbox.prose import asides, is_courtesy, is_sentence
from newsletter.mailbox.suggestion_lines import says_too_much, suggestion_in
from newsletter.readers.asked import Command, Erase, Help, Leave, Pause, ShowInterests, Subscribe, Suggest, Unclear
from subscribers.bibtex import holds_bibtex, in_lines
from subscribers.errors import InvalidInterest
from subscribers.interests import MAX_WITH_PAPERS, Interest

#: Lines that are looked at.
MAX_LINES = 300
#: The same with pasted BibTeX, of which many make one.
_MOST_PASTED = 5_000
#: Characters of a line that are looked at.
_WIDE = 1_000
_SIGN = re.compile(r"\s*(?:[+＋−–-]|(?:not|no|mute|follow|add|subscribe)\s*:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Understood:
    """What a mail asks for."""

    #: in the order in which they were written, each once; none where they contradict each other
    commands: tuple[Command, ...]
    #: why something that wants to be a command cannot be carried out, in a sentence
    unclear: str | None
    #: a person writes to a person, be it besides the commands
    prose: bool


def commands_in(subject: str, lines: Sequence[str], *, reply: bool = False) -> Understood:
    """What a mail asks for.

    `lines` are what the person wrote (quotes are gone already). The subject of a `reply` is somebody else's, so it
    counts only where nothing was written below it.
    """
    try:
        lines = _with_bibtex_in_lines(lines)
    except InvalidInterest as error:
        return Understood((), str(error), prose=False)
    body = without_greeting(without_signature([line.strip()[: _longest(line)] for line in lines[:MAX_LINES]]))
    silent = not any(body)
    mail = _Mail()
    taken = mail.read_subject(subject.strip(), body) if subject.strip() and (silent or not reply) else 0
    mail.read_body(body[taken:])
    return mail.understood(said_nothing=silent and (reply or not subject.strip()))


def _with_bibtex_in_lines(lines: Sequence[str]) -> Sequence[str]:
    """Papers that were pasted as BibTeX stand in one line, as something to follow. Raises `InvalidInterest`."""
    text = "\n".join(line[:_WIDE] for line in lines[:_MOST_PASTED])
    if not holds_bibtex(text):
        return _unbroken(lines)
    before = set(text.splitlines())
    return [line if line in before or _SIGN.match(line) else f"+ {line}" for line in in_lines(text)]


def _unbroken(lines: Sequence[str]) -> list[str]:
    """A list of papers that a mail program has broken after a comma is one line again."""
    whole: list[str] = []
    for line in lines:
        if whole and whole[-1].rstrip().endswith(",") and Interest(whole[-1]).papers:
            below = Interest(line[:_WIDE].strip())
            if below.papers and not below.statement:
                whole[-1] = f"{whole[-1].rstrip()} {line.strip()}"
                continue
        whole.append(line)
    return whole


def _longest(line: str) -> int:
    """Characters of a line that are looked at: papers take room."""
    return MAX_WITH_PAPERS if len(line) > _WIDE and Interest(line[:MAX_WITH_PAPERS]).papers else _WIDE


class _Mail:
    """A mail while it is read."""

    def __init__(self) -> None:
        self._from_subject: list[Command | Unclear] = []
        self._from_body: list[Command | Unclear] = []
        #: lines that nobody understood, and whether a sentence is among them
        self._left: list[str] = []
        self._writes = False
        self._subject = ""
        self._interests: InterestLines | None = None

    def read_subject(self, subject: str, body: Sequence[str]) -> int:
        """Returns how many lines of the body go on with what the subject says."""
        if suggested := suggestion_in([subject, *body]):
            self._from_body.append(suggested[0])
            return suggested[1] - 1
        self._from_subject = read_line(subject)
        if not self._from_subject:
            self._subject = subject
        self._expect_interests(self._from_subject)
        return 0

    def read_body(self, lines: Sequence[str]) -> None:
        strict, over = False, 0
        for number, line in enumerate(lines):
            if number < over:
                continue
            suggested = None if self._writes else suggestion_in(lines[number:])
            if suggested and not (self._interests and isinstance(suggested[0], Unclear)):
                self._from_body.append(suggested[0])
                over = number + suggested[1]
            elif self._interests is not None and not self._interests.over:
                found, left = self._interests.read(line, lines[number + 1 :])
                self._from_body += found
                for one in left:
                    self._leave(one)
            elif self._writes:
                self._leave(line)
            elif line and not self._is_signed(lines[number - 1 : number + 1], lines[number + 1 :]):
                strict = self._read(line, strict=strict) or strict

    def _read(self, line: str, *, strict: bool) -> bool:
        """Read a line; whether it was not understood, so that those after it must be plain to be heard."""
        found = read_line(line)
        if strict:
            found = [one for one in found if isinstance(one, _STRONG)]
        if not found and is_courtesy(line):
            return False
        if not found:
            # "Unsubscribe. I get too much mail.": what is asked for, then why.
            first, _, rest = line.partition(". ")
            found = [one for one in read_line(first) if isinstance(one, _STRONG)] if rest else []
            self._leave(rest if found else line)
        self._from_body += found
        self._expect_interests(found)
        return not found

    def _leave(self, line: str) -> None:
        self._left.append(line)
        self._writes = self._writes or is_sentence(line)

    def _is_signed(self, line: Sequence[str], after: Sequence[str]) -> bool:
        """Whether a line, given with the one before it, is "- Ada" below commands: a name, and nothing to unfollow."""
        if not self._from_body or len(line) < 2 or line[0] or any(after):
            return False
        return bool(re.fullmatch(r"[-–—]\s?[A-Z][\w.'’-]{0,30}(?: [A-Z][\w.'’-]{0,30})?", line[1]))

    def _expect_interests(self, found: Sequence[Command | Unclear]) -> None:
        if any(isinstance(one, Subscribe) for one in found):
            self._interests = InterestLines()

    def understood(self, *, said_nothing: bool) -> Understood:
        writes = self._writes
        found = [*self._from_subject, *self._from_body]
        if not any(isinstance(one, _STRONG) for one in found):
            wishes = asides([self._subject, *self._left, *(one.why for one in found if isinstance(one, Suggest))])
            found += wishes
            writes = writes or (bool(wishes) and bool(self._left))
        if writes:
            weak = [one for one in self._from_subject if not isinstance(one, _STRONG)]
            found = [one for one in found if one not in weak and not isinstance(one, _ANSWERED_BY_TEXT)]
        commands = self._commands(found)
        unclear = next((one.why for one in found if isinstance(one, Unclear)), None)
        if writes and not commands:
            unclear = None
        writes = writes or any(isinstance(one, Suggest) and says_too_much(one) for one in commands)
        prose = writes or (not commands and unclear is None and not said_nothing)
        if why := contradiction_in(commands):
            return Understood((), why, prose)
        if any(isinstance(one, Leave) for one in commands):
            return Understood(without_what_leaving_ends(commands), None, prose)
        return Understood(commands, unclear, prose)

    def _commands(self, found: Sequence[Command | Unclear]) -> tuple[Command, ...]:
        """Each once; all interests of the mail in the one Subscribe."""
        commands = list(dict.fromkeys(one for one in found if not isinstance(one, Unclear)))
        topics = [topic for one in commands if isinstance(one, Subscribe) for topic in one.interests]
        topics += self._interests.topics if self._interests else []
        subscribe = Subscribe(tuple({topic.casefold(): topic for topic in reversed(topics)}.values())[::-1])
        return tuple(dict.fromkeys(subscribe if isinstance(one, Subscribe) else one for one in commands))


#: What is heard also in a subject above prose, and after a line that was not understood.
_STRONG = (Leave, Subscribe, Pause, Erase)
#: With these words people also begin to tell what they need.
_ANSWERED_BY_TEXT = (Help, ShowInterests)
