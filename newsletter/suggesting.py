"""What readers suggest: its page is read, the operator decides, and what is accepted is an entry with thanks."""

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
from sqlite_utils import Database

from newsletter.delivery import records
from newsletter.delivery.notices import NoticeKind
from newsletter.entries import store as entries
from newsletter.entries.entry import READERS, Entry, ParsedEntry
from newsletter.entries.fetching import Document, FetchError, PublicNetwork, Turn, fetch_page, user_agent
from newsletter.entries.page_facts import is_page, kind_of, name_of_file, page_about, page_facts
from newsletter.entries.spacing import Stopped, Turns
from newsletter.entries.text import clean_summary, clean_text, clean_title, clip
from newsletter.errors import SourceError, SuggestionError
from newsletter.readers import suggestions_store as store
from newsletter.readers.desk import Readers
from newsletter.readers.suggested import page_key
from newsletter.readers.suggestions_store import BY_A_READER, Suggestion, SuggestionState
from newsletter.rendering import words
from newsletter.rendering.links import Purpose, Signer
from newsletter.settings import Settings
from newsletter.store import FILE as STORE
from subscribers import people
from subscribers.database import writing
from subscribers.people import Subscriber

#: How long a page is left alone after each failure but the last.
PAUSES = (timedelta(minutes=10), timedelta(hours=2))
#: A server that asks for more patience is not waited for.
_MOST_PATIENCE = timedelta(days=1)
#: Pages that are read in one go; the rest waits for the next.
MOST = 50
#: So many suggestions stand in one mail to the operator.
NAMED = 20
_MAX_NAME = 60
#: What is said of a suggestion that nothing was stored for.
IN_ALREADY = "It had come in by itself, so nothing new was stored and nobody is thanked for it."
_UNDECIDED = (SuggestionState.NEW, *store.OPEN)


@dataclass(frozen=True, slots=True)
class Look:
    """One page that readers suggest, as the operator looks at it."""

    #: who came first, and what was found behind the link
    suggestion: Suggestion
    #: everybody who suggested it and may be waiting for it, the first one first
    all: tuple[Suggestion, ...]
    #: who they are, without those who were erased
    readers: tuple[Subscriber, ...]
    #: what is thanked for it, in the words that an issue prints
    thanks: str
    #: the entry that it became, or was already
    became: Entry | None

    @property
    def entry(self) -> ParsedEntry:
        """What it would be as an entry; its title is empty where nothing is known of it."""
        return self.suggestion.entry or ParsedEntry(title="", url=self.suggestion.url)

    @property
    def who(self) -> str:
        """Ada <ada@example.org>, or how many they are."""
        named = [f"{person.name} <{person.address}>" if person.name else person.address for person in self.readers]
        if len(named) < 2:
            return "".join(named) or "somebody who was erased"
        return f"{words.number(len(named))} readers: {', '.join(named)}"

    @property
    def whys(self) -> tuple[str, ...]:
        """What they say about it."""
        return tuple(one.why for one in self.all if one.why)


