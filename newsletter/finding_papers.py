"""Papers that readers name as interests, and that the archive does not hold, are looked for in the background.

arXiv is asked for many at once; a DOI leads to its publisher's page, or else to Crossref; a link to its page. What is
not found is tried again for a week, later and later, and said to the reader in words.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from urllib.parse import quote

import httpx2
from sqlite_utils import Database

from newsletter.entries import papers as store
from newsletter.entries.entry import ParsedEntry
from newsletter.entries.fetching import (
    Document,
    FetchError,
    PublicNetwork,
    Turn,
    fetch_page,
    fetch_url,
    user_agent,
    whole,
)
from newsletter.entries.identity import identities
from newsletter.entries.page_facts import is_page, kind_of, page_about, page_facts
from newsletter.entries.papers import Wanted
from newsletter.entries.sources import parse
from newsletter.entries.spacing import Stopped, Turns
from newsletter.entries.text import clean_names, clean_summary, clean_title, safe_url
from newsletter.errors import SourceError
from newsletter.settings import Settings
from newsletter.store import FILE as STORE
from subscribers.finding import named_papers
from subscribers.papers import reference_to

#: Seconds for one look: sources and issues wait behind it.
MOST_SECONDS = 120.0
#: Papers that one request asks arXiv for.
BATCH = 50
#: Papers that are looked for in one go; the rest waits for the next.
MOST = 100
#: How long a paper is left alone after each failure but the last.
PAUSES = (timedelta(minutes=10), timedelta(hours=2), timedelta(days=1), timedelta(days=6))
_API = "https://export.arxiv.org/api/query"
_CROSSREF = "https://api.crossref.org/works/"
#: A server that asks for more patience is not waited for.
_MOST_PATIENCE = timedelta(days=1)


class PaperSearch:
    """Looks for papers. Use it from one thread."""

    def __init__(
        self,
        db: Database,
        project: Path,
        settings: Settings,
        clock: Callable[[], datetime],
        http: httpx2.Client | None = None,
    ) -> None:
        """`http` stands in for the client that asks, and stays open; ours reaches no private network."""
        self._db, self._project, self._settings, self._clock = db, project, settings, clock
        self._network = PublicNetwork(user_agent(settings.base_url, settings.address), http)

    def close(self) -> None:
        """Let go of the network."""
        self._network.close()

    def tend(self) -> None:
        """Note what all readers name, also who came in by an import; drop what nobody has named for a month."""
        now, named = self._clock(), named_papers(self._db)
        store.want(self._db, list(named.values()), now)
        store.forget_unnamed(self._db, named, now)

    def look(self, stop: Event | None = None) -> int:
        """Look for the papers whose time has come; returns for how many. Never raises for a server's sake.

        `stop` ends it between two requests.
        """
        wanted = store.to_look_for(self._db, self._clock(), MOST)
        if not wanted:
            return 0
        tried, until = 0, monotonic() + MOST_SECONDS
        with closing(Turns(self._project / STORE, stop or Event())) as whole_turn, suppress(Stopped):
            turn = _in_time(whole_turn, until)
            of_arxiv = [one for one in wanted if one.key.startswith("arxiv:")]
            for start in range(0, len(of_arxiv), BATCH):
                batch = of_arxiv[start : start + BATCH]
                self._ask_arxiv(batch, turn)
                tried += len(batch)
            for one in wanted:
                if one not in of_arxiv:
                    self._read_page(one, turn)
                    tried += 1
        return tried

    def _ask_arxiv(self, batch: Sequence[Wanted], turn: Turn) -> None:
        ids = ",".join(quote(one.key.removeprefix("arxiv:"), safe="/") for one in batch)
        url = f"{_API}?id_list={ids}&max_results={len(batch)}"
        try:
            document = whole(fetch_url(url, client=self._network.client, turn=turn))
            parsed = parse(
                document.content,
                name=url,
                today=self._clock().date(),
                kind="arxiv",
                content_type=document.content_type,
            )
        except SourceError as error:
            refused = not isinstance(error, FetchError) or error.status == httpx2.codes.BAD_REQUEST
            if refused and len(batch) > 1:  # it dislikes one of them, and says not which
                half = len(batch) // 2
                self._ask_arxiv(batch[:half], turn)
                self._ask_arxiv(batch[half:], turn)
                return
            for one in batch:
                self._miss(one, f"arXiv could not be asked: {error}.", error)
            return
        by_key = {key: entry for entry in parsed.entries for key in identities(entry)}
        store.found(self._db, {one.key: by_key[one.key] for one in batch if one.key in by_key}, self._clock())
        for one in batch:
            if one.key not in by_key:
                self._miss(one, f"arXiv knows no paper {one.written}.")

    def _read_page(self, one: Wanted, turn: Turn) -> None:
        is_doi = one.key.startswith("doi:")
        url = f"https://doi.org/{quote(one.written, safe='/:()')}" if is_doi else page_about(one.written)
        trouble: SourceError | None = None
        found: ParsedEntry | None = None
        said = ""
        try:
            document = fetch_page(url, client=self._network.client, turn=turn)
            found, said = facts_in(document, self._clock().date())
        except SourceError as error:
            trouble, said = error, f"Its page could not be read: {error}."
        # Publishers show programs many pages that are about something else.
        if is_doi and not (found and (found.summary or _says_its_doi(found, one.key))):
            with suppress(SourceError):
                registered = fetch_page(
                    f"{_CROSSREF}{quote(one.written, safe='')}", client=self._network.client, turn=turn
                )
                found = registered_in(registered.content) or found
        if found:
            store.found(self._db, {one.key: found}, self._clock())
        else:
            self._miss(one, said, trouble)

    def _miss(self, one: Wanted, trouble: str, error: SourceError | None = None) -> None:
        next_at = None
        if one.tries < len(PAUSES):
            wish = error.retry_after if isinstance(error, FetchError) and error.retry_after else timedelta(0)
            next_at = self._clock() + max(PAUSES[one.tries], min(wish, _MOST_PATIENCE))
        store.missed(self._db, one.key, trouble, next_at)


def _in_time(turn: Turn, until: float) -> Turn:
    """The same turns, up to a moment of `time.monotonic`; what is left is looked for the next time."""

    def taken(url: str) -> None:
        if monotonic() > until:
            raise Stopped
        turn(url)

    return taken


def _says_its_doi(found: ParsedEntry, key: str) -> bool:
    """Whether a page names the DOI that led to it."""
    named = (reference_to(identifier) for identifier in found.identifiers)
    return any(one.key == key for one in named if one)


def facts_in(document: Document, today: date) -> tuple[ParsedEntry | None, str]:
    """(the paper that a page is about, or why there is none as a sentence). Pure."""
    if not is_page(document.content_type, document.content):
        kind = kind_of(document.content_type) or "something else"
        return None, f"Its link leads to no page but to {kind}. Name it by a page, a DOI or an arXiv id."
    entry = page_facts(document.content, document.content_type, document.name, today=today)
    return (entry, "") if entry.title else (None, "Its page names no title.")


def registered_in(content: bytes) -> ParsedEntry | None:
    """What Crossref's answer about a DOI says; None where that is nothing. Pure."""
    try:
        work = json.loads(content)["message"]
        title = clean_title(" ".join(map(str, work["title"][:1])))
        names = [f"{one.get('given', '')} {one.get('family', '')}" for one in work.get("author", ())]
        summary = clean_summary(str(work.get("abstract", "")))
        url = safe_url(work.get("URL"))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if not title:
        return None
    return ParsedEntry(title=title, summary=summary, authors=clean_names(names), url=url)
