"""From rankings to what each reader gets: sections, places, reasons. Pure functions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from newsletter.entries.entry import Entry
from newsletter.issues.issue import NothingNew, Pick, ReasonKind, Section
from newsletter.ranking.arrays import Booleans, Integers
from newsletter.ranking.lines import LEAST_SIMILARITY
from newsletter.ranking.scoring import Ranking
from newsletter.ranking.tastes import Tastes

#: A reader who follows something gets at least so many, the nearest there are, said to be just that.
FEWEST_PICKS = 3
#: A title longer than this is cut where it is a reason.
LONGEST_TITLE = 90


@dataclass(frozen=True, slots=True)
class Shape:
    """How many of what, as the settings say."""

    picks: int
    favourites: int
    outside: int
    #: standard deviations above the reader's average entry
    floor: float


def compose(
    entries: Sequence[Entry],
    ranking: Ranking,
    tastes: Tastes,
    *,
    pinned: Sequence[int],
    seen: Booleans,
    shape: Shape,
    authored: Booleans | None = None,
    authors: Callable[[int, int], str] = lambda reader, entry: "",
    company: Integers | None = None,
) -> list[tuple[Pick, ...] | NothingNew]:
    """What every reader gets, in the order of `ranking`'s rows.

    `pinned` are indices of entries in the editor's order; `seen` is True where a reader has had an entry.
    `authored` is True where an entry is by somebody whom the reader follows, and `authors(reader, entry)` says who.
    `company` says of each place by how many like-minded readers it is wanted, where it owes most to them.
    Sentences are not chosen yet. A reader for whom only favourites or a step outside would remain gets nothing.
    """
    by_popularity = favourites(entries)
    follows, asks = tastes.follows, tastes.asks
    issues: list[tuple[Pick, ...] | NothingNew] = []
    for reader in range(tastes.readers):
        if seen[reader].all():
            issues.append(NothingNew("no entry has come in that this reader has not had"))
            continue
        editor = [n for n in pinned if not seen[reader, n]]
        taken = set(editor)
        picks = [_pick(entries[n], Section.PINNED, 0.0, ReasonKind.EDITOR) for n in editor]
        chosen = _for_you(ranking, reader, taken, shape, bool(follows[reader]))
        for place in chosen:
            n = int(ranking.entry[reader, place])
            taken.add(n)
            kind, words = _reason(ranking, tastes, reader, place)
            if kind is ReasonKind.GENERAL and asks[reader]:
                kind = ReasonKind.EVERYBODY
            if company is not None and company[reader, place]:
                kind, words = ReasonKind.COMPANY, f"{company[reader, place]:,} readers"
            # Without that it would not have this place, whatever else speaks for it.
            if authored is not None and authored[reader, n]:
                kind, words = ReasonKind.AUTHOR, authors(reader, n)
            picks.append(_pick(entries[n], Section.FOR_YOU, float(ranking.relevance[reader, place]), kind, words))
        if not picks:
            issues.append(NothingNew("nothing was left for this reader after what they mute and have had"))
            continue
        hidden = seen[reader] | ranking.muted[reader]
        for n in [n for n in by_popularity if n not in taken and not hidden[n]][: shape.favourites]:
            taken.add(n)
            liked = entries[n].popularity or 0
            picks.append(_pick(entries[n], Section.FAVOURITES, float(liked), ReasonKind.POPULAR, _people(liked)))
        outside = int(ranking.outside[reader])
        if shape.outside and outside >= 0 and outside not in taken:
            picks.append(_pick(entries[outside], Section.OUTSIDE, 0.0, ReasonKind.OUTSIDE))
        issues.append(tuple(picks))
    return issues


def favourites(entries: Sequence[Entry]) -> list[int]:
    """Indices of the entries that somebody likes, the most liked first."""
    liked = [n for n, entry in enumerate(entries) if entry.popularity]
    return sorted(liked, key=lambda n: -(entries[n].popularity or 0))


def _for_you(ranking: Ranking, reader: int, taken: set[int], shape: Shape, follows: bool) -> list[int]:
    """Places of the ranking that this reader gets: over the floor, or the few nearest. What is muted fills no place."""
    places = [p for p, n in enumerate(ranking.entry[reader]) if n >= 0 and int(n) not in taken]
    open_ = [p for p in places if not ranking.muted[reader, ranking.entry[reader, p]]]
    good = [p for p in places if _over_floor(ranking, reader, p, shape.floor)] if follows else open_
    if len(good) < FEWEST_PICKS:
        more = [p for p in open_ if p not in good]
        good = sorted([*good, *more[: FEWEST_PICKS - len(good)]])
    return good[: shape.picks]


def _over_floor(ranking: Ranking, reader: int, place: int, floor: float) -> bool:
    return _is_near(ranking, reader, place) and bool(ranking.standing[reader, place] >= floor)


def _is_near(ranking: Ranking, reader: int, place: int) -> bool:
    """Is it about the interest, or about what the liked entry is about? What a reader dislikes does not change that."""
    return bool(ranking.closeness[reader, place] >= LEAST_SIMILARITY)


def _reason(ranking: Ranking, tastes: Tastes, reader: int, place: int) -> tuple[ReasonKind, str]:
    interest, liked = int(ranking.interest[reader, place]), int(ranking.liked[reader, place])
    if liked >= 0:
        kind, words = ReasonKind.LIKED, clipped(tastes.voted.titles[liked])
    elif interest >= 0:
        kind, words = ReasonKind.INTEREST, clipped(tastes.labels[interest])
    else:
        return ReasonKind.GENERAL, ""
    return kind if _is_near(ranking, reader, place) else ReasonKind.NEAREST, words


def _people(count: int) -> str:
    return "one person" if count == 1 else f"{count:,} people"


def clipped(title: str) -> str:
    """A title as a reason tells it: cut behind a word where there is one; scripts without spaces are cut anywhere."""
    if len(title) <= LONGEST_TITLE:
        return title
    head, _, rest = title[: LONGEST_TITLE - 1].rpartition(" ")
    return (head if len(head) > len(rest) else title[: LONGEST_TITLE - 1]).rstrip(" .,;:–—-") + "…"


def _pick(entry: Entry, section: Section, score: float, reason: ReasonKind, words: str = "") -> Pick:
    return Pick(entry.id, section, round(score, 4), reason, words)
