"""What the DNS says about a domain's mail: SPF (RFC 7208), DKIM keys (RFC 6376), DMARC (RFC 7489). Pure.

Anything may stand in these texts. What cannot be read raises `BadRecord` with the reason, and nothing else.
"""

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

_TERM = re.compile(r"([+?~-]?)([a-z][a-z0-9_.-]*)(.*)", re.IGNORECASE | re.DOTALL)
_SIZES = re.compile(r"(?:/(\d{1,3}))?(?://(\d{1,3}))?")
_TAG = re.compile(r"[a-z][a-z0-9_]*", re.IGNORECASE)
_WITH_TARGET = frozenset({"include", "exists"})
_MAY_HAVE_TARGET = frozenset({"a", "mx", "ptr"})
#: An Ed25519 key is so many bytes (RFC 8463).
_ED25519 = 32


class BadRecord(ValueError):
    """A record that nobody can make anything of; the text says why."""


@dataclass(frozen=True, slots=True)
class Term:
    """One mechanism of SPF: who may send (or not)."""

    #: + - ~ or ?
    qualifier: str
    #: all, include, a, mx, ptr, ip4, ip6, exists
    name: str
    #: a domain, where one is named
    target: str = ""
    #: of ip4 and ip6
    network: IPv4Network | IPv6Network | None = None
    #: of a and mx: how many bits of IPv4 and IPv6 count
    sizes: tuple[int, int] = (32, 128)


@dataclass(frozen=True, slots=True)
class Spf:
    """An SPF record."""

    terms: tuple[Term, ...]
    #: the domain whose record goes on where no term fits; empty for none
    redirect: str = ""

    @property
    def last_word(self) -> str:
        """The qualifier of `all`; empty where there is none."""
        return next((term.qualifier for term in self.terms if term.name == "all"), "")


def is_spf(text: str) -> bool:
    """Does the text begin as an SPF record must?"""
    return text.lower().partition(" ")[0] == "v=spf1"


def parse_spf(text: str) -> Spf:
    """Read an SPF record."""
    terms: list[Term] = []
    redirect = ""
    for word in text.split(" ")[1:]:
        if not word:
            continue
        found = _TERM.fullmatch(word)
        if found is None:
            raise BadRecord(f"“{word[:60]}” is no part of SPF")
        qualifier, name, rest = found[1], found[2].lower(), found[3]
        if rest.startswith("="):
            if name == "redirect":
                if redirect or not rest[1:]:
                    raise BadRecord("it has more than one redirect=, or an empty one")
                redirect = rest[1:]
            continue  # exp= and what is not known yet
        terms.append(_term(qualifier or "+", name, rest, word))
    return Spf(tuple(terms), redirect)


def _term(qualifier: str, name: str, rest: str, word: str) -> Term:
    wrong = BadRecord(f"“{word[:60]}” is no part of SPF")
    if name == "all" and not rest:
        return Term(qualifier, name)
    if name in ("ip4", "ip6") and rest.startswith(":"):
        try:
            network = ip_network(rest[1:], strict=False)
        except ValueError:
            raise wrong from None
        if network.version != int(name[2]):
            raise wrong
        return Term(qualifier, name, network=network)
    if name in _WITH_TARGET and rest.startswith(":") and len(rest) > 1:
        return Term(qualifier, name, rest[1:])
    if name in _MAY_HAVE_TARGET:
        target, slash, sizes = rest.partition("/")
        found = _SIZES.fullmatch(slash + sizes)
        if found and (not target or (target.startswith(":") and len(target) > 1)):
            four, six = int(found[1] or 32), int(found[2] or 128)
            if four <= 32 and six <= 128:
                return Term(qualifier, name, target[1:], sizes=(four, six))
    raise wrong


