"""What the DNS says about the newsletter's domain: who may send for it, whose signature counts, where mail goes."""

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.doctor.asking import Answer, Names
from newsletter.doctor.findings import Finding, Subject, Topic, cut
from newsletter.doctor.mail_records import (
    BadRecord,
    Dmarc,
    Spf,
    is_dmarc,
    is_spf,
    parse_dmarc,
    parse_spf,
)
from newsletter.doctor.spf import MOST_LOOKUPS, MOST_VOID, Cost, cost_of

SPF, DMARC, RETURN = (Subject(Topic.NAMES, title) for title in ("SPF", "DMARC", "MX"))
ASK_AGAIN = "Run `newsletter doctor` again in a while, or ask another resolver with --resolver."
#: Domains above the newsletter's are asked for DMARC, so many at most.
_MOST_PARENTS = 7


@dataclass(frozen=True, slots=True)
class SpfFacts:
    """What was found about who may send."""

    domain: str
    texts: Answer[str]
    #: None where there is not one record that can be read
    cost: Cost | None = None


def spf_facts(names: Names, domain: str) -> SpfFacts:
    """Ask for the record, and follow it."""
    texts = names.texts(domain)
    record = the_spf(texts)
    return SpfFacts(domain, texts, cost_of(names, domain, record) if isinstance(record, Spf) else None)


def the_spf(texts: Answer[str]) -> Spf | None:
    """The one record among the texts of a domain, if it can be read."""
    found = [text for text in texts.values if is_spf(text)]
    try:
        return parse_spf(found[0]) if len(found) == 1 else None
    except BadRecord:
        return None


def spf_findings(facts: SpfFacts) -> list[Finding]:
    """What that means."""
    found = [text for text in facts.texts.values if is_spf(text)]
    if facts.texts.trouble:
        return [SPF.warning(f"It could not be looked up: {facts.texts.trouble}.", ASK_AGAIN)]
    if not found:
        nearly = next((text for text in facts.texts.values if text.lower().startswith(("v=spf", "spf"))), "")
        return [
            SPF.warning(
                f"{facts.domain} has no SPF record"
                + (f"; “{cut(nearly, 60)}” is none, for it does not begin with “v=spf1 ”." if nearly else "."),
                f"Publish a TXT record for {facts.domain} that names who sends for you, such as "
                "“v=spf1 include:… ~all”; your mail provider says what to include.",
            )
        ]
    if len(found) > 1:
        return [
            SPF.failure(
                f"{facts.domain} has {len(found)} SPF records, so receivers heed none.",
                "Make one of them: what stands between v=spf1 and all, in one record.",
            )
        ]
    try:
        record = parse_spf(found[0])
    except BadRecord as error:
        return [
            SPF.failure(
                f"The SPF record of {facts.domain} cannot be read: {error}.", "Mend it, or receivers heed none."
            )
        ]
    troubles = [*_spf_last_word(record), *(_spf_cost(facts.cost) if facts.cost else ())]
    asked = facts.cost.lookups if facts.cost else 0
    return troubles or [SPF.ok(f"{facts.domain} has one record; it asks {asked} of at most {MOST_LOOKUPS} questions.")]


def _spf_last_word(record: Spf) -> list[Finding]:
    if record.last_word == "+":
        return [SPF.warning("The SPF record ends in +all: anybody may send as you.", "Write ~all or -all at its end.")]
    if record.last_word == "?" or not (record.last_word or record.redirect):
        ending = "in ?all" if record.last_word else "without all"
        return [SPF.advice(f"The SPF record ends {ending}: it shuts nobody out.", "Write ~all at its end.")]
    return []


def _spf_cost(cost: Cost) -> list[Finding]:
    found = []
    if cost.lookups > MOST_LOOKUPS:
        found.append(
            SPF.failure(
                f"The SPF record makes receivers ask more than {MOST_LOOKUPS} questions ({cost.lookups}), so they give "
                "it up.",
                "Take out every include, a and mx of a service that does not send for you any more.",
            )
        )
    if cost.broken:
        found.append(
            SPF.failure(
                f"The SPF record leads to one that does not count: {cut(cost.broken)}.",
                "Mend or take out that include.",
            )
        )
    if cost.void and len(cost.void) > MOST_VOID:
        found.append(
            SPF.warning(
                f"The SPF record names {len(cost.void)} hosts that do not exist ({cut(', '.join(cost.void), 100)}); "
                f"many receivers give up after {MOST_VOID}.",
                "Take them out.",
            )
        )
    if cost.trouble:
        found.append(SPF.warning(f"The SPF record could not be followed to its end: {cut(cost.trouble)}.", ASK_AGAIN))
    return found


