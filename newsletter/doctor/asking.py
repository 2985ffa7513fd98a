"""Asking the DNS, with the machine's own resolver or another: nothing that it answers, or does not, is an error."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Generic, TypeVar

import dns.exception
import dns.resolver
import dns.reversename

from newsletter.doctor.findings import cut
from newsletter.errors import SettingsError

#: Seconds for one question, however many servers are asked.
PATIENCE = 4.0
Value = TypeVar("Value")
Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """What the DNS says to a question: values, or none, or why nobody knows."""

    values: tuple[Value, ...] = ()
    #: why it could not be asked; empty where it could
    trouble: str = ""


class Names:
    """Asks the DNS; an answer is kept for as long as this lives. May be used by several threads."""

    def __init__(self, resolver: str = "", *, patience: float = PATIENCE) -> None:
        """`resolver`: address[:port] of the server to ask; the machine's own where empty. Raises `SettingsError`."""
        host, port = _place(resolver) if resolver else ("", 53)
        self._patience = patience
        self._trouble = ""
        try:
            self._resolver = dns.resolver.Resolver(configure=not host)
        except (dns.exception.DNSException, OSError) as error:
            self._resolver = dns.resolver.Resolver(configure=False)
            self._trouble = f"this machine has no resolver ({cut(str(error))})"
        self._resolver.cache = dns.resolver.LRUCache()
        if host:
            self._resolver.nameservers = [host]
            self._resolver.port = port

    def texts(self, name: str) -> Answer[str]:
        """TXT records, each put together of its parts."""
        return self._ask(name, "TXT", lambda data: b"".join(data.strings).decode("latin-1"))

    def addresses(self, name: str) -> Answer[Address]:
        """A and AAAA records."""
        values: tuple[Address, ...] = ()
        for kind in ("A", "AAAA"):
            found = self._ask(name, kind, lambda data: ip_address(data.address))
            if found.trouble:
                return Answer(values, "" if values else found.trouble)
            values += found.values
        return Answer(values)

    def mail_servers(self, name: str) -> Answer[str]:
        """MX records, the preferred first; a lone "" is the null MX (RFC 7505): no mail is taken."""
        found = self._ask(name, "MX", lambda data: (int(data.preference), data.exchange.to_text(True).rstrip(".")))
        return Answer(tuple(name for _, name in sorted(found.values)), found.trouble)

    def reverse(self, address: Address) -> Answer[str]:
        """PTR records of an address."""
        return self._ask(
            dns.reversename.from_address(str(address)).to_text(), "PTR", lambda data: data.target.to_text(True)
        )

    def _ask(self, name: str, kind: str, value: Any) -> Answer[Any]:
        if self._trouble:
            return Answer(trouble=self._trouble)
        try:
            found = self._resolver.resolve(name, kind, lifetime=self._patience, search=False)
            return Answer(tuple(value(data) for data in found))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return Answer()
        except dns.resolver.LifetimeTimeout:
            return Answer(trouble=f"nobody answered the question for {name} within {self._patience:g} seconds")
        except dns.resolver.NoNameservers:
            return Answer(trouble=f"the DNS answered the question for {name} with an error")
        # Names that are none, answers that make no sense: dnspython has an exception of its own for most of them.
        except Exception as error:
            return Answer(trouble=f"the DNS could not be asked for {cut(name, 80)} ({cut(str(error) or repr(error))})")


def without_twins(values: Iterable[Value]) -> list[Value]:
    """Each once, in order."""
    return list(dict.fromkeys(values))


def _place(text: str) -> tuple[str, int]:
    found = re.fullmatch(r"\[([0-9a-fA-F:.]+)\](?::(\d{1,5}))?|([0-9.]+)(?::(\d{1,5}))?|([0-9a-fA-F:]+)", text.strip())
    try:
        if found is None:
            raise ValueError
        host, port = found[1] or found[3] or found[5], int(found[2] or found[4] or 53)
        if not 0 < port < 65_536:
            raise ValueError
        return str(ip_address(host)), port
    except ValueError:
        raise SettingsError(
            f"{cut(text, 60)!r} is no resolver. Write its address, as 9.9.9.9, 127.0.0.1:5353 or [::1]:5353."
        ) from None
