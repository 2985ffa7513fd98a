"""What a mail server's "no" says about the person: is the address dead, full, busy, or do they only mind us?

The decision is our own: first what the words admit, then the enhanced status code (RFC 3463). Taking a living reader
for dead is the worst mistake here, so words about our mail, our server or a full box outweigh a code that says "no such
user": servers send 5.1.1 for all of them.
"""

import re
from enum import StrEnum

#: More of an answer than this says nothing new.
MAX_TEXT = 4_000


class Verdict(StrEnum):
    """What follows from a refusal or a report."""

    #: the address is dead
    HARD = "hard"
    #: later, or nobody knows why; one means nothing, many together do
    SOFT = "soft"
    #: about our mail, our server or our standing, never about the person
    OURS = "ours"
    #: the box is full: not dead
    FULL = "full"
    #: still on its way
    DELAY = "delay"
    #: nothing failed
    NONE = "none"


def verdict_of(status: str, text: str) -> Verdict:
    """What a failure says, read from its enhanced code and its words.

    `status` is the enhanced code of a report ("5.1.1"), empty where only the text is at hand, such as an answer in an
    SMTP session ("550 5.1.1 User unknown"). Where nothing tells why, it is `SOFT`.
    """
    return told_by(status, text) or Verdict.SOFT


def told_by(status: str, text: str) -> Verdict | None:
    """Like `verdict_of`, with None where neither a code nor a word tells why."""
    text = text[:MAX_TEXT]
    code, later = _code(status.strip(), text)
    if code.startswith("2."):
        return Verdict.NONE
    words = " ".join(_WORD.findall(_NOT_WORDS.sub(" ", text.casefold().replace("’", "'"))))
    if code in _FULL_CODES or _FULL.search(words):
        return Verdict.FULL
    if later and _GREYLISTED.search(words):
        return Verdict.SOFT
    if code == "5.4.1" and "recipient address rejected" in words:
        # Microsoft says so of people whom it does not know, and for other reasons too.
        return Verdict.SOFT
    if code.startswith(("5.6.", "5.7.")) or code in _OUR_CODES or _OURS.search(words):
        return Verdict.OURS
    if later or _SOFT.search(words):
        return Verdict.SOFT
    if code in _HARD_CODES or _HARD.search(words):
        # A server that knows nobody of that name says so at once; after it has seen the mail it is a filter's excuse.
        return Verdict.SOFT if _AFTER_DATA.search(words) else Verdict.HARD
    if _REFUSED.search(words) or (code.startswith("5.5.") and not code.endswith(".0")):
        return Verdict.OURS
    return Verdict.SOFT if code and not code.endswith(".0") else None


_HARD_CODES = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_FULL_CODES = frozenset({"5.2.2", "4.2.2"})
#: The sender's address is bad (5.1.7, 5.1.8), the message is too big (5.2.3, 5.3.4).
_OUR_CODES = frozenset({"5.1.7", "5.1.8", "5.2.3", "5.3.4"})
# Dots and digits of addresses and versions (203.0.113.7, 5.0.2195.4905) make no status.
_ENHANCED = re.compile(r"(?<![\w.])([245]\.[0-7]\.\d{1,3})(?!\w|\.\d)")
_REPLY = re.compile(r"(?<![\w.:/#+-])([45])[0-5]\d(?=[\s)\]-]|$)")
_TAKEN = re.compile(r"\s{0,9}(?:\w{1,20};\s{0,9})?2\d\d[ -]")


def _code(status: str, text: str) -> tuple[str, bool]:
    """The enhanced code that tells most (empty for none), and whether the answer was a "later".

    The report's own code wins unless it says nothing (5.0.0, 5.3.0, …) and the diagnostic holds one that does.
    """
    if status.startswith("2.") or (not status and _TAKEN.match(text)):
        return "2.0.0", False
    own = _ENHANCED.findall(status)[:1]
    codes = own + [code for code in _ENHANCED.findall(text) if not code.startswith("2.")]
    reply = _REPLY.search(text)
    later = bool(codes and codes[0].startswith("4.")) or bool(reply and reply[1] == "4")
    telling = [code for code in codes if code[0] == codes[0][0] and not code.endswith(".0")]
    if own and not own[0].endswith(".0"):
        return own[0], later
    return (telling or codes or [""])[0], later


