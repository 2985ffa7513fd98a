"""A saved page of trending papers: a header, a day without a year, then title and abstract in turns."""

import re
from datetime import date

from newsletter.entries.entry import Parsed, ParsedEntry, Skipped
from newsletter.entries.text import clean_summary, clean_title, clip, plausible_date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = re.compile(r"(?P<month>[A-Z][a-z]{2})[a-z]*\.? (?P<day>\d{1,2})(?:, (?P<year>\d{4}))?")
_HEADER = re.compile(
    r"new|get trending papers in your email inbox!?|subscribe|by ?\S.{0,40} and the research community", re.IGNORECASE
)
#: Titles are shorter, abstracts longer (142 and 1,402 characters at the most and least on the pages we know).
LONGEST_TITLE = 300


def looks_like_papers_page(text: str) -> bool:
    """True where the header of such a page, or its day, stands among the first lines."""
    lines = [line.strip() for line in text[:2_000].splitlines() if line.strip()][:8]
    return any(_DAY.fullmatch(line) or line.lower().startswith("get trending papers") for line in lines)


def parse_papers_page(text: str, *, year: int | None, today: date) -> Parsed:
    """Read the page; `year` completes its day (None leaves entries without a date).

    A title whose abstract is missing, and text that has no title, are skipped and told.
    """
    entries: list[ParsedEntry] = []
    skipped: list[Skipped] = []
    day: date | None = None
    title: str | None = None
    paragraphs = [" ".join(p.split()) for p in re.split(r"\n[^\S\n]*\n", text.replace("\r\n", "\n")) if p.strip()]
    if not paragraphs:
        return Parsed(skipped=(Skipped("the page", "it is empty"),))
    for number, paragraph in enumerate(paragraphs):
        if title is None and _HEADER.fullmatch(paragraph):
            continue
        if title is None and (found := _DAY.fullmatch(paragraph)):
            day = _date(found, year, today)
            if day is None:
                skipped.append(
                    Skipped(f"the day {paragraph!r}", "no year is known; set `year`, or name the file by date")
                )
        elif title is None and len(paragraph) > LONGEST_TITLE:
            skipped.append(Skipped(clip(paragraph, 60), "text without a title before it"))
        elif title is None:
            title = paragraph
        elif len(paragraph) <= LONGEST_TITLE and len("".join(paragraphs[number + 1 : number + 2])) > LONGEST_TITLE:
            skipped.append(Skipped(clip(title, 60), "a title without an abstract"))
            title = paragraph
        else:
            if clean := clean_title(title):
                entries.append(ParsedEntry(title=clean, summary=clean_summary(paragraph), published=day))
            else:
                skipped.append(Skipped(clip(paragraph, 60), "its title holds nothing readable"))
            title = None
    if title is not None:
        skipped.append(Skipped(clip(title, 60), "a title without an abstract: the page ends there"))
    return Parsed(tuple(entries), tuple(skipped))


def year_in_name(name: str) -> int | None:
    """The year in a file's name, such as 2025-03-11.txt."""
    found = re.search(r"(?<!\d)((?:19|20)\d\d)(?!\d)", name)
    return int(found[1]) if found else None


def _date(found: re.Match[str], year: int | None, today: date) -> date | None:
    month = found["month"].lower()
    if found["year"]:
        year = int(found["year"])
    if year is None or month not in _MONTHS:
        return None
    try:
        return plausible_date(date(year, _MONTHS.index(month) + 1, int(found["day"])), today)
    except ValueError:
        return None
