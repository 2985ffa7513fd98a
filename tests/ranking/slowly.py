"""The ranking's formulas written out number by number, reader by reader, to hold the ranking to.

What a reader's score owes to each of their words and votes is found by leaving that out and adding up again.
"""

import math
from collections import Counter
from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from worlds import Line, World

from newsletter.ranking.attraction import (
    AUTHOR,
    BM25,
    FEEDBACK,
    LESS,
    LESS_FLOOR,
    LESS_FULL,
    LIKE_FLOOR,
    MUTE,
    MUTE_FLOOR,
    NAMED,
    TRUST_FIRST,
    TRUST_LAST,
    TRUST_VOTES,
)
from newsletter.ranking.choosing import AHEAD, AUTHORED, BEYOND, MMR_LAMBDA, NEAR_DUPLICATE
from newsletter.ranking.learning import ITSELF, NEAREST, OF
from newsletter.ranking.lexicon import stem
from newsletter.ranking.lines import LEAST_SIMILARITY
from newsletter.ranking.tastes import FORGETTING, LEAST_WEIGHT
from newsletter.ranking.usual import FEW, RIDGE
from newsletter.ranking.wording import K1, PRIOR, SCARCE, TITLE, B, Said

Numbers = list[float]
#: (row of what was voted on, weight)
Weighed = list[tuple[int, float]]


@lru_cache(maxsize=10_000)
def counted(said: Said) -> Counter[str]:
    title, summary = said
    return Counter(stem(word) for word in [*summary.split(), *title.split() * TITLE])


def middle_and_spread(values: Numbers) -> tuple[float, float]:
    middle = sum(values) / len(values)
    return middle, math.sqrt(sum((value - middle) ** 2 for value in values) / len(values))


def standard(values: Numbers) -> Numbers:
    middle, spread = middle_and_spread(values)
    return [(value - middle) / spread if spread > 1e-6 else 0.0 for value in values]


class Words:
    """Entries by their words; each word of each by itself."""

    def __init__(self, entries: Sequence[Said], others: Sequence[Said]) -> None:
        self.entries = [counted(said) for said in entries]
        self.known = len(entries) + len(others)
        self.holding = Counter(word for one in [*self.entries, *map(counted, others)] for word in one)
        self.vocabulary = {word for one in self.entries for word in one}

    def rare(self, word: str) -> float:
        return math.log(1 + (self.known - self.holding[word] + 0.5) / (self.holding[word] + 0.5))

    def answer(self, line: str, entry: int) -> float:
        """BM25."""
        held, length = self.entries[entry], sum(self.entries[entry].values())
        usual = max(sum(sum(one.values()) for one in self.entries) / len(self.entries), 1)
        return sum(
            self.rare(word) * held[word] * (K1 + 1) / (held[word] + K1 * (1 - B + B * length / usual))
            for word in {stem(word) for word in line.split()}
            if held[word]
        )

    def told(self, word: str, liked: Sequence[tuple[Said, float]]) -> float:
        held = sum(weight for said, weight in liked if word in counted(said))
        elsewhere = self.holding[word] / self.known
        if not held or word not in self.vocabulary:
            return 0.0
        share = (held + PRIOR * elsewhere) / (sum(weight for _, weight in liked) + PRIOR)
        return math.log((share + SCARCE) / (elsewhere + SCARCE))

    def in_common(self, liked: Sequence[tuple[Said, float]], entry: int) -> float:
        row = {word: (1 + math.log(count)) * self.rare(word) for word, count in self.entries[entry].items()}
        length = math.sqrt(sum(value**2 for value in row.values()))
        return sum(value / max(length, 1e-6) * self.told(word, liked) for word, value in row.items())


