"""What becomes of a link that a reader suggests, at the moment when they do."""

from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.entry import Entry, ParsedEntry
from newsletter.entries.identity import identities
from newsletter.entries.text import clip, one_line, safe_url
from newsletter.readers import suggestions_store
from subscribers import limits
from subscribers.database import writing
from subscribers.errors import TooMany
from subscribers.people import Subscriber

#: Links a reader may suggest a day, and characters that they may say about one.
A_DAY = 5
MAX_WHY = 500


class Suggested(NamedTuple):
    """What came of it."""

    #: in a sentence
    said: str
    #: kept, for a person to look at; only then anything was written down
    kept: bool = False
    #: what is wrong with the link, so that it has to be mended
    wrong: bool = False
    #: the entry, where it is in already
    entry: Entry | None = None


def suggest(
    db: Database, person: Subscriber, link: str, why: str, *, named: bool, ours: str, now: datetime
) -> Suggested:
    """Keep a link that a reader suggests. `ours` is where our own pages are.

    Raises `TooMany` after five a day.
    """
    url = readable_link(link)
    if url is None:
        return Suggested(
            "That is no link. Copy the whole address of the page, with its https:// at the front.", wrong=True
        )
    if urlsplit(url).hostname == urlsplit(ours).hostname and urlsplit(ours).hostname:
        return Suggested(
            "That is a page of this newsletter. Suggest the page that you want others to read.", wrong=True
        )
    with writing(db):
        if entry := entries.find(db, url):
            return Suggested(f"It is in already: “{entry.title}”.", entry=entry)
        if page_key(url) in {page_key(one.url) for one in suggestions_store.of_reader(db, person.id)}:
            return Suggested("You suggested that already.")
        if not limits.allow(db, "suggestion", str(person.id), now, most=A_DAY):
            raise TooMany("You have suggested five things since yesterday, which is the most.", timedelta(days=1))
        words = clip(one_line(why), MAX_WHY)
        suggestions_store.add(db, person.id, url, words, named=named and bool(person.name), now=now)
    return Suggested("Thank you: a person looks at it, and if it fits, it stands in one of the next issues.", kept=True)


def readable_link(typed: str) -> str | None:
    """A link as people type it, with or without its https://; None where it is none."""
    link = typed.strip().strip("<>").strip()
    if "://" not in link and "." in link.partition("/")[0]:
        link = f"https://{link}"
    url = safe_url(link)
    return url if url and "." in (urlsplit(url).hostname or "").strip(".") else None


def page_key(url: str) -> str:
    """The same for links that lead to the same thing."""
    return identities(ParsedEntry(title=url, url=url))[0]
