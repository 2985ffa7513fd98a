"""Who gets the issue, who does not and why, and is it really everybody's own?"""

from newsletter.checks.findings import Check, Finding, Place, PlaceKind, counted, entry_places, titles
from newsletter.checks.proof import EXAMPLES, Proof
from newsletter.issues.control import STOPPED

READERS, EVERYBODY = Check("Readers"), Check("The same for all")
#: An entry that was chosen for so many of all readers, of at least so many readers, was chosen for nobody.
ALL, FEWEST = 0.95, 10


def who_gets_nothing(proof: Proof) -> list[Finding]:
    """By the reason."""
    tally = proof.tally
    if not proof.readers:
        return [READERS.note("It has no readers yet.", "`newsletter subscribers add` adds one.")]
    findings = []
    if not tally.copies and proof.state in STOPPED:
        # Of that its release tells.
        return []
    if not tally.copies:
        why = tally.nothing.most_common(1)[0][0]
        found = f"Nobody gets this issue, of {counted(proof.readers, 'reader')}: {why}."
        findings.append(READERS.warning(found, "`newsletter pull` brings in new entries.", *_examples(proof, why)))
    else:
        for why, count in tally.nothing.most_common():
            most = count > proof.readers / 2
            found = f"{counted(count, 'reader gets', 'readers get')} nothing, of {proof.readers:,}: {why}"
            found += f" ({', '.join(tally.without[why])}{', …' if count > EXAMPLES else ''})."
            say = READERS.warning if most else READERS.note
            findings.append(say(found, "Ask yourself whether that is meant." if most else "", *_examples(proof, why)))
    if proof.paused:
        findings.append(READERS.note(f"{counted(proof.paused, 'reader is', 'readers are')} paused, and not asked."))
    return findings or [READERS.ok(f"{counted(tally.copies, 'reader gets', 'readers get')} it.")]


def _examples(proof: Proof, why: str) -> tuple[Place, ...]:
    return tuple(Place(PlaceKind.READER, address) for address in proof.tally.without[why])


def the_same_for_all(proof: Proof) -> list[Finding]:
    """Entries that were chosen for nearly everybody; pins and favourites are meant to be."""
    tally = proof.tally
    if tally.copies < FEWEST:
        return []
    common = [entry_id for entry_id, count in tally.chosen_for.most_common() if count >= ALL * tally.copies]
    if not common:
        entry_id, count = next(iter(tally.chosen_for.most_common(1)), (0, 0))
        named = f": {titles([proof.cards[entry_id].title])}" if entry_id else ""
        return [EVERYBODY.ok(f"No entry was chosen for more than {count / tally.copies:.0%} of readers{named}.")]
    named = titles([proof.cards[entry_id].title for entry_id in common], EXAMPLES)
    return [
        EVERYBODY.note(
            f"{counted(len(common), 'entry was', 'entries were')} chosen for nearly everybody ({ALL:.0%} and more of "
            f"{counted(tally.copies, 'reader')}): {named}.",
            "Pin it if it is for everybody; else look whether readers follow anything that tells them apart.",
            *entry_places(common),
        )
    ]
