"""When are two entries the same thing? By DOI, arXiv id, link or title, in this order of trust."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from newsletter.entries.entry import ParsedEntry, content_hash

_ARXIV = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf|html|format|e-print)/|arxiv[.:]|oai:arxiv\.org:|10\.48550/arxiv\.|"
    r"(?:huggingface\.co/papers|alphaxiv\.org/(?:abs|overview)|ar5iv\.org/abs)/)"
    r"\s*(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?(?![\w])",
    re.IGNORECASE,
)
_DOI = re.compile(r"(?:^|doi\.org/|doi:\s*)(10\.\d{4,9}/[^\s?#\x00-\x1f\ud800-\udfff]+)", re.IGNORECASE)
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id|ref|source|cmpid", re.IGNORECASE)
#: A shorter title ("Editorial") says too little to stand for an entry that has a link of its own.
TELLING_TITLE = 16


def identities(entry: ParsedEntry) -> list[str]:
    """Every key of an entry, the most trusted first; never empty."""
    keys: list[str] = []
    for text in (*entry.identifiers, entry.url or ""):
        if found := _ARXIV.search(text):
            keys.append(f"arxiv:{found[1].lower()}")
        elif found := _DOI.search(unquote(text)):
            keys.append(f"doi:{found[1].rstrip('.,;)').lower()}")
    if entry.url and (link := canonical_url(entry.url)):
        keys.append(f"url:{link}")
    keys.append(f"title:{fingerprint(entry.title)}")
    return sorted(dict.fromkeys(keys), key=lambda key: ("doi", "arxiv", "url", "title").index(key.partition(":")[0]))


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
    return letters or content_hash(title).hex()


def match(keys: list[str], known: Mapping[str, int], keys_of: Mapping[int, Iterable[str]]) -> int | None:
    """Which known entry this is, or None for a new one.

    `known` maps keys to entries, `keys_of` gives all keys of those entries. Agreement on a weaker key does
    not count against a disagreement on a stronger one: same title, but another arXiv id, is another paper.
    """
    for key in keys:
        candidate = known.get(key)
        if candidate is None:
            continue
        theirs = list(keys_of.get(candidate, ()))
        if key.startswith(("doi:", "arxiv:")) or not _contradict(key, keys, theirs):
            return candidate
    return None


def without_shared_links(entries: Iterable[ParsedEntry]) -> dict[str, int]:
    """How many different titles of one document stand behind each link key; above one it identifies nothing."""
    titles = {(f"url:{link}", fingerprint(e.title)) for e in entries if e.url and (link := canonical_url(e.url))}
    return Counter(key for key, _ in titles)


def _contradict(key: str, mine: list[str], theirs: list[str]) -> bool:
    kinds = ("doi", "arxiv") if key.startswith("url:") else ("doi", "arxiv", "url")
    for kind in kinds:
        a = {k for k in mine if k.startswith(kind + ":")}
        b = {k for k in theirs if k.startswith(kind + ":")}
        if kind == "url":
            # Two pages of one site with one title are two entries ("Links of the week"); of two sites, one.
            hosts = set(map(_host, a)) & set(map(_host, b))
            a, b = ({k for k in side if _host(k) in hosts} for side in (a, b))
        if a and b and not a & b:
            return True
    if key.startswith("title:") and len(key) < len("title:") + TELLING_TITLE:
        return any(not k.startswith("title:") for k in (*mine, *theirs))
    return False


def _host(url_key: str) -> str:
    return re.split("[/?]", url_key, maxsplit=1)[0]