class Slowly:
    """One reader of a world."""

    def __init__(self, world: World, reader: int) -> None:
        self.world, self.reader, self.person = world, reader, world.people[reader]
        self.columns = np.concatenate([world.entries, world.older]).astype(np.float64)
        self.every = range(len(world.entries))
        self.known: dict[tuple[tuple[int, float], ...], list[tuple[float, ...]]] = {}
        rows = self.columns
        self.mean = rows.sum(axis=0) / (len(rows) + FEW)
        apart = np.array([self.apart(row) for row in rows])
        covariance = apart.T @ apart / len(rows)
        ridge = RIDGE * np.trace(covariance) / rows.shape[1] * (1 + rows.shape[1] / len(rows))
        self.other_way = np.linalg.inv(covariance + ridge * np.eye(rows.shape[1]))
        self.words = Words([*world.said, *world.older_said], []) if world.said else None

    def apart(self, row: NDArray[np.floating]) -> NDArray[np.float64]:
        left = row.astype(np.float64) - self.mean
        return np.asarray(left / np.linalg.norm(left))

    # -- what is liked

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.person.lines

    @cached_property
    def liked(self) -> list[tuple[int, float, int]]:
        """(row, weight, number of the line or -1) of all that the reader wants more of, by line, the newest first."""
        named = {row for line in self.lines for row in line.papers}
        found = [(row, 1.0, n) for n, line in enumerate(self.lines) for row in line.papers]
        for row, age in self.person.of(1):
            if row in named:
                continue
            near = [float(self.place(line) @ self.world.voted.vectors[row]) for line in self.lines]
            found.append((row, max(math.exp(-FORGETTING * age), LEAST_WEIGHT), int(np.argmax(near)) if near else -1))
        return sorted(found, key=lambda one: one[2])

    def place(self, line: Line) -> NDArray[np.floating]:
        """Where the line lies: one without words amid its papers."""
        if line.words or not line.papers:
            return self.vector(line)
        middle = np.asarray([self.world.voted.vectors[row] for row in line.papers]).mean(axis=0)
        return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-6))

    def vector(self, line: Line) -> NDArray[np.floating]:
        return line.vector if line.words else np.zeros(self.columns.shape[1])

    def of(self, line: int) -> Weighed:
        return [(row, weight) for row, weight, own in self.liked if own == line]

    def terms(self, liked: Weighed, column: int) -> tuple[float, float, float]:
        """What these entries teach of one column, before any of it is made standard."""
        vectors, entry = self.world.voted.vectors, self.columns[column]
        total = sum(weight for _, weight in liked)
        apart = self.apart(entry)
        mean = sum(weight * float(self.apart(vectors[row]) @ self.other_way @ apart) for row, weight in liked) / total
        said = self.world.voted.said
        words = self.words.in_common([(said[row], weight) for row, weight in liked], column) if self.words else 0.0
        near = sorted((float(vectors[row] @ entry) for row, _ in liked), reverse=True)[:OF]
        return mean, words, sum(near) / len(near)

    def all_terms(self, liked: tuple[tuple[int, float], ...]) -> list[tuple[float, ...]]:
        if liked not in self.known:
            every = range(len(self.columns))
            self.known[liked] = list(zip(*(self.terms(list(liked), n) for n in every), strict=True))
        return self.known[liked]

    def learned(self, liked: Weighed, without: int = -1) -> Numbers:
        """What is learned of every column; in the deviations of all, where a row is left out."""
        if not liked:
            return [0.0] * len(self.columns)
        left = [(row, weight) for row, weight in liked if row != without]
        every = range(len(self.columns))
        if not left:
            return [0.0] * len(self.columns)
        before, after = self.all_terms(tuple(liked)), self.all_terms(tuple(left))
        total = [0.0] * len(self.columns)
        for share, old, new in zip((1.0, 1.0, NEAREST), before, after, strict=True):
            entries = len(self.world.entries)
            average = sum(old[:entries]) / max(entries, 1)
            itself = [entries > 0 and n >= entries and self.is_among(liked, n) for n in every]
            values = [average if itself[n] else old[n] for n in every]
            middle, spread = middle_and_spread(values)
            for n in every:
                value = average if itself[n] else new[n]
                total[n] += share * (value - middle) / spread if spread > 1e-6 else 0.0
        return total

    def is_among(self, liked: Weighed, column: int) -> bool:
        return any(float(self.world.voted.vectors[row] @ self.columns[column]) > ITSELF for row, _ in liked)

    # -- what is followed

    @cached_property
    def said(self) -> list[Numbers]:
        return [self.words_of(number) for number in range(len(self.lines))]

    def words_of(self, number: int) -> Numbers:
        """What the words of a line make of every column."""
        line, vector = self.lines[number], self.vector(self.lines[number])
        if not line.words:
            return [0.0] * len(self.columns)
        every = range(len(self.columns))
        words = standard([float(vector @ self.columns[n]) for n in every])
        if self.words:
            answers = standard([self.words.answer(line.words, n) for n in every])
            words = [one + BM25 * other for one, other in zip(words, answers, strict=True)]
        firsts = sorted(self.every, key=lambda n: -words[n])[:FEEDBACK]
        firsts = [n for n in firsts if float(vector @ self.columns[n]) >= LEAST_SIMILARITY]
        words = standard(words)
        like_them = sum((self.other_way @ self.apart(self.columns[n]) for n in firsts), np.zeros_like(self.mean))
        feedback = standard([float(like_them @ self.apart(self.columns[n])) for n in every])
        votes = sum(weight for _, weight in self.of(number))
        trust = TRUST_LAST + (TRUST_FIRST - TRUST_LAST) / (1 + votes / TRUST_VOTES)
        return [trust * (words[n] + feedback[n] / (1 + votes)) for n in every]

    def taught(self, number: int, without: int = -1) -> Numbers:
        """What votes add to a line."""
        every = [(row, weight) for row, weight, _ in self.liked]
        if len(self.lines) == 1:
            return self.learned(every, without)
        if not [row for row, _ in self.of(number) if row != without]:
            return [0.0] * len(self.columns)
        both = self.learned(every, without), self.learned(self.of(number), without)
        return [(one + other) / 2 for one, other in zip(*both, strict=True)]

    def sums(self, without: int = -1, wordless: int = -1) -> list[Numbers]:
        """What each line makes of every entry: without a row of what is liked, or without the words of a line."""
        found = []
        for number in range(len(self.lines)):
            said, taught = self.said[number], self.taught(number)
            _, spread = middle_and_spread([one + other for one, other in zip(said, taught, strict=True)])
            if without >= 0:
                taught = self.taught(number, without)
            if number == wordless:
                said = [0.0] * len(said)
            found.append([(said[n] + taught[n]) / max(spread, 1e-6) for n in self.every])
        return found

    def alone(self, without: int = -1) -> Numbers:
        """What a reader's votes make of every entry who follows nothing in words."""
        every = [(row, weight) for row, weight, _ in self.liked]
        _, spread = middle_and_spread(self.learned(every))
        return [value / max(spread, 1e-6) for value in self.learned(every, without)[: len(self.world.entries)]]

    @cached_property
    def drawn(self) -> list[Numbers]:
        return self.sums()

    def missed(self) -> dict[tuple[str, int], Numbers]:
        """How much lower each entry would be without a line's words ("line", number), or a liked row ("liked", row)."""
        rows = {row for row, _, _ in self.liked}
        if self.lines:
            before = self.drawn
            after = {("liked", row): self.sums(row) for row in rows}
            after |= {("line", n): self.sums(wordless=n) for n, line in enumerate(self.lines) if line.words}
        else:
            before, after = [self.alone()], {("liked", row): [self.alone(row)] for row in rows}
        return {
            piece: [self._at_least(n, before) - self._at_least(n, left) for n in self.every]
            for piece, left in after.items()
        }

    def _at_least(self, n: int, drawn: list[Numbers]) -> float:
        """What draws to an entry, beside its author."""
        value = max(line[n] for line in drawn)
        return max(value + AUTHOR, self.world.floor) if self.world.authored[self.reader, n] else value

    # -- every entry

    @property
    def follows(self) -> bool:
        return bool(self.lines or self.liked or self.world.authored[self.reader].any())

    def standing(self, n: int) -> float:
        world, reader = self.world, self.reader
        if self.lines:
            value = max(line[n] for line in self.drawn)
        elif self.liked:
            value = self._alone[n]
        else:
            value = float(world.general[n])
        if world.authored[reader, n]:
            value = max(value + AUTHOR, world.floor)
        return float(value - NAMED * world.named[reader, n] - MUTE * max(0.0, self.near_muted(n) - MUTE_FLOOR))

    @cached_property
    def _alone(self) -> Numbers:
        return self.alone()

    def near_muted(self, n: int) -> float:
        return max((float(mute @ self.world.entries[n]) for mute in self.person.muted), default=-1.0)

    def muted(self, n: int) -> bool:
        return self.near_muted(n) > MUTE_FLOOR or bool(self.world.named[self.reader, n])

    def closeness(self, n: int) -> float:
        entry, vectors = self.world.entries[n], self.world.voted.vectors
        near = [float(self.vector(line) @ entry) for line in self.lines]
        near += [float(vectors[row] @ entry) - (LIKE_FLOOR - LEAST_SIMILARITY) for row, _, _ in self.liked]
        if not self.lines and self.liked:
            near.append(0.0)
        close = 1.0 if self.world.authored[self.reader, n] else max(near, default=0.0)
        close -= 1.5 * max(0.0, self.near_muted(n) - MUTE_FLOOR) + 0.5 * self.world.named[self.reader, n]
        return float(close)

    def less(self, n: int) -> float:
        """The share that dislikes take."""
        total = 0.0
        for row, age in self.person.of(-1):
            near = float(self.world.voted.vectors[row] @ self.world.entries[n])
            share = min(1.0, max(0.0, (near - LESS_FLOOR) / (LESS_FULL - LESS_FLOOR)))
            total += share * max(math.exp(-FORGETTING * age), LEAST_WEIGHT)
        return total / (1 + total)

    def relevance(self, n: int) -> float:
        standing, less, floor = self.standing(n), self.less(n), self.world.floor
        if self.follows and self.closeness(n) >= LEAST_SIMILARITY and standing >= floor:
            return floor + (standing - floor) * (1 - less)
        return standing - LESS * less

    # -- places

    def places(self) -> list[tuple[int, float]]:
        """(entry, relevance) of one reader's places."""
        world = self.world
        left = [n for n in self.every if not world.seen[self.reader, n]]
        relevance = {n: self.relevance(n) for n in left}
        wanted = dict(relevance)
        for number in range(len(self.lines)):
            near = [n for n in left if not self.muted(n) and self.is_near(number, n)]
            if near:
                best = max(near, key=lambda n, own=self.drawn[number]: own[n] - LESS * self.less(n))  # type: ignore[misc]
                wanted[best] = relevance[best] + AHEAD
        by_them = [n for n in left if world.authored[self.reader, n] and not self.muted(n)]
        for n in sorted(by_them, key=lambda n: -relevance[n])[:AUTHORED]:
            wanted[n] = relevance[n] + AHEAD
        allowed = self.allowed()
        chosen: list[int] = []
        while left and len(chosen) < min(world.places, len(world.entries)):

            def margin(n: int) -> float:
                likeness = max([0.0, *(float(world.entries[n] @ world.entries[c]) for c in chosen)])
                value = MMR_LAMBDA * wanted[n] - (1 - MMR_LAMBDA) * likeness
                return value - (BEYOND if len(self.lines) > 1 and allowed[self.line_of(n)] <= 0 else 0.0)

            best = max(left, key=margin)
            chosen.append(best)
            if len(self.lines) > 1:
                allowed[self.line_of(best)] -= 1
            left = [n for n in left if n != best and float(world.entries[n] @ world.entries[best]) < NEAR_DUPLICATE]
        return sorted(((n, relevance[n]) for n in chosen), key=lambda pair: -pair[1])

    def is_near(self, number: int, n: int) -> bool:
        line = self.lines[number]
        near = float(line.vector @ self.world.entries[n]) if line.words else self.closeness(n)
        return near >= LEAST_SIMILARITY

    def line_of(self, n: int) -> int:
        return max(range(len(self.lines)), key=lambda number: self.drawn[number][n])

    def allowed(self) -> list[int]:
        """How many places each line has before it steps back."""
        votes = [1 + sum(weight for _, weight in self.of(number)) for number in range(len(self.lines))]
        places = min(self.world.places, len(self.world.entries))
        return [math.ceil(own / sum(votes) * places) for own in votes]
