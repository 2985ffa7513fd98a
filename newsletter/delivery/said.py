"""What servers say, so that a thousand refusals are one line: without addresses, numbers and ids. Pure."""

import re

from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.verdicts import Verdict

#: More of an answer than this says nothing new.
MOST = 300
#: Stands for what differs from one answer to the next.
GAP = "…"
#: Reply codes, which begin an answer, and enhanced ones (RFC 5321, RFC 3463) say why.
_REPLY = re.compile(r"[245][0-5]\d")
_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
#: Names of rules, as AUP#1310, S3150 or TSS04: what to look up.
_RULE = re.compile(r"[A-Z]{1,4}[-#]?\d{2,4}")
_EDGES = "<>()[]{}\"'“”.,;:!?-"
#: A reply of several lines repeats its code at the head of each.
_CONTINUED = re.compile(r"\b([245]\d\d)-")


def alike(text: str, address: str = "") -> str:
    """The same for all answers that differ only in whom or which mail they name; `address` is whom it was for."""
    local = address.rpartition("@")[0].casefold()
    words: list[str] = []
    said = _CONTINUED.sub(r"\1 ", text[: 2 * MOST]).split()
    codes = {word for word in said if _CODE.fullmatch(word)} | {word for word in said[:1] if _REPLY.fullmatch(word)}
    for word in said:
        bare = word.strip(_EDGES)
        if word in codes:
            if word in words:
                continue  # a reply of several lines says it again and again
        elif _names_something(bare, local):
            word = word.replace(bare, GAP, 1)
            # Brackets, quotes and marks around a gap tell nothing; the end of a sentence does.
            word = GAP + word[-1] if word[-1] in ".,;:" else GAP
        if words[-1:] != [GAP] or word != GAP:
            words.append(word)
    return " ".join(words)[:MOST]


def what_to_do(state: DeliveryState, verdict: Verdict, issue: str) -> str:
    """What the operator may do about deliveries of an issue that ended so, or nothing at all; empty where it is plain.

    `verdict` is what the words say of the readers.
    """
    retry = f"`newsletter deliveries retry --state {state} --issue {issue}`"
    match state, verdict:
        case DeliveryState.UNCERTAIN, _:
            return (
                "The server may or may not have these. If its log has them: `newsletter deliveries settle ID --sent`; "
                f"else {retry}, and at worst somebody gets it twice."
            )
        case DeliveryState.DEFERRED, _:
            return "Nothing need be done: they are tried again by themselves."
        case DeliveryState.FAILED, Verdict.HARD:
            return "These addresses are dead. Nothing need be done: who goes on bouncing is suppressed by itself."
        case DeliveryState.FAILED, Verdict.OURS:
            return (
                f"They mind our mail or our server, not the readers: `newsletter doctor`; when it is mended, {retry}."
            )
        case DeliveryState.FAILED, Verdict.FULL:
            return f"Their mailboxes are full. Once more in a day or two: {retry}."
        case DeliveryState.FAILED, _:
            return f"Once more: {retry}."
    return ""


def _names_something(word: str, local: str) -> bool:
    """Is it an address, a link, a host's number, an id or a count?"""
    if "@" in word or "://" in word or (local and word.casefold() == local):
        return True
    return any(c.isdigit() for c in word) and not (_CODE.fullmatch(word) or _RULE.fullmatch(word))
