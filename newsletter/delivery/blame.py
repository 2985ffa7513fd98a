"""Refusals that blame us and not the reader: many of them stop an issue before our good name is gone. Pure."""

import re
from collections import deque
from dataclasses import dataclass, field

from newsletter.delivery.outcomes import Outcome, Refused, Unknown
from newsletter.delivery.providers import is_shared
from newsletter.delivery.quoting import quoted
from newsletter.delivery.verdicts import Verdict, verdict_of

#: So many of the last so many answers blame us: that is too many.
TOO_MANY = ((5, 50),)
#: The same once an issue has had `SETTLED` answers. Of a hundred thousand copies one in a hundred may be refused by
#: some strict company, and then five of fifty come together by mere chance.
TOO_MANY_SETTLED, SETTLED = ((8, 50), (20, 200)), 500
#: An issue that begins with so many of them does not go on.
FIRST = 3
#: A mailbox provider that refused so many of its own last ones refuses us all, however few of the readers it has. Not
#: so one strict company: that is its own affair.
OF_PROVIDER, PROVIDER_WINDOW = 10, 12

_PERMANENT = re.compile(r"\s{0,9}5\d\d(?!\d)")


def is_ours(answer: str) -> bool:
    """Does a refusal (5xx) blame our mail, our server or our standing, and not the reader?"""
    return _PERMANENT.match(answer) is not None and verdict_of("", answer) is Verdict.OURS


@dataclass(slots=True)
class _Heard:
    """Of one issue."""

    #: how many answers so far
    answers: int = 0
    #: how many of them blame us
    blamed: int = 0
    #: of the last ones that blame us, which answer it was, and whose
    last: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=20))
    #: by mailbox provider, once it has blamed us: did it, each of the last times?
    providers: dict[str, deque[bool]] = field(default_factory=dict)
    stopped: bool = False


class Blame:
    """Listens to the answers of one run and says when an issue must stop."""

    def __init__(self) -> None:
        self._issues: dict[int, _Heard] = {}

    def heard(self, issue_id: int | None, outcome: Outcome, provider: str) -> str | None:
        """An answer to a copy of that issue (None for a notice, which stops nothing).

        Returns why the issue must stop, in words for the operator, once; else None.
        """
        if issue_id is None or isinstance(outcome, Unknown):
            return None
        heard = self._issues.get(issue_id)
        if heard is None:
            heard = self._issues[issue_id] = _Heard()
        heard.answers += 1
        ours = type(outcome) is Refused and is_ours(outcome.why)
        if ours and is_shared(provider):
            heard.providers.setdefault(provider, deque(maxlen=PROVIDER_WINDOW))
        if heard.providers and (lately := heard.providers.get(provider)) is not None:
            lately.append(ours)
        if not ours:
            return None
        heard.blamed += 1
        heard.last.append((heard.answers, provider))
        how_many = None if heard.stopped else _too_many(heard, provider)
        if how_many is None:
            return None
        heard.stopped = True
        assert isinstance(outcome, Refused)  # noqa: S101 — nothing else blames us
        return f"{_who(heard, provider)} our mail: {quoted(outcome.why)} ({how_many} blame us, not the reader)"


def _too_many(heard: _Heard, provider: str) -> str | None:
    """Asked after an answer that blames us; how many do, in words, or None for not too many."""
    if heard.blamed == heard.answers >= FIRST:
        return f"the first {heard.answers} answers"
    for many, of in TOO_MANY if heard.answers <= SETTLED else TOO_MANY_SETTLED:
        if heard.blamed >= many and heard.last[-many][0] > heard.answers - of:
            return f"{many} of the last {min(of, heard.answers)} answers"
    lately = heard.providers.get(provider, ())
    return f"{sum(lately)} of its last {len(lately)} answers" if sum(lately) >= OF_PROVIDER else None


def _who(heard: _Heard, provider: str) -> str:
    others = [name for name in dict.fromkeys(name for _, name in reversed(heard.last)) if name != provider]
    names = [provider, *others[:2]]
    return f"{names[0]} refuses" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} refuse"
