"""What tests of the doctor share: looking for what was found."""

from collections.abc import Iterable

from newsletter.doctor.findings import Finding, Severity

OK, ADVICE, WARNING, FAILURE, SKIPPED = (
    Severity.OK,
    Severity.ADVICE,
    Severity.WARNING,
    Severity.FAILURE,
    Severity.SKIPPED,
)


def one(findings: Iterable[Finding], severity: Severity, *words: str) -> Finding:
    """The only finding, of that severity, with these words in what was found or is to be done."""
    found = list(findings)
    assert len(found) == 1, found
    return having(found, severity, *words)


def having(findings: Iterable[Finding], severity: Severity, *words: str) -> Finding:
    """A finding of that severity that has all these words."""
    found = list(findings)
    for finding in found:
        said = f"{finding.title} {finding.found} {finding.todo}"
        if finding.severity is severity and all(word in said for word in words):
            assert finding.found.strip(), finding
            assert bool(finding.todo) == (severity not in (OK, SKIPPED)), finding
            return finding
    raise AssertionError(f"nothing of {severity} with {words} in {found}")
