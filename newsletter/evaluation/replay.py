"""Judged data as issues that methods are asked to rank: what is offered, what is known of each person, what they liked.

A stream is cut in time. By dates: the last 28 days are four weekly issues. By arXiv ids: the last month is four issues
in the order of its ids. What a person chose before is known, what they chose of those issues is what a method should
find. Statements and profiles are one issue each. Pure.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

import numpy as np

from newsletter.checks.findings import counted
from newsletter.entries.entry import Entry
from newsletter.errors import EvaluationError
from newsletter.evaluation.judged import Choice, Judged, Person, Profiles, Statements, Stream
from newsletter.ranking.arrays import Indices, Integers, Vectors

#: Random older entries that every method may use as what nobody asked for.
BACKGROUND = 5_000
#: A stream is replayed in so many issues, of so many days each where there are dates.
ISSUES = 4
DAYS = 7
#: Votes known, beside none and all.
VOTES = (1, 3, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one person when the issues are made."""

    name: str
    statements: tuple[str, ...]
    #: rows of the entries, newest first
    liked: Indices
    #: how many days before the first issue each was liked; nan where unknown
    liked_age: Vectors
    disliked: Indices
    disliked_age: Vectors

    def newest(self, votes: int) -> "Known":
        """The same person with their newest likes only, and with the dislikes that are no older than those."""
        oldest = max(self.liked_age[:votes], default=math.nan) if votes else -math.inf
        kept = np.zeros(len(self.disliked), bool) if votes == 0 else ~(self.disliked_age > oldest)
        return replace(
            self,
            liked=self.liked[:votes],
            liked_age=self.liked_age[:votes],
            disliked=self.disliked[kept],
            disliked_age=self.disliked_age[kept],
        )


@dataclass(frozen=True, slots=True)
class Replay:
    """Issues, the people who judge them, and how."""

    #: what was done, as a sentence for people
    story: str
    #: "person" or "statement"
    unit: str
    #: all that methods may read
    entries: Sequence[Entry]
    #: rows of the entries: what all issues offer, issue by issue
    candidates: Indices
    #: where in the candidates each issue is
    issues: tuple[slice, ...]
    #: rows of the entries: random older ones
    background: Indices
    people: tuple[Known, ...]
    #: (people, candidates): above 0 for what somebody liked; nan for what does not count for them
    grades: Vectors
    #: (people, candidates): which of a person's interests something liked is of; -1 where that is not known
    interest: Integers
    #: True where grades are compared in pairs instead of being looked for
    in_pairs: bool = False

    def votes(self) -> tuple[int | None, ...]:
        """The numbers of votes that can be told apart here; None for all."""
        longest = max((len(person.liked) for person in self.people), default=0)
        stated = any(person.statements for person in self.people)
        some = [count for count in VOTES if count < longest]
        return (*((0,) if stated else ()), *some, *((None,) if longest else ()))


def replay_of(judged: Judged) -> Replay:
    """Cut judged data into issues. Raises `EvaluationError` where nobody is left to judge them."""
    match judged:
        case Stream():
            made = _stream(judged)
        case Statements():
            made = _statements(judged)
        case Profiles():
            made = _profiles(judged)
    if judged.unknown:
        left = f" {judged.unknown:,} judgements of what is not in the data were left out."
        made = replace(made, story=made.story + left)
    return without_the_rest(made)


def mixed(replay: Replay, together: int) -> Replay:
    """The same issues for people made of so many people each, with the interests of all of them; for 1 as they are.

    Who goes with whom is by chance, the same every time; nobody is in two of them, who is left over is left out.
    Raises `EvaluationError` where there are too few.
    """
    if together == 1:
        return replay
    order = list(range(len(replay.people)))
    random.Random(0).shuffle(order)  # noqa: S311
    groups = [order[n : n + together] for n in range(0, len(order) - together + 1, together)]
    if not groups:
        raise EvaluationError(f"There are only {len(order)} people here: too few to make one of {together}.")
    grades, interest = [], []
    for group in groups:
        own = np.nan_to_num(replay.grades[group])
        best = own.argmax(axis=0)
        first = np.cumsum([0, *(max(len(replay.people[n].statements), 1) for n in group)])
        among = np.maximum(replay.interest[group], 0)[best, np.arange(len(best))]
        grades.append(own.max(axis=0))
        interest.append(np.where(grades[-1] > 0, first[best] + among, -1))
    story = f"{replay.story} Every {together} of them were made into one person, by chance, with the interests of all."
    return replace(
        replay,
        story=story,
        people=tuple(_merged([replay.people[n] for n in group]) for group in groups),
        grades=np.array(grades, np.float32),
        interest=np.array(interest, np.int64),
    )


