"""Bounces in mail servers' own words: where the notice ends, and whom it names."""

import re
from collections.abc import Iterable
from email.message import Message

from newsletter.mailbox.parts import addresses, headers

#: Lines and characters of a line that are looked at.
MAX_LINES = 300
MAX_LINE = 500

_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,100}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,9}")
#: Where the message that came back begins.
_ORIGINAL_BEGINS = re.compile(
    r"[-*=_ \t]{0,80}(?:below (?:this|the next) line|(?:this is|here is|included is|attachment is) (?:a copy|your)"
    r"|(?:the )?(?:original|returned|unsent|undelivered|attached|old) (?:message|mail)"
    r"|(?:start of |a copy of )(?:the )?(?:returned|original|your)|message (?:text|headers?|follows)"
    r"|the (?:headers?|body) of the|mensaje original|message d'origine|исходное)",
    re.IGNORECASE,
)
_HEADER_LINE = re.compile(
    r"(?:received|return-path|message-id|mime-version|date|from|to|subject|dkim-signature):\s", re.I
)
#: Lines that name others than the recipient.
_OTHERS = re.compile(
    r"(?:from|sender|reply-to|message-id|return-path|errors-to)\s?:|contact|postmaster|mailer-daemon|questions|assistance"
    r"|mail from|was sent (?:by|from)|envelope-from",
    re.IGNORECASE,
)


def notice_and_original(text: str) -> tuple[str, str]:
    """The words of the server, and the message that came back below them."""
    lines = [line[:MAX_LINE] for line in text.splitlines()]
    for number, line in enumerate(lines[:MAX_LINES]):
        heads = sum(bool(_HEADER_LINE.match(one)) for one in lines[number : number + 4])
        if number and (_ORIGINAL_BEGINS.match(line) or (heads >= 3 and _HEADER_LINE.match(line))):
            start = number if _HEADER_LINE.match(line) else number + 1
            return "\n".join(lines[:number]), "\n".join(lines[start : start + MAX_LINES])
    return "\n".join(lines[:MAX_LINES]), ""


def failed_addresses(message: Message, notice: str, to: str) -> tuple[str, ...]:
    """Whom a notice is about: as the header says that some servers write, as its words say, or as `to` does.

    `to` is the To of the message that came back.
    """
    named = valid_addresses(one for value in headers(message, "X-Failed-Recipients") for one in value.split(","))
    if named:
        return named
    originally = valid_addresses([to])
    ours = {address.casefold() for _, address in addresses(headers(message, "To") + headers(message, "From"))}
    in_words = [
        address
        for line in notice.splitlines()[:MAX_LINES]
        if "@" in line and not _OTHERS.search(line)
        for address in _ADDRESS.findall(line)
    ]
    found = tuple(dict.fromkeys(one for one in valid_addresses(in_words) if one.casefold() not in ours))
    if any(one in found for one in originally):
        return tuple(one for one in originally if one in found)
    return found[:1] or originally


def valid_addresses(texts: Iterable[str]) -> tuple[str, ...]:
    """The addresses in texts, each once."""
    found = [match[0].strip(".") for text in texts if (match := _ADDRESS.search(text[:MAX_LINE]))]
    return tuple(dict.fromkeys(found))


def addresses_in(text: str) -> tuple[str, ...]:
    """The addresses in a text, each once, as far as they are among its first 500 @s."""
    found: dict[str, None] = {}
    at = text.find("@")
    for _ in range(500):
        if at < 0:
            break
        local = re.search(r"[\w.+=-]+$", text[max(0, at - 100) : at], re.ASCII)
        domain = re.match(r"[\w-]+(?:\.[\w-]+)*", text[at + 1 : at + 256], re.ASCII)
        if local and domain:
            found[f"{local[0]}@{domain[0]}"] = None
        at = text.find("@", at + 1)
    return tuple(found)
