"""What to ask the servers of a source for, so that nothing is missed between two pulls. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from newsletter.entries.sources.announcements import missed, submitted
from newsletter.entries.sources.kinds import Kind, categories_of, known_place

#: Days of Hugging Face that are asked for beside today's.
MOST_DAYS = 31
#: Papers a request: the most that Hugging Face and arXiv give.
HUGGING_FACE_PAGE, ARXIV_PAGE = 100, 2_000
#: arXiv's archives that are made of categories (cs is cs.AI, cs.CL, …).
_ARCHIVES = frozenset(
    "astro-ph cond-mat cs econ eess math nlin physics q-bio q-fin stat".split()  # the others are one category each
)


@dataclass(frozen=True, slots=True)
class Request:
    """One address to ask."""

    url: str
    #: the source's own; the others fill gaps or tell how popular things have become
    main: bool


def requests_for(
    kind: Kind,
    location: str,
    *,
    last_good: datetime | None,
    now: datetime,
    popular_since: date | None = None,
    cross_lists: bool = True,
) -> tuple[Request, ...]:
    """What to ask for, the main one first, no address twice.

    `last_good` is the last pull that went well and whole, None for the first; `popular_since` the day from which on
    popularity is to be read again, where the source has any. Whether papers are cross-listed is seen only in what the
    servers give, so it changes nothing here.
    """
    kind, url = known_place(kind, location)
    try:
        match kind:
            case "huggingface":
                urls = list(_of_hugging_face(url, last_good, now, popular_since))
            case "arxiv":
                urls = list(_of_arxiv(url, last_good, now))
            case _:
                urls = [url]
    except ValueError:  # no address at all: who asks for it says so
        urls = [location]
    return tuple(Request(url, n == 0) for n, url in enumerate(dict.fromkeys(urls)))


def _of_hugging_face(url: str, last_good: datetime | None, now: datetime, popular_since: date | None) -> Iterator[str]:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    query.setdefault("limit", str(HUGGING_FACE_PAGE))
    yield urlunsplit(parts._replace(query=urlencode(query)))
    if query.keys() & {"date", "week", "month", "p"} or query.get("sort") == "trending":
        return  # it was not meant to go on, or is not made of days
    today = now.astimezone(UTC).date()
    days: set[date] = set()
    if last_good:
        # Its day may have got more papers after that pull.
        days |= set(_days(last_good.astimezone(UTC).date(), today - timedelta(days=1)))
    if popular_since:
        days |= set(_days(popular_since, today))
    for day in sorted(days):
        yield urlunsplit(parts._replace(query=urlencode({"date": day.isoformat(), **query})))


def _days(first: date, last: date) -> Iterator[date]:
    day = max(first, last - timedelta(days=MOST_DAYS - 1))
    while day <= last:
        yield day
        day += timedelta(days=1)


def _of_arxiv(url: str, last_good: datetime | None, now: datetime) -> Iterator[str]:
    yield url
    parts = urlsplit(url)
    categories = categories_of(url)
    if last_good is None or not categories or parts.path.endswith("/api/query"):
        return
    own = parts.hostname == "rss.arxiv.org"
    api = "https://export.arxiv.org/api/query" if own else f"{parts.scheme}://{parts.netloc}/api/query"
    about = " OR ".join(f"cat:{name}.*" if name in _ARCHIVES else f"cat:{name}" for name in categories)
    for day in missed(last_good, now):
        begin, end = (f"{moment.astimezone(UTC):%Y%m%d%H%M}" for moment in submitted(day))
        query = {
            "search_query": f"({about}) AND submittedDate:[{begin} TO {end}]",
            "sortBy": "submittedDate",
            "sortOrder": "ascending",
            "start": 0,
            "max_results": ARXIV_PAGE,
        }
        yield f"{api}?{urlencode(query)}"
