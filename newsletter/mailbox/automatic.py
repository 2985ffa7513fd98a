"""Which mail is never answered (RFC 3834): what no person wrote, or wrote to a list, or what may start a loop."""

import re
from collections.abc import Collection

from newsletter.mailbox.reading import Incoming
from subscribers.address import address_key

#: Honest mail passes fewer servers than this.
MAX_HOPS = 25

_MACHINES = frozenset("mailer-daemon mailerdaemon postmaster listserv majordomo mdaemon bounce bounces".split())
_NO_REPLY = re.compile(
    r"(?:^|[._-])(?:(?:no|do[-_.]?not|never)[-_.]?reply|ne-?pas-?repondre|nao-?responda|keine-?antwort)"
)
_LIST_ROLES = ("-request", "-owner", "-bounces", "-bounce")
#: How out-of-office notes begin that do not say in a header what they are.
_AWAY = re.compile(
    r"(?:out of (?:the )?office|auto(?:matic|mated|matische|matisches)?[ -]?(?:reply|response|replied|antwort)"
    r"|abwesenheit|abwesend|vacation (?:reply|response|message)|away from (?:the|my) office"
    r"|réponse automatique|absence du bureau"
    r"|respuesta automática|fuera de (?:la )?oficina|risposta automatica|fuori sede|resposta automática"
    r"|fora do escritório|automatisch antwoord|automatiskt svar|autosvar|automatyczna odpowiedź|автоответ|自动回复)",
    re.IGNORECASE,
)


def why_not_answer(incoming: Incoming, *, own_addresses: Collection[str]) -> str | None:
    """Why this mail gets no answer, in words; None where a person seems to have written to us.

    `own_addresses` are those under which the newsletter sends and receives, with or without +details.
    """
    signs = incoming.signs
    senders = [address for address in (incoming.sender, incoming.envelope_from) if address]
    if incoming.envelope_from == "":
        return "it has no sender to answer to (null envelope sender)"
    if signs.auto_submitted.partition(";")[0].partition("(")[0].strip() not in ("", "no"):
        return f"a program sent it (Auto-Submitted: {signs.auto_submitted[:60]})"
    if signs.report:
        return "it is a report of a mail system"
    if signs.precedence in ("bulk", "list", "junk", "auto_reply"):
        return f"it is bulk mail (Precedence: {signs.precedence})"
    if signs.list_headers:
        return f"it came through a mailing list ({signs.list_headers[0]})"
    if signs.auto_headers:
        return f"a program sent it ({signs.auto_headers[0]})"
    if is_away_note(incoming.subject):
        return "it is an out-of-office note"
    if any(is_ours(address, own_addresses) for address in senders):
        return "we sent it ourselves"
    if any(is_ours(address, own_addresses) for address in signs.loops):
        return "it went in a circle (X-Loop)"
    if signs.hops > MAX_HOPS:
        return f"it went in a circle ({signs.hops} servers on its way)"
    if machine := next((address for address in senders if _is_machine(address)), None):
        return f"{machine} is the address of a program"
    if incoming.sender is None:
        return "it has no valid address to answer to"
    return None


def is_away_note(subject: str) -> bool:
    """Whether a subject, without its "Re:", is that of an out-of-office note."""
    return bool(_AWAY.match(subject))


def is_ours(address: str, own_addresses: Collection[str]) -> bool:
    """Whether an address is one of ours, with any +detail; anybody else's +detail makes another person."""
    own = {_without_detail(one) for one in own_addresses}
    return _without_detail(address) in own


def _without_detail(address: str) -> str:
    local, at, domain = address_key(address).rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def _is_machine(address: str) -> bool:
    local = address.casefold().rpartition("@")[0] or address.casefold()
    name = local.partition("+")[0]
    if "+srs=" in local:
        # Microsoft's way to pass on a person's mail: "bounces+SRS=…@…".
        return False
    return name in _MACHINES or bool(_NO_REPLY.search(local)) or name.startswith("owner-") or name.endswith(_LIST_ROLES)