def parse_tags(text: str) -> dict[str, str]:
    """`v=DKIM1; k=rsa; p=…` as a table, its names in lower case (RFC 6376, section 3.2)."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if not equals or not _TAG.fullmatch(name):
            raise BadRecord(f"“{part.strip()[:60]}” is no name=value")
        if name in tags:
            raise BadRecord(f"{name}= stands in it twice")
        tags[name] = value.strip()
    return tags


@dataclass(frozen=True, slots=True)
class DkimRecord:
    """The public half of a key that signs."""

    #: rsa or ed25519
    kind: str
    #: its bytes, the same however they were written; empty where the key was withdrawn
    key: bytes
    #: of an RSA key: its length
    bits: int
    #: t=y: whoever reads it is to take signatures for a trial
    testing: bool


def parse_dkim(text: str) -> DkimRecord:
    """Read a key record as those do who check our signatures (RSA or Ed25519 with SHA-256, for mail)."""
    tags = parse_tags(text)
    if "v" in tags and (tags["v"] != "DKIM1" or next(iter(tags)) != "v"):
        raise BadRecord("v= must be DKIM1 and stand first")
    if "p" not in tags:
        raise BadRecord("it has no p=, the key")
    kind = tags.get("k", "rsa").lower()
    if kind not in ("rsa", "ed25519"):
        raise BadRecord(f"k={kind[:20]} is no kind of key that is known")
    for tag, needed in (("h", "sha256"), ("s", "email")):
        allowed = [one.strip().lower() for one in tags.get(tag, needed).split(":")]
        if needed not in allowed and "*" not in allowed:
            raise BadRecord(f"{tag}={tags[tag][:40]} shuts {needed} out")
    flags = [one.strip().lower() for one in tags.get("t", "").split(":")]
    try:
        data = b64decode("".join(tags["p"].split()), validate=True)
    except (binascii.Error, ValueError):
        raise BadRecord("p= is no base64; a part of it may have been lost") from None
    key, bits = (_rsa(data) if kind == "rsa" else _ed25519(data)) if data else (b"", 0)
    return DkimRecord(kind, key, bits, "y" in flags)


def _rsa(data: bytes) -> tuple[bytes, int]:
    try:
        public = load_der_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadRecord("p= is no RSA key; a part of it may have been lost") from None
    if not isinstance(public, RSAPublicKey):
        raise BadRecord("p= is no RSA key, as k= says")
    numbers = public.public_numbers()
    return f"{numbers.e} {numbers.n}".encode(), public.key_size


def _ed25519(data: bytes) -> tuple[bytes, int]:
    if len(data) != _ED25519:
        raise BadRecord("p= is no Ed25519 key, which has 32 bytes")
    return data, 0


@dataclass(frozen=True, slots=True)
class Dmarc:
    """What a domain wants done with mail that only claims to be from it."""

    #: none, quarantine or reject
    policy: str
    #: the same for its subdomains
    subdomains: str
    #: part of the mail for which it holds
    percent: int
    #: where reports go: mailto: and the like
    reports: tuple[str, ...]


def is_dmarc(text: str) -> bool:
    """Does the text begin as a DMARC record must?"""
    return text.partition(";")[0].replace(" ", "").replace("\t", "") == "v=DMARC1"


def parse_dmarc(text: str) -> Dmarc:
    """Read a DMARC record."""
    tags = parse_tags(text)
    reports = tuple(filter(None, (one.strip() for one in tags.get("rua", "").split(","))))
    policy = tags.get("p", "").lower()
    if policy not in ("none", "quarantine", "reject"):
        raise BadRecord(f"p={policy[:20]} is no policy; it must be none, quarantine or reject" if policy else "no p=")
    subdomains = tags.get("sp", policy).lower()
    percent = tags.get("pct", "100")
    return Dmarc(
        policy,
        subdomains if subdomains in ("none", "quarantine", "reject") else policy,
        min(int(percent), 100) if percent.isascii() and percent.isdecimal() and len(percent) < 4 else 100,
        reports,
    )
