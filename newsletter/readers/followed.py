"""What the papers and authors in somebody's interests are, in words for pages, mails and the terminal."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.author_names import same_author
from newsletter.entries.entry import Entry
from newsletter.entries.papers import known_papers, troubles, want
from subscribers.interests import Interest, name_of
from subscribers.papers import Reference


@dataclass(frozen=True, slots=True)
class Named:
    """A paper in a line of interests."""

    #: its title, or what the reader wrote while that is not known
    title: str
    #: why that is not known, in a sentence; empty where it is
    trouble: str
    #: where it is; empty where that is not known
    url: str


@dataclass(frozen=True, slots=True)
class Followed:
    """A line that names papers."""

    interest: Interest
    #: in short, by the titles where the line has no words: “Mamba” and 2 more
    name: str
    papers: tuple[Named, ...]


def followed(db: Database, interests: Iterable[Interest]) -> list[Followed]:
    """Those of the lines that name papers, with what is known of each paper."""
    lines = [interest for interest in interests if interest.papers]
    keys = {key for interest in lines for key in interest.papers}
    if not keys:
        return []
    known, missed = known_papers(db, keys), troubles(db, keys)

    def named(one: Reference) -> Named:
        if paper := known.get(one.key):
            return Named(paper.title, "", paper.url or "")
        if one.title:
            return Named(one.title, "", "")
        return Named(one.written, missed.get(one.key) or "It is not looked up yet.", "")

    found = []
    for interest in lines:
        papers = tuple(named(one) for one in interest.references)
        titles = ["" if paper.trouble else paper.title for paper in papers]
        found.append(Followed(interest, interest.label if interest.statement else name_of(titles), papers))
    return found


def note_papers(db: Database, interests: Iterable[Interest], now: datetime) -> None:
    """Have the papers of these lines looked for."""
    want(db, [one for interest in interests for one in interest.references], now)


def recent(db: Database, line: str, most: int) -> list[Entry]:
    """Recent entries that hold words of a line, or are by its author; of papers without words their titles count."""
    interest = Interest(line)
    if interest.author:
        by = entries.by_author(db, interest.author, 20 * most)
        return [one for one in by if any(same_author(interest.author, name) for name in one.authors)][:most]
    words = interest.statement or " ".join(one.title for one in known_papers(db, interest.papers[:20]).values())
    return entries.matching(db, words, most)
