"""Is each copy a whole mail: not clipped, readable without HTML and images, and can it be left?"""

import re
from collections import defaultdict
from collections.abc import Iterator

from newsletter.checks.findings import Check, Finding, Place, PlaceKind, counted, titles
from newsletter.checks.page import Element
from newsletter.checks.places import template_places
from newsletter.checks.proof import Copy, Proof

#: Bytes of HTML, of which Gmail shows so many, and hides the rest with the way to leave in it.
CLIPPED = 102_000

SIZE, TEXT, IMAGES, LEAVING, SENDER, REMOTE = map(
    Check, ("Size", "Text part", "Images", "Leaving", "Postal address", "Remote requests")
)
_CSS_ADDRESS = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s;]+)""", re.IGNORECASE)
#: What fetches something by itself when a mail is opened, and what that is.
_FETCHING = {"img": "images", "input": "images", "video": "films", "audio": "sounds", "source": "films"} | {
    "iframe": "pages",
    "script": "scripts",
    "embed": "objects",
    "object": "objects",
}


def size(proof: Proof) -> list[Finding]:
    """Gmail's 102 kB, and what was left out to stay below."""
    copy, tally = proof.largest, proof.tally
    if copy is None:
        return []
    whose = f"The largest copy, {copy.address}’s," if copy.address else "Everybody’s edition, the largest copy,"
    who = f"{whose} has {copy.size:,} bytes of HTML"
    if copy.size > CLIPPED:
        todo = "Make the templates smaller, or let an issue hold less (issue.picks)."
        limit = f"Gmail shows {CLIPPED:,} and hides the rest, the way to leave too."
        return [SIZE.error(f"{who}; {limit}", todo, *copy.places, Place(PlaceKind.SETTING, "issue.picks"))]
    if tally.cut_short:
        left = f"{counted(tally.cut_short, 'reader')} do not find their whole issue in the mail, but a link to the rest"
        return [
            SIZE.warning(
                f"{left}: up to {counted(tally.most_left_out, 'entry', 'entries')} did not fit. {who}.",
                "Let an issue hold less (issue.picks, issue.favourites), or make the template of a card smaller.",
                Place(PlaceKind.SETTING, "issue.picks"),
                *copy.places,
            )
        ]
    return [SIZE.ok(f"{who}; Gmail shows up to {CLIPPED:,}.")]


def text_part(proof: Proof) -> list[Finding]:
    """Does the plain text say what the HTML says?"""
    for copy in proof.copies:
        if not copy.text.strip() or not copy.html.strip():
            which = "text" if copy.html.strip() else "HTML"
            return [TEXT.error(f"The {which} part is empty in {copy.name}.", "Mend its template.", *copy.places)]
        for which, missing in (("text", _missing_in_text(proof, copy)), ("HTML", _missing_in_html(proof, copy))):
            if missing:
                said = f"{len(missing)} of {counted(len(copy.recipe.shown), 'entry', 'entries')}"
                file = f"issue/issue.{'txt' if which == 'text' else 'mjml'}"
                return [
                    TEXT.error(
                        f"The {which} part of {copy.name} lacks {said}: {titles(missing)}.",
                        f"Print every entry’s title and link in {file}.",
                        Place(PlaceKind.TEMPLATE, file),
                        *copy.places,
                    )
                ]
    return [TEXT.ok("The text part has every entry that the HTML has.")] if proof.copies else []


def _missing_in_text(proof: Proof, copy: Copy) -> list[str]:
    said = _squeezed(copy.text)
    cards = [proof.cards[pick.entry_id] for pick in copy.recipe.shown]
    return [card.title for card in cards if card.link not in copy.text and _squeezed(card.title) not in said]


def _missing_in_html(proof: Proof, copy: Copy) -> list[str]:
    said = _squeezed(copy.page.words)
    cards = [proof.cards[pick.entry_id] for pick in copy.recipe.shown]
    links = {one.attributes.get("href") for one in copy.page.walk()}
    return [card.title for card in cards if card.link not in links and _squeezed(card.title) not in said]


def _squeezed(text: str) -> str:
    return "".join(text.split()).casefold()


def images(proof: Proof) -> list[Finding]:
    """Every image says what it shows, or says that it need not be read out (alt="")."""
    shown = {
        one.attributes.get("src", ""): one for copy in proof.copies for one in copy.page.walk() if one.tag == "img"
    }
    silent = [address for address, one in shown.items() if "alt" not in one.attributes]
    if not silent:
        said = f"{counted(len(shown), 'image')}; each has an alt text." if shown else "There are no images."
        return [IMAGES.ok(said)]
    return [
        IMAGES.error(
            f"{counted(len(silent), 'image has', 'images have')} no alt text, such as {silent[0]!r}: with images "
            "blocked nobody knows what is missing.",
            'Write alt="what it shows", or alt="" for decoration.',
            *(template_places(proof.sources, silent[0]) or template_places(proof.sources, "<img")),
        )
    ]


