"""Do the templates work as they are now, and does a typical issue fit into a mail that nobody clips?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from quopri import decodestring

import jinja2
from sqlite_utils import Database

from newsletter.doctor.findings import Finding, Subject, Topic, cut
from newsletter.errors import IssueError, TemplateError
from newsletter.issues import store as issues
from newsletter.issues.issue import IssueKey, Pick, ReasonKind, Section
from newsletter.press import Press, shape_of
from newsletter.printing import Printing
from newsletter.ranking.embedding import Progress
from newsletter.ranking.model import ModelProcess
from newsletter.rendering.edition import MOST_HTML, Reader
from newsletter.rendering.links import Signer
from newsletter.rendering.look import look_of
from newsletter.rendering.recipe import Recipe
from newsletter.rendering.sample import sample_cards
from newsletter.rendering.stationery import Stationery
from newsletter.rendering.templates import shipped_templates
from newsletter.settings import Settings
from newsletter.web.pages import Pages

TEMPLATES, SIZE, OTHERS = (Subject(Topic.TEMPLATES, title) for title in ("Issue", "Size", "Pages and notices"))
#: Of HTML, in bytes: Gmail hides what is beyond, the way to leave too.
CLIPPED = 102_000
#: What a message needs beside its HTML: headers, signature, text part. Ours are well below.
_BESIDE = 64_000


@dataclass(frozen=True, slots=True)
class TemplateFacts:
    """How an issue of now would be."""

    #: what is wrong, with file and line; empty where nothing is
    trouble: str = ""
    #: the same of the operator's own pages and notices
    others: tuple[str, ...] = ()
    #: bytes of HTML of a full issue, as mail programs see it
    html: int = 0
    #: picks that did not fit
    left_out: int = 0
    #: of how many
    picks: int = 0

    @property
    def message(self) -> int:
        """Bytes of a large message."""
        return max(self.html, MOST_HTML) + _BESIDE


def template_facts(db: Database, project: Path, settings: Settings, signer: Signer, now: datetime) -> TemplateFacts:
    """Make a draft as `newsletter preview` does, with the checks that an issue must pass before it is made."""
    # Making a draft asks no model, so none is started.
    model = ModelProcess(settings.model.name, batch=settings.model.batch)
    press = Press(db, project, settings, model, signer, _silent)
    others = tuple(filter(None, (_pages_trouble(project, settings), _notices_trouble(project, settings))))
    try:
        printing = press.printing(_unmade(db, settings, now), now)
        recipe = _full(printing, settings, signer)
        body = printing.frozen.edition.assemble(
            recipe, printing.frozen.cards | sample_cards(), Reader(2**32, "ada@example.com"), signer
        )
    except (TemplateError, IssueError) as error:
        return TemplateFacts(str(error), others)
    finally:
        model.close()
    html = decodestring(b"".join(body.html))
    return TemplateFacts("", others, len(html), recipe.left_out, len(recipe.picks))


def template_findings(facts: TemplateFacts) -> list[Finding]:
    """What that means."""
    found = [
        OTHERS.failure(cut(trouble, 400), "Mend it, or move it away: then ours is taken.") for trouble in facts.others
    ]
    if facts.trouble:
        return [TEMPLATES.failure(cut(facts.trouble, 400), "Mend it; no issue is made so."), *found]
    found.append(TEMPLATES.ok("The templates compile, and give every reader a whole issue."))
    if facts.html > CLIPPED:
        found.append(
            SIZE.warning(
                f"An issue has {facts.html:,} bytes of HTML; Gmail hides all beyond {CLIPPED:,}, the way to leave too.",
                "Make your templates smaller.",
            )
        )
    elif facts.left_out:
        found.append(
            SIZE.advice(
                f"Of {facts.picks} entries {facts.left_out} do not fit into an issue that Gmail shows whole; they are "
                "only linked.",
                "Let an issue hold less (issue.picks), or make the template of a card smaller.",
            )
        )
    else:
        found.append(SIZE.ok(f"A full issue has {facts.html:,} bytes of HTML; Gmail shows up to {CLIPPED:,}."))
    return found


def _silent(_: str) -> Progress:
    return lambda done, todo: None


def _unmade(db: Database, settings: Settings, now: datetime) -> IssueKey:
    """An issue that is not made yet: one that is keeps the templates of its day."""
    frequency = settings.cadence.cadence().frequency
    due = now.date()
    while issues.find(db, key := IssueKey(frequency, due)):
        due += timedelta(days=1)
    return key


def _full(printing: Printing, settings: Settings, signer: Signer) -> Recipe:
    """As much as an issue may hold: of the entries that are there the longest, else a made-up one."""
    shape = shape_of(settings)
    most = shape.picks + shape.favourites + shape.outside
    cards = printing.frozen.cards or {one.entry_id: one for one in sample_cards().values()}
    longest = sorted(cards.values(), key=lambda card: sum(map(len, card.sentences)), reverse=True)[:most]
    picks: Sequence[Pick] = [
        Pick(
            card.entry_id,
            Section.FOR_YOU,
            0.5,
            ReasonKind.INTEREST,
            "what a reader follows",
            0 if card.sentences else None,
        )
        for card in longest
    ]
    recipe = Recipe(tuple(picks), "Ada", 1, "on Fridays", "morning", "3 March 2026", "Friday", True, signer.key_id)
    return printing.frozen.edition.fitted(recipe, printing.frozen.cards | sample_cards())


def _pages_trouble(project: Path, settings: Settings) -> str:
    if not (project / "templates" / "web").is_dir():
        return ""  # ours are checked by tests
    try:
        Pages(project / "templates", look_of(settings), {})
    except TemplateError as error:
        return str(error)
    return ""


def _notices_trouble(project: Path, settings: Settings) -> str:
    own, shipped = project / "templates" / "mail", shipped_templates() / "mail"
    if not own.is_dir():
        return ""
    try:
        Stationery(project / "templates", look_of(settings), {})
        for path in sorted(own.glob("*.md")):
            text = path.read_text("utf-8")
            if not (shipped / path.name).is_file():
                return f"{path} is used by no notice."
            if not text.startswith("Subject: "):
                return f"{path}, line 1: a notice begins with a line `Subject: …`."
            try:
                jinja2.Environment(autoescape=True).compile(text)
            except jinja2.TemplateSyntaxError as error:
                return f"{path}, line {error.lineno}: {error.message}."
    except (TemplateError, jinja2.TemplateError, OSError, UnicodeDecodeError) as error:
        return str(error)
    return ""