class Suggestions:
    """The operator's side of what readers suggest. Use it from one thread."""

    def __init__(
        self,
        db: Database,
        project: Path,
        settings: Settings,
        readers: Readers,
        signer: Signer,
        clock: Callable[[], datetime],
        http: httpx2.Client | None = None,
    ) -> None:
        """`http` stands in for the client that reads the pages, and stays open; ours reaches no private network."""
        self._db = db
        self._project = project
        self._settings = settings
        self._readers = readers
        self._signer = signer
        self._clock = clock
        self._network = PublicNetwork(user_agent(settings.base_url, settings.address), http)

    def close(self) -> None:
        """Let go of the network."""
        self._network.close()

    # -- by itself

    def fetch_new(self, stop: Event | None = None) -> int:
        """Read the pages whose time has come, and tell the operator; returns how many were read.

        Never raises for a page's sake. `stop` ends it between two requests. No server is asked more often than for a
        source.
        """
        read = 0
        with closing(Turns(self._project / STORE, stop or Event())) as turn, suppress(Stopped):
            for suggestion in store.to_fetch(self._db, self._clock(), MOST):
                after, next_at = self._read(suggestion, turn)
                store.note_fetch(self._db, suggestion, after, next_at, self._clock())
                read += 1
        self._tell()
        return read

    def _read(self, suggestion: Suggestion, turn: Turn) -> tuple[Suggestion, datetime | None]:
        """What is behind the link, and when there is something to do about it next."""
        now, tries = self._clock(), suggestion.tries + 1
        try:
            document = fetch_page(page_about(suggestion.url), client=self._network.client, turn=turn)
        except SourceError as error:
            tried = replace(suggestion, tries=tries, trouble=f"The page could not be read: {error}.")
            if tries > len(PAUSES):
                return replace(tried, state=SuggestionState.UNREADABLE), now
            wish = error.retry_after if isinstance(error, FetchError) and error.retry_after else timedelta(0)
            return tried, now + max(PAUSES[tries - 1], min(wish, _MOST_PATIENCE))
        entry, trouble = entry_in(document, suggestion, now)
        known = next(
            filter(None, (entries.find(self._db, name) for name in (entry.url or "", *entry.identifiers))), None
        )
        if known:
            # Somebody else has brought it: there is nothing to decide.
            accepted = replace(suggestion, state=SuggestionState.ACCEPTED, entry_id=known.id, tries=tries)
            return replace(accepted, trouble=IN_ALREADY), None
        return replace(suggestion, state=SuggestionState.WAITING, entry=entry, trouble=trouble, tries=tries), now

    def _tell(self) -> None:
        """At most one mail a day, and only when something new waits; then it lists all that does."""
        operator, key = self._settings.mailbox.operator, f"suggestions {self._clock().date()}"
        if not operator or not store.untold(self._db) or records.of_key(self._db, key):
            return
        with writing(self._db):
            looks = [look for look in self.open() if look.suggestion.state in store.OPEN]
            count = "one suggestion waits" if len(looks) == 1 else f"{words.number(len(looks))} suggestions wait"
            posted = self._readers.post(
                "suggestion",
                NoticeKind.ALARM,
                key,
                to=operator,
                subject=f"{count} for you",
                suggestions=[self._told(look) for look in looks[:NAMED]],
                more=max(len(looks) - NAMED, 0),
            )
            if posted:
                store.told(self._db)

    def _told(self, look: Look) -> dict[str, Any]:
        return {
            "title": look.entry.title or "(no title)",
            "address": look.entry.url or look.suggestion.url,
            "whys": look.whys,
            "who": look.who,
            "trouble": look.suggestion.trouble,
            "link": self.link(look),
        }

    # -- the operator's word

    def open(self) -> list[Look]:
        """Everything that is not decided, the oldest first; one look where several readers suggest the same."""
        same: dict[str, list[Suggestion]] = {}
        for one in store.in_states(self._db, _UNDECIDED):
            same.setdefault(page_key(one.url), []).append(one)
        return [self._look(alike) for alike in same.values()]

    def look(self, suggestion_id: int) -> Look:
        """One of them, by the number of any who suggested it. Raises `SuggestionError` for no such number."""
        found = store.find(self._db, suggestion_id)
        if found is None:
            raise SuggestionError(
                f"There is no suggestion {suggestion_id}, or who sent it was erased. "
                "`newsletter suggestions list` shows what waits."
            )
        if found.state is SuggestionState.ACCEPTED:
            return self._look([found])
        key = page_key(found.url)
        others = [one for one in store.in_states(self._db, _UNDECIDED) if page_key(one.url) == key]
        return self._look(sorted({one.id: one for one in (found, *others)}.values(), key=lambda one: one.id))

    def accept(self, suggestion_id: int, *, title: str = "", summary: str | None = None) -> Look:
        """Make it an entry, a candidate of the next issues; where it is in already, its `trouble` says so.

        `title` and `summary` are said instead of what the page says. Accepting twice does nothing more. Raises
        `SuggestionError` for no such number, and where there is no title.
        """
        now = self._clock()
        with writing(self._db):
            look = self.look(suggestion_id)
            if look.suggestion.state is SuggestionState.ACCEPTED:
                return look
            entry = replace(look.entry, title=clean_title(title) or look.entry.title, thanks=look.thanks)
            if summary is not None:
                entry = replace(entry, summary=clean_summary(summary))
            if not entry.title:
                raise SuggestionError(
                    f"Nothing is known of {look.suggestion.url} yet. Give it a title: "
                    f'`newsletter suggestions accept {suggestion_id} --title "…"`, or wait until its page was read.'
                )
            document = f"suggestion {look.suggestion.id}"
            new, _ = entries.save(self._db, READERS, document, [entry], now)
            store.keep_entry(self._db, look.suggestion.id, entry if new else replace(entry, thanks=""))
            became, ids = store.became(self._db, document), [one.id for one in look.all]
            trouble = "" if new else IN_ALREADY
            store.decide(self._db, ids, SuggestionState.ACCEPTED, now, entry_id=became, trouble=trouble)
            return self.look(suggestion_id)

    def decline(self, suggestion_id: int) -> Look:
        """Let it be; nobody is told. What was accepted stays accepted. Raises `SuggestionError` for no such number."""
        with writing(self._db):
            look = self.look(suggestion_id)
            if look.suggestion.state is not SuggestionState.ACCEPTED:
                store.decide(self._db, [one.id for one in look.all], SuggestionState.DECLINED, self._clock())
            return self.look(suggestion_id)

    def link(self, look: Look) -> str:
        """The operator's page about it."""
        return self._signer.url(Purpose.SUGGESTION, 0, look.suggestion.id)

    def _look(self, same: Sequence[Suggestion]) -> Look:
        first = same[0]
        read = next((one for one in same if one.entry), first)
        readers = [people.by_id(self._db, one.subscriber_id) for one in same if one.subscriber_id is not None]
        by = people.by_id(self._db, first.subscriber_id) if first.named and first.subscriber_id is not None else None
        became = entries.by_ids(self._db, [first.entry_id]).get(first.entry_id) if first.entry_id else None
        shown = replace(first, entry=read.entry, trouble=read.trouble, state=read.state)
        return Look(shown, tuple(same), tuple(filter(None, readers)), thanks_to(by), became)


def thanks_to(reader: Subscriber | None) -> str:
    """The words that an issue prints; None for who may not be named."""
    name = clip(clean_text(reader.name), _MAX_NAME) if reader else ""
    return f"Suggested by {name}" if name else BY_A_READER


def entry_in(document: Document, suggestion: Suggestion, now: datetime) -> tuple[ParsedEntry, str]:
    """(what the page behind a link would be as an entry, what is odd about it in a sentence). Pure."""
    url = suggestion.url
    if not is_page(document.content_type, document.content):
        kind = kind_of(document.content_type) or "something else"
        title = clean_title(suggestion.why) or name_of_file(document.name)
        return ParsedEntry(
            title=title, url=url, identifiers=(url,)
        ), f"It is not a page but {kind}, so look at its title."
    entry = page_facts(document.content, document.content_type, document.name, today=now.date())
    entry = replace(entry, identifiers=tuple(dict.fromkeys((*entry.identifiers, url))))
    if not entry.title:
        return replace(entry, title=name_of_file(document.name)), "The page names no title: look at the one it got."
    return entry, ""
