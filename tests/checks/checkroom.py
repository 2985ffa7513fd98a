"""What tests of the checks share: a good issue, changes that spoil it, and looking for what was found."""

from collections.abc import Iterable
from pathlib import Path

from mainline import subscribe
from newsroom import entry, write_entries

from newsletter import Newsletter
from newsletter.checking import Checked, Finding, PlaceKind, Severity
from newsletter.rendering.templates import shipped_templates

OK, NOTE, WARNING, ERROR = Severity.OK, Severity.NOTE, Severity.WARNING, Severity.ERROR
#: The coming issue of a reader who gets theirs on Fridays, on the clock's Sunday.
ISSUE = "weekly-2026-11-27"
#: They follow things that lie apart, so that each gets their own.
FOLLOWED = ("walking robots", "brain tumours", "music that graph networks recommend", "forests and satellites")


def readers(newsletter: Newsletter, count: int = 4) -> list[str]:
    """So many readers of the coming issue; their addresses."""
    addresses = [f"reader{n}@example.org" for n in range(count)]
    for n, address in enumerate(addresses):
        subscribe(newsletter, address, (FOLLOWED[n % len(FOLLOWED)],))
    return addresses


def bring(newsletter: Newsletter, *entries: dict[str, object]) -> None:
    """Pull these instead of what was in the source."""
    write_entries(newsletter.project, entries)
    newsletter.pull()


def good_issue(newsletter: Newsletter) -> None:
    """Readers, an intro, and entries that some like."""
    write_intro(newsletter, "Good morning! Robots walk, and *we* read about them.")
    bring(newsletter, *[entry(n, popularity=n) for n in range(40)])
    readers(newsletter)


def write_intro(newsletter: Newsletter, markdown: str, name: str = ISSUE) -> Path:
    """The editor's file of the coming issue."""
    path = newsletter.project / "issues" / f"{name}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(markdown, "utf-8")
    return path


def change_template(newsletter: Newsletter, name: str, old: str, new: str) -> None:
    """An own template of the operator's: ours, but for that."""
    path = newsletter.project / "templates" / name
    source = (path if path.exists() else shipped_templates() / name).read_text("utf-8")
    assert old in source, f"{old!r} is not in {name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source.replace(old, new), "utf-8")


def add_to_template(newsletter: Newsletter, name: str, text: str) -> str:
    """The same with a last line; returns the place of that."""
    path = newsletter.project / "templates" / name
    source = (path if path.exists() else shipped_templates() / name).read_text("utf-8").rstrip("\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{source}\n{text}\n", "utf-8")
    return f"{name}:{source.count(chr(10)) + 2}"


def of(checked: Checked, check: str) -> list[Finding]:
    """What one check found."""
    found = [one for one in checked.findings if one.check == check]
    assert found, f"nothing of {check} in {checked.findings}"
    return found


def said(checked: Checked, check: str, severity: Severity, *words: str) -> Finding:
    """The only finding of that check, so bad, with all these words in it."""
    found = [one for one in of(checked, check) if one.severity is severity]
    assert len(found) == 1, of(checked, check)
    for word in words:
        assert word in f"{found[0].found} {found[0].todo}", found[0]
    return found[0]


def spoilt(checked: Checked) -> set[str]:
    """The checks that found something."""
    return {one.check for one in checked.findings if one.severity is not OK}


def places(findings: Iterable[Finding], kind: PlaceKind) -> list[str]:
    """Where to go."""
    return [place.name for one in findings for place in one.places if place.kind is kind]
