"""Interests that readers' votes show and their lines do not name, found with the model. Decides by pure functions.

A reader has one open proposal at most. It stands in up to three issues and on their pages; once they have said yes or
no, or nothing three issues long, neither it nor anything near it is proposed again.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.entry import Entry
from newsletter.entries.papers import known_papers
from newsletter.ranking import proposals
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.naming import Background, phrases_of
from newsletter.ranking.proposals import MOST_TIMES, Proposal, ProposalState
from newsletter.ranking.proposing import LEAST, best_name, is_named_by, middle, unnamed_topics
from newsletter.ranking.votes import Vote, votes_of
from newsletter.readers.proposed import holds
from newsletter.rendering.recipe import Recipe
from subscribers.errors import InvalidInterest
from subscribers.interests import parse_interest
from subscribers.people import Subscriber

#: What a reader liked before their newest so many shows no new interest.
MOST_LIKES = 60
#: A topic is named by its newest so many.
MOST_NAMING = 12
#: So many of the newest entries are what a name is compared with.
BACKGROUND = 600


class Proposer:
    """Looks for what could be proposed. Reads; only `keep` writes."""

    def __init__(self, db: Database, vectors: Callable[[Sequence[str], str], Vectors]) -> None:
        """`vectors(texts, what)` gives a unit row a text, and says that it does `what`."""
        self._db = db
        self._vectors = vectors
        self._background: tuple[int, Background] | None = None
        #: names by what they are names of, as long as the background is the same
        self._names: dict[tuple[int, ...], str] = {}
        #: what was found last, to be kept with what was composed of it
        self._found: dict[int, Proposal] = {}

    def of(self, readers: Sequence[Subscriber]) -> dict[int, Proposal]:
        """What is to be proposed to those of the readers to whom something is, by their ids. Raises `ModelError`."""
        enough = proposals.with_likes(self._db, [reader.id for reader in readers], LEAST)
        asked = [reader for reader in readers if reader.id in enough]
        self._found = {}
        before = proposals.proposals_of(self._db, enough)
        voted = votes_of(self._db, enough)
        for reader in asked:
            earlier = before.get(reader.id, [])
            proposal = self._open(reader, earlier) or self._new(reader, voted[reader.id], earlier)
            if proposal:
                self._found[reader.id] = proposal
        return self._found

    def keep(self, recipes: Mapping[int, Recipe], now: datetime) -> None:
        """Write down what stands in these readers' copies (by their ids), which were just made of what was found."""
        made = {id_: self._found.get(id_) if recipe.proposal else None for id_, recipe in recipes.items()}
        proposals.keep(self._db, made, now)

    def _open(self, reader: Subscriber, earlier: Sequence[Proposal]) -> Proposal | None:
        """The proposal that waits for the reader's answer, while it is true and they were not asked often enough."""
        for proposal in earlier:
            if proposal.state is ProposalState.PROPOSED and proposal.times < MOST_TIMES:
                return proposal if holds(self._db, reader, proposal) else None
        return None

    def _new(self, reader: Subscriber, votes: Sequence[Vote], earlier: Sequence[Proposal]) -> Proposal | None:
        likes = [vote.entry_id for vote in votes if vote.value > 0][:MOST_LIKES]
        dislikes = [vote.entry_id for vote in votes if vote.value < 0][:MOST_LIKES]
        known = entries.by_ids(self._db, [*likes, *dislikes])
        liked = [known[one] for one in likes if one in known]
        disliked = [known[one] for one in dislikes if one in known]
        if len(liked) < LEAST:
            return None
        said = [interest.statement for interest in reader.interests] + [proposal.text for proposal in earlier]
        papers = [one.text for one in known_papers(self._db, _papers(reader)).values()]
        rows = self._rows(liked)
        lines = self._vectors([text for text in (*said, *papers) if text], "Reading interests")
        for topic in unnamed_topics(rows, lines, self._rows(disliked)):
            members = [liked[n] for n in topic]
            name = self._name(members, rows[topic])
            if name and not any(is_named_by(name, line) for line in (*said, *_lines(reader))):
                return Proposal(name, tuple(entry.id for entry in members))
        return None

    def _name(self, members: Sequence[Entry], rows: Vectors) -> str:
        """What the topic may be called as a line of interest; empty where nothing fits."""
        background, about = self._ground(), tuple(entry.id for entry in members)
        if about not in self._names:
            self._names[about] = self._named(members, rows, background)
        return self._names[about]

    def _named(self, members: Sequence[Entry], rows: Vectors, background: Background) -> str:
        newest = members[:MOST_NAMING]
        titles, summaries = [entry.title for entry in newest], [entry.summary for entry in newest]
        phrases = [one for one in phrases_of(titles, summaries, background) if _is_a_line(one.text)]
        if not phrases:
            return ""
        vectors = self._vectors([phrase.text for phrase in phrases], "Naming interests")
        return best_name(phrases, vectors, middle(rows)).text

    def _ground(self) -> Background:
        """The newest entries, read again only when there are others."""
        newest = entries.newest_id(self._db)
        if self._background is None or self._background[0] != newest:
            found = entries.by_ids(self._db, range(max(newest - BACKGROUND, 0) + 1, newest + 1))
            self._background = newest, Background(entry.text for entry in found.values())
            self._names.clear()
        return self._background[1]

    def _rows(self, found: Sequence[Entry]) -> Vectors:
        return self._vectors([entry.text for entry in found], "Reading entries")


def _lines(reader: Subscriber) -> list[str]:
    return [interest.text for interest in reader.interests]


def _papers(reader: Subscriber) -> list[str]:
    return [paper for interest in reader.interests for paper in interest.papers]


def _is_a_line(text: str) -> bool:
    """Would it be read as the words that it is, and not as papers or an author?"""
    try:
        interest = parse_interest(text)
    except InvalidInterest:
        return False
    return interest.statement == text and not interest.muted
