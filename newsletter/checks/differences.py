"""What is different from the issue of the same frequency before?"""

from collections.abc import Iterator

from newsletter.checks.findings import Check, Finding, Place, PlaceKind, counted
from newsletter.checks.proof import Before, Proof
from newsletter.rendering.templates import COMPILED, DOCUMENT

SINCE = Check("Since the last one")
#: Fewer than this part of what there was, or so many times as much, is worth a word.
FEWER, MORE = 0.5, 2.0
#: Of less than so many nothing follows.
ENOUGH = 10


def differences(proof: Proof) -> list[Finding]:
    """In figures, templates and intro."""
    if proof.before is None:
        return []
    return list(_found(proof, proof.before)) or [SINCE.ok(f"{_figures(proof, proof.before)}.")]


def _found(proof: Proof, before: Before) -> Iterator[Finding]:
    if proof.intro and proof.intro.split() == before.intro.split():
        place = Place(PlaceKind.INTRO, proof.intro_place)
        yield SINCE.warning(f"The intro is the same as that of {before.key}.", "Write a new one.", place)
    changed = sorted(
        DOCUMENT if name == COMPILED else name
        for name in proof.sources.keys() | before.sources.keys()
        if proof.sources.get(name) != before.sources.get(name)
    )
    if changed:
        # A colour, a font or another theme is in all of them.
        said = "The look has changed" if len(changed) > len(proof.sources) / 2 else f"{', '.join(changed)} changed"
        places = (Place(PlaceKind.TEMPLATE, name) for name in changed[:5])
        yield SINCE.note(f"{said} since {before.key}.", "Look at a copy, light and dark.", *places)
    odd = [
        what
        for what, now, then in (
            ("entries", len(proof.candidates), before.entries),
            ("readers", proof.tally.copies, before.readers),
            ("size", _size(proof), before.size),
        )
        if max(now, then) >= ENOUGH and then and now and not FEWER <= now / then <= MORE
    ]
    if odd:
        yield SINCE.note(
            f"{_figures(proof, before)}.",
            "If you did not expect that: `newsletter status` tells of silent sources and of readers.",
        )


def _figures(proof: Proof, before: Before) -> str:
    said = [
        f"{counted(len(proof.candidates), 'entry', 'entries')} (in {before.key} {before.entries:,})",
        f"{counted(proof.tally.copies, 'reader')} ({before.readers:,})",
    ]
    if _size(proof) and before.size:
        said.append(f"{_size(proof):,} bytes of HTML in everybody’s edition ({before.size:,})")
    return ", ".join(said)


def _size(proof: Proof) -> int:
    """Of everybody's edition, which is the last copy."""
    return proof.copies[-1].size if proof.copies else 0
