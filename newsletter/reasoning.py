"""Why an entry is not in a reader's issue. Pure.

Nothing is guessed: a reason is given where the issue was composed once more without it, and then had the entry.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from math import floor as below

import numpy as np

from newsletter.issues.composing import Shape
from newsletter.issues.issue import NothingNew
from newsletter.judgement import Case, Ground, Judgement, judged
from newsletter.ranking.arrays import Booleans, Vectors
from newsletter.ranking.choosing import NEAR_DUPLICATE
from newsletter.ranking.explaining import Scores, near_muted
from newsletter.ranking.lines import LEAST_SIMILARITY
from newsletter.ranking.tastes import Tastes
from subscribers.interests import Interest

#: So many of the nearest are told.
MOST = 10
#: A title is quoted up to here.
LONGEST = 60
#: So many picks leave out nothing that the floor, or another entry, does not.
_WIDE = 200
#: (how far below the floor in standard deviations, how that is said); further down it is "far below".
_HOW = ((0.1, "Just below"), (0.5, "A little below"), (1.5, "Well below"))

#: (candidate, why it is not in the issue)
Why = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Trial:
    """One reader's issue, and what it would be if something were otherwise. Candidates are told by their indices."""

    #: of this one reader
    judgement: Judgement
    shape: Shape

    @property
    def as_it_is(self) -> list[int]:
        """What is in it, in order."""
        return _in(self.judgement)

    def issue(
        self,
        *,
        shape: Shape | None = None,
        without: Iterable[int] = (),
        seen: Booleans | None = None,
        alike: Vectors | None = None,
    ) -> list[int]:
        """What would be in it, in order: in another shape, without some candidates, had others had, less alike."""
        judgement, shape, away = self.judgement, shape or self.shape, list(without)
        # What the reader has had is as good as not there, but for a pin.
        seen = (judgement.seen if seen is None else seen).copy()
        seen[0, away] = True
        ground = judgement.ground
        if alike is not None or away:
            pinned = [n for n in ground.pinned if n not in away]
            offer = ground.offer if alike is None else replace(ground.offer, alike=alike)
            ground = replace(ground, pinned=pinned, offer=offer)
        return _in(self._judged(ground, judgement.tastes, seen, judgement.named, shape))

    def unmuted(self, kept: Sequence[int], named: Booleans | None) -> list[int]:
        """What would be in it, if the reader muted only these rows of what they mute; `named` is what those name."""
        judgement, tastes = self.judgement, self.judgement.tastes
        fewer = replace(
            tastes,
            muted=tastes.muted[list(kept)],
            muter=tastes.muter[list(kept)],
            muting=tuple(tastes.muting[n] for n in kept),
        )
        return _in(self._judged(judgement.ground, fewer, judgement.seen, named, self.shape))

    def _judged(
        self, ground: Ground, tastes: Tastes, seen: Booleans, named: Booleans | None, shape: Shape
    ) -> Judgement:
        judgement = self.judgement
        return judged(
            ground,
            Case(
                judgement.lines,
                tastes,
                seen,
                named,
                judgement.authored,
                judgement.authors,
                judgement.company,
                shape,
            ),
        )


def _in(judgement: Judgement) -> list[int]:
    [picks] = judgement.composed()
    return [] if isinstance(picks, NothingNew) else [judgement.ground.at[pick.entry_id] for pick in picks]


