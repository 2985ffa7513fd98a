"""Is what an issue holds as it should be: entries whole, none twice, no part empty?"""

from collections.abc import Iterable

from newsletter.checks.findings import Check, Finding, Place, PlaceKind, counted, entry_places, titles
from newsletter.checks.page import Element
from newsletter.checks.proof import EXAMPLES, Proof
from newsletter.issues.issue import Section
from newsletter.rendering.card import Card

ENTRIES, TITLES, TWICE, PARTS = map(Check, ("Entries", "Titles", "Twice", "Parts"))
#: Characters; a phone shows three lines of about forty.
LONGEST_TITLE = 120
NAMES = {
    Section.PINNED: "The editor’s choice",
    Section.FOR_YOU: "For you",
    Section.FAVOURITES: "Everybody’s favourites",
    Section.OUTSIDE: "Outside your usual",
}


def twins_of(cards: Iterable[Card]) -> dict[int, int]:
    """Entries that are the same thing by their title or link, each with the first one's id; others are left out."""
    first: dict[str, int] = {}
    name: dict[int, int] = {}
    for card in cards:
        plain = "".join(c for c in card.title.casefold() if c.isalnum())
        marks = [mark for mark in (plain, card.link.rstrip("/") if card.linked else "") if mark]
        known = next((first[mark] for mark in marks if mark in first), card.entry_id)
        name[card.entry_id] = known
        for mark in marks:
            first.setdefault(mark, known)
    several = {known for entry_id, known in name.items() if known != entry_id}
    return {entry_id: known for entry_id, known in name.items() if known in several}


def whole_entries(proof: Proof) -> list[Finding]:
    """Those that somebody gets: do they have a summary, and a link of their own?"""
    got = list(proof.tally.readers_of)
    bare = [entry_id for entry_id in got if not proof.cards[entry_id].sentences]
    lost = [entry_id for entry_id in got if not proof.cards[entry_id].linked]
    findings = []
    if bare:
        findings.append(
            ENTRIES.note(
                f"{counted(len(bare), 'entry has', 'entries have')} no summary, so no sentence stands out: "
                f"{_named(proof, bare)}.",
                "Write one for this issue, or drop it.",
                *entry_places(bare),
            )
        )
    if lost:
        findings.append(
            ENTRIES.note(
                f"{counted(len(lost), 'entry has', 'entries have')} no link; the mail leads to a search for the title: "
                f"{_named(proof, lost)}.",
                "Give it a link in its source, or leave it so.",
                *entry_places(lost),
            )
        )
    if findings or not got:
        return findings
    return [ENTRIES.ok(f"{counted(len(got), 'entry is', 'entries are')} in some issue; each has a summary and a link.")]


def title_lengths(proof: Proof) -> list[Finding]:
    """Titles that fill a phone's screen."""
    got = proof.tally.readers_of
    long = sorted(
        (i for i in got if len(proof.cards[i].title) > LONGEST_TITLE), key=lambda i: -len(proof.cards[i].title)
    )
    if not long:
        return [TITLES.ok(f"No title is longer than {LONGEST_TITLE} characters.")] if got else []
    most = len(proof.cards[long[0]].title)
    return [
        TITLES.note(
            f"{counted(len(long), 'title has', 'titles have')} more than {LONGEST_TITLE} characters, up to {most}: on "
            f"a phone they take four lines and more. {_named(proof, long)}.",
            "Shorten it for this issue." if len(long) == 1 else "Shorten them for this issue.",
            *entry_places(long),
        )
    ]


def nothing_twice(proof: Proof) -> list[Finding]:
    """The same thing twice in one copy, or in two issues of one reader."""
    findings = []
    if doubled := proof.tally.doubled:
        (one, other), readers = doubled.most_common(1)[0]
        findings.append(
            TWICE.warning(
                f"{counted(readers, 'reader gets', 'readers get')} the same thing twice in one issue: "
                f"{_named(proof, (one,))} has the title or link of another entry"
                + (f"; so have {len(doubled) - 1:,} more." if len(doubled) > 1 else "."),
                "Drop one of the two.",
                *entry_places((one, other)),
            )
        )
    if repeats := proof.tally.repeats:
        address, entry_id = proof.tally.repeated[0]
        findings.append(
            TWICE.error(
                f"{counted(repeats, 'pick was', 'picks were')} in an earlier issue of the same reader, such as "
                f"{_named(proof, (entry_id,))} for {address}.",
                "Tell us: this must not be.",
                *entry_places([entry_id]),
                Place(PlaceKind.READER, address),
            )
        )
    return findings or ([TWICE.ok("Nobody gets anything twice.")] if proof.tally.copies else [])


def parts(proof: Proof) -> list[Finding]:
    """Sections that no mail has though they are wanted, or that stand empty."""
    if not proof.tally.copies:
        return []
    findings = [finding for section in _wanted(proof) if (finding := _nobody_gets(proof, section))]
    for copy in proof.copies:
        if head := _empty_head(copy.page):
            found = f"In {copy.name} nothing stands below the heading “{head}”."
            place = Place(PlaceKind.TEMPLATE, "issue/section.html")
            findings.append(PARTS.warning(found, "Print the entries of each section.", place))
            break
    got = ", ".join(f"{NAMES[one]} {count:,}" for one in Section if (count := proof.tally.in_mail[one]))
    return findings or [PARTS.ok(f"Readers of each part: {got}.")]


def _wanted(proof: Proof) -> list[Section]:
    issue = proof.settings.issue
    asked = {Section.PINNED: len(proof.pins), Section.FAVOURITES: issue.favourites, Section.OUTSIDE: issue.outside}
    return [section for section, count in asked.items() if count]


def _nobody_gets(proof: Proof, section: Section) -> Finding | None:
    if proof.tally.in_mail[section]:
        return None
    name, readers = NAMES[section], proof.tally.in_issue[section]
    if readers:
        setting = Place(PlaceKind.SETTING, "issue.picks")
        found = f"“{name}” is in no mail: for {counted(readers, 'reader')} it did not fit."
        return PARTS.warning(found, "Let an issue hold less (issue.picks).", setting)
    match section:
        case Section.PINNED:
            found = "Nobody gets what you pinned: all have had it."
            return PARTS.warning(found, "Pin something new.", *entry_places(proof.pins))
        case Section.FAVOURITES:
            why = "nobody likes any entry of it that is not in it already"
            return PARTS.note(f"“{name}” is in no mail: {why}.", "", Place(PlaceKind.SETTING, "issue.favourites"))
    # Who follows nothing has no usual to step out of, and a small issue nothing that lies far away.
    why = "there is nothing that lies far enough from what readers follow"
    return PARTS.note(f"“{name}” is in no mail: {why}.", "", Place(PlaceKind.SETTING, "issue.outside"))


def _empty_head(page: Element) -> str:
    """The words of a section's heading that is followed by the next one, or by the end, without any words between."""
    head, follows = "", True
    for one in page.walk():
        if one.tag == "h2":
            if not follows:
                return head
            head, follows = one.words, False
        elif one.own_words and not _inside_h2(one):
            follows = True
    return "" if follows else head


def _inside_h2(element: Element) -> bool:
    above: Element | None = element
    while above is not None and above.tag != "h2":
        above = above.parent
    return above is not None


def _named(proof: Proof, ids: Iterable[int]) -> str:
    return titles((proof.cards[entry_id].title for entry_id in ids), EXAMPLES)
