"""BibTeX that somebody pasted → one line of papers, as `subscribers.papers` reads it. Pure.

Reading is bibtexparser's; where an item is broken, what can still be seen of it counts, and what is lost is told.
"""

import logging
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from subscribers.errors import InvalidInterest
from subscribers.papers import MAX_PAPERS, Reference, reference_to, references_in, titled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAX_TITLE = 300
#: More than this is no list that somebody pasted.
_MAX_TEXT = 1_000_000
#: Where an item begins: not in the middle of a word, as in a mail address.
_ITEM = re.compile(
    r"(?<![\w.])@(?:(?:string|comment|preamble)\s{0,5}[{(]|[a-z]{2,30}\s{0,5}[{(]\s{0,20}[^\s,{}()\"=]{0,200}\s{0,20},)",
    re.IGNORECASE,
)
_OPENING = re.compile(r"[{(]")
_BRACKET = re.compile(r"\\.|[{}()]", re.DOTALL)
_LINE_END = re.compile(r"[ \t,;]{0,80}(?:\r?\n)?")
_EMPTY_LINE = re.compile(r"\n[ \t]{0,80}\r?\n")
_TITLE = re.compile(r"(?<!\w)title\s{0,20}=\s{0,20}[{\"]{1,3}((?:[^\n{}\"]|\{[^\n{}]{0,100}\}){3,400})", re.IGNORECASE)
#: Fields in which an arXiv id stands, in the ways of arXiv, Zotero, Google Scholar and DBLP.
_ARXIV_FIELDS = ("eprint", "arxivid", "arxiv", "journal")
#: The same, but a number in them is arXiv's only where the item says so.
_PERHAPS_ARXIV = ("volume", "number", "note", "howpublished", "url", "doi")
_ID = re.compile(r"(?:^|abs/|arxiv\s?[:.]?\s?)(\d{4}\.\d{4,5}|[a-z-]{2,12}(?:\.[a-z]{2})?/\d{7})(?:v\d+)?\b", re.I)


def holds_bibtex(text: str) -> bool:
    """Whether there is an item of BibTeX in it."""
    return "@" in text and _ITEM.search(text) is not None


def in_lines(text: str) -> list[str]:
    """The lines of a text in which each run of BibTeX has become one line, or one for each hundred papers.

    Words right before it, on its line or on the line above with a colon at its end, are what those papers are about.
    Raises `InvalidInterest` for an item of which nothing can be read.
    """
    text = text[:_MAX_TEXT]
    lines: list[str] = []
    end = 0
    while found := _ITEM.search(text, end):
        lines += text[end : found.start()].splitlines()
        stop = _run(text, found.start())
        # Words on the item's own line, or above it with a colon.
        own = text[max(text.rfind("\n", 0, found.start()) + 1, end) : found.start()].strip()
        while lines and not lines[-1].strip():
            lines.pop()
        about = lines.pop().strip() if lines and (own or lines[-1].rstrip().endswith(":")) else ""
        papers = list(map(str, _papers(text[found.start() : stop])))
        for start in range(0, len(papers), MAX_PAPERS):
            some = ", ".join(papers[start : start + MAX_PAPERS])
            lines.append(f"{about.rstrip(':')}: {some}" if about.strip(" :+-*•") else f"{about} {some}".strip())
        end = _LINE_END.match(text, stop).end()  # type: ignore[union-attr]  # it may be empty, so it always matches
    return lines + text[end:].splitlines()


def _run(text: str, start: int) -> int:
    """Where a run of items that stand right below each other ends."""
    end = _closed(text, start)
    while following := _ITEM.search(text, end):
        if text[end : following.start()].strip(" \t\r\n,;"):
            break
        end = _closed(text, following.start())
    return end


def _closed(text: str, start: int) -> int:
    """Where an item ends: at its closing bracket, or else where the next begins, or at an empty line."""
    following = _ITEM.search(text, start + 1)
    end = following.start() if following else len(text)
    at = _OPENING.search(text, start, end)
    pair = "{}" if at and at[0] == "{" else "()"
    depth = 0
    for found in _BRACKET.finditer(text, start, end):
        if found[0] == pair[0]:
            depth += 1
        elif found[0] == pair[1] and depth == 1:
            return found.end()
        elif found[0] == pair[1]:
            depth -= 1
    empty = _EMPTY_LINE.search(text, start, end)
    return empty.start() if empty else end


