"""Whose mail server takes in an address: a provider has many domains, and counts what comes in for all together."""

import re
from functools import lru_cache

#: Domains of one provider, by the name under which limits are set. What is not here stands for itself.
_DOMAINS = {
    "gmail.com": "gmail.com googlemail.com",
    "outlook.com": "msn.com windowslive.com passport.com hotmail.com live.com outlook.com",
    "yahoo.com": "yahoo.com ymail.com rocketmail.com myyahoo.com y7mail.com aol.com aim.com netscape.net verizon.net "
    "att.net sbcglobal.net bellsouth.net ameritech.net pacbell.net swbell.net flash.net snet.net prodigy.net "
    "rogers.com sky.com",
    "icloud.com": "icloud.com me.com mac.com",
    "gmx.net": "gmx.net web.de mail.com email.com usa.com myself.com consultant.com",
    "proton.me": "proton.me protonmail.com protonmail.ch pm.me",
    "fastmail.com": "fastmail.com fastmail.fm messagingengine.com",
    "zoho.com": "zoho.com zohomail.com zoho.eu zohomail.eu zoho.in zohomail.in",
    "yandex.ru": "yandex.ru ya.ru yandex.com yandex.by yandex.kz yandex.ua narod.ru",
    "mail.ru": "mail.ru inbox.ru list.ru bk.ru internet.ru",
    "qq.com": "qq.com vip.qq.com foxmail.com",
    "163.com": "163.com vip.163.com 126.com vip.126.com yeah.net",
    "orange.fr": "orange.fr wanadoo.fr",
    "sfr.fr": "sfr.fr neuf.fr cegetel.net club-internet.fr",
    "libero.it": "libero.it inwind.it iol.it blu.it giallo.it",
    "t-online.de": "t-online.de magenta.de",
    "seznam.cz": "seznam.cz email.cz post.cz spoluzaci.cz",
}
_PROVIDERS = {domain: name for name, domains in _DOMAINS.items() for domain in domains.split()}
#: hotmail.fr, live.co.uk, yahoo.com.br, … : the same name in a country.
_BY_COUNTRY = re.compile(r"(hotmail|live|outlook|yahoo|aol|gmx)\.(?:(?:com?\.)?[a-z]{2}|com|net|org)")
_COUNTRY_NAMES = {
    "hotmail": "outlook.com",
    "live": "outlook.com",
    "outlook": "outlook.com",
    "yahoo": "yahoo.com",
    "aol": "yahoo.com",
    "gmx": "gmx.net",
}
#: Another company with servers of its own.
_ON_THEIR_OWN = frozenset({"yahoo.co.jp"})


def provider_of(address: str) -> str:
    """The provider's main domain, for pacing; an address whose provider is not known goes by its own domain.

    A bare domain is understood too.
    """
    return _of_domain(address.rpartition("@")[2])


def is_shared(provider: str) -> bool:
    """Is this a provider of mailboxes for everybody, as far as we know, and not one company's own server?"""
    return provider in _DOMAINS


@lru_cache(8_192)
def _of_domain(domain: str) -> str:
    domain = domain.rstrip(".").lower()
    if name := _PROVIDERS.get(domain):
        return name
    country = _BY_COUNTRY.fullmatch(domain)
    return _COUNTRY_NAMES[country[1]] if country and domain not in _ON_THEIR_OWN else domain
