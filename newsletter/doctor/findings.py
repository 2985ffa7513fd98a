"""What the doctor finds: how bad it is, what it is about, what was found, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is; the worst first."""

    #: mail does not leave, or does not arrive
    FAILURE = "failure"
    #: some of it will not arrive, or soon none
    WARNING = "warning"
    #: it could be better
    ADVICE = "advice"
    OK = "ok"
    #: nobody looked
    SKIPPED = "skipped"


class Topic(StrEnum):
    """What findings are grouped by, in this order."""

    SETTINGS = "Settings"
    SERVER = "Mail server"
    NAMES = "DNS"
    PAGES = "Pages"
    RETURNS = "What comes back"
    TEMPLATES = "Templates"
    DATABASE = "Database"
    FILES = "Files"
    RUNNING = "Running"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    topic: Topic
    severity: Severity
    #: a word or two, such as "SPF"
    title: str
    #: a sentence
    found: str
    #: a sentence or two; empty where nothing need be done
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that is looked at, and what can be said of it."""

    topic: Topic
    title: str

    def failure(self, found: str, todo: str) -> Finding:
        """Mail does not leave, or does not arrive."""
        return Finding(self.topic, Severity.FAILURE, self.title, found, todo)

    def warning(self, found: str, todo: str) -> Finding:
        """Some of it will not arrive, or soon none."""
        return Finding(self.topic, Severity.WARNING, self.title, found, todo)

    def advice(self, found: str, todo: str) -> Finding:
        """It could be better."""
        return Finding(self.topic, Severity.ADVICE, self.title, found, todo)

    def ok(self, found: str) -> Finding:
        """All is well."""
        return Finding(self.topic, Severity.OK, self.title, found)

    def skipped(self, why: str) -> Finding:
        """Nobody looked."""
        return Finding(self.topic, Severity.SKIPPED, self.title, why)


def worst(findings: Iterable[Finding]) -> Severity:
    """The worst there is; OK where there is nothing."""
    order = list(Severity)
    return min((one.severity for one in findings), key=order.index, default=Severity.OK)


def without(secrets: Iterable[str], finding: Finding) -> Finding:
    """The finding with none of these texts in it: what servers say may hold what was said to them."""
    found, todo = finding.found, finding.todo
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        found, todo = found.replace(secret, "…"), todo.replace(secret, "…")
    return replace(finding, found=found, todo=todo)


def cut(text: str, most: int = 200) -> str:
    """Somebody else's words in one line that is not endless."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: most * 4]).split())
    return line if len(line) <= most else line[: most - 1] + "…"
