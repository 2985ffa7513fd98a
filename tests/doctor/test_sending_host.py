"""The machine that mail leaves by: its reverse name, and whether SPF knows it; asked for at a real DNS server."""

from collections.abc import Iterator
from ipaddress import ip_address

import pytest
from findings_told import ADVICE, OK, WARNING, having, one
from nameserver import SERVFAIL, NameServer, name_server

from newsletter.doctor.asking import Names
from newsletter.doctor.findings import Finding
from newsletter.doctor.mail_records import parse_spf
from newsletter.doctor.sender import sender_facts, sender_findings
from newsletter.doctor.spf import covers

DOMAIN, HOST = "news.example.org", "mail.example.org"
HERE = ip_address("127.0.0.1")
#: Public as far as Python knows; nobody is asked there.
PUBLIC, REVERSED = "9.1.2.3", "3.2.1.9.in-addr.arpa"


@pytest.fixture
def dns() -> Iterator[NameServer]:
    with name_server() as told:
        told.add(HOST, "A", PUBLIC)
        yield told


def found(dns: NameServer, host: str = HOST, greeting: str = HOST, peer: str = PUBLIC) -> list[Finding]:
    names = Names(dns.place, patience=0.4)
    return sender_findings(sender_facts(names, host, DOMAIN, greeting, ip_address(peer)))


@pytest.mark.parametrize("host", [HOST, "127.0.0.1", "localhost", "10.0.0.7"])
def test_a_server_that_has_a_name_both_ways_is_well(dns: NameServer, host: str) -> None:
    dns.add(REVERSED, "PTR", f"{HOST}.")
    one(found(dns, host), OK, PUBLIC, HOST)


def test_a_server_without_a_reverse_name_is_told(dns: NameServer) -> None:
    one(found(dns), WARNING, f"{PUBLIC}, from which your server sends, has no reverse name", HOST)


def test_a_reverse_name_must_lead_back(dns: NameServer) -> None:
    dns.add(REVERSED, "PTR", "host3.provider.example.")
    dns.add("host3.provider.example", "A", "9.1.2.4")
    one(found(dns), WARNING, "host3.provider.example, which does not lead back")


def test_a_silent_dns_is_no_missing_name(dns: NameServer) -> None:
    dns.records[REVERSED, "PTR"] = SERVFAIL
    one(found(dns), WARNING, "could not be looked up")
    dns.records[HOST, "A"] = dns.records[HOST, "AAAA"] = SERVFAIL
    one(found(dns), WARNING, "mail.example.org could not be looked up")


def test_a_relay_has_names_of_its_own(dns: NameServer) -> None:
    one(found(dns, "smtp.example.net", "smtp.example.net"), OK, "is a relay")
    assert dns.asked == []


def test_a_server_that_tells_no_public_name_is_only_advice(dns: NameServer) -> None:
    one(found(dns, "127.0.0.1", "localhost", "127.0.0.1"), ADVICE, "not known here")


def test_spf_should_let_ones_own_server_send(dns: NameServer) -> None:
    dns.add(REVERSED, "PTR", f"{HOST}.")
    dns.text(DOMAIN, "v=spf1 ip4:192.0.2.1 -all")
    having(found(dns), ADVICE, f"does not let {PUBLIC} send", f"ip4:{PUBLIC}")
    dns.text(DOMAIN, f"v=spf1 a:{HOST} -all")
    having(found(dns), OK, "lets your server send")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 ip4:9.1.0.0/16 -all", True),
        ("v=spf1 -ip4:9.1.2.3 ip4:9.0.0.0/8 -all", False),
        ("v=spf1 ip6:2001:db8::/32 ~all", False),
        ("v=spf1 a:mail.example.org/24 -all", True),
        ("v=spf1 mx -all", True),
        ("v=spf1 include:in.example.net -all", True),
        ("v=spf1 include:out.example.net -all", False),
        ("v=spf1 include:out.example.net ip4:9.1.2.3 -all", True),
        ("v=spf1 redirect=in.example.net", True),
        ("v=spf1 redirect=out.example.net", False),
        ("v=spf1 exists:%{i}.example.net -all", None),
        ("v=spf1 include:gone.example.net -all", None),
        ("v=spf1 include:loop.example.net -all", None),
        ("v=spf1 a:silent.example.net -all", None),
        ("v=spf1", False),
        ("v=spf1 all", True),
    ],
)
def test_whom_a_record_lets_send(dns: NameServer, record: str, expected: bool | None) -> None:
    dns.add(DOMAIN, "MX", f"10 {HOST}.")
    dns.text("in.example.net", "v=spf1 ip4:9.1.2.3 -all")
    dns.text("out.example.net", "v=spf1 ip4:192.0.2.0/24 -all")
    dns.text("loop.example.net", "v=spf1 include:loop.example.net -all")
    dns.records["silent.example.net", "A"] = SERVFAIL
    names = Names(dns.place, patience=0.4)
    assert covers(names, DOMAIN, parse_spf(record), ip_address(PUBLIC)) is expected
