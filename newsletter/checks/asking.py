"""Asks whether links answer: politely, several hosts at once, and nobody but the public internet."""

import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import httpx2

from newsletter.checks.links import Answer, Reached, reached_by
from newsletter.entries.fetching import MAX_REDIRECTS, Turn
from newsletter.entries.network import DEADLINE, NotPublic, certificate_trouble
from newsletter.entries.side_by_side import side_by_side
from newsletter.entries.spacing import host_of
from newsletter.ranking.embedding import Progress

#: Seconds for one answer, and for all of them.
ONE, ALL = 20.0, 180.0


def ask(links: Iterable[str], client: httpx2.Client, *, database: Path, progress: Progress) -> dict[str, Answer]:
    """What became of each link; those for which there was no time are missing.

    No host is asked more often than for a source, by all processes together.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for link in links:
        groups[host_of(link)].append(link)
    total, until = sum(map(len, groups.values())), time.monotonic() + ALL
    told: dict[str, Answer] = {}
    with side_by_side(
        list(groups.values()),
        lambda link, turn: ask_one(link, client, turn),
        database=database,
        stop=lambda: time.monotonic() > until,
    ) as coming:
        for link, answer in coming:
            told[link] = answer
            progress(len(told), total)
    if len(told) < total:
        # A bar that is not full would stay.
        progress(total, total)
    return told


def ask_one(link: str, client: httpx2.Client, turn: Turn) -> Answer:
    """HEAD, then GET where that is not good: many servers know only one of the two."""
    try:
        status = _status("HEAD", link, client, turn)
        if reached_by(status) is not Reached.ANSWERS:
            status = _status("GET", link, client, turn)
    except NotPublic as error:
        return Answer(Reached.BROKEN, str(error))
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
        return Answer(Reached.BROKEN, _in_words(error))
    phrase = httpx2.codes.get_reason_phrase(status)
    return Answer(reached_by(status), f"the server answered {status} {phrase}".rstrip())


def _status(method: str, link: str, client: httpx2.Client, turn: Turn) -> int:
    """Of the answer behind all redirects. Nothing of its body is read."""
    request = client.build_request(method, link)
    for _ in range(MAX_REDIRECTS + 1):
        turn(str(request.url))
        request.extensions = {**request.extensions, DEADLINE: time.monotonic() + ONE}
        answer = client.send(request, stream=True, follow_redirects=False)
        answer.close()
        following = answer.next_request
        if following is None:
            return answer.status_code
        if following.url.scheme not in ("http", "https"):
            raise httpx2.UnsupportedProtocol(f"it redirects to {str(following.url)[:100]}, which is no web address")
        request = following
    raise httpx2.TooManyRedirects("it redirects again and again")


def _in_words(error: Exception) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "the server took too long to answer"
    if certificate := certificate_trouble(error):
        return f"the server is not to be trusted: {certificate}"
    return str(error) or type(error).__name__