def leaving(proof: Proof) -> list[Finding]:
    """RFC 2369 and 8058, as Gmail and Yahoo require them, and a link that everybody can see."""
    for copy in proof.copies:
        header = copy.headers.get("list-unsubscribe", "")
        links = re.findall(r"<(https?://[^\s<>]+)>", header)
        if not links or copy.headers.get("list-unsubscribe-post") != "List-Unsubscribe=One-Click":
            return [
                LEAVING.error("The headers that let readers leave by one click are missing.", "Tell us: it is ours.")
            ]
        lacking = [
            part for part, has in (("HTML", _links_to(copy.page, links[0])), ("text", links[0] in copy.text)) if not has
        ]
        if lacking:
            files = [f"issue/{'foot.html' if part == 'HTML' else 'issue.txt'}" for part in lacking]
            return [
                LEAVING.error(
                    f"The link to leave is missing in the {' and the '.join(lacking)} part.",
                    "Print {{ links.leave }} there: the law of most countries wants it in every newsletter.",
                    *(Place(PlaceKind.TEMPLATE, file) for file in files),
                )
            ]
        if not links[0].startswith("https://"):
            return [
                LEAVING.warning(
                    "The pages are not reached by https, so leaving by one click works in no mail program (RFC 8058).",
                    "Set base_url to an address that begins with https://.",
                    Place(PlaceKind.SETTING, "base_url"),
                )
            ]
    return [LEAVING.ok("One click leaves: in the headers and in both parts.")] if proof.copies else []


def postal_address(proof: Proof) -> list[Finding]:
    """Who sends this, in every copy."""
    if not proof.postal_address:
        return [
            SENDER.error(
                "No postal address is set, so nothing is sent: the law of most countries wants it in every newsletter.",
                "Set postal_address: who you are and where mail reaches you.",
                Place(PlaceKind.SETTING, "postal_address"),
            )
        ]
    wanted = _squeezed(proof.postal_address)
    for copy in proof.copies:
        parts = (("HTML", copy.page.words, "issue/foot.html"), ("text", copy.text, "issue/issue.txt"))
        for part, said, file in parts:
            if wanted not in _squeezed(said):
                return [
                    SENDER.error(
                        f"The postal address is not in the {part} part.",
                        "Print {{ newsletter.postal_address }} there.",
                        Place(PlaceKind.TEMPLATE, file),
                    )
                ]
    return [SENDER.ok(f"{proof.postal_address} is in both parts.")]


def remote_requests(proof: Proof) -> list[Finding]:
    """Which hosts learn that a mail was opened."""
    found: dict[str, set[str]] = defaultdict(set)
    for copy in proof.copies:
        for kind, address in _fetched(copy.page):
            host = re.sub(r"^(https?:)?//([^/?#]*).*", r"\2", address, flags=re.DOTALL)
            found[kind].add(host.rpartition("@")[2].lower())
    if not found:
        return [REMOTE.ok("None: nobody learns that a mail was opened.")]
    said = "; ".join(f"{kind} from {', '.join(sorted(hosts))}" for kind, hosts in sorted(found.items()))
    asks = f"Opened, a mail asks for {said}: these hosts learn who reads it, and when."
    if found.keys() - {"images"}:
        places = template_places(proof.sources, "@import", "@font-face", "<link", "<script", "<iframe")
        todo = "Keep only images: most mail programs ask for nothing else, or hide the mail."
        return [REMOTE.warning(asks, todo, *places)]
    return [REMOTE.note(asks, "If that is not meant, leave pictures out.")]


def _fetched(page: Element) -> Iterator[tuple[str, str]]:
    for one in page.walk():
        attributes = one.attributes
        if one.tag == "style":
            sheet = "".join(child for child in one.children if isinstance(child, str))
            yield from (("fonts and styles", address) for address in _CSS_ADDRESS.findall(sheet))
        elif one.tag == "link" and re.search(r"stylesheet|icon|preload", attributes.get("rel", "")):
            yield "fonts and styles", attributes.get("href", "")
        for address in _CSS_ADDRESS.findall(attributes.get("style", "")):
            yield "images", address
        for name, kind in (("src", _FETCHING.get(one.tag, "")), ("background", "images"), ("poster", "images")):
            if kind and re.match(r"(https?:)?//", attributes.get(name, "")):
                yield kind, attributes[name]


def _links_to(page: Element, address: str) -> bool:
    return any(one.tag == "a" and one.attributes.get("href") == address for one in page.walk())
