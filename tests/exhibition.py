"""Mails, notices and pages of every theme, with the hardest and the plainest of entries, to be judged and looked at.

python tests/exhibition.py FOLDER writes mails/ and notices/ as .eml, mjml/ as it is compiled, pages/ as .html.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from newsroom import SETTINGS, Clock

from newsletter.issues.issue import Pick, ReasonKind, Section
from newsletter.rendering.card import Card
from newsletter.rendering.edition import Edition, Reader, shared_variables
from newsletter.rendering.intro import intro_html, intro_text
from newsletter.rendering.letter import Letter
from newsletter.rendering.links import Purpose, Signer
from newsletter.rendering.look import Look, look_in
from newsletter.rendering.message import Letterhead
from newsletter.rendering.recipe import Recipe
from newsletter.rendering.stationery import FRAME, Stationery
from newsletter.rendering.templates import DOCUMENT, load_sources, shipped_templates
from newsletter.rendering.themes import THEMES
from newsletter.sections import LookSettings

# What the tests of two rooms share; pytest looks there only once it has come to those rooms.
sys.path += [str(Path(__file__).with_name(room)) for room in ("rendering", "web")]
from letterpaper import NEWSLETTER, sample
from website import NOON, Website, build

BASE_URL = "https://news.example.org"
SIGNER = Signer(BASE_URL, {1: b"1" * 32})
READER = Reader(7, "ada@example.org")
DATE = datetime(2026, 11, 27, 7, tzinfo=UTC)
NOWHERE = Path("no-such-folder")
LOGO = "https://pictures.example.org/logo.png"
PICTURE = "https://pictures.example.org/picture.png"

#: Made up: a title, who wrote it, and what its summary says.
PAPERS = (
    (
        "Counting birds by the sound of a wood at dawn",
        "A. Merle, C. Finch and 3 more",
        (
            "Four microphones and a night of patience count the birds of a wood as well as twelve people do.",
            "We let a small network listen to a thousand dawns, and asked it only how many were singing.",
            "It works in the rain.",
        ),
    ),
    (
        "Bridges that say when they are tired",
        "B. Pont, M. Arc",
        (
            "A bridge hums lower in the year before it fails, and a phone on its railing can hear that.",
            "Sixty bridges were listened to for ten years; three of them were closed in time.",
        ),
    ),
    (
        "A kitchen robot that asks before it guesses",
        "R. Cook, S. Chef, T. Plate and 4 more",
        (
            "Asking one question in the right moment halves the mistakes of a robot that sets the table.",
            "What to ask is learned from the faces of those who wait for their dinner.",
        ),
    ),
    (
        "Small models know what they do not know",
        "U. Certain",
        (
            "Asked twice in other words, a model that is wrong answers differently, and one that is right does not.",
            "This costs one more question and no training at all.",
        ),
    ),
    (
        "Routing letters through a city without a map",
        "P. Ost, V. Elo",
        (
            "Couriers who only know their own street deliver as fast as those with a map, if they talk at corners.",
            "We prove it for grids and show it for four real cities.",
        ),
    ),
)
#: What a title may be made of; each is worth a look of its own.
ALPHABETS = (
    "一種不需要地圖的城市郵件遞送方法以及它在四個真實城市中的驗證與比較研究",
    "地図を持たない配達員のための、街角で話し合う道順の決め方について",
    "지도 없이 도시에서 편지를 배달하는 방법에 관한 연구",
    "كيف تُعَدّ الطيور من أصواتها عند الفجر دون أن يراها أحد",
    "איך סופרים ציפורים לפי קולן עם שחר, בלי לראות אותן",
    "Bounds of order x² + ∑ᵢ √nᵢ ≤ ∫₀^∞ e^(−t²) dt for ℝⁿ, ∀ε > 0",
    "What 🦉 and 👩‍🔬 have in common: a study of night shifts 🌙✨",
    "Über die Größe naïver Schätzer für Straßen, Flüsse und Čapeks Roboter",
)
#: Of about a line and a half, as most titles are.
WORDY = (
    "Learning to count birds in woods where nobody has counted, from recordings that were made for other ends",
    "Whole-bridge listening with the microphones of passing phones: a study of sixty bridges in ten years",
    "On asking one question in the right moment, and what a robot in a kitchen learns from faces at dinner",
)
LONG = ("A very long title that somebody wrote who could not decide what to leave out, " * 5)[:299] + "."
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
INTRO = "This week we read **everything about birds**, and a little about bridges.\n\nWrite to us if one sang."


def exhibit(folder: Path) -> None:
    """Write all of it, a file for each theme and case."""
    for name in THEMES:
        for case, message in mails(name):
            _write(folder / "mails" / f"{name}-{case}.eml", message)
        for case, message in notices(name):
            _write(folder / "notices" / f"{name}-{case}.eml", message)
        for case, source in documents(look_in(LookSettings(theme=name))):
            _write(folder / "mjml" / f"{name}-{case}.mjml", source.encode())
        for case, html in pages(name):
            _write(folder / "pages" / f"{name}-{case}.html", html.encode())


def mails(theme: str) -> Iterator[tuple[str, bytes]]:
    """One issue for each case, by its name."""
    plain = look_in(LookSettings(theme=theme))
    pictured = look_in(LookSettings(theme=theme, logo=LOGO, thumbnails=True), brand="#0055aa")
    usual = [_paper(n) for n in range(7)]
    yield "usual", issue(plain, usual, favourites=3, outside=True, intro=INTRO)
    yield "one", issue(plain, usual[:1])
    yield "ten", issue(plain, [_paper(n) for n in range(10)])
    yield "fifty", issue(plain, [_paper(n) for n in range(50)])
    yield "list", issue(plain, usual[:2], favourites=20, outside=True)
    yield "alphabets", issue(plain, [_paper(n, title=title) for n, title in enumerate(ALPHABETS)], favourites=4)
    yield "wordy", issue(plain, [_paper(n, title=title) for n, title in enumerate(WORDY)])
    long = [_paper(0, title=LONG, people=LONG), _paper(1, title=UNBROKEN, sentences=(UNBROKEN * 2, LONG)), _paper(2)]
    yield "long", issue(plain, long, favourites=3, outside=True, words=LONG[:200])
    bare = [_paper(n, people="", source="", date="", sentences=(), linked=False) for n in range(4)]
    yield "bare", issue(plain, bare, favourites=2, outside=True)
    yield "pictures", issue(pictured, [_paper(n, image=PICTURE if n != 1 else "") for n in range(4)], favourites=2)
    mirrored = [_paper(n, title=ALPHABETS[n % 2 + 3], sentences=ALPHABETS[3:5]) for n in range(3)]
    arabic = look_in(LookSettings(theme=theme, logo=LOGO, thumbnails=True), language="ar")
    yield "arabic", issue(arabic, [*mirrored, _paper(3, image=PICTURE)], favourites=2, outside=True, language="ar")


def issue(
    look: Look,
    cards: list[Card],
    *,
    favourites: int = 0,
    outside: bool = False,
    intro: str = "",
    words: str = "listening to animals",
    language: str = "en",
) -> bytes:
    """A finished mail of these entries; what there is of favourites and the step outside repeats them."""
    newsletter = {
        "title": "Paper Robots",
        "address": "papers@news.example.org",
        "postal_address": "1 Example Street, 12345 Exampleton",
        "base_url": BASE_URL,
        "language": language,
        "replies": "yes",
    }
    about = {"name": "weekly-2026-11-27", "date": "Friday, 27 November", "count": 1214}
    shared = shared_variables(
        newsletter=newsletter,
        issue={**about, "arrivals": "1,214 things to read came in this week"},
        intro_html=intro_html(intro),
        intro_text=intro_text(intro),
        longest_sentence=look.theme.sentence,
    )
    edition = Edition(load_sources(NOWHERE, look), shared)
    picks = [_pick(card, Section.FOR_YOU, list(ReasonKind)[n % 3], words) for n, card in enumerate(cards)]
    liked = [cards[n % len(cards)] for n in range(favourites)]
    picks += [_pick(card, Section.FAVOURITES, ReasonKind.POPULAR, "1,234 people") for card in liked]
    picks += [_pick(cards[-1], Section.OUTSIDE, ReasonKind.OUTSIDE, "")] if outside else []
    recipe = Recipe(
        picks=tuple(picks),
        name="Ada",
        number=12,
        rhythm="on Fridays at 08:00, Paris time",
        part_of_day="morning",
        since="3 March 2026",
        next_date="Friday, 4 December",
        follows=True,
        key_id=1,
    )
    by_id = {card.entry_id: card for card in cards}
    body = edition.assemble(edition.fitted(recipe, by_id), by_id, READER, SIGNER)
    letterhead = Letterhead(title=newsletter["title"], address=newsletter["address"], issue="weekly-2026-11-27")
    return letterhead.message(body, subscriber_id=7, name="Ada", address=READER.address, date=DATE, signer=SIGNER)


def notices(theme: str) -> Iterator[tuple[str, bytes]]:
    """Three notices: a question, an answer, an alarm; and one with a logo, from right to left."""
    plain = Stationery(NOWHERE, look_in(LookSettings(theme=theme)), NEWSLETTER)
    arabic = look_in(LookSettings(theme=theme, logo=LOGO), language="ar")
    mirrored = Stationery(NOWHERE, arabic, NEWSLETTER | {"language": "ar"})
    for case, stationery, name in (
        ("confirm", plain, "confirm"),
        ("answer", plain, "answer"),
        ("alarm", plain, "alarm"),
        ("help", plain, "help"),
        ("arabic", mirrored, "answer"),
    ):
        written = stationery.write(name, **sample(name))
        letter = Letter(
            title="Paper Robots",
            address="papers@news.example.org",
            to="ada@example.org",
            name="Ada",
            subject=written.subject,
            text=written.text,
            html=written.html,
            message_id=f"<n-{theme}-{case}@news.example.org>",
            headers=(("Auto-Submitted", "auto-generated"),),
        )
        yield case, letter.message(DATE)


def documents(look: Look) -> Iterator[tuple[str, str]]:
    """The MJML documents as they are handed to the compiler."""
    for case, name in (("issue", DOCUMENT), ("frame", FRAME)):
        yield case, look.apply((shipped_templates() / name).read_text("utf-8"), name)


def pages(theme: str) -> Iterator[tuple[str, str]]:
    """Pages of a small newsletter, their style within them."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        project = Path(folder) / "newsletter"
        build(project, settings=f'{SETTINGS}look.theme = "{theme}"\n')
        site = Website(project, Clock(NOON), stack)
        style = site.get("/page.css").text
        edition = re.search(r'href="(/archive/[^"]+)"', site.get("/archive").text)
        paths = {
            "subscribe": "/",
            "archive": "/archive",
            "privacy": "/privacy",
            "preferences": site.link(Purpose.PREFERENCES),
            "leave": site.link(Purpose.LEAVE),
            **({"edition": edition[1]} if edition else {}),
        }
        for case, path in paths.items():
            html = site.get(path).text
            yield case, re.sub(r'<link rel="stylesheet"[^>]*>', lambda _: f"<style>{style}</style>", html)


def _paper(n: int, **words: Any) -> Card:
    title, people, sentences = PAPERS[n % len(PAPERS)]
    values: dict[str, Any] = {
        "title": title,
        "link": f"https://papers.example.org/abs/2611.{n:05}",
        "linked": True,
        "people": people,
        "source": "arXiv",
        "date": "21\u00a0Nov",
        "sentences": sentences,
        "likes": 1_234 - 7 * n,
    }
    return Card(entry_id=n + 1, **(values | words))


def _pick(card: Card, section: Section, reason: ReasonKind, words: str) -> Pick:
    return Pick(card.entry_id, section, 0.5, reason, words, 0 if card.sentences else None)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    exhibit(Path(sys.argv[1]))