@dataclass(frozen=True, slots=True)
class DmarcFacts:
    """What was found about what is to be done with mail that only claims to be ours."""

    domain: str
    #: where the record was found: the domain or one above it; empty where nowhere
    place: str
    texts: Answer[str]
    #: domains that get the reports and have not agreed to that (RFC 7489, section 7.1)
    unwilling: tuple[str, ...] = ()


def dmarc_facts(names: Names, domain: str) -> DmarcFacts:
    """Ask for the record of the domain, else of those above it: the topmost that has one is the organisation's."""
    labels = domain.split(".")
    own = names.texts(f"_dmarc.{domain}")
    place, texts = (domain, own) if _dmarcs(own) or own.trouble else ("", Answer())
    if not place:
        for start in range(max(1, len(labels) - _MOST_PARENTS), len(labels) - 1):
            above = ".".join(labels[start:])
            answer = names.texts(f"_dmarc.{above}")
            if answer.trouble or _dmarcs(answer):
                place, texts = above, answer
                break
    found = _dmarcs(texts)
    unwilling: list[str] = []
    if len(found) == 1:
        try:
            reports = parse_dmarc(found[0]).reports
        except BadRecord:
            reports = ()
        for other in sorted({one for report in reports if (one := _host_of(report)) and not _related(one, domain)})[:5]:
            allowed = names.texts(f"{place}._report._dmarc.{other}")
            if not allowed.trouble and not _dmarcs(allowed):
                unwilling.append(other)
    return DmarcFacts(domain, place, texts, tuple(unwilling))


def dmarc_findings(facts: DmarcFacts, *, signed: bool, own_server: bool) -> list[Finding]:
    """What that means; `signed`: with a key of ours, `own_server`: mail leaves by the operator's own server.

    What we sign names the very domain of From, and so does our envelope, so both are aligned, strictly even.
    """
    if facts.texts.trouble:
        return [DMARC.warning(f"It could not be looked up: {facts.texts.trouble}.", ASK_AGAIN)]
    found = _dmarcs(facts.texts)
    name = f"_dmarc.{facts.place or facts.domain}"
    if not found:
        return [
            DMARC.warning(
                f"{facts.domain} has no DMARC record; Gmail, Yahoo and Outlook ask for one of who mails many.",
                f"Publish a TXT record for {name}: “v=DMARC1; p=none; rua=mailto:you@{facts.domain}”.",
            )
        ]
    if len(found) > 1:
        return [DMARC.failure(f"{name} has {len(found)} DMARC records, so receivers heed none.", "Leave one of them.")]
    try:
        record = parse_dmarc(found[0])
    except BadRecord as error:
        return [DMARC.failure(f"The DMARC record of {name} cannot be read: {error}.", "Mend it.")]
    troubles = [*_unaligned(facts, record, signed, own_server), *_reports(facts, record, name)]
    policy = _policy(facts, record)
    if policy == "none":
        troubles.append(
            DMARC.advice(
                f"The policy of {name} is none: whoever mails in your name is let through.",
                "Once the reports show nothing but your own mail, write p=quarantine, and later p=reject.",
            )
        )
    return troubles or [DMARC.ok(f"{name} says p={policy}, and what you send is aligned with it.")]


def _policy(facts: DmarcFacts, record: Dmarc) -> str:
    return record.policy if facts.place == facts.domain else record.subdomains


def _unaligned(facts: DmarcFacts, record: Dmarc, signed: bool, own_server: bool) -> list[Finding]:
    """Without a signature of ours only SPF is left, and a relay puts its own domain into the envelope."""
    policy = _policy(facts, record)
    if signed or own_server or policy == "none":
        return []
    return [
        DMARC.warning(
            f"The policy is {policy}, and nothing is signed here: unless your relay signs as {facts.domain}, or keeps "
            "your address in the envelope, receivers turn the mail away.",
            "Make a key with `newsletter dkim new`, or see in the relay's settings that it signs with your domain.",
        )
    ]


