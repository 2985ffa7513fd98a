"""An issue judged for some readers by what is known of them: nothing is read here, so it runs anywhere. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from newsletter.company import Company
from newsletter.entries.author_names import same_author
from newsletter.entries.entry import Entry
from newsletter.issues.composing import Shape, compose, favourites
from newsletter.issues.issue import NothingNew, Pick, ReasonKind
from newsletter.ranking.arrays import Booleans, Vectors
from newsletter.ranking.offer import Offer, offer_of
from newsletter.ranking.scoring import Ranking, general_scores, rank
from newsletter.ranking.tastes import Tastes
from newsletter.ranking.wording import Said


@dataclass(frozen=True, slots=True)
class Older:
    """Entries of before an issue, which tell what is usual."""

    #: one unit row each
    vectors: Vectors
    said: Sequence[Said]


@dataclass(frozen=True, slots=True)
class Ground:
    """An issue's entries as every reader's ranking finds them."""

    candidates: Sequence[Entry]
    #: laid out for all readers, with older entries beside them
    offer: Offer
    #: entry id → candidate
    at: Mapping[int, int]
    #: candidates that the editor pinned, in their order
    pinned: Sequence[int]
    #: older entries: their vectors, titles and summaries
    older: Older
    #: decides the steps outside, the same for the same issue
    seed: int

    @property
    def vectors(self) -> Vectors:
        """One unit row a candidate."""
        return self.offer.entries

    @property
    def alike(self) -> Vectors:
        """The cosines between candidates, (candidates, candidates)."""
        return self.offer.alike

    def beside(self, others: Sequence[Entry], vectors: Vectors) -> Offer:
        """The candidates, and behind them other entries that change nothing for them."""
        together = np.concatenate([self.vectors, vectors])
        return laid_out([*self.candidates, *others], together, self.older, uncounted=len(others))


#: What the reason of a pick is about: a line's words or a row of what was voted on; "" for the entry itself. It is the
#: same for all readers of a case.
About = str | int


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of some readers when an issue is judged for them. Nothing more is read for that."""

    #: each followed or muted line and its vector
    lines: Mapping[str, Vectors]
    tastes: Tastes
    #: (readers, candidates): True where a reader has had it
    seen: Booleans
    #: (readers, candidates): True where it holds the words of what they mute, or is by a muted author; None where
    #: nobody mutes anything
    named: Booleans | None
    #: (readers, candidates): True where it is by an author whom they follow; None where nobody follows one
    authored: Booleans | None
    #: the authors whom each reader follows
    authors: Sequence[Sequence[str]]
    #: what readers of like taste said of the candidates; None where nobody has
    company: Company | None
    shape: Shape

    def vector_of(self, about: About) -> Vectors:
        """The vector of a followed line, or of a liked entry (a row of what was voted on)."""
        return self.lines[about] if isinstance(about, str) else self.tastes.voted.vectors[about]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one reader gets, and what the reason of each pick is about. Sentences are not chosen yet."""

    picks: tuple[Pick, ...]
    about: tuple[About, ...]


@dataclass(frozen=True, slots=True)
class Judgement(Case):
    """An issue's entries as some readers see them."""

    ground: Ground
    ranking: Ranking

    @property
    def candidates(self) -> Sequence[Entry]:
        """What the issue may hold."""
        return self.ground.candidates

    @property
    def vectors(self) -> Vectors:
        """One unit row a candidate."""
        return self.ground.vectors

    def composed(self, *, company: bool = True) -> list[tuple[Pick, ...] | NothingNew]:
        """What every reader gets; sentences are not chosen yet. `company`: may others be a reason?"""
        ground = self.ground
        return compose(
            ground.candidates,
            self.ranking,
            self.tastes,
            pinned=ground.pinned,
            seen=self.seen,
            shape=self.shape,
            authored=self.authored,
            authors=lambda reader, n: _whom(self.authors[reader], ground.candidates[n]),
            company=self.company.reasons(self.ranking) if self.company and company else None,
        )

    def about(self, reader: int, pick: Pick) -> About:
        """What the reason of a pick is about."""
        if pick.reason in (ReasonKind.INTEREST, ReasonKind.LIKED, ReasonKind.NEAREST):
            place = self.ranking.entry[reader].tolist().index(self.ground.at[pick.entry_id])
            liked = int(self.ranking.liked[reader, place])
            if liked >= 0:
                return liked
            line = int(self.ranking.interest[reader, place])
            if line >= 0:
                return self.tastes.words[line]
        return ""


def judged(ground: Ground, case: Case) -> Judgement:
    """An issue's entries as the readers of a case see them. Pure."""
    shape = case.shape
    ranking = rank(
        ground.offer,
        case.tastes,
        # A pinned entry may take a place of the ranking, so a few more are ranked.
        shape.picks + len(ground.pinned),
        seen=case.seen,
        named=case.named,
        authored=case.authored,
        company=case.company.scores if case.company else None,
        elsewhere=[*ground.pinned, *favourites(ground.candidates)[: shape.favourites]],
        floor=shape.floor,
        seed=ground.seed,
    )
    known = {field.name: getattr(case, field.name) for field in fields(Case)}
    return Judgement(**known, ground=ground, ranking=ranking)


def chosen(judgement: Judgement, *, company: bool) -> list[Chosen | NothingNew]:
    """What every reader of a judgement gets. Pure."""
    return [
        Chosen(picks, tuple(judgement.about(reader, pick) for pick in picks)) if isinstance(picks, tuple) else picks
        for reader, picks in enumerate(judgement.composed(company=company))
    ]


def chosen_for(ground: Ground, case: Case, company: bool) -> list[Chosen | NothingNew]:
    """What every reader of a case gets: a part of the work on an issue."""
    return chosen(judged(ground, case), company=company)


def laid_out(entries: Sequence[Entry], vectors: Vectors, older: Older, *, uncounted: int = 0) -> Offer:
    """An issue's entries as the ranking takes them; `uncounted` of the last change nothing for the others."""
    return offer_of(
        vectors,
        general_scores(vectors, [entry.popularity for entry in entries]),
        older=older.vectors,
        said=[said_of(entry) for entry in entries],
        older_said=older.said,
        uncounted=uncounted,
    )


def said_of(entry: Entry) -> Said:
    """Its words, as the ranking looks at them."""
    return entry.title, entry.summary


def _whom(followed: Sequence[str], entry: Entry) -> str:
    """Who of the followed authors wrote it, as the reader names them."""
    return next((one for one in followed if any(same_author(one, name) for name in entry.authors)), "")
