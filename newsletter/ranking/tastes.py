"""The interests and the votes of many readers as arrays, ready to be ranked at once. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from newsletter.ranking.arrays import Booleans, Indices, Vectors, starts_of
from newsletter.ranking.votes import Vote
from newsletter.ranking.wording import Said
from subscribers.interests import Interest

#: What somebody liked is forgotten by so much a day: half of it in two years. Over 19 curators .01 cost .024 of nDCG
#: and .002 cost .007; 666 readers of Scholar Inbox gained .003 by .01.
FORGETTING = 0.001
#: What weighs less than this is as good as forgotten, and yet a reader may have had nothing to vote on since.
LEAST_WEIGHT = 0.05


def _nothing() -> Vectors:
    return np.zeros((0, 1), np.float32)


def _none() -> Indices:
    return np.zeros(0, np.intp)


@dataclass(frozen=True, slots=True)
class Voted:
    """What some readers voted on, and papers that they named."""

    #: one unit row an entry, (entries, dimensions)
    vectors: Vectors = field(default_factory=_nothing)
    titles: tuple[str, ...] = ()
    #: entry id → row
    row: Mapping[int, int] = field(default_factory=dict)
    #: title and summary; empty where words are not looked at
    said: tuple[Said, ...] = ()
    #: key of a paper that a line names → row
    papers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Votes:
    """What readers said of entries in one direction, by reader, then by line, each the newest first."""

    #: which entry: rows of `Voted`, (votes,)
    row: Indices = field(default_factory=_none)
    #: who, (votes,), ascending
    owner: Indices = field(default_factory=_none)
    #: to which line it belongs, a row of `Tastes.followed`; -1 where the reader has none
    line: Indices = field(default_factory=_none)
    #: from 1 for the newest down to `LEAST_WEIGHT`
    weight: Vectors = field(default_factory=lambda: np.zeros(0, np.float32))

    @property
    def starts(self) -> Indices:
        """Where the votes of each reader who has any begin."""
        return starts_of(self.owner)

    def between(self, first: int, last: int) -> "Votes":
        """Those of the readers from `first` up to `last`."""
        part = slice(*np.searchsorted(self.owner, [first, last]))
        return Votes(self.row[part], self.owner[part], self.line[part], self.weight[part])

    def of_lines(self, low: int, count: int) -> Vectors:
        """What the votes of each of so many lines from `low` on weigh together, (lines,)."""
        belongs = self.line >= 0
        return np.bincount(self.line[belongs] - low, self.weight[belongs], count).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Tastes:
    """What some readers follow, mute, like and dislike. Several interests of one person stay several."""

    #: how many readers
    readers: int
    #: one row an interest, (interests, dimensions), grouped by reader in ascending order; zeros where it has no words
    followed: Vectors
    #: whose it is, (interests,)
    follower: Indices
    #: the same for what is muted
    muted: Vectors
    muter: Indices
    #: of each followed interest, what the model and the ranking read; empty where it names papers only
    words: tuple[str, ...]
    #: how it is called where it is a reason
    labels: tuple[str, ...]
    voted: Voted = field(default_factory=Voted)
    #: what they want more of, papers that a line names among it; and what less of
    liked: Votes = field(default_factory=Votes)
    disliked: Votes = field(default_factory=Votes)
    #: the line that each row of what is muted comes from
    muting: tuple[Interest, ...] = ()
    #: who follows something, also where nothing here comes of it (an author, papers that nobody has found yet)
    asking: Indices = field(default_factory=_none)

    @property
    def follows(self) -> Booleans:
        """(readers,): True for whoever follows or likes anything, and so gets an issue of their own."""
        counts = np.bincount(self.follower, minlength=self.readers)
        return (counts + np.bincount(self.liked.owner, minlength=self.readers)) > 0

    @property
    def asks(self) -> Booleans:
        """(readers,): True for whoever follows or likes anything, also what says nothing of any entry."""
        asks = self.follows
        asks[self.asking] = True
        return asks


def tastes_of(
    readers: Sequence[Sequence[Interest]],
    vectors: Mapping[str, Vectors],
    dimensions: int,
    votes: Sequence[Sequence[Vote]] = (),
    voted: Voted | None = None,
) -> Tastes:
    """Put readers' interests and votes into arrays.

    `vectors` holds one unit vector for each statement. `votes` are those of the same readers, newest first; what is not
    among `voted` does not count, nor does a line without words of whose papers none is known, nor one about an author.
    """
    voted = voted or Voted()
    rows = [(n, interest) for n, interests in enumerate(readers) for interest in interests]
    followed = [(n, i) for n, i in rows if not i.muted and (i.statement or any(p in voted.papers for p in i.papers))]
    nothing = np.zeros(dimensions, np.float32)
    lines = _stacked([vectors[i.statement] if i.statement else nothing for _, i in followed], dimensions)
    follower = np.array([n for n, _ in followed], np.intp)
    muted = [(n, i, row) for n, i in rows if i.muted for row in _vectors_of(i, vectors, voted)]
    seeds = [(n, voted.papers[p], line) for line, (n, i) in enumerate(followed) for p in i.papers if p in voted.papers]
    return Tastes(
        readers=len(readers),
        followed=lines,
        follower=follower,
        muted=_stacked([row for _, _, row in muted], dimensions),
        muter=np.array([n for n, _, _ in muted], np.intp),
        muting=tuple(i for _, i, _ in muted),
        asking=np.unique(np.array([n for n, i in rows if not i.muted], np.intp)),
        words=tuple(i.statement for _, i in followed),
        labels=tuple(i.label for _, i in followed),
        voted=voted,
        liked=_liked(votes_in(votes, voted, 1), seeds, _places(followed, lines, voted), follower, voted.vectors),
        disliked=votes_in(votes, voted, -1),
    )


def _places(followed: Sequence[tuple[int, Interest]], lines: Vectors, voted: Voted) -> Vectors:
    """Where each line lies: a line without words amid its papers."""
    places = lines.copy()
    for n, (_, interest) in enumerate(followed):
        if not interest.statement:
            mean = np.mean([voted.vectors[voted.papers[p]] for p in interest.papers if p in voted.papers], axis=0)
            places[n] = mean / max(float(np.linalg.norm(mean)), 1e-6)
    return places


def _vectors_of(interest: Interest, vectors: Mapping[str, Vectors], voted: Voted) -> list[Vectors]:
    """That of its words, if there are any, and those of its papers that are known."""
    papers = [voted.vectors[voted.papers[paper]] for paper in interest.papers if paper in voted.papers]
    return [vectors[interest.statement], *papers] if interest.statement else papers


def _stacked(rows: Sequence[Vectors], dimensions: int) -> Vectors:
    return np.stack(rows) if rows else np.zeros((0, dimensions), np.float32)


def votes_in(votes: Sequence[Sequence[Vote]], voted: Voted, value: int) -> Votes:
    """The votes of one direction, of no line yet, by reader, the newest first; each weighs less, the older it is.

    Age counts from the reader's newest vote: who was away for a year has forgotten nothing meanwhile.
    """
    row, owner, ages = list[int](), list[int](), list[float]()
    for reader, own in enumerate(votes):
        newest = own[0].at if own else None
        for vote in own:
            if vote.value == value and vote.entry_id in voted.row and newest:
                row.append(voted.row[vote.entry_id])
                owner.append(reader)
                ages.append((newest - vote.at).total_seconds() / 86_400)
    weight = np.exp(-FORGETTING * np.maximum(np.array(ages, np.float32), 0))
    return Votes(
        np.array(row, np.intp),
        np.array(owner, np.intp),
        np.full(len(row), -1, np.intp),
        np.maximum(weight, LEAST_WEIGHT).astype(np.float32),
    )


def _liked(
    votes: Votes,
    seeds: Sequence[tuple[int, int, int]],
    lines: Vectors,
    follower: Indices,
    vectors: Vectors,
) -> Votes:
    """Votes for more and named papers together. A vote belongs to the nearest of its reader's lines."""
    row, owner, weight = votes.row, votes.owner, votes.weight
    line = nearest_lines(vectors[row], owner, lines, follower) if len(row) else votes.line
    # A paper that is named and liked counts once, where it was named.
    named = {(n, paper) for n, paper, _ in seeds}
    kept = np.array([(n, r) not in named for n, r in zip(owner.tolist(), row.tolist(), strict=True)], bool)
    row = np.concatenate([np.array([r for _, r, _ in seeds], np.intp), row[kept]])
    owner = np.concatenate([np.array([n for n, _, _ in seeds], np.intp), owner[kept]])
    line = np.concatenate([np.array([own for _, _, own in seeds], np.intp), line[kept]])
    weight = np.concatenate([np.ones(len(seeds), np.float32), weight[kept]])
    order = np.lexsort((np.arange(len(row)), line, owner))
    return Votes(row[order], owner[order], line[order], weight[order])


def nearest_lines(entries: Vectors, owner: Indices, lines: Vectors, follower: Indices) -> Indices:
    """Of each entry the nearest line of its owner, a row of `lines`, -1 where they have none, (entries,)."""
    low, high = np.searchsorted(follower, owner), np.searchsorted(follower, owner, side="right")
    found, nearest = np.full(len(owner), -1, np.intp), np.full(len(owner), -np.inf, np.float32)
    for n in range(int((high - low).max(initial=0))):
        more = np.flatnonzero(high - low > n)
        near = np.einsum("ij,ij->i", entries[more], lines[low[more] + n])
        better = near > nearest[more]
        found[more[better]], nearest[more[better]] = low[more[better]] + n, near[better]
    return found
