r"""Text made clean for people: LaTeX, HTML, entities, control characters and wild white space → plain Unicode.

What comes out is one line without markup. It is data, never trusted: templates escape it all the same.
"""

import codecs
import html
import logging
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import nh3
from pylatexenc.latex2text import LatexNodes2Text

MAX_TITLE = 300
MAX_SUMMARY = 6_000
MAX_NAME = 80
MAX_URL = 2_000
#: Longer text is nobody's abstract; pylatexenc would take long over it.
MAX_RAW = 60_000

#: No character has a number of so many digits, and Python refuses to read thousands of them.
_ENDLESS = re.compile(r"&#x?[0-9a-fA-F]{9,};?")
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9:-]*(\s[^<>]*)?/?>|<!\[CDATA\[|<!DOCTYPE")
_BLOCK_END = re.compile(r"(</(p|div|li|h[1-6]|tr|blockquote)>|<br\s*/?>)", re.IGNORECASE)
# The rule of pandoc: `$5 and $10` is money, `$x$` is mathematics.
_MATH = re.compile(r"\$(?=[^\s$])([^$]{0,400}?)(?<=[^\s$])\$(?!\d)")
_COMMAND = re.compile(r"\\[a-zA-Z]+|\\[\"'`^~=.%&_#{}$]|\{\\|\{[A-Z]|\w\{[^{}\s]")
_LITERAL = re.compile(r"(?<!\\)([%&#_$])")
_LOOSE_TILDE = re.compile(r"(?<![^\s(])~")
_RAISED = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def clean_title(raw: str) -> str:
    """A title in one line of at most 300 characters; empty where nothing readable is left."""
    return clip(clean_text(raw), MAX_TITLE)


def clean_summary(raw: str) -> str:
    """A summary in one line of at most 6,000 characters."""
    return clip(clean_text(raw), MAX_SUMMARY)


def clean_names(raw: list[str]) -> tuple[str, ...]:
    """Names of authors, each in one line; empty ones fall out."""
    return tuple(name for name in (clip(clean_text(one), MAX_NAME) for one in raw[:500]) if name)


def clean_text(raw: str) -> str:
    """Plain Unicode in one line; paragraphs become spaces."""
    text = raw[:MAX_RAW]
    if _TAG.search(text) or ("<!--" in text and "-->" in text):
        spaced = _BLOCK_END.sub(r" \1 ", text.replace("<![CDATA[", "").replace("]]>", ""))
        # Half a pair of UTF-16, as JSON may hold it, is no text for it.
        text = nh3.clean(spaced.encode("utf-8", "ignore").decode(), tags=set(), clean_content_tags={"script", "style"})
    text = html.unescape(_ENDLESS.sub(" ", text))
    if "\\" in text or "$" in text or "{" in text:
        text = _from_latex(text)
    return one_line(text)


def one_line(text: str) -> str:
    """What a person wrote, as it stands, in one line without control characters and what reorders text."""
    return " ".join("".join(map(_readable, unicodedata.normalize("NFC", text))).split())


def decode(content: bytes) -> str:
    """Bytes of a text file as text: UTF-8, or UTF-16 where it says so, or else what Windows calls ANSI."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def clip(text: str, most: int) -> str:
    """Shorten at a space, with an ellipsis."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > most * 2 // 3 else cut).rstrip(" ,;:") + "…"


def safe_url(raw: object) -> str | None:
    """The link if it is an absolute http(s) one that may stand in a mail, else None."""
    if not isinstance(raw, str):
        return None
    url = raw.strip()
    if len(url) > MAX_URL or any(c.isspace() or not c.isprintable() or c in '<>"\\^`{|}' for c in url):
        return None
    try:
        parts = urlsplit(url)
        valid = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and not parts.username
        _ = parts.port
    except ValueError:
        return None
    return url if valid else None


def plausible_date(when: date | None, today: date) -> date | None:
    """The date, unless it is a placeholder (before 1990) or lies in the future: then None, for unknown."""
    if when is None or when.year < 1990 or when > today + timedelta(days=2):
        return None
    return when


def parse_date(raw: Any, today: date) -> date | None:
    """A date from ISO 8601 text, as far as it is plausible."""
    if not isinstance(raw, str):
        return None
    try:
        moment = datetime.fromisoformat(raw.strip())
        day = moment.astimezone(UTC).date() if moment.tzinfo else moment.date()
    except (ValueError, OverflowError):  # OverflowError: the first or last day of all, moved to UTC
        return None
    return plausible_date(day, today)


def _readable(c: str) -> str:
    """Control characters become spaces; the invisible ones that reorder, hide or hyphenate text vanish.

    Joiners stay, emoji and some scripts need them.
    """
    match unicodedata.category(c):
        case "Cf":
            return c if c in "\u200c\u200d" else ""
        case "Cc" | "Co" | "Cs" | "Cn" | "Zl" | "Zp":
            return " "
    return c


def _from_latex(text: str) -> str:
    try:
        text = _MATH.sub(lambda found: _from_math(found[1]), text)
        if not _COMMAND.search(text):
            return text
        # Outside commands these are characters that people wrote, not LaTeX's comment, tie or alignment.
        text = _LITERAL.sub(r"\\\1", text)
        text = _LOOSE_TILDE.sub(r"\\textasciitilde{}", text)
        text = re.sub(r"(?<!\\)\^", r"\\textasciicircum{}", text)
        return str(_converter().latex_to_text(text))
    except Exception:  # pylatexenc has no error root; unreadable LaTeX stays as it was written
        return text


def _from_math(source: str) -> str:
    plain = str(_converter().latex_to_text(f"${source}$")).strip()
    plain = re.sub(r"\^([0-9n+-]{1,3})(?![\w])", lambda m: m[1].translate(_RAISED), plain)
    return re.sub(r"_([0-9]{1,2})(?!\w)", lambda m: m[1].translate(_LOWERED), plain)


@cache
def _converter() -> Any:
    # It would tell every broken formula of every feed to the operator's terminal.
    logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)
    return LatexNodes2Text(math_mode="text", strict_latex_spaces=False, keep_comments=True)
