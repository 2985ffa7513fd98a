"""Following an SPF record as a receiver does (RFC 7208): how many questions it takes, and whom it lets send."""

from dataclasses import dataclass
from ipaddress import ip_network

from newsletter.doctor.asking import Address, Names
from newsletter.doctor.mail_records import BadRecord, Spf, Term, is_spf, parse_spf

#: Section 4.6.4: more questions, or more without an answer, and receivers give the record up.
MOST_LOOKUPS, MOST_VOID = 10, 2
#: So far it is followed to tell how many there are.
_PATIENCE = 30
_ASKS = frozenset({"include", "a", "mx", "ptr", "exists"})


@dataclass(slots=True)
class Cost:
    """What a record asks of a receiver who follows all of it."""

    lookups: int = 0
    #: names that lead nowhere
    void: list[str] | None = None
    #: what makes the record invalid: an included domain without one, say
    broken: str = ""
    #: why part of it could not be followed
    trouble: str = ""


def cost_of(names: Names, domain: str, record: Spf) -> Cost:
    """Follow everything that the record names."""
    cost = Cost(void=[])
    _count(names, domain, record, cost)
    return cost


def covers(names: Names, domain: str, record: Spf, address: Address) -> bool | None:
    """Does the record let mail from that address pass? None where it cannot be told (macros, a silent DNS)."""
    return _Check(names, address).passes(domain, record)


def record_of(names: Names, domain: str) -> Spf | str:
    """The one record of a domain, or why there is none that counts."""
    if _is_macro(domain):
        return ""
    answer = names.texts(domain)
    if answer.trouble:
        return answer.trouble
    found = [text for text in answer.values if is_spf(text)]
    if len(found) != 1:
        return f"{domain} has {'no' if not found else 'more than one'} SPF record"
    try:
        return parse_spf(found[0])
    except BadRecord as error:
        return f"the SPF record of {domain} is wrong: {error}"


def _is_macro(target: str) -> bool:
    return "%" in target


def _followed(record: Spf) -> list[Term]:
    """What comes before `all`."""
    names = [term.name for term in record.terms]
    return list(record.terms[: names.index("all")] if "all" in names else record.terms)


def _count(names: Names, domain: str, record: Spf, cost: Cost) -> None:
    for term in _followed(record):
        if cost.lookups > _PATIENCE:
            return
        cost.lookups += term.name in _ASKS
        if _is_macro(term.target) or term.name in ("ptr", "ip4", "ip6"):
            continue
        target = term.target or domain
        if term.name == "include":
            _count_in(names, target, cost)
        else:
            answer = names.mail_servers(target) if term.name == "mx" else names.addresses(target)
            if not answer.values and not answer.trouble and cost.void is not None:
                cost.void.append(target)
    if record.redirect and not record.last_word:
        cost.lookups += 1
        if not _is_macro(record.redirect):
            _count_in(names, record.redirect, cost)


def _count_in(names: Names, target: str, cost: Cost) -> None:
    found = record_of(names, target)
    if isinstance(found, Spf):
        _count(names, target, found, cost)
    elif names.texts(target).trouble:
        cost.trouble = cost.trouble or found
    else:
        cost.broken = cost.broken or found


class _Check:
    """One address against a record."""

    def __init__(self, names: Names, address: Address) -> None:
        self._names, self._address = names, address
        self._asked = 0

    def passes(self, domain: str, record: Spf) -> bool | None:
        for term in record.terms:
            fits = self._fits(domain, term)
            if fits is None:
                return None
            if fits:
                return term.qualifier == "+"
        if record.redirect:
            return self._in(record.redirect)
        return False

    def _fits(self, domain: str, term: Term) -> bool | None:
        if term.name == "all":
            return True
        if term.network is not None:
            return self._address in term.network
        self._asked += 1
        if self._asked > _PATIENCE or _is_macro(term.target) or term.name in ("ptr", "exists"):
            return None
        target = term.target or domain
        if term.name == "include":
            return self._in(target)
        hosts = [target]
        if term.name == "mx":
            servers = self._names.mail_servers(target)
            if servers.trouble:
                return None
            hosts = list(filter(None, servers.values))[:10]
        bits = term.sizes[self._address.version == 6]
        for host in hosts:
            found = self._names.addresses(host)
            if found.trouble:
                return None
            for one in found.values:
                if one.version == self._address.version and self._address in ip_network((one, bits), strict=False):
                    return True
        return False

    def _in(self, target: str) -> bool | None:
        self._asked += 1
        found = record_of(self._names, target) if self._asked <= _PATIENCE else ""
        return self.passes(target, found) if isinstance(found, Spf) else None
