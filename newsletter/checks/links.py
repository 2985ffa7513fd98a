"""Do the links of an issue lead anywhere?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from newsletter.checks.findings import Check, Finding, Place, PlaceKind, counted, entry_places
from newsletter.checks.places import template_places
from newsletter.checks.proof import Proof

LINKS, ANSWERS = Check("Links"), Check("Links that answer")
_WHOLE = re.compile(r"https?://[^/\s]|(?:mailto|tel):[^\s]", re.IGNORECASE)
#: What an intro keeps.
_KEPT = re.compile(r"https?://[^/\s]|mailto:[^\s]", re.IGNORECASE)
_SHOWN = 3
OFFLINE = "All answer the same: is this machine offline? Ask again when it is not."


class Reached(StrEnum):
    """What came of asking for a link."""

    ANSWERS = "answers"
    #: there is nothing, or nobody
    BROKEN = "broken"
    #: the server talks to browsers only, or wants to be left alone
    NOT_TOLD = "not told"
    #: there was no time left
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said of one link."""

    reached: Reached
    #: in words: "the server answered 404 Not Found"
    why: str = ""


def reached_by(status: int) -> Reached:
    """What a status of HTTP means for a reader with a browser, who may be let in where we are not."""
    if status in (401, 402, 403, 405, 406, 407, 429, 451, 501, 999) or status in (503, 520, 521, 522, 523, 524, 525):
        return Reached.NOT_TOLD
    return Reached.ANSWERS if status < 400 else Reached.BROKEN


def whole_links(proof: Proof) -> list[Finding]:
    """A mail has no page that a short link could belong to."""
    broken: dict[str, str] = {}
    count = 0
    for copy in proof.copies:
        for one in copy.page.walk():
            address = one.attributes.get("href" if one.tag in ("a", "area") else "src")
            if address is None or one.tag not in ("a", "area", "img") or address.startswith("#"):
                continue
            count += 1
            if not _WHOLE.match(address):
                broken.setdefault(address, one.words)
    if broken:
        address, words = next(iter(broken.items()))
        more = "" if len(broken) == 1 else f" and {len(broken) - 1:,} more"
        return [
            LINKS.error(
                f"A link leads nowhere in a mail: {address!r}{f' (“{words}”)' if words else ''}{more}.",
                "Write it whole, with https:// before it.",
                *(
                    template_places(proof.sources, *(f'"{one}"' for one in broken))
                    or template_places(proof.sources, address)
                ),
            )
        ]
    if lost := _lost_in_intro(proof):
        return [
            LINKS.warning(
                f"The intro’s link to {lost!r} is taken out: it is not whole.",
                "Write it whole, with https:// before it.",
                Place(PlaceKind.INTRO, proof.intro_place),
            )
        ]
    return [LINKS.ok("Every link is whole.")] if count else []


def _lost_in_intro(proof: Proof) -> str:
    """A link of the intro that leads nowhere in a mail; it would lose its address silently."""
    return next((one for one in re.findall(r"\]\(<?([^)\s>]+)", proof.intro) if not _KEPT.match(one)), "")


def worth_asking(proof: Proof) -> dict[str, int]:
    """The links of the entries that somebody gets and of the intro, with the entry (0: the intro).

    Not those of our own pages, which are signed for one reader, nor searches that stand where an entry has no link.
    """
    found = dict.fromkeys(re.findall(r"https?://[^\s)>\]\"']+", proof.intro), 0)
    for entry_id in proof.tally.readers_of:
        card = proof.cards[entry_id]
        if card.linked:
            found.setdefault(card.link, entry_id)
    return {address: entry_id for address, entry_id in found.items() if not address.startswith(proof.settings.base_url)}


def answers(asked: Mapping[str, int], told: Mapping[str, Answer], intro_place: str) -> list[Finding]:
    """What servers said: `asked` has the entry of each link, 0 for the intro."""
    by: dict[Reached, list[str]] = {reached: [] for reached in Reached}
    for address in asked:
        by[told[address].reached if address in told else Reached.NOT_ASKED].append(address)
    findings = []
    if broken := by[Reached.BROKEN]:
        said = "; ".join(f"{address} ({told[address].why})" for address in broken[:_SHOWN])
        more = f"; and {len(broken) - _SHOWN:,} more" if len(broken) > _SHOWN else ""
        findings.append(
            ANSWERS.warning(
                f"{counted(len(broken), 'link does', 'links do')} not answer: {said}{more}.",
                OFFLINE
                if len(broken) == len(told) > 1 and len({one.why for one in told.values()}) == 1
                else "Look at them in a browser; drop the entry, or mend its link in the source.",
                *_places(broken, asked, intro_place),
            )
        )
    if unknown := by[Reached.NOT_TOLD]:
        hosts = sorted({_host(address) for address in unknown})
        findings.append(
            ANSWERS.note(
                f"{counted(len(unknown), 'link')} could not be asked: {', '.join(hosts[:_SHOWN])} "
                f"{'does' if len(hosts) == 1 else 'do'} not talk to programs ({told[unknown[0]].why}).",
                "They may well be good: look at one in a browser.",
                *_places(unknown, asked, intro_place),
            )
        )
    if late := by[Reached.NOT_ASKED]:
        findings.append(
            ANSWERS.note(f"{counted(len(late), 'link')} of {len(asked):,} were not asked: it took too long.")
        )
    if good := by[Reached.ANSWERS]:
        findings.append(ANSWERS.ok(f"{counted(len(good), 'link answers', 'links answer')}, of {len(asked):,}."))
    return findings or [ANSWERS.ok("There are no links to ask for.")]


def _places(addresses: Sequence[str], asked: Mapping[str, int], intro_place: str) -> tuple[Place, ...]:
    intro = (Place(PlaceKind.INTRO, intro_place),) if any(not asked[address] for address in addresses) else ()
    return intro + entry_places(asked[address] for address in addresses if asked[address])


def _host(address: str) -> str:
    return re.sub(r"^https?://([^/?#:]*).*", r"\1", address, flags=re.DOTALL).lower()