def _papers(source: str) -> "Iterator[Reference]":
    """Each paper of a run once."""
    library = _read(source)
    seen: set[str] = set()
    items = 0
    for block in library.blocks:
        fields = _fields(block)
        if fields is None:
            continue
        items += 1
        paper = _paper(fields) or _seen_in(block.raw or "")
        if paper is None:
            raise InvalidInterest(
                f"Of the BibTeX that begins {' '.join((block.raw or '').split())[:60]!r} neither a title nor an "
                "identifier can be read. Mend it, or write the paper's link, DOI or arXiv id in its place."
            )
        if paper.key not in seen:
            seen.add(paper.key)
            yield paper


def _read(source: str) -> Any:
    # 80 ms and 5 MB that a process pays which sees BibTeX.
    import bibtexparser.entrypoint

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # it would tell broken items to the terminal
    return bibtexparser.entrypoint.parse_string(source)


def _fields(block: Any) -> "Mapping[str, str] | None":
    """The fields of an item, none where it is broken; None for what is no item."""
    from bibtexparser import model

    if isinstance(block, model.ParsingFailedBlock):
        block = block.ignore_error_block or block
    if isinstance(block, model.Entry):
        # Of a field that stands there twice the first counts; in broken items values keep their brackets.
        return {field.key.casefold(): _unwrapped(str(field.value)) for field in reversed(block.fields)}
    return {} if isinstance(block, model.ParsingFailedBlock) and _ITEM.match((block.raw or "").strip()) else None


def _unwrapped(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] + value[-1] in ("{}", '""') else value


def _paper(fields: "Mapping[str, str]") -> Reference | None:
    title = _plain(fields.get("title", ""))
    for name in (*_ARXIV_FIELDS, *_PERHAPS_ARXIV):
        found = _ID.search(fields.get(name, ""))
        if found and (name in _ARXIV_FIELDS or _says_arxiv(fields, name)):
            return reference_to(f"arxiv:{found[1]}", title)
    for name in ("doi", "url", "howpublished", "note", "ee", "link"):
        value = fields.get(name, "").replace("\\_", "_").replace("\\%", "%").replace("\\&", "&")
        link = re.search(r"https?://[^\s{}]{3,1000}", value)
        if named := reference_to(link[0] if link else value.strip(), title):
            return named
    return titled(title)


def _says_arxiv(fields: "Mapping[str, str]", name: str) -> bool:
    """Whether a number in a field that is not made for it is arXiv's."""
    said = (
        f"{fields.get('journal', '')} {fields.get('archiveprefix', '')} {fields.get('eprinttype', '')} {fields[name]}"
    )
    return "arxiv" in said.casefold() or "corr" in fields.get("journal", "").casefold()


def _seen_in(raw: str) -> Reference | None:
    """What can be seen of a broken item."""
    named = _TITLE.search(raw)
    title = _plain(named[1]) if named else ""
    papers, _ = references_in(raw.replace("{", " ").replace("}", " "))
    if papers:
        return Reference(papers[0].key, papers[0].written, title)
    return titled(title)


def _plain(title: str) -> str:
    """A title without LaTeX, in one line, without what would end it in a line of interests."""
    try:
        text = str(_converter().latex_to_text(title)) if "\\" in title or "$" in title else title
    except Exception:
        text = title  # LaTeX that is none
    text = re.sub(r"[{}]", "", text).replace('"', "'").replace("“", "‘").replace("”", "’")
    text = " ".join(text.split())
    return text if len(text) <= _MAX_TITLE else text[: _MAX_TITLE - 1].rsplit(" ", 1)[0] + "…"


@cache
def _converter() -> Any:
    from pylatexenc.latex2text import LatexNodes2Text

    logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)
    return LatexNodes2Text(math_mode="text", strict_latex_spaces=False)
