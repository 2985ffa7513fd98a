"""The types of this room: what a source says, and what we keep."""

import hashlib
from dataclasses import dataclass, field
from datetime import date

#: The name under which what readers suggest is kept, as if it were a source.
READERS = "readers"


@dataclass(frozen=True, slots=True)
class ParsedEntry:
    """One thing to read as a source gave it, already clean: plain Unicode, one line, http(s) links only."""

    title: str
    #: empty where there is none
    summary: str = ""
    authors: tuple[str, ...] = ()
    #: None where the source has no link for it
    url: str | None = None
    #: identifiers beside the link: a DOI, an arXiv id, in any written form
    identifiers: tuple[str, ...] = ()
    published: date | None = None
    categories: tuple[str, ...] = ()
    #: upvotes, stars; None where unknown
    popularity: int | None = None
    #: to whom, in words that an issue prints ("Suggested by Ada"); empty where nobody suggested it
    thanks: str = ""
    #: an https link to a picture that a mail may show; empty where there is none
    image: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a source that did not become an entry."""

    #: its title, line or place
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one document of a source held."""

    entries: tuple[ParsedEntry, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to read as we keep it, whatever number of sources it came from."""

    id: int
    title: str
    summary: str
    authors: tuple[str, ...]
    url: str | None
    published: date | None
    categories: tuple[str, ...]
    popularity: int | None
    #: 16 bytes over the text that is embedded; a changed text is embedded again
    content_hash: bytes
    #: names of the sources it was seen in, first one first
    sources: tuple[str, ...] = field(default=())
    #: to whom, in words that an issue prints; empty where nobody suggested it
    thanks: str = ""
    #: an https link to a picture that a mail may show; empty where there is none
    image: str = ""

    @property
    def text(self) -> str:
        """What the model reads."""
        return text_of(self.title, self.summary)


def as_it_would_be(found: ParsedEntry, source: str) -> Entry:
    """What was found, as the entry that it would become."""
    return Entry(
        id=0,
        title=found.title,
        summary=found.summary,
        authors=found.authors,
        url=found.url,
        published=found.published,
        categories=found.categories,
        popularity=found.popularity,
        content_hash=b"",
        sources=(source,),
        thanks=found.thanks,
        image=found.image,
    )


def text_of(title: str, summary: str) -> str:
    """What the model reads of an entry."""
    return f"{title}. {summary}" if summary else title


def content_hash(text: str) -> bytes:
    """16 bytes that stand for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
