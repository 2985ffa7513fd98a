"""Our own ranking as one method among the others, by the code that makes issues."""

from datetime import UTC, datetime, timedelta

import numpy as np

from newsletter.evaluation.question import Question, Scores
from newsletter.ranking.arrays import Indices, Vectors
from newsletter.ranking.attraction import attraction_of
from newsletter.ranking.choosing import AHEAD
from newsletter.ranking.offer import OLDER, Offer, offer_of
from newsletter.ranking.scoring import chunks, general_scores, rank
from newsletter.ranking.tastes import Tastes, Voted, tastes_of
from newsletter.ranking.votes import MOST_VOTES, Vote
from subscribers.interests import Interest

NAME = "this newsletter"
SENT = "this newsletter, as sent"
#: Picks of an issue.
PLACES = 10
#: What `issue.floor` is where nobody sets it; it decides only how far a dislike may push something down.
_FLOOR = 1.0
_TODAY = datetime(2026, 1, 1, tzinfo=UTC)


def this_newsletter(question: Question) -> Scores:
    """Every issue as it would be ranked when it is made."""
    return np.concatenate([product_scores(question.issue(n)) for n in range(len(question.issues))], axis=1)


def as_sent(question: Question) -> Scores:
    """The same, with what every reader's issue would hold before all else, in its order there.

    That is assembled: nothing told twice, and each line with a place.
    """
    scores = question.by(this_newsletter).copy()
    for number, where in enumerate(question.issues):
        entry = rank(*laid_out(question.issue(number)), PLACES, floor=_FLOOR).entry
        person, place = np.nonzero(entry >= 0)
        scores[person, where.start + entry[person, place]] = AHEAD + PLACES - place
    return scores


def product_scores(issue: Question) -> Scores:
    """The relevance of one issue's candidates to every person, (people, candidates)."""
    offer, tastes = laid_out(issue)
    parts = [
        attraction_of(offer, tastes, first, last, seen=None, named=None, authored=None, floor=_FLOOR).relevance
        for first, last in chunks(tastes, len(offer.columns))
    ]
    return np.concatenate(parts)


def laid_out(issue: Question) -> tuple[Offer, Tastes]:
    """One issue, and its people's tastes, as the ranking takes them."""
    entries = issue.entries
    offered = issue.vectors[issue.candidates]
    older = issue.background[:OLDER]
    offer = offer_of(
        offered,
        general_scores(offered, [entries[row].popularity for row in issue.candidates]),
        older=issue.vectors[older],
        said=[(entries[row].title, entries[row].summary) for row in issue.candidates],
        older_said=[(entries[row].title, entries[row].summary) for row in older],
    )
    used = sorted({int(row) for person in issue.people for row in (*person.liked, *person.disliked)})
    tastes = tastes_of(
        [[Interest(line) for line in person.statements] for person in issue.people],
        {Interest(line).statement: vector for line, vector in issue.lines.items()},
        offered.shape[1],
        [
            sorted(
                [
                    *_votes(person.liked, person.liked_age, 1),
                    *_votes(person.disliked, person.disliked_age, -1),
                ],
                key=lambda vote: vote.at,
                reverse=True,
            )[:MOST_VOTES]
            for person in issue.people
        ],
        Voted(
            issue.vectors[used],
            tuple(entries[row].title for row in used),
            {row: n for n, row in enumerate(used)},
            tuple((entries[row].title, entries[row].summary) for row in used),
        ),
    )
    return offer, tastes


def _votes(rows: Indices, ages: Vectors, value: int) -> list[Vote]:
    """Of votes whose age is not known all count alike."""
    days = np.nan_to_num(ages, nan=0.0).tolist()
    return [Vote(int(row), value, _TODAY - timedelta(days=age)) for row, age in zip(rows, days, strict=True)]
