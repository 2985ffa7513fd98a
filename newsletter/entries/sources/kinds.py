"""The kinds of sources, and those that are known by their address alone: Hugging Face's papers and arXiv."""

import re
from typing import Literal
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

Kind = Literal["auto", "papers-page", "feed", "jsonl", "huggingface", "arxiv"]

#: Where Hugging Face's pages of papers are made from, below the same host.
DAILY_PAPERS = "/api/daily_papers"
_HUGGING_FACE_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
_ARXIV_HOSTS = frozenset({"arxiv.org", "www.arxiv.org", "export.arxiv.org", "rss.arxiv.org"})
_PAPERS = re.compile(r"/papers(?:/(?P<by>date|week|month)/(?P<when>[\w-]{7,10})|/trending)?/?")
_LISTING = re.compile(r"/(?:list|archive)/(?P<listed>[^/]+)(?:/(?:new|recent|pastweek|current))?/?")
_FEED = re.compile(r"/(?P<form>rss|atom)/(?P<listed>[^/]+)/?")
_CATEGORY = re.compile(r"[a-z]{2,10}(?:-[a-z]{2,10})?(?:\.[A-Za-z]{2}(?:[A-Za-z-]{0,10}))?")


def known_place(kind: Kind, location: str) -> tuple[Kind, str]:
    """The kind of a source and the address that it is read from, as far as its location tells; else both as given.

    A page of Hugging Face's papers is read from its API, a listing of arXiv from the announcement feed. Where the kind
    is given, this holds on any host (a mirror's); any other kind that is given is left alone.
    """
    try:
        parts = urlsplit(location)
        host = (parts.hostname or "").lower()
    except ValueError:
        return kind, location
    if parts.scheme.lower() not in ("http", "https"):
        return kind, location
    if kind == "huggingface" or (kind == "auto" and host in _HUGGING_FACE_HOSTS):
        if found := _PAPERS.fullmatch(parts.path):
            query = {found["by"]: found["when"]} if found["by"] else {}
            if parts.path.rstrip("/").endswith("/trending"):
                query = {"sort": "trending"}
            where = ("https", "huggingface.co") if host in _HUGGING_FACE_HOSTS else (parts.scheme, parts.netloc)
            return "huggingface", urlunsplit((*where, DAILY_PAPERS, urlencode(query) or parts.query, ""))
        return ("huggingface" if parts.path == DAILY_PAPERS else kind), location
    if kind == "arxiv" or (kind == "auto" and host in _ARXIV_HOSTS):
        found = _LISTING.fullmatch(parts.path) or _FEED.fullmatch(parts.path)
        if found and categories_in(found["listed"]):
            form = found.groupdict().get("form") or "rss"
            mine = host not in _ARXIV_HOSTS
            where = (parts.scheme, parts.netloc) if mine else ("https", "rss.arxiv.org")
            return "arxiv", urlunsplit((*where, f"/{form}/{unquote(found['listed'])}", "", ""))
        return ("arxiv" if parts.path == "/api/query" else kind), location
    return kind, location


def categories_of(location: str) -> tuple[str, ...]:
    """The arXiv categories that an announcement feed or a query of the API is about; empty where it names none."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return ()
    if found := _FEED.fullmatch(parts.path):
        return categories_in(found["listed"])
    if parts.path.endswith("/api/query"):
        named = re.findall(r"cat:([\w.*-]+)", unquote(parts.query.replace("+", " ")))
        return tuple(dict.fromkeys(name.removesuffix(".*") for name in named))
    return ()


def categories_in(listed: str) -> tuple[str, ...]:
    """cs.AI+cs.CL, as a feed's address has it; empty where that is no list of categories."""
    names = unquote(listed).split("+")
    return tuple(dict.fromkeys(names)) if all(map(_CATEGORY.fullmatch, names)) else ()
