"""HTML of a mail → lines as a person would see them, with what was quoted kept apart.

Not a browser: a walk over the tags, once, from left to right. What comes out is read for commands, and never shown as
markup.
"""

import html
import re
from contextlib import suppress
from dataclasses import dataclass

# Longer tags than this are no tags.
_TAG = re.compile(r"<(?:(/?)([a-zA-Z][a-zA-Z0-9]{0,15})((?:[\s/][^<>]{0,3000})?)|![^<>]{0,3000}|\?[^<>]{0,3000})>")
_UNSEEN = re.compile(r"<!--|<(style|script|head|title)\b", re.IGNORECASE)
_UNSEEN_ENDS = {"": re.compile(r"-->")} | {
    tag: re.compile(rf"</{tag}\s{{0,9}}>", re.IGNORECASE) for tag in ("style", "script", "head", "title")
}
_BLOCKS = frozenset(
    "address article blockquote dd div dl dt form h1 h2 h3 h4 h5 h6 hr li ol p pre section table tr ul".split()
)
_HOLDERS = frozenset("blockquote div p section span table td".split())
#: Attributes of elements that hold a quote: Gmail, Apple and Thunderbird, Yahoo, Proton, Zimbra, Zoho, Tuta.
_QUOTES = re.compile(
    r"gmail_quote|gmail_extra|type\s?=\s?[\"']?cite|moz-cite-prefix|yahoo_quoted|yahooquoted|protonmail_quote"
    r"|__quoted_text__|zmail_extra|tutanota_quote"
)
#: Attributes after which all is quoted: Outlook in its kinds.
_REST_IS_QUOTED = re.compile(
    r"appendonsend|divrplyfwdmsg|stopspelling|mail-editor-reference-message|ms-outlook-mobile-reference"
)
_HREF = re.compile(r"\bhref\s{0,9}=\s{0,9}(?:\"([^\"]{1,2000})\"|'([^']{1,2000})'|([^\s\"'>]{1,2000}))", re.IGNORECASE)
_BREAKS = re.compile(r"[\r\n\t]+")


@dataclass(frozen=True, slots=True)
class Seen:
    """What an HTML part shows."""

    #: what stands outside quotes
    written: str
    #: what stands within them
    quoted: str


def seen(markup: str) -> Seen:
    """The text of HTML; links follow their words as " <https://…>", as mail programs write them."""
    walk = _Walk()
    markup = _without_unseen(markup)
    position = 0
    for tag in _TAG.finditer(markup):
        walk.text(markup[position : tag.start()])
        position = tag.end()
        if tag[2]:
            walk.tag(tag[2].lower(), closing=bool(tag[1]), attributes=tag[3])
    walk.text(markup[position:])
    return Seen("".join(walk.written.pieces), "".join(walk.quoted.pieces))


class _Sheet:
    """Text as it is written down, which knows whether anything stands on its line yet."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._at_start = True

    def put(self, text: str) -> None:
        if text.strip() or "\n" in text or not self._at_start:
            self.pieces.append(text)
            self._at_start = text.endswith("\n")

    def end_line(self) -> None:
        if not self._at_start:
            self.put("\n")


class _Walk:
    def __init__(self) -> None:
        self.written = _Sheet()
        self.quoted = _Sheet()
        #: the element that holds the quote ("*" for the rest of the mail), and how many of its name are open
        self._quote = ""
        self._open = 0
        self._link = ""
        self._preformatted = False

    @property
    def _sheet(self) -> _Sheet:
        return self.quoted if self._quote else self.written

    def text(self, raw: str) -> None:
        if raw:
            text = _unescaped(raw)
            self._sheet.put(text if self._preformatted else _BREAKS.sub(" ", text))

    def tag(self, name: str, *, closing: bool, attributes: str) -> None:
        if name == "br":
            self._sheet.put("\n")
        elif name in _BLOCKS:
            self._sheet.end_line()
            if name == "p" and closing:
                self._sheet.put("\n")
        if name == "pre":
            self._preformatted = not closing
        elif name == "a":
            self._anchor("" if closing else attributes)
        if self._quote == name:
            self._open += -1 if closing else 1
            if self._open <= 0:
                self._quote = ""
        elif not self._quote and not closing and attributes:
            said = attributes.casefold()
            if _REST_IS_QUOTED.search(said):
                self._quote = "*"
            elif name in _HOLDERS and _QUOTES.search(said):
                self._quote, self._open = name, 1

    def _anchor(self, attributes: str) -> None:
        if self._link:
            self._sheet.put(f" <{self._link}> ")
        href = _HREF.search(attributes)
        link = _unescaped(href[1] or href[2] or href[3]).strip() if href else ""
        self._link = link if link.lower().startswith(("http://", "https://")) else ""


def _unescaped(text: str) -> str:
    with suppress(ValueError):  # a character's number with thousands of digits
        return html.unescape(text)
    return text


def _without_unseen(markup: str) -> str:
    """Comments, styles and scripts taken out; one that never ends takes the rest with it."""
    shown: list[str] = []
    position = 0
    while found := _UNSEEN.search(markup, position):
        shown.append(markup[position : found.start()])
        end = _UNSEEN_ENDS[(found[1] or "").lower()].search(markup, found.end())
        if end is None:
            return "".join(shown)
        position = end.end()
    return "".join((*shown, markup[position:]))
