"""Asking a real DNS server that answers as it is told."""

import time
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
from nameserver import NONSENSE, SERVFAIL, SILENCE, NameServer, name_server

from newsletter.doctor.asking import Answer, Names
from newsletter.errors import SettingsError


@pytest.fixture
def dns() -> Iterator[NameServer]:
    with name_server() as told:
        yield told


@pytest.fixture
def names(dns: NameServer) -> Names:
    return Names(dns.place, patience=20)


def test_records_are_found_and_asked_for_once(dns: NameServer, names: Names) -> None:
    dns.text("example.org", "v=spf1 -all", 'with "quotes"')
    dns.add("mail.example.org", "A", "192.0.2.7")
    dns.add("mail.example.org", "AAAA", "2001:db8::7")
    dns.add("example.org", "MX", "20 other.example.org.", "10 mail.example.org.")
    dns.add("7.2.0.192.in-addr.arpa", "PTR", "mail.example.org.")
    for _ in range(2):
        assert set(names.texts("example.org").values) == {"v=spf1 -all", 'with "quotes"'}
        assert names.addresses("mail.example.org").values == (ip_address("192.0.2.7"), ip_address("2001:db8::7"))
        assert names.mail_servers("example.org").values == ("mail.example.org", "other.example.org")
        assert names.reverse(ip_address("192.0.2.7")).values == ("mail.example.org",)
    assert len(dns.asked) == 5


def test_what_is_not_there_is_no_trouble(dns: NameServer, names: Names) -> None:
    dns.text("example.org", "something")
    assert names.texts("nowhere.example.org") == Answer()
    assert names.mail_servers("example.org") == Answer()
    assert names.addresses("example.org") == Answer()


def test_the_null_mx_is_an_empty_name(dns: NameServer, names: Names) -> None:
    dns.add("example.org", "MX", "0 .")
    assert names.mail_servers("example.org").values == ("",)


def test_a_text_that_fits_no_datagram_comes_whole(dns: NameServer, names: Names) -> None:
    dns.text("example.org", "v=spf1 " + "x" * 40_000)
    (found,) = names.texts("example.org").values
    assert len(found) == 40_007


@pytest.mark.parametrize(("behaviour", "words"), [(SERVFAIL, "error"), (SILENCE, "within"), (NONSENSE, "")])
def test_a_server_that_does_not_answer_is_trouble_soon(dns: NameServer, behaviour: str, words: str) -> None:
    dns.records["example.org", "TXT"] = behaviour
    start = time.monotonic()
    answer = Names(dns.place, patience=0.1).texts("example.org")
    assert answer.values == ()
    assert words in answer.trouble
    assert answer.trouble
    assert time.monotonic() - start < 10


def test_names_that_are_none_are_trouble(names: Names) -> None:
    for name in ("x" * 64 + ".example.org", "a..b", ".".join(["abc"] * 90), "\\999.example"):
        assert names.texts(name).trouble


def test_a_resolver_is_an_address_and_perhaps_a_port() -> None:
    for good in ("9.9.9.9", "127.0.0.1:5353", "::1", "[::1]", "[2001:db8::1]:53"):
        Names(good)
    for bad in ("dns.example.org", "127.0.0.1:0", "127.0.0.1:99999", "[::1", "1.2.3", "127.0.0.1:", "x" * 300):
        with pytest.raises(SettingsError, match="is no resolver"):
            Names(bad)