# Links, addresses and hosts explain or name; that mx.anti-spam.example answered says nothing of spam.
_NOT_WORDS = re.compile(
    r"https?://\S{1,500}|<[^<>\s]{1,250}>|[\w.+=-]{1,64}@[\w.-]{1,255}|\b[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}\b"
)

_WORD = re.compile(r"[\w'-]+")


def _any_of(*phrases: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(phrases) + ")")


# The patterns are matched against words with one space between them, so that a gap can be filled in one way only.
_FEW = r"(?:[\w'-]+ ){0,4}"
_FULL = _any_of(
    r"(?:in|mail)?box(?: is| was)? (?:\w+ )?full\b|(?:account|folder) is full|mailbox size limit",
    rf"(?:mailbox|account) {_FEW}(?:exceed|over (?:\w+ )?(?:limit|size|allow))",
    rf"(?:over|exceed\w*|above|beyond|out of|insufficient|not enough|no more) {_FEW}(?:quota|storage|disk|space)",
    rf"quota {_FEW}(?:exceed|full|reach|violat)|(?:disk|mail|mailbox|user)[ -]?quota|quota$|storage allocation",
    r"(?:postfach|mailbox) (?:ist )?voll|boîte .{0,30}pleine|buzón .{0,20}lleno|casella .{0,20}piena",
)
_GREYLISTED = re.compile(r"gr[ea]y.?list")
_OURS = _any_of(
    r"(?:anti-?)?spam(?:my|mer|ming)?\b|unsolicited|ube\b|uce\b|junk|bulk (?:e?-?mail|filter|sender)",
    r"block(?:ed|ing|list\w*)\b|black-? ?list|deny-? ?list|banned|rbls?\b|dnsbls?\b|(?<!not )listed (?:in|on|by|at)\b",
    r"reputation|complaints?\b|polic(?:y|ies)\b|administrative(?:ly)? prohib|prohibited|closed (?:group|list)",
    r"dmarc|dkim|spf\b|sender.?id\b|unauthenticated|not authenticated|authenticat|(?:must|issue a) starttls|tls requ",
    r"virus|malware|phish|infected|malicious|suspicious|harmful|offensive|objectionable",
    rf"content {_FEW}(?:reject|denied|filter|refus|not)|content.?filter|message content|(?:bad|invalid|missing) header",
    r"(?:message|mail|content|attachment)s? (?:\w+ ){0,3}(?:too (?:big|large|long)|size)|too (?:big|large)\b",
    r"exceed\w* (?:\w+ ){0,4}(?:message|mail) size|size (?:\w+ ){0,3}exceed|(?:message|maximum|max|fixed) size",
    r"access (?:is |was )?denied|not (?:permitted|allowed|authori[sz]ed|accepted|welcome) (?:to|from|for|by)\b",
    rf"relay\w* {_FEW}(?:denied|prohibit|not)|(?:unable|refus\w+|not|cannot) (?:to )?relay",
    r"sender (?:\w+ ){0,2}(?:is |was )?(?:reject|denied|refus|block|invalid|not (?:allow|permit|auth|accept)|verif)",
    r"(?:unknown|invalid|bad|forged|unverified) sender|domain of sender|(?:reverse|rdns|ptr|helo|ehlo)\b|client host",
    r"your (?:ip|host|server|domain|network|country) (?:\w+ ){0,5}(?:reject|refus|denied|restrict|low|not)",
    r"rule imposed|filtered|by (?:\w+ )?filter\b",
)
_SOFT = _any_of(
    r"temporar|later\b|please try again|try again (?:in|after)|gr[ea]y.?list|deferred|delayed|throttl|at a rate",
    r"timed? ?-?out|timeout|(?:delivery|message|time|retry|queue) (?:\w+ ){0,2}expired|retry|rate.?limit",
    r"too (?:long|fast|quickly|many)\b",
    rf"connection {_FEW}(?:refused|reset|lost|fail|drop|closed)|(?:lost|no|not) connect|no route|unreachable",
    rf"limits? {_FEW}(?:reach|exceed)|exceed\w* {_FEW}limit|frequen|speed|busy|overload|resources|hop count|loop",
    r"(?:server|system|internal|local|config\w*|i o|network) (?:\w+ )?(?:error|problem|failure)",
    r"(?:command|program|process) (?:\w+ )?(?:died|failed|output)|not (?:currently )?accepting",
)
_WHO = r"(?:user|recipient|address|addressee|mailbox|account|alias|subscriber|customer|username|local part)(?:s|e|es)?"
_GONE = (
    r"(?:unknown|invalid|inactive|disabled|discontinued|terminated|deactivated|suspended|undefined"
    r"|(?:not|\w{2,6}n't|never) (?:be )?(?:found|known|exist|valid|recogni[sz]ed|listed|active|registered|local)"
    r"|no longer|non-?exist\w*|unrecogni[sz]ed|closed)\b"
)
_HARD = _any_of(
    rf"(?:unknown|invalid|inactive|disabled|undefined|non-?existent|unrecogni[sz]ed) (?:or \w+ )?(?:\w+ )?{_WHO}\b",
    rf"{_WHO}(?: s)?(?: name| id)? (?:[\w'-]+ ){{0,3}}{_GONE}|{_WHO} (?:has been|was|is) (?:\w+ )?deleted",
    rf"{_WHO} (?:[\w'-]+ ){{0,6}}(?:does not|doesn't) exist|mailbox (?:is |currently )?(?:un|not )available",
    rf"no (?:such|valid|matching|existing|active) (?:\w+ ){{0,2}}{_WHO}\b|no such (?:person|name|local|domain|host)",
    rf"(?:is|was) not (?:a|an|our|the) (?:valid |known |local |active |registered )?(?:{_WHO}|user of)\b",
    rf"no (?:\w+ )?{_WHO} (?:here|by|with|of|named|called|matching|exists?)\b|there is no (?:\w+ ){{0,3}}{_WHO}\b",
    r"not (?:a )?valid users?\b|(?:nobody|no ?one) (?:here )?by",
    rf"(?:doesn't|does not|don't) (?:yet )?have (?:an? |any )?{_FEW}(?:account|mailbox|delivery point)",
    r"(?:address|account|user|recipient|group)\w* (?:\w+ ){0,5}(?:couldn't|could not|cannot|can't) be found",
    r"no matches to|undeliverable address|not like recipient|bad (?:destination|recipient)|unroutable|unrouteable",
    r"no longer (?:\w+ ){0,3}(?:works?|employed|valid|active|exists?|in use)|(?:user|person|recipient) has moved",
    r"(?:host|domain|mx) (?:\w+ ){0,5}(?:not found|unknown|invalid|not exist|doesn't exist)|nxdomain|null ?mx",
    r"unknown (?:host|domain)|(?:does|do) not accept mail|name service error (?:\w+ ){0,6}host not found|no mx\b",
    r"n'existe pas|inexistante?\b|(?:destinataire|adresse|utilisateur) (?:\w+ )?(?:inconnue?|invalide|non recens)",
    r"(?:empfänger|empfaenger|nutzer|benutzer) (?:\w+ )?(?:unbekannt|existiert)|adresse existiert nicht",
    r"(?:usuario|destinatario|usuário) (?:desconocido|no existe|inexistente|sconosciuto|desconhecido)|no existe",
    r"(?:пользователь|адрес)\w* (?:\w+ )?не (?:существует|найден)|нет такого|bestaat niet|onbekende? gebruiker",
)
_AFTER_DATA = re.compile(r"end of data|smtp command data")
_REFUSED = _any_of(r"(?:message|mail|transaction|data|delivery) (?:\w+ ){0,3}(?:reject|refus|denied|not accept)")
