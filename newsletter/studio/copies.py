"""A copy as a frame of the desk shows it: the mail's own HTML by day or by night, and the last good one of each."""

import re
from collections import OrderedDict

from markupsafe import escape

from newsletter.looking import Whom

#: Copies that are kept for when a template breaks.
MOST_KEPT = 8
#: No script runs in a frame, whatever a mail holds; a link opens a page of its own, which knows nothing of the desk.
_SANDBOX = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; {images}base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; " + _SANDBOX
)
_STYLES = re.compile(r"<style\b.*?</style>", re.IGNORECASE | re.DOTALL)
_SCHEME_META = re.compile(r'(<meta name="(?:supported-)?color-schemes?" content=")[^"]*(")', re.IGNORECASE)
_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_LIGHT = re.compile(r"\(\s*prefers-color-scheme\s*:\s*light\s*\)", re.IGNORECASE)
_BOTH = re.compile(r"(color-schemes?\s*:\s*)light\s+dark", re.IGNORECASE)
#: A command between backticks, in a sentence.
_COMMAND = re.compile(r"`([^`]+)`")
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
#: Conditions that always hold, and never do.
_ALWAYS, _NEVER = "(min-width: 0)", "(max-width: 0)"
_GROUNDS = {"light": ("#fffdf9", "#5f5a52"), "dark": ("#1a1917", "#a39c8f")}


def policy(*, images: bool) -> str:
    """The Content-Security-Policy of a copy; without images none is asked for, as mail programs do by default."""
    return _POLICY.format(images="img-src https: data:; " if images else "")


def as_seen(html: str, scheme: str) -> str:
    """The mail's HTML as somebody sees it who likes it light or dark, whatever the editor's own machine says.

    Only what decides that is changed, and links open beside the desk.
    """
    dark = scheme == "dark"

    def decided(style: re.Match[str]) -> str:
        css = _DARK.sub(_ALWAYS if dark else _NEVER, style[0])
        css = _LIGHT.sub(_NEVER if dark else _ALWAYS, css)
        return _BOTH.sub(rf"\g<1>{scheme}", css)

    html = _SCHEME_META.sub(rf"\g<1>{scheme}\g<2>", _STYLES.sub(decided, html))
    return _HEAD.sub(lambda head: f'{head[0]}<base target="_blank">', html, count=1)


def instead(sentence: str, scheme: str) -> str:
    """A page in a frame that only says something."""
    ground, ink = _GROUNDS[scheme]
    said = _COMMAND.sub(r"<code>\1</code>", str(escape(sentence)))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>No mail</title><body style="margin:0;'
        f"padding:96px 32px;background:{ground};color:{ink};font:15px/24px system-ui,sans-serif;text-align:center;"
        f'text-wrap:balance">{said}</body></html>'
    )


class LastGood:
    """The last copies that could be made. Belongs to one thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, Whom], str] = OrderedDict()

    def keep(self, issue: str, whom: Whom, html: str) -> None:
        """Remember a copy; the one that was looked at longest ago is forgotten for it."""
        self._kept[issue, whom] = html
        self._kept.move_to_end((issue, whom))
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def get(self, issue: str, whom: Whom) -> str | None:
        """The copy of that issue for them."""
        return self._kept.get((issue, whom))
