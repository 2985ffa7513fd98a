"""Authentication-Results (RFC 8601): did the sender's domain stand up for this mail?"""

import re
from collections.abc import Sequence
from typing import Literal

Dmarc = Literal["pass", "fail", "none"]

#: The results of one header that are looked at.
_MAX_RESULTS = 50
_SPACE = r"[ \t]{0,20}"
_METHOD = re.compile(rf"{_SPACE}dmarc{_SPACE}(?:/{_SPACE}\d{{1,5}}{_SPACE})?={_SPACE}([a-z]{{1,30}})", re.IGNORECASE)
_FROM = re.compile(rf"\bheader\.from{_SPACE}={_SPACE}\"?([^\s\";]{{1,255}})", re.IGNORECASE)


def dmarc_verdict(results: Sequence[str], *, authserv_id: str, domain: str) -> Dmarc:
    """What our own server found out about DMARC.

    `results` are the values of all Authentication-Results headers from the top; everybody can write such a header, so
    only the topmost counts, or, where `authserv_id` is given, the topmost that bears this name. `domain` is the domain
    of From: a result about another domain says nothing. "none" where nothing valid is found.
    """
    for value in results:
        head, *found = _without_comments(value).split(";", _MAX_RESULTS)
        if authserv_id and (head.split() or [""])[0].strip('"').casefold() != authserv_id.strip().casefold():
            continue
        return next((verdict for one in found if (verdict := _verdict(one, domain))), "none")
    return "none"


def _verdict(result: str, domain: str) -> Dmarc | None:
    method = _METHOD.match(result)
    if not method:
        return None
    about = _FROM.search(result)
    if about and about[1].rpartition("@")[2].strip(".").casefold() != domain.casefold():
        return "none"
    match method[1].lower():
        case "pass":
            return "pass"
        case "fail":
            return "fail"
    return "none"


def _without_comments(value: str) -> str:
    """The value without what stands in parentheses, which anybody's words may be in; quotes are respected."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for c in value:
        if escaped:
            escaped = False
        elif c == "\\":
            escaped = True
        elif c == '"' and not depth:
            quoted = not quoted
        elif c == "(" and not quoted:
            depth += 1
        elif c == ")" and depth and not quoted:
            depth -= 1
            continue
        if not depth:
            # A semicolon within quotes divides nothing.
            kept.append("," if quoted and c == ";" else c)
    return "".join(kept)
