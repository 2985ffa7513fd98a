"""Greetings, closing words and signatures: what frames a mail and asks for nothing."""

import re
from collections.abc import Sequence


def without_signature(lines: Sequence[str]) -> list[str]:
    """Up to the signature or the closing words; mail programs' advertisements fall out."""
    kept: list[str] = []
    for number, line in enumerate(lines):
        if _is_signature_mark(line):
            break
        if _ADVERTISEMENT.match(line.strip().casefold()[:200]):
            continue
        if any(kept) and is_closing(line) and sum(bool(one.strip()) for one in lines[number + 1 :]) <= 8:
            break
        kept.append(line)
    return kept


def without_greeting(lines: Sequence[str]) -> list[str]:
    """Without the first line where it only greets."""
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is not None and is_greeting(lines[first]):
        return list(lines[first + 1 :])
    return list(lines)


def is_greeting(line: str) -> bool:
    """Whether the line is nothing but a greeting: "Hi there,", "Dear Ada Lovelace"."""
    words = _WORD.findall(line[:100])
    opens = _opening(words, GREETINGS)
    names = words[opens:]
    if not opens or len(names) > 3 or line.rstrip().endswith(("?", ":")):
        return False
    if any(name.casefold() in _WISHES for name in names):
        return False
    return (line.rstrip().endswith(",") and line.count(",") == 1) or all(_is_name(name) for name in names)


def is_closing(line: str) -> bool:
    """Whether the line closes a mail: "Best regards,", "Thanks, Ada"."""
    words = _WORD.findall(line[:100])
    opens = _opening(words, _CLOSINGS)
    names = words[opens:]
    return bool(opens) and len(names) <= 3 and all(_is_name(n) and n.casefold() not in _WISHES for n in names)


def _opening(words: Sequence[str], phrases: frozenset[str]) -> int:
    """How many words the longest of the phrases takes at the beginning."""
    lower = [word.casefold().replace("’", "'") for word in words[:6]]
    return next((n for n in range(min(5, len(words)), 0, -1) if " ".join(lower[:n]) in phrases), 0)


def _is_name(word: str) -> bool:
    return word[0].isupper() and not word[1:].isupper()


def _is_signature_mark(line: str) -> bool:
    text = line.strip()
    return text == "—" or (len(text) >= 2 and not text.strip("-_")) or (len(text) >= 4 and not text.strip("=~*"))


def _phrases(*texts: str) -> frozenset[str]:
    return frozenset(" ".join(phrase.casefold().split()) for text in texts for phrase in text.split(","))


_WORD = re.compile(r"[\w'’]+")
#: "Hi Unsubscribe" greets nobody.
_WISHES = frozenset(
    "unsubscribe stop subscribe confirm yes no pause help remove resume cancel leave please me my abmelden".split()
)
_ADVERTISEMENT = re.compile(
    r"(?:sent|envoyé|enviado|enviada|inviato|verstuurd|verzonden|gesendet|skickat|sendt|wysłane?) "
    r"(?:from|via|with|using|by|de|depuis|avec|desde|do|da|dal|dall['’]\w{1,30}|pelo|vanaf|met|von|mit|meinem|från|fra|z)\b.{0,120}$"
    r"|(?:von meinem|diese nachricht wurde von meinem) .{0,60}gesendet.{0,20}$"
    r"|(?:get|holen sie sich|téléchargez|obtener|obtenga|scarica|obter|download) outlook .{0,80}$|outlook für .{0,60}$"
    r"|(?:get|download) (?:yahoo|gmail|bluemail|proton|airmail|spark)\b.{0,80}$|yahoo mail[: ].{0,80}$"
)
GREETINGS = _phrases(
    "hi, hello, hey, hiya, dear, hi there, hello there, hey there, hi all, hi everyone, hi team, hello team, greetings",
    "good morning, good afternoon, good evening, good day, to whom it may concern, dear sir or madam, dear sir",
    "dear madam, dear all, dear team, hallo, guten tag, guten morgen, guten abend, moin, servus, grüezi, liebe, lieber",
    "liebes team, hallo zusammen, sehr geehrte, sehr geehrter, sehr geehrte damen und herren, sehr geehrte frau",
    "sehr geehrter herr, bonjour, bonjour à tous, salut, bonsoir, cher, chère, madame monsieur, hola, buenos días",
    "buenas tardes, buenas, buenas noches, estimado, estimada, estimados, ciao, salve, buongiorno, buonasera, gentile",
    "gentili, olá, oi, bom dia, boa tarde, boa noite, prezado, prezada, prezados, caro, cara, beste, geachte",
    "goedemorgen, goedemiddag, goedendag, dag, hej, hei",
)
_CLOSINGS = _phrases(
    "thanks, thank you, many thanks, thanks a lot, thanks again, thank you very much, thanks in advance, thx, ty",
    "cheers, best, best regards, kind regards, warm regards, regards, all the best, best wishes, warmly, sincerely",
    "love, yours sincerely, sincerely yours, yours, yours truly, yours faithfully, take care, br, kr, rgds, greetings",
    "thank you so much, thank you in advance, with kind regards, with best regards, have a nice day, have a great day",
    "mit freundlichen grüßen, mit freundlichem gruß, freundliche grüße, mit besten grüßen, viele grüße, liebe grüße",
    "beste grüße, schöne grüße, herzliche grüße, grüße, gruß, vg, lg, mfg, danke, vielen dank, besten dank",
    "danke schön, herzlichen dank, danke im voraus, cordialement, bien cordialement, bien à vous, merci, amicalement",
    "merci beaucoup, merci d'avance, merci bien, salutations, meilleures salutations, saludos, un saludo, gracias",
    "saludos cordiales, muchas gracias, atentamente, cordiali saluti, distinti saluti, saluti, un saluto, grazie",
    "grazie mille, atenciosamente, obrigado, obrigada, cumprimentos, abraços, abraço, met vriendelijke groet",
    "met vriendelijke groeten, vriendelijke groet, vriendelijke groeten, groet, groeten, groetjes, bedankt, dank je",
    "dank u, alvast bedankt, mvg",
)
