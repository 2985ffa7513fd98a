"""What the doctor found, in plain words for a terminal of eighty columns. Pure."""

from collections.abc import Iterator, Sequence

from newsletter.cli.output import counted, wrapped
from newsletter.doctor.findings import Finding, Severity, Topic

#: Titles are aligned up to here.
_TITLE = 20
_HEADS = {
    Severity.FAILURE: "This stops mail:",
    Severity.WARNING: "Look at this:",
    Severity.ADVICE: "Could be better:",
}


def in_words(findings: Sequence[Finding]) -> list[str]:
    """All of it, line by line: what stops mail first, what is well last."""
    lines = [_verdict(findings)]
    for severity, head in _HEADS.items():
        found = [one for one in findings if one.severity is severity]
        if found:
            lines += ["", head, *(line for one in found for line in _trouble(one))]
    for topic in Topic:
        told = [one for one in findings if one.topic is topic and one.severity in (Severity.OK, Severity.SKIPPED)]
        if told:
            lines += ["", str(topic), *(line for one in told for line in _well(one))]
    # What servers say may hold anything; a terminal obeys some of it.
    return ["".join(c if c.isprintable() else " " for c in line) for line in lines]


def _verdict(findings: Sequence[Finding]) -> str:
    count = {severity: sum(one.severity is severity for one in findings) for severity in Severity}
    well = f"{count[Severity.OK]:,} {'is' if count[Severity.OK] == 1 else 'are'} well"
    parts = [
        counted(count[severity], one, many)
        for severity, one, many in (
            (Severity.FAILURE, "thing stops mail", "things stop mail"),
            (Severity.WARNING, "needs a look", "need a look"),
            (Severity.ADVICE, "could be better", "could be better"),
        )
        if count[severity]
    ]
    return (
        f"{', '.join(parts)}; {well}." if parts else f"All is well: {counted(count[Severity.OK], 'thing')} looked at."
    )


def _trouble(finding: Finding) -> Iterator[str]:
    yield from wrapped(f"• {finding.topic}, {finding.title}: {finding.found}", hanging=2)
    if finding.todo:
        yield from wrapped(f"→ {finding.todo}", indent=2, hanging=2)


def _well(finding: Finding) -> list[str]:
    return wrapped(f"{finding.title:<{_TITLE}}{finding.found}", indent=2, hanging=_TITLE)