def _merged(people: Sequence[Known]) -> Known:
    def together(rows: list[Indices], ages: list[Vectors]) -> tuple[Indices, Vectors]:
        row, age = np.concatenate(rows), np.concatenate(ages)
        order = np.argsort(age, kind="stable")
        _, first = np.unique(row[order], return_index=True)
        order = order[np.sort(first)]
        return row[order], age[order]

    liked, liked_age = together([one.liked for one in people], [one.liked_age for one in people])
    disliked, disliked_age = together([one.disliked for one in people], [one.disliked_age for one in people])
    wanted = ~np.isin(disliked, liked)
    return Known(
        " + ".join(one.name for one in people),
        tuple(line for one in people for line in one.statements),
        liked,
        liked_age,
        disliked[wanted],
        disliked_age[wanted],
    )


def _stream(stream: Stream) -> Replay:
    days = np.array(stream.days)
    newest = float(np.nanmax(days))
    if stream.by_month:
        last = date.fromordinal(int(newest))
        start = float(last.replace(day=1).toordinal())
        offered = _since(start, days)
        cuts = np.cumsum([0, *(len(part) for part in np.array_split(offered, ISSUES))])
        how = f"{last:%B %Y} in {ISSUES} issues by order of arXiv ids"
    else:
        start = newest - ISSUES * DAYS + 1
        offered = _since(start, days)
        cuts = np.searchsorted(days[offered], start + DAYS * np.arange(ISSUES + 1))
        how = f"{date.fromordinal(int(start))} to {date.fromordinal(int(newest))} in {ISSUES} weekly issues"
    # Not `days < start`: what has no date is no candidate, and may be background.
    older = np.flatnonzero(~(days >= start))
    place = {int(row): n for n, row in enumerate(offered)}
    known, judged = [], []
    for person in stream.people:
        own = np.zeros(len(offered), np.float32)
        before = []
        for choice in person.choices:
            if choice.row in place:
                own[place[choice.row]] = max(choice.value, 0)
            elif not choice.day >= start:  # of an entry without a date it is not known when
                before.append(choice)
        if own.any():
            known.append(known_of(person, before, start))
            judged.append(own)
    out = len(stream.people) - len(known)
    if not known:
        raise EvaluationError(
            f"Nobody chose anything of the issues that would be replayed ({how}). Bring choices of that time."
        )
    story = (
        f"{counted(len(known), 'person', 'people')} judge {how} ({len(offered):,} entries)"
        f"{_left_out(out, 'chose nothing of that time')}. What they chose before is known; of n votes, the last n."
    )
    grades = np.array(judged, np.float32)
    return Replay(
        story,
        "person",
        stream.entries,
        offered,
        tuple(slice(int(a), int(b)) for a, b in pairwise(cuts) if b > a),
        sample(older),
        tuple(known),
        grades,
        single_interests(known, grades),
    )


def _since(start: float, days: Vectors) -> Indices:
    """The rows of what came out on that day or later, by day."""
    rows = np.flatnonzero(days >= start)
    return rows[np.argsort(days[rows], kind="stable")]


def _statements(data: Statements) -> Replay:
    judges = [n for n, grades in enumerate(data.grades) if max(grades.values(), default=0) > 0]
    if not judges:
        raise EvaluationError("No statement has a relevant document (a grade above 0) here.")
    out = len(data.people) - len(judges)
    offered = np.arange(len(data.entries))
    grades = graded([data.grades[n] for n in judges], offered, 0)
    people = [known_of(data.people[n], (), 0) for n in judges]
    story = (
        f"{counted(len(judges), 'statement')} ask for {len(offered):,} documents"
        f"{_left_out(out, 'have no relevant one')}. nDCG counts a grade g as 2^g − 1."
    )
    return Replay(
        story,
        "statement",
        data.entries,
        offered,
        (slice(0, len(offered)),),
        sample(offered),
        tuple(people),
        grades,
        single_interests(people, grades),
    )


