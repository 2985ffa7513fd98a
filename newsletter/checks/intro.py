"""Is there an intro, is it finished, and will anybody read all of it?"""

import re

from newsletter.checks.findings import Check, Finding, Place, PlaceKind
from newsletter.checks.proof import Proof

INTRO = Check("Intro")
#: Words; on a phone a screen shows about a hundred.
LONGEST = 200
_UNFINISHED = re.compile(r"\b(TODO|TBD|FIXME|XXX)\b|\b(?i:lorem ipsum)\b|\{\{|\{%|\[(…|\.\.\.)\]|\?\?\?")


def intro(proof: Proof) -> list[Finding]:
    """The editor's words."""
    place = Place(PlaceKind.INTRO, proof.intro_place)
    words = len(proof.intro.split())
    if not words:
        todo = "" if proof.made else f"`newsletter issue intro {proof.key}` writes one; a few lines do."
        return [INTRO.note("There is no intro.", todo, place)]
    findings = []
    if found := _UNFINISHED.search(proof.intro):
        line = proof.intro.count("\n", 0, found.start()) + 1
        said = f"The intro does not look finished: it says {found[0]!r} in its line {line}."
        findings.append(INTRO.warning(said, "Finish it.", place))
    if words > LONGEST:
        said = f"The intro has {words:,} words; readers came for what is below it."
        findings.append(INTRO.note(said, f"Up to {LONGEST} are read.", place))
    return findings or [INTRO.ok(f"It has {words:,} {'word' if words == 1 else 'words'}.")]
