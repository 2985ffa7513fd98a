"""Which papers a text names: arXiv ids, DOIs, links, titles in quotes, and the key under which each is known. Pure."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

#: Papers that one line of interests may name; further ones of a pasted list go into the next.
MAX_PAPERS = 100

#: An arXiv id (group 1, without its version) in a link or identifier, however it is written.
_ARXIV = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf|html|format|e-print)/|arxiv[.:]|oai:arxiv\.org:|10\.48550/arxiv\.|"
    r"(?:huggingface\.co/papers|alphaxiv\.org/(?:abs|overview)|ar5iv\.org/abs)/)"
    r"\s*(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?(?![\w])",
    re.IGNORECASE,
)
#: A DOI (group 1) in a link or identifier.
_DOI = re.compile(r"(?:^|doi\.org/|doi:\s*)(10\.\d{4,9}/[^\s?#\x00-\x1f\ud800-\udfff]+)", re.IGNORECASE)
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id|ref|source|cmpid", re.IGNORECASE)

#: What may follow a comma that divides two papers, with no space between.
_NEXT = r"(?:10\.\d{4}|\d{4}\.\d{4}|https?:|arxiv|doi)"
_OF_A_LINK = rf"(?:(?!,{_NEXT})[^\s<>\"“”])"
#: Letters and signs are counted, so that no text makes it slow.
_REFERENCE = re.compile(
    rf"""
    (?<!\w)title:\s{{0,3}}["“](?P<own>[^"“”]{{1,400}})["”]
    | (?<!\w)(?P<link>https?://{_OF_A_LINK}{{1,1000}})
    | (?<![\w./@-])(?P<place>(?:www\.|export\.|dx\.)?
        (?:arxiv\.org|doi\.org|huggingface\.co/papers|openreview\.net|aclanthology\.org)/{_OF_A_LINK}{{1,500}})
    | (?<![\w./@-])(?:arxiv\s?[:.]\s{{0,3}})?(?P<arxiv>
        (?:\d\d(?:0[1-9]|1[0-2])\.\d{{4,5}}|[a-z]{{2,8}}(?:-[a-z]{{2,4}})?(?:\.[a-z]{{2}})?/\d{{7}})(?:v\d{{1,2}})?)
        (?![\w/-]|\.\d)
    | (?<![\w./@-])(?:doi\s?:\s{{0,3}})?(?P<doi>10\.\d{{4,9}}/{_OF_A_LINK}{{1,300}})
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ITS_TITLE = re.compile(r"\s{0,3}[\"“]([^\"“”]{1,400})[\"”]")
#: What ends a sentence around a link, and no link.
_AFTER = ".,;:!?'’»*_`>]}|"
_EMPTY_BRACKETS = re.compile(r"[(\[{<] ?(?:[,;|] ?){0,100}[)\]}>]")
_SEPARATORS = re.compile(r"[,;|:] ?(?:[,;|:] ?)+")
_AT_THE_ENDS = " \t,;:|–—-=."
#: What people write around papers, and what says nothing about them.
_SAYS_NOTHING = frozenset(
    "a an and the of for to by on my i me more like love see e g eg such as this these those similar related close "
    "near here please follow add some hi hello dear are is "
    "paper papers preprint preprints article articles work works arxiv doi link links url from with or".split()
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One paper that a text names."""

    #: as the archive knows it: arxiv:… doi:… url:… title:…
    key: str
    #: where to look for it, or the title itself
    written: str
    #: as it stands in the text; empty where it does not
    title: str = ""

    def __str__(self) -> str:
        """As a line holds it, so that it reads back."""
        if self.key.startswith("title:"):
            return f'title:"{self.written}"'
        return f'{self.written} "{self.title}"' if self.title else self.written


def references_in(text: str) -> tuple[tuple[Reference, ...], str]:
    """(the papers that a line of text names, each once; the other words of it, empty where they say nothing).

    An id may be followed by its title in quotes: 2312.00752 "Mamba". A link that leads to a whole site stays a word.
    """
    found = list[Reference]()
    rest, end = [], 0
    for match in _REFERENCE.finditer(text):
        if match.start() < end:
            continue
        reference, stop = _reference(match)
        if reference is None:
            continue
        rest.append(text[end : match.start()])
        end = stop
        if not reference.title and (named := _ITS_TITLE.match(text, end)):
            reference = replace(reference, title=" ".join(named[1].split()))
            end = named.end()
        found.append(reference)
    if not found:
        return (), text
    rest.append(text[end:])
    return tuple(each_once(found).values()), _said(" ".join(rest))


def each_once(references: Iterable[Reference]) -> dict[str, Reference]:
    """Each paper by its key, in their order; where some name its title, the first of those."""
    found: dict[str, Reference] = {}
    for one in references:
        if one.key not in found or (one.title and not found[one.key].title):
            found[one.key] = one
    return found


def reference_to(written: str, title: str = "") -> Reference | None:
    """The paper behind one link or identifier; None for what identifies nothing, such as the front page of a site."""
    if identified := identified_by(written, title):
        return identified
    if written.lower().startswith(("http://", "https://")) and (link := canonical_url(written)):
        return Reference(f"url:{link}", written, title)
    return None


def identified_by(written: str, title: str = "") -> Reference | None:
    """The paper whose arXiv id or DOI stands in a link or identifier, in whatever form; None where there is none."""
    if match := _ARXIV.search(written):
        return Reference(f"arxiv:{match[1].lower()}", match[1], title)
    if match := _DOI.search(unquote(written)):
        doi = match[1].rstrip(".,;)")
        return Reference(f"doi:{doi.lower()}", doi, title)
    return None


def titled(title: str) -> Reference | None:
    """A paper of which only the title is known; None where that holds no letter and no digit."""
    return Reference(f"title:{fingerprint(title)}", title, title) if any(map(str.isalnum, title)) else None


def canonical_url(url: str) -> str | None:
    """The link without what does not matter (scheme, www, port, fragment, tracking, last slash).

    None for a bare domain: a site's front page is no identity of an entry.
    """
    try:
        url.encode()
        parts = urlsplit(url)
        query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(k)]
        query_text = urlencode(query)
    except ValueError:  # what a person typed in search of an entry need not be a link
        return None
    host = (parts.hostname or "").removeprefix("www.")
    path = re.sub(r"/(index\.\w+)?$", "", parts.path)
    if not path and not query:
        return None
    return f"{host}{path}" + (f"?{query_text}" if query else "")


def fingerprint(title: str) -> str:
    """Letters and digits of a title without case and accents; a hash of it where it has none (emoji)."""
    plain = unicodedata.normalize("NFKD", title.casefold())
    letters = "".join(c for c in plain if c.isalnum())
    return letters or hashlib.blake2b(title.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _reference(match: re.Match[str]) -> tuple[Reference | None, int]:
    """(the paper, where it ends in the text)."""
    if own := match["own"]:
        return titled(" ".join(own.split())), match.end()
    if arxiv := match["arxiv"]:
        return reference_to(f"arxiv:{arxiv}"), match.end()
    kind = "link" if match["link"] else "place" if match["place"] else "doi"
    written = _without_what_follows(match[kind])
    named = reference_to(f"https://{written}" if kind == "place" else written)
    return named, match.start(kind) + len(written)


def _without_what_follows(link: str) -> str:
    """Without the full stop of its sentence; a bracket that the link itself opened stays."""
    while link and (link[-1] in _AFTER or (link[-1] == ")" and link.count(")") > link.count("("))):
        link = link[:-1]
    return link


def _said(rest: str) -> str:
    """What is left beside the papers, in one tidy line."""
    tidy = " ".join(_EMPTY_BRACKETS.sub(" ", " ".join(rest.split())).split())
    tidy = re.sub(r" (?=[,;:.])", "", _SEPARATORS.sub(", ", tidy)).strip(_AT_THE_ENDS)
    words = re.findall(r"[^\W_]+", tidy.casefold())
    return "" if all(word in _SAYS_NOTHING for word in words) else tidy
