"""Notices to try: every template with values that stand for what it gets."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from markupsafe import Markup

from newsletter.rendering.look import look_in
from newsletter.rendering.stationery import Stationery

NOWHERE = Path("no-such-folder")
NEWSLETTER = {
    "title": "Paper Robots",
    "address": "papers@news.example.org",
    "postal_address": "1 Example Street, 12345 Exampleton",
    "base_url": "https://news.example.org",
    "language": "en",
    "replies": True,
}
#: With every character that a token may have.
LINKS = {
    name: f"https://news.example.org/{name}/A-_z09-_a"
    for name in ("confirm", "private", "preferences", "leave", "quiet")
}
_FREE = {
    "address": "ada@example.org",
    "interests": ["protein design", "not: surveys"],
    "rhythm": "on Fridays at 08:00, Paris time",
}
SAMPLES: dict[str, dict[str, Any]] = {
    "address": {"address": "new@example.org"},
    "alarm": {
        "subject": "two addresses get no more mail",
        "lines": ["ada@example.org (bounced): 550 no such user", "bob@example.org (bounced): 550 no such user"],
        "label": "Look at them",
        "link": "https://news.example.org/lift/A-_z",
    },
    "already": {**_FREE, "paused": False},
    "announcement": {"subject": "What is new", "body": Markup("There *is* something.\n\n* one\n* two")} | _FREE,
    "answer": {
        "subject": "Done",
        "done": ["You follow “bees” now.", "You get nothing until Friday."],
        "undo": "“- bees” takes it back.",
        "label": "Change what, when and how often",
        "link": LINKS["preferences"],
        "interests": _FREE["interests"],
    },
    "command": {"wishes": ["follow “bees”", "pause for two weeks"]},
    "confirm": _FREE,
    "forwarded": {
        "writer": "eve@example.org",
        "subject": "a question",
        "reader": True,
        "state": "active",
        "lines": ["Dear you,", "", "what is this?", "Yours, Eve"],
        "attached": True,
        "answerable": True,
        "lost": False,
    },
    "help": {"unclear": "there is nothing in your mail."},
    "moved": _FREE,
    "private": {},
    "remind": _FREE,
    "suggestion": {
        "subject": "one suggestion waits for you",
        "suggestions": [
            {
                "title": "Attention is all you need",
                "address": "arxiv.org/abs/1706.03762",
                "who": "Ada <ada@example.org>",
                "whys": ["It began all this.", "A classic."],
                "trouble": "The page names no title: look at the one it got.",
                "link": "https://news.example.org/suggestion/A-_z",
            }
        ],
        "more": 3,
    },
}
#: Printed, but never somebody's words.
OURS = {"link", "label", "state", "body", "rhythm"}


@cache
def stationery(overrides: Path = NOWHERE) -> Stationery:
    """MJML is compiled once for all tests."""
    return Stationery(overrides, look_in(), NEWSLETTER)


def sample(name: str, word: Callable[[str], str] | None = None) -> dict[str, Any]:
    """The values of a template; `word` says another one for each that may be somebody's."""

    def other(key: str, value: Any) -> Any:
        if isinstance(value, list):
            return [other(key, one) for one in value]
        if isinstance(value, dict):
            return {name: other(name, one) for name, one in value.items()}
        if word is None or key in OURS or not isinstance(value, str) or not value:
            return value
        return word(value)

    return {"links": LINKS} | {key: other(key, value) for key, value in SAMPLES[name].items()}


_INLINE = {"a", "code", "em", "strong"}


class _Body(HTMLParser):
    """What stands in the sheet's middle: its tags with addresses, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, str]] = []
        self.said: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append((tag, values.get("href") or values.get("src") or ""))
        if tag == "a":
            self._open.append(str(values["href"]))
        self.said.append(str(values["alt"]) if tag == "img" else "" if tag in _INLINE else " ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            href = self._open.pop()
            self.said.append("" if "".join(self.said).endswith(href) else f" {href} ")

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def body_of(html: str) -> str:
    """The HTML of what was written, without the frame."""
    found = re.search(r'overflow-wrap:break-word">(.*)</div></div></td>', html, re.DOTALL)
    assert found
    return found[1].split("</div></div></td>")[0]


def tags(html: str) -> list[tuple[str, str]]:
    """Every tag, with its address if it has one."""
    return _Body(html).tags


def seen(html: str) -> str:
    """The words that a reader sees, with the addresses of links behind them; white space tidied."""
    return " ".join("".join(_Body(html).said).split())


def words(text: str) -> list[str]:
    """Letters and digits only, as they follow each other."""
    return re.findall(r"[^\W_]+", text)


def without_foot(text: str) -> str:
    return text.rpartition("\n-- \n")[0]


def values_of(values: Mapping[str, Any]) -> list[str]:
    """All words in the values of a template."""
    found: list[str] = []
    for key, value in values.items():
        if key == "links" or key in OURS:
            continue
        several = value if isinstance(value, list) else [value]
        found += [one for one in several if isinstance(one, str)]
        found += [word for one in several if isinstance(one, dict) for word in values_of(one)]
    return [one for one in found if one]
