"""What an issue keeps of each entry from its freezing on: the words that its card is made of."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from urllib.parse import quote

from newsletter.entries.entry import READERS, Entry
from newsletter.entries.text import clip
from newsletter.ranking.sentences import split_sentences
from newsletter.rendering import words

#: A sentence set off is at most so long.
SENTENCE = 320
#: What follows it in small type: two lines.
REST = 165
#: Between two facts of a line; it may end a line of the page, and begins none.
BETWEEN = "\u00a0· "


@dataclass(frozen=True, slots=True)
class Card:
    """An entry's words, ready for a template."""

    entry_id: int
    title: str
    #: its own link, or a search for its title
    link: str
    #: False where the link is a search
    linked: bool
    people: str
    source: str
    date: str
    #: the whole summary, sentence by sentence
    sentences: tuple[str, ...]
    likes: int | None
    #: to whom, where a reader suggested it; issues that were frozen long ago know none
    thanks: str = ""
    #: an https link to its picture; empty where there is none, and in issues that were frozen long ago
    image: str = ""

    @property
    def origin(self) -> str:
        """Whence it came, as a card says it: whoever suggested it, then its source."""
        return BETWEEN.join(filter(None, (self.thanks, self.source)))

    @property
    def about(self) -> str:
        """Who made it, whence it came and when, in one line."""
        return BETWEEN.join(filter(None, (self.people, self.origin, self.date)))

    def sentence(self, n: int | None, most: int = SENTENCE) -> str:
        """The sentence to set off, of so many signs at most; empty where there is no summary."""
        return clip(self.sentences[n or 0], most) if self.sentences else ""

    def rest(self, n: int | None) -> str:
        """What stands below it in small type: what follows it, or what leads to it."""
        if len(self.sentences) < 2:
            return ""
        n = n or 0
        return clip(self.sentences[n + 1] if n + 1 < len(self.sentences) else self.sentences[n - 1], REST)

    def dump(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


def load_card(text: str) -> Card:
    """Read what `Card.dump` wrote."""
    values = json.loads(text)
    return Card(**{**values, "sentences": tuple(values["sentences"])})


def card_of(entry: Entry, *, search_url: str, today: date) -> Card:
    """Put an entry into words; `today` decides whether a date needs its year."""
    return Card(
        entry_id=entry.id,
        title=entry.title,
        link=entry.url or search_url.replace("{title}", quote(entry.title, safe="")),
        linked=entry.url is not None,
        people=words.people(entry.authors),
        source=", ".join(shown_sources(entry)[:2]),
        date=words.short_date(entry.published, today),
        sentences=split_sentences(entry.summary),
        likes=entry.popularity,
        thanks=entry.thanks,
        image=entry.image,
    )


def shown_sources(entry: Entry) -> tuple[str, ...]:
    """The names of its sources; where readers suggested it, that is said by the thanks, or was of no account."""
    others = tuple(source for source in entry.sources if source != READERS)
    return others if entry.thanks else others or entry.sources