def _profiles(data: Profiles) -> Replay:
    judges = [n for n, grades in enumerate(data.grades) if len(set(grades.values())) > 1 and _judges(data.people[n])]
    if not judges:
        raise EvaluationError("Nobody has a profile and graded two papers differently here.")
    out = len(data.people) - len(judges)
    offered = np.array(sorted({row for n in judges for row in data.grades[n]}), np.intp)
    grades = graded([data.grades[n] for n in judges], offered, math.nan)
    people = [known_of(data.people[n], data.people[n].choices, 0) for n in judges]
    story = (
        f"{counted(len(judges), 'person', 'people')} graded {len(offered):,} papers"
        f"{_left_out(out, 'have no profile, or no two different grades')}; their own papers are known. The loss of a "
        "pair in the wrong order is the difference of its grades, of a tie half of it, in shares of all differences."
    )
    older = np.setdiff1d(np.arange(len(data.entries)), offered)
    return Replay(
        story,
        "person",
        data.entries,
        offered,
        (slice(0, len(offered)),),
        sample(older),
        tuple(people),
        grades,
        single_interests(people, grades),
        in_pairs=True,
    )


def _judges(person: Person) -> bool:
    return bool(person.choices or person.statements)


def known_of(person: Person, before: Sequence[Choice], start: float) -> Known:
    """What is known of a person by their choices; of those of one day what came later in the data is newer."""
    order = sorted(range(len(before)), key=lambda n: (-before[n].day if before[n].day == before[n].day else 0, -n))
    liked = [before[n] for n in order if before[n].value > 0]
    disliked = [before[n] for n in order if before[n].value < 0]
    return Known(person.name, person.statements, *_dated(liked, start), *_dated(disliked, start))


def _dated(choices: Sequence[Choice], start: float) -> tuple[Indices, Vectors]:
    rows = np.array([choice.row for choice in choices], np.intp)
    return rows, np.array([start - choice.day for choice in choices], np.float32)


def graded(grades: Sequence[Mapping[int, float]], offered: Indices, nothing: float) -> Vectors:
    """Grades by row as a table, (people, offered); `offered` are all rows that are graded, ascending."""
    found = np.full((len(grades), len(offered)), nothing, np.float32)
    for own, grade in zip(found, grades, strict=True):
        own[np.searchsorted(offered, list(grade))] = list(grade.values())
    return found


def single_interests(people: Sequence[Known], grades: Vectors) -> Integers:
    """0 for whatever somebody with one statement liked; -1 elsewhere."""
    single = np.array([len(person.statements) <= 1 for person in people], bool)
    return np.where(single[:, None] & (np.nan_to_num(grades) > 0), 0, -1).astype(np.int64)


def sample(rows: Indices) -> Indices:
    """So many of the rows as the background may have, in an order of chance that is the same every time."""
    return np.array(random.Random(0).sample(rows.tolist(), min(BACKGROUND, len(rows))), np.intp)  # noqa: S311


def without_the_rest(made: Replay) -> Replay:
    """Only the entries that anything refers to: the model reads no others."""
    own = [rows for person in made.people for rows in (person.liked, person.disliked)]
    used = np.unique(np.concatenate([made.candidates, made.background, *own]))

    def there(rows: Indices) -> Indices:
        return np.searchsorted(used, rows)

    return replace(
        made,
        entries=[replace(made.entries[row], id=n) for n, row in enumerate(used)],
        candidates=there(made.candidates),
        background=there(made.background),
        people=tuple(replace(p, liked=there(p.liked), disliked=there(p.disliked)) for p in made.people),
    )


def _left_out(count: int, why: str) -> str:
    return f"; {count:,} who {why} are left out" if count else ""
