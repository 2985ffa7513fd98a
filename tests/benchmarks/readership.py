"""A large readership and an issue, made up, ranked in a process of its own that tells its seconds and its memory."""

import json
import resource
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from time import perf_counter

import numpy as np

from newsletter.ranking.arrays import Indices, Vectors
from newsletter.ranking.offer import OLDER, Offer, offer_of
from newsletter.ranking.scoring import CHUNK, general_scores, rank
from newsletter.ranking.tastes import Tastes, Voted, tastes_of
from newsletter.ranking.votes import Vote
from newsletter.ranking.wording import Said
from subscribers.interests import Interest

DIMENSIONS, SUBJECTS, WORDS = 384, 60, 20_000
#: What a reader has voted on, as many readers each.
MIXED = (0, 5, 30)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True)
class Readership:
    """Entries about some subjects, words by Zipf's law among them, and readers of two or three of the subjects."""

    entries: int = 1_500
    voted: int = 5_000
    lines: int = 10_000
    seed: int = 7

    def vectors(self, subject: Indices, seed: int) -> Vectors:
        rng = np.random.default_rng(seed)
        centres = np.random.default_rng(self.seed).standard_normal((SUBJECTS, DIMENSIONS), dtype=np.float32)
        rows = centres[subject] + 1.2 * rng.standard_normal((len(subject), DIMENSIONS), dtype=np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    def said(self, subject: Indices, seed: int) -> tuple[Said, ...]:
        """A title of ten words and a summary of a hundred and twenty; a fifth of them are the subject's own."""
        rng = np.random.default_rng(seed)
        words = np.minimum(rng.zipf(1.3, (len(subject), 130)), WORDS)
        own = rng.random(words.shape) < 0.2
        words = np.where(own, WORDS + 100 * subject[:, None] + rng.integers(0, 100, words.shape), words)
        texts = [[f"w{word}x" for word in row] for row in words.tolist()]
        return tuple((" ".join(text[:10]), " ".join(text[10:])) for text in texts)

    def subjects(self, count: int, seed: int) -> Indices:
        return np.random.default_rng(seed).integers(0, SUBJECTS, count).astype(np.intp)

    @cached_property
    def offer(self) -> Offer:
        now, before = self.subjects(self.entries, 1), self.subjects(OLDER, 2)
        vectors = self.vectors(now, 3)
        return offer_of(
            vectors,
            general_scores(vectors, [None] * len(vectors)),
            older=self.vectors(before, 4),
            said=self.said(now, 5),
            older_said=self.said(before, 6),
        )

    @cached_property
    def known(self) -> Voted:
        subject = self.subjects(self.voted, 11)
        titles = tuple(f"entry {n}" for n in range(self.voted))
        row = {n: n for n in range(self.voted)}
        return Voted(self.vectors(subject, 12), titles, row, self.said(subject, 13))

    @cached_property
    def statements(self) -> list[str]:
        """Four words each, two of them of its subject."""
        subject = self.subjects(self.lines, 21)
        own = WORDS + 100 * subject[:, None] + np.random.default_rng(22).integers(0, 100, (self.lines, 2))
        return [f"line{n} w{one}x and w{other}x" for n, (one, other) in enumerate(own.tolist())]

    @cached_property
    def line_vectors(self) -> dict[str, Vectors]:
        rows = self.vectors(self.subjects(self.lines, 21), 23)
        return dict(zip(self.statements, rows, strict=True))

    def tastes(self, first: int, last: int, votes: tuple[int, ...] = MIXED, lines: int = 2) -> Tastes:
        """Of the readers with these numbers."""
        rng = np.random.default_rng(first)
        subject = self.subjects(self.voted, 11)
        wanted, said = [], []
        for reader in range(first, last):
            chosen = rng.integers(0, self.lines, lines).tolist()
            wanted.append([Interest(self.statements[n]) for n in chosen])
            own = np.flatnonzero(np.isin(subject, rng.integers(0, SUBJECTS, 3)))
            count = votes[reader % len(votes)]
            said.append(
                [
                    Vote(int(n), -1 if k % 6 == 5 else 1, NOW - timedelta(days=3 * k))
                    for k, n in enumerate(rng.choice(own, count, replace=False).tolist())
                ]
            )
        return tastes_of(wanted, self.line_vectors, DIMENSIONS, said, self.known)


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(readers: int, entries: int) -> dict[str, float]:
    """Rank so many readers, a thousand at once as issues are composed, and tell what it took."""
    world = Readership(entries)
    started = perf_counter()
    offer = world.offer
    laid = perf_counter() - started
    _ = world.known, world.line_vectors
    vectors = np.stack([*world.line_vectors.values()][:CHUNK])
    product, ranking, before, reasons = 0.0, 0.0, megabytes(), 0
    for first in range(0, readers, CHUNK):
        tastes = world.tastes(first, min(first + CHUNK, readers))
        started = perf_counter()
        found = rank(offer, tastes, 7, floor=1.0, seed=4)
        ranking += perf_counter() - started
        reasons += int((found.liked >= 0).sum())
        rows = vectors[: tastes.readers]
        started = perf_counter()
        _ = rows @ offer.entries.T
        product += perf_counter() - started
    return {
        "laid": laid,
        "ranking": ranking,
        "product": product,
        "before": before,
        "peak": megabytes(),
        "reasons": reasons,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(int(sys.argv[1]), int(sys.argv[2]))))