class Missed:
    """Tells of the nearest candidates that are not in the issue why they are not."""

    def __init__(self, trial: Trial, scores: Scores, titles: Sequence[str]) -> None:
        """`titles` are those of the candidates."""
        self._trial = trial
        self._scores = scores
        self._titles = titles
        self._issue = trial.as_it_is
        self._wider: dict[int, set[int]] = {}
        self._by_nearness: set[int] | None = None

    def all(self) -> list[Why]:
        """The nearest first; what the reader has had or mutes is not among them."""
        scores = self._scores
        open_ = ~(self._trial.judgement.seen[0] | scores.muted)
        open_[self._issue] = False
        order = np.argsort(-scores.relevance, kind="stable")
        return [(int(n), self._why(int(n))) for n in order[open_[order]][:MOST]]

    def _why(self, n: int) -> str:
        scores = self._scores
        if (twin := self._twin(n)) and n in self._trial.issue(without=[self._issue[twin - 1]]):
            return f"Too close to {self._picks([twin])}."
        if scores.follows and scores.closeness[n] < LEAST_SIMILARITY:
            near = f"{_cut(scores.closeness[n])}, and {LEAST_SIMILARITY:g} is asked for"
            return f"Not near enough to anything that they follow or like: {near}."
        if scores.follows and scores.standing[n] < self._trial.shape.floor:
            return self._below(n)
        return self._crowded(n) or self._no_place(n)

    def _twin(self, n: int) -> int:
        """The number of the pick that tells the same news; 0 where none does."""
        likeness = self._likeness(n)
        best = int(likeness.argmax()) if len(likeness) else 0
        return best + 1 if len(likeness) and likeness[best] >= NEAR_DUPLICATE else 0

    def _likeness(self, n: int) -> Vectors:
        """How like it each pick is."""
        return self._trial.judgement.ground.alike[n, self._issue]

    def _below(self, n: int) -> str:
        standing, asked = float(self._scores.standing[n]), self._trial.shape.floor
        how = next((said for most, said in _HOW if asked - standing <= most), "Far below")
        said = f"{how} the floor: it stands at {_cut(standing)}, and {asked:g} is asked for."
        lower = replace(self._trial.shape, floor=standing - 0.001)
        if n in self._trial.issue(shape=lower):
            return said
        no_floor = replace(lower, picks=_WIDE, floor=-_WIDE)
        return self._behind(n, no_floor) or f"{said} Others would come in before it."

    def _crowded(self, n: int) -> str:
        """Where it would be in if only nearness counted: the picks that it is too much like."""
        if self._by_nearness is None:
            none = np.broadcast_to(np.float32(0), self._trial.judgement.ground.alike.shape)
            self._by_nearness = set(self._trial.issue(alike=none))
        if n not in self._by_nearness:
            return ""
        nearest = np.argsort(-self._likeness(n), kind="stable")[:2]
        for count in range(1, len(nearest) + 1):
            if n in self._trial.issue(without=[self._issue[place] for place in nearest[:count]]):
                picks = self._picks([int(place) + 1 for place in nearest[:count]])
                return f"Too close to {picks}. Others say more that is new."
        return ""

    def _no_place(self, n: int) -> str:
        shape = self._trial.shape
        for picks in range(shape.picks + 1, shape.picks + MOST + 6):
            if picks not in self._wider:
                self._wider[picks] = set(self._trial.issue(shape=replace(shape, picks=picks)))
            if n in self._wider[picks]:
                return f"No place was left: with {picks} picks it would be in."
        wide = replace(shape, picks=_WIDE)
        return self._behind(n, wide) or "No place was left: what is in the issue is nearer, or says more that is new."

    def _behind(self, n: int, wide: Shape) -> str:
        """Where even a wide issue has no place for it, because others that tell the same news are in it: the likest."""
        inside, alike = self._trial.issue(shape=wide), self._trial.judgement.ground.alike[n]
        same = [int(one) for one in np.flatnonzero(alike >= NEAR_DUPLICATE) if one != n]
        if n in inside or not same or n not in self._trial.issue(shape=wide, alike=self._unlike(n, same)):
            return ""
        # What ranks first may stand below the bounds itself, and yet its twin is not looked at any more.
        twin = max([one for one in same if one in inside] or same, key=lambda one: float(alike[one]))
        if twin in self._issue:
            return f"Too close to {self._picks([self._issue.index(twin) + 1])}. Without that, others would come first."
        comes = "which would come in before it" if twin in inside else "which ranks before it and is not in either"
        return f"Too close to {self._quoted(twin)}, {comes}."

    def _unlike(self, n: int, others: list[int]) -> Vectors:
        """The likenesses, if it were like none of these. Taking them away would also move what is average."""
        alike = self._trial.judgement.ground.alike.copy()
        alike[n, others] = alike[others, n] = 0
        return alike

    def _picks(self, numbers: Sequence[int]) -> str:
        said = " and ".join(self._quoted(self._issue[number - 1]) for number in numbers)
        return f"pick{'s' if len(numbers) > 1 else ''} {' and '.join(map(str, numbers))}: {said}"

    def _quoted(self, n: int) -> str:
        title = self._titles[n]
        return f"“{title if len(title) <= LONGEST else title[: LONGEST - 1].rstrip() + '…'}”"


def _cut(value: float) -> str:
    """Two digits, cut and not rounded: what is below a bound never reads as if it stood on it."""
    return f"{below(value * 100) / 100:.2f}"


def muted_out(
    trial: Trial, scores: Scores, interests: Sequence[Interest], holding: Callable[[Interest], Set[int]]
) -> list[Why]:
    """What would be in the issue if the reader muted nothing, and which lines mute it. `holding`: see `kept_away`."""
    lines = [interest for interest in interests if interest.muted]
    if not lines:
        return []
    judgement, issue = trial.judgement, set(trial.as_it_is)
    tastes = judgement.tastes
    rows = {line: [n for n, one in enumerate(tastes.muting) if one == line] for line in lines}
    found: list[Why] = []
    for n in trial.unmuted([], None):
        if n in issue or not scores.muted[n]:
            continue
        by_name = {line for line in lines if n in holding(line)}
        by_meaning = {line for line in lines if near_muted(judgement.vectors[n], tastes.muted[rows[line]]).any()}
        left = [line for line in lines if line not in by_name | by_meaning]
        named = np.zeros_like(judgement.seen)
        for line in left:
            named[0, list(holding(line))] = True
        if n in trial.unmuted([row for line in left for row in rows[line]], named):
            found.append((n, _muted_by(lines, by_name, by_meaning)))
    return found[:MOST]


def _muted_by(lines: Sequence[Interest], by_name: Set[Interest], by_meaning: Set[Interest]) -> str:
    said = [
        f"“{line.label}” ({_how(line, line in by_name)})" for line in lines if line in by_name or line in by_meaning
    ]
    return f"They mute {' and '.join(said)}."


def _how(line: Interest, named: bool) -> str:
    if not named:
        return "it is near that in meaning"
    return "it names this" if line.author else "it holds these words"


def had_before(trial: Trial) -> list[int]:
    """What would be in the issue if the reader had never had anything of it."""
    seen = trial.judgement.seen
    if not seen.any():
        return []
    return [n for n in trial.issue(seen=np.zeros_like(seen)) if seen[0, n]][:MOST]
