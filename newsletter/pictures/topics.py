"""What an issue is about: its entries in groups, each with the words that tell it from the others."""

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from newsletter.ranking.arrays import Integers, Vectors, product
from newsletter.ranking.naming import COMMON, SAYS_LITTLE_ALONE, key

#: So many groups at most: more are no overview.
MOST = 9
#: Groups are begun at several places, and the tightest ones kept.
_STARTS, _ROUNDS = 3, 10
_WORD = re.compile(r"[^\W\d_][\w'’+-]*[\w+]|[^\W\d_]")


def topics_of(vectors: Vectors) -> Integers:
    """The group of each row, (rows,), from 0 on without gaps; the same for the same rows.

    Spherical k-means, begun at rows that are far from each other.
    """
    count = how_many(len(vectors))
    best, tightest = np.zeros(len(vectors), np.int64), -np.inf
    for start in range(_STARTS if count > 1 else 0):
        found, tight = _grouped(vectors, count, np.random.default_rng(start))
        if tight > tightest:
            best, tightest = found, tight
    return np.asarray(np.unique(best, return_inverse=True)[1], np.int64)


def how_many(entries: int) -> int:
    """Into how many groups so many entries are put."""
    return max(1, min(MOST, round(0.9 * math.sqrt(entries))))


def centres_of(vectors: Vectors, topic: Integers) -> Vectors:
    """The middle of each group, (groups, dimensions), unit rows."""
    return _unit(_sums(vectors, topic, int(topic.max(initial=-1)) + 1))


def names_of(titles: Sequence[str], topic: Sequence[int]) -> list[str]:
    """The words that tell each group from the others, as its titles have them: "graph neural networks"."""
    groups = max(topic, default=-1) + 1
    within = [Counter[str]() for _ in range(groups)]
    forms: dict[str, Counter[str]] = {}
    for title, group in zip(titles, topic, strict=True):
        terms = _terms(title)
        within[group].update(terms.keys())
        for term, form in terms.items():
            forms.setdefault(term, Counter())[form] += 1
    everywhere = sum(within, Counter[str]())
    sizes = Counter(topic)
    taken: set[str] = set()
    names = [""] * groups
    for group in sorted(range(groups), key=lambda g: -sizes[g]):
        chosen = _telling(within[group], everywhere, sizes[group], len(titles), taken)
        taken.update(chosen)
        names[group] = " · ".join(forms[term].most_common(1)[0][0] for term in chosen)
    return names


def _telling(within: Counter[str], everywhere: Counter[str], size: int, total: int, taken: set[str]) -> list[str]:
    """One term or two of a group, the most telling first; two never share a word."""

    def worth(term: str) -> float:
        share = within[term] / size
        elsewhere = (everywhere[term] - within[term]) / max(total - size, 1)
        long = 1.6 if " " in term else 1.0
        dull = 0.35 if term in SAYS_LITTLE_ALONE else 1.0
        often = 1 - 0.6 / within[term]
        return share * math.log((share + 0.02) / (elsewhere + 0.02)) * long * dull * often

    ranked = sorted((t for t in within if t not in taken), key=lambda t: (-worth(t), t))
    if not ranked:
        return []
    first = ranked[0]
    words = set(first.split())
    others = (t for t in ranked[1:] if not words & set(t.split()) and worth(t) > 0.45 * worth(first))
    second = next(others, None)
    if second is None or len(first) + len(second) > 16:
        return [first]
    return [first, second]


def _terms(title: str) -> dict[str, str]:
    """The words and pairs of words of a title that may name something: how they are compared → how they are written."""
    found: dict[str, str] = {}
    before = ""
    for word in _WORD.findall(title):
        form = word if any(c.isupper() for c in word[1:]) else word.lower()
        if word.lower() in COMMON and word.lower() not in SAYS_LITTLE_ALONE:
            before = ""
            continue
        term = key(form)
        if len(term) > 2 and word.lower() not in COMMON:
            found.setdefault(term, form)
        if before:
            found.setdefault(f"{key(before)} {term}", f"{before} {form}")
        before = form
    return found


def _grouped(vectors: Vectors, count: int, rng: np.random.Generator) -> tuple[Integers, float]:
    centres = _begin(vectors, count, rng)
    topic = np.zeros(len(vectors), np.int64)
    for _ in range(_ROUNDS):
        near = product(vectors, centres.T)
        topic = near.argmax(axis=1)
        sums = _sums(vectors, topic, count)
        empty = ~sums.any(axis=1)
        sums[empty] = centres[empty]
        centres = _unit(sums)
    near = product(vectors, centres.T)
    return np.asarray(near.argmax(axis=1), np.int64), float(near.max(axis=1).sum())


def _begin(vectors: Vectors, count: int, rng: np.random.Generator) -> Vectors:
    """Rows that are far from each other (k-means++)."""
    chosen = [int(rng.integers(len(vectors)))]
    far = 1 - product(vectors, vectors[chosen[0]])
    for _ in range(count - 1):
        weight = np.maximum(far, 0).astype(np.float64)
        total = weight.sum()
        chosen.append(int(rng.choice(len(vectors), p=weight / total)) if total > 0 else chosen[0])
        far = np.minimum(far, 1 - product(vectors, vectors[chosen[-1]]))
    return vectors[chosen].copy()


def _sums(vectors: Vectors, topic: Integers, count: int) -> Vectors:
    """Of each group's rows; as a product, which is many times faster than np.add.at."""
    member = np.asarray(topic == np.arange(count)[:, None], np.float32)
    return product(member, vectors)


def _unit(rows: Vectors) -> Vectors:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-9), np.float32)
