"""The machine that mail leaves by: has it a name both ways, and does SPF know it?"""

from dataclasses import dataclass
from ipaddress import ip_address

from newsletter.doctor.asking import Address, Answer, Names, without_twins
from newsletter.doctor.domain import ASK_AGAIN, same_organisation, the_spf
from newsletter.doctor.findings import Finding, Subject, Topic, cut
from newsletter.doctor.spf import covers

REVERSE = Subject(Topic.NAMES, "Reverse name")
COVERED = Subject(Topic.NAMES, "SPF and your server")
#: Addresses of the host that are looked at.
_MOST = 4


@dataclass(frozen=True, slots=True)
class SenderFacts:
    """The host that mail is handed to, as the internet sees it."""

    #: smtp.host, or the name in its greeting where it is this machine
    host: str
    #: True where it is the operator's own and mail leaves by it; else it is a relay
    own: bool
    #: public addresses
    addresses: tuple[Address, ...] = ()
    trouble: str = ""
    #: names by address, and what those names lead to
    names: tuple[tuple[Address, Answer[str], tuple[Address, ...]], ...] = ()
    #: by address; None where it cannot be told
    covered: tuple[tuple[Address, bool | None], ...] = ()


def is_own(host: str, domain: str, peer: Address | None) -> bool:
    """Is the mail server the operator's: this machine, one of the same network, or one in the newsletter's domain?"""
    address = _literal(host) or peer
    return (address is not None and not address.is_global) or (
        _literal(host) is None and same_organisation(host, domain)
    )


def sender_facts(names: Names, host: str, domain: str, greeting: str, peer: Address | None) -> SenderFacts:
    """Ask the DNS about the sending host."""
    if not is_own(host, domain, peer):
        return SenderFacts(host, own=False)
    literal = _literal(host)
    here = literal or peer
    # Behind a private address stands a server that calls itself by its public name.
    name = greeting if (here is not None and not here.is_global and "." in greeting) else host
    found = Answer((literal,)) if literal is not None and name == host else names.addresses(name)
    addresses = tuple(one for one in without_twins(found.values) if one.is_global)[:_MOST]
    record = the_spf(names.texts(domain))
    reverse = []
    for address in addresses:
        told = names.reverse(address)
        forward = {one for other in told.values[:5] for one in names.addresses(other).values}
        reverse.append((address, told, tuple(sorted(forward, key=str))))
    covered = tuple((address, covers(names, domain, record, address)) for address in addresses) if record else ()
    return SenderFacts(name, True, addresses, found.trouble, tuple(reverse), covered)


def sender_findings(facts: SenderFacts) -> list[Finding]:
    """What that means."""
    if not facts.own:
        return [
            REVERSE.ok(f"{facts.host} is a relay: it sends from addresses of its own, and their names are its care.")
        ]
    if facts.trouble:
        return [REVERSE.warning(f"{facts.host} could not be looked up: {facts.trouble}.", ASK_AGAIN)]
    if not facts.addresses:
        return [
            REVERSE.advice(
                f"The address that mail leaves from is not known here: {cut(facts.host, 80)} has no public one.",
                "See that the reverse name of your server's public address leads to its name, and its name back.",
            )
        ]
    return [*_reverse(facts), *_covered(facts)]


def _reverse(facts: SenderFacts) -> list[Finding]:
    found = []
    for address, told, forward in facts.names:
        if told.trouble:
            found.append(
                REVERSE.warning(f"The reverse name of {address} could not be looked up: {told.trouble}.", ASK_AGAIN)
            )
        elif not told.values:
            found.append(
                REVERSE.warning(
                    f"{address}, from which your server sends, has no reverse name; Gmail and others refuse its mail.",
                    f"Have your hosting provider set it to {facts.host}.",
                )
            )
        elif address not in forward:
            found.append(
                REVERSE.warning(
                    f"The reverse name of {address} is {cut(told.values[0], 80)}, which does not lead back to it.",
                    f"Have your hosting provider set it to {facts.host}, and see that this leads to {address}.",
                )
            )
    return found or [
        REVERSE.ok(f"{', '.join(str(one) for one in facts.addresses)} and {facts.host} lead to each other.")
    ]


def _covered(facts: SenderFacts) -> list[Finding]:
    found = []
    for address, passes in facts.covered:
        if passes is False:
            found.append(
                COVERED.advice(
                    f"The SPF record does not let {address} send, and {facts.host} has that address.",
                    f"If mail leaves from there, add ip{address.version}:{address} to the record.",
                )
            )
    if not found and facts.covered and all(passes for _, passes in facts.covered):
        return [COVERED.ok("The SPF record lets your server send.")]
    return found


def _literal(host: str) -> Address | None:
    if host.lower() == "localhost":
        return ip_address("127.0.0.1")
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None
