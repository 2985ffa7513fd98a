"""From a service's own classes of bounces to our verdicts: the words of the other server first, then the class."""

from newsletter.delivery.verdicts import Verdict, told_by, verdict_of


def for_good(status: str, words: str) -> Verdict:
    """The service says that it is for good: so it is, unless the other server's words say that the address lives."""
    return told_by(status, words) or Verdict.HARD


def for_now(status: str, words: str) -> Verdict:
    """The service says that it may pass: then the address is not dead, whatever the words are."""
    found = verdict_of(status, words)
    return Verdict.SOFT if found is Verdict.HARD else found


def ours(status: str, words: str) -> Verdict:
    """The service says that it is about our mail: unless the words say that the address is dead."""
    return Verdict.HARD if told_by(status, words) is Verdict.HARD else Verdict.OURS