def _reports(facts: DmarcFacts, record: Dmarc, name: str) -> list[Finding]:
    if not record.reports:
        return [
            DMARC.advice(
                f"The record of {name} names nobody who gets reports (rua).",
                f"Add “rua=mailto:you@{facts.domain}”: the reports tell who mails in your name.",
            )
        ]
    return [
        DMARC.advice(
            f"{other} has not agreed to get reports about {facts.place}, so it gets none.",
            f"Let {other} publish a TXT record for {facts.place}._report._dmarc.{other}: “v=DMARC1”.",
        )
        for other in facts.unwilling
    ]


def _dmarcs(texts: Answer[str]) -> list[str]:
    return [text for text in texts.values if is_dmarc(text)]


def _host_of(report: str) -> str:
    scheme, _, rest = report.partition(":")
    host = rest.partition("!")[0].rpartition("@")[2].strip().lower().rstrip(".")
    return host if scheme.strip().lower() == "mailto" and "." in host else ""


def _related(one: str, other: str) -> bool:
    """Does one lie in the other, or both in a domain of at least two words?"""
    return same_organisation(one, other)


def same_organisation(one: str, other: str) -> bool:
    """Do both names most likely belong to one owner? The last two words tell, or three below co.uk and the like."""
    return _organisation(one) == _organisation(other)


def _organisation(name: str) -> str:
    labels = name.lower().rstrip(".").split(".")
    short = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in ("co", "com", "org", "net", "ac", "gov", "edu")
    return ".".join(labels[-3:] if short else labels[-2:])


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """Where mail to the newsletter's address goes."""

    domain: str
    servers: Answer[str]
    #: of the domain itself, where it has no MX
    own: Answer[object]
    #: servers without an address
    nowhere: tuple[str, ...] = ()


def return_facts(names: Names, domain: str) -> ReturnFacts:
    """Ask for MX records, and for the addresses behind them."""
    servers = names.mail_servers(domain)
    if servers.trouble:
        return ReturnFacts(domain, servers, Answer())
    if not servers.values:
        own = names.addresses(domain)
        return ReturnFacts(domain, servers, Answer(tuple(own.values), own.trouble))
    lost = []
    for server in servers.values[:5]:
        found = names.addresses(server) if server else Answer()
        if not found.values and not found.trouble:
            lost.append(server)
    return ReturnFacts(domain, servers, Answer(), tuple(lost))


def return_findings(facts: ReturnFacts) -> list[Finding]:
    """What that means."""
    if trouble := facts.servers.trouble or facts.own.trouble:
        return [RETURN.warning(f"It could not be looked up: {trouble}.", ASK_AGAIN)]
    if facts.servers.values == ("",):
        return [
            RETURN.failure(
                f"{facts.domain} says that it takes no mail (a null MX): bounces and replies are lost, and many "
                "receivers turn such senders away.",
                "Publish an MX record that names your mail server, or send from an address at a domain with one.",
            )
        ]
    if not facts.servers.values:
        if facts.own.values:
            return [
                RETURN.advice(
                    f"{facts.domain} has no MX record; its own address stands in for one.",
                    "Publish an MX record that names the server which takes its mail.",
                )
            ]
        return [
            RETURN.failure(
                f"{facts.domain} has neither MX nor address: bounces and replies are lost, and many receivers turn "
                "such senders away.",
                "Publish an MX record that names your mail server.",
            )
        ]
    if facts.nowhere:
        everything = len(facts.nowhere) == len(facts.servers.values)
        say = RETURN.failure if everything else RETURN.warning
        return [
            say(
                f"The MX of {facts.domain} names {_listed(facts.nowhere)}, which has no address.",
                "Mend its address, or the MX.",
            )
        ]
    return [RETURN.ok(f"Mail to {facts.domain} goes to {_listed(facts.servers.values[:3])}.")]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(cut(name, 60) or "“.”" for name in names)
