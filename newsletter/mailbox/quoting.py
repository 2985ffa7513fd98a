"""Lines of a mail → what this person wrote now, and what they quoted.

Mail programs mark these in many ways and languages; all marks are looked for line by line, each line once.
"""

import re
from collections.abc import Sequence


def unquoted(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """What was written, and what was quoted, each in order."""
    written: list[str] = []
    quoted: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        if _is_quoted(line):
            quoted.append(line.lstrip("> |\u00a0"))
            number += 1
        elif _all_quoted_from(lines, number):
            quoted.extend(one.lstrip("> |\u00a0") for one in lines[number:])
            break
        elif length := _attribution(lines, number):
            quoted.extend(lines[number : number + length])
            number += length
            if not _is_quoted(_next_text(lines, number)):
                quoted.extend(lines[number:])
                break
        else:
            written.append(line)
            number += 1
    return written, quoted


def _is_quoted(line: str) -> bool:
    return line.lstrip(" \u00a0")[:1] in (">", "|") and len(line.strip()) >= 1


def _next_text(lines: Sequence[str], number: int) -> str:
    return next((line for line in lines[number : number + 4] if line.strip()), "")


def _all_quoted_from(lines: Sequence[str], number: int) -> bool:
    """Whether all from here on is the other mail: a divider of Outlook and its kin, or a block of headers."""
    line = lines[number].strip().strip("*").casefold()
    if _DIVIDER.match(line[:200]):
        return True
    if _RULE.fullmatch(line[:200]):
        return _header_name(_next_text(lines, number + 1)) in _FROM
    if _header_name(line) not in _FROM:
        return False
    others = {_header_name(one) for one in lines[number + 1 : number + 6]}
    return len(others & _OTHERS) >= 2


def _header_name(line: str) -> str:
    return line.strip()[:60].replace("*", "").casefold().partition(":")[0].strip() if ":" in line[:60] else ""


def _attribution(lines: Sequence[str], number: int) -> int:
    """How many lines "On …, Ada wrote:" takes here; 0 where there is none."""
    if not lines[number].strip():
        return 0
    joined = ""
    first = lines[number].strip().casefold()
    longest = 3 if first.startswith(_OPENERS) or "@" in first or "<" in first else 1
    for length in range(1, longest + 1):
        if number + length > len(lines) or not lines[number + length - 1].strip():
            break
        joined = f"{joined} {lines[number + length - 1].strip()[:300]}".strip()
        if joined.endswith((":", "：")):
            said = joined.casefold()
            names_somebody = any(c.isdigit() or c in "@<" for c in said)
            if names_somebody and any(f" {verb}" in f" {said}" for verb in _WROTE):
                return length
            # Unknown languages: a line with a date or an address, right above quoted text.
            following = lines[number + length] if number + length < len(lines) else ""
            if names_somebody and length == 1 and ("@" in said or "<" in said) and _is_quoted(following):
                return length
            return 0
    return 0


_RULE = re.compile(r"_{5,}|-{5,}|={5,}")
_DIVIDER = re.compile(
    r"-{2,} ?(?:original message|original appointment|forwarded message|reply message|ursprüngliche nachricht"
    r"|originalnachricht|weitergeleitete nachricht|message d['’]origine|message original|message transféré"
    r"|mensaje original|mensaje reenviado|messaggio originale|messaggio inoltrato|mensagem original"
    r"|mensagem encaminhada|oorspronkelijk bericht|doorgestuurd bericht|ursprungligt meddelande|oprindelig meddelelse"
    r"|opprinnelig melding|wiadomość oryginalna|původní zpráva|исходное сообщение|原始邮件|original mail) ?-{2,}"
    r"|(?:begin forwarded message|anfang der weitergeleiteten (?:nachricht|e-mail)"
    r"|début du message (?:transféré|réexpédié)|inicio del mensaje reenviado"
    r"|inizio messaggio inoltrato|início da mensagem (?:reencaminhada|encaminhada)"
    r"|begin doorgestuurd bericht)\s?:"
)


def _phrases(text: str) -> frozenset[str]:
    return frozenset(" ".join(phrase.casefold().split()) for phrase in text.split(","))


_FROM = _phrases(
    "from, von, de, da, van, från, fra, od, от, expéditeur, absender, afzender, mittente, remitente, 发件人"
)
_OTHERS = _phrases(
    "sent, date, to, subject, cc, gesendet, datum, an, betreff, envoyé, envoyé le, à, objet, enviado, enviado el,"
    "fecha, para, asunto, inviato, data, a, oggetto, enviada, enviada em, enviado em, assunto, verzonden, aan,"
    "onderwerp, skickat, till, ämne, sendt, til, emne, wysłano, do, temat, odesláno, komu, předmět, дата, кому,"
    "тема, 收件人, 主题"
)
_OPENERS = tuple(f"{word} " for word in "on am le el il em op den dne dnia w в a em på".split())
_WROTE = (
    *"wrote schrieb schreef skrev écrit escribió escreveu пишет писал napsal napsala pisze napisał kirjoitti".split(),
    *("ha scritto", "va escriure", "het volgende geschreven", "写道"),
)
