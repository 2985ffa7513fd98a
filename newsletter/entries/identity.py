"""When are two entries the same thing? By DOI, arXiv id, link or title, in this order of trust."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from newsletter.entries.entry import ParsedEntry
from subscribers.papers import canonical_url, fingerprint, identified_by

#: A shorter title ("Editorial") says too little to stand for an entry that has a link of its own.
TELLING_TITLE = 16


def identities(entry: ParsedEntry) -> list[str]:
    """Every key of an entry, the most trusted first; never empty."""
    keys = [paper.key for text in (*entry.identifiers, entry.url or "") if (paper := identified_by(text))]
    if entry.url and (link := canonical_url(entry.url)):
        keys.append(f"url:{link}")
    keys.append(f"title:{fingerprint(entry.title)}")
    return sorted(dict.fromkeys(keys), key=lambda key: ("doi", "arxiv", "url", "title").index(key.partition(":")[0]))


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
