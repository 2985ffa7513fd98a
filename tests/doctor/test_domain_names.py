"""What the DNS says about the newsletter's domain, asked for at a real DNS server."""

from collections.abc import Iterator

import pytest
from findings_told import ADVICE, FAILURE, OK, WARNING, having, one
from nameserver import SERVFAIL, NameServer, name_server

from newsletter.doctor.asking import Names
from newsletter.doctor.domain import (
    dmarc_facts,
    dmarc_findings,
    return_facts,
    return_findings,
    same_organisation,
    spf_facts,
    spf_findings,
)
from newsletter.doctor.findings import Finding

DOMAIN = "news.example.org"


@pytest.fixture
def dns() -> Iterator[NameServer]:
    with name_server() as told:
        yield told


def spf(dns: NameServer, *records: str) -> list[Finding]:
    if records:
        dns.text(DOMAIN, *records)
    return spf_findings(spf_facts(Names(dns.place, patience=0.4), DOMAIN))


def test_a_good_spf_record_is_well(dns: NameServer) -> None:
    dns.text("_spf.example.net", "v=spf1 ip4:192.0.2.0/24 -all")
    one(spf(dns, "v=spf1 include:_spf.example.net ip4:198.51.100.1 ~all", "unrelated=1"), OK, "asks 1 of")


def test_without_spf_it_says_what_to_publish(dns: NameServer) -> None:
    one(spf(dns), WARNING, "no SPF record", "Publish a TXT record for news.example.org")
    one(spf(dns, "v=spf1include:_spf.example.net -all"), WARNING, "is none, for it does not begin")


def test_two_spf_records_are_as_bad_as_none(dns: NameServer) -> None:
    one(spf(dns, "v=spf1 -all", "v=spf1 a -all"), FAILURE, "2 SPF records")


def test_a_wrong_spf_record_is_told_by_its_word(dns: NameServer) -> None:
    one(spf(dns, "v=spf1 ip4:300.1.1.1 -all"), FAILURE, "ip4:300.1.1.1")


@pytest.mark.parametrize(
    ("ending", "severity", "words"),
    [
        ("+all", WARNING, "anybody may send"),
        ("all", WARNING, "anybody"),
        ("?all", ADVICE, "?all"),
        ("", ADVICE, "without all"),
    ],
)
def test_an_spf_record_must_shut_others_out(dns: NameServer, ending: str, severity: object, words: str) -> None:
    having(spf(dns, f"v=spf1 ip4:192.0.2.1 {ending}"), severity, words)  # type: ignore[arg-type]


@pytest.mark.parametrize(("count", "severity"), [(9, OK), (10, FAILURE)])
def test_more_than_ten_questions_are_too_many(dns: NameServer, count: int, severity: object) -> None:
    for n in range(count):
        dns.text(f"s{n}.example.net", "v=spf1 ip4:192.0.2.1 -all")
    dns.text("more.example.net", "v=spf1 " + " ".join(f"include:s{n}.example.net" for n in range(count)) + " -all")
    one(spf(dns, "v=spf1 include:more.example.net -all"), severity, str(count + 1))  # type: ignore[arg-type]


def test_what_comes_behind_all_is_not_asked_and_a_redirect_is(dns: NameServer) -> None:
    dns.text("b.example.org", "v=spf1 -all")
    one(spf(dns, "v=spf1 -all include:gone.example.net redirect=gone.example.net"), OK, "asks 0 of")
    one(spf(dns, "v=spf1 redirect=b.example.org"), OK, "asks 1 of")


def test_an_include_that_leads_nowhere_spoils_the_record(dns: NameServer) -> None:
    one(spf(dns, "v=spf1 include:gone.example.net -all"), FAILURE, "gone.example.net has no SPF record")


def test_a_record_that_includes_itself_ends(dns: NameServer) -> None:
    one(spf(dns, f"v=spf1 include:{DOMAIN} -all"), FAILURE, "more than 10 questions")


def test_hosts_that_do_not_exist_are_counted(dns: NameServer) -> None:
    one(
        spf(dns, "v=spf1 a:x1.example.net a:x2.example.net mx:x3.example.net -all"),
        WARNING,
        "3 hosts",
        "x2.example.net",
    )
    dns.add("x1.example.net", "A", "192.0.2.1")
    one(spf(dns, "v=spf1 a:x1.example.net a:x2.example.net mx:x3.example.net exists:%{i}.x -all"), OK)


def test_a_silent_dns_is_no_missing_record(dns: NameServer) -> None:
    dns.records[DOMAIN, "TXT"] = SERVFAIL
    one(spf(dns), WARNING, "could not be looked up", "--resolver")
    dns.records["slow.example.net", "TXT"] = SERVFAIL
    one(spf(dns, "v=spf1 include:slow.example.net -all"), WARNING, "could not be followed")


def dmarc(dns: NameServer, *, signed: bool = True, own: bool = False) -> list[Finding]:
    facts = dmarc_facts(Names(dns.place, patience=0.4), DOMAIN)
    return dmarc_findings(facts, signed=signed, own_server=own)


def test_a_strict_policy_with_reports_is_well(dns: NameServer) -> None:
    dns.text(f"_dmarc.{DOMAIN}", f"v=DMARC1; p=reject; aspf=s; adkim=s; rua=mailto:dmarc@{DOMAIN}")
    one(dmarc(dns), OK, "p=reject")


def test_without_dmarc_it_says_what_to_publish(dns: NameServer) -> None:
    one(dmarc(dns), WARNING, "no DMARC record", f"_dmarc.{DOMAIN}", "p=none")


def test_the_record_of_the_organisation_counts_for_its_subdomains(dns: NameServer) -> None:
    dns.text("_dmarc.example.org", "v=DMARC1; p=reject; sp=none; rua=mailto:a@example.org")
    one(dmarc(dns), ADVICE, "_dmarc.example.org is none")
    dns.text("_dmarc.example.org", "v=DMARC1; p=quarantine; rua=mailto:a@example.org")
    one(dmarc(dns), OK, "p=quarantine")


def test_two_policies_or_one_that_is_none_count_for_nothing(dns: NameServer) -> None:
    dns.text(f"_dmarc.{DOMAIN}", "v=DMARC1; p=none", "v=DMARC1; p=reject")
    one(dmarc(dns), FAILURE, "2 DMARC records")
    dns.text(f"_dmarc.{DOMAIN}", "v=DMARC1; p=whatever")
    one(dmarc(dns), FAILURE, "whatever")


def test_a_policy_of_none_and_no_reports_are_advice(dns: NameServer) -> None:
    dns.text(f"_dmarc.{DOMAIN}", "v=DMARC1; p=none")
    found = dmarc(dns)
    having(found, ADVICE, "is none")
    having(found, ADVICE, "rua")


def test_reports_to_another_domain_need_its_consent(dns: NameServer) -> None:
    dns.text(f"_dmarc.{DOMAIN}", "v=DMARC1; p=reject; rua=mailto:x@reports.example.net!5m, mailto:y@example.org")
    one(dmarc(dns), ADVICE, "reports.example.net has not agreed", f"{DOMAIN}._report._dmarc.reports.example.net")
    dns.text(f"{DOMAIN}._report._dmarc.reports.example.net", "v=DMARC1")
    one(dmarc(dns), OK)


def test_unsigned_mail_by_a_relay_may_not_be_aligned(dns: NameServer) -> None:
    dns.text(f"_dmarc.{DOMAIN}", f"v=DMARC1; p=reject; rua=mailto:a@{DOMAIN}")
    one(dmarc(dns, signed=False), WARNING, "nothing is signed here")
    one(dmarc(dns, signed=False, own=True), OK)


def test_a_silent_dns_is_no_missing_policy(dns: NameServer) -> None:
    dns.records[f"_dmarc.{DOMAIN}", "TXT"] = SERVFAIL
    one(dmarc(dns), WARNING, "could not be looked up")


def returns(dns: NameServer) -> list[Finding]:
    return return_findings(return_facts(Names(dns.place, patience=0.4), DOMAIN))


def test_bounces_can_come_back_to_an_mx(dns: NameServer) -> None:
    dns.add(DOMAIN, "MX", "10 mail.example.org.")
    dns.add("mail.example.org", "A", "192.0.2.7")
    one(returns(dns), OK, "mail.example.org")


def test_an_address_stands_in_for_an_mx(dns: NameServer) -> None:
    one(returns(dns), FAILURE, "neither MX nor address")
    dns.add(DOMAIN, "A", "192.0.2.7")
    one(returns(dns), ADVICE, "no MX record")


def test_a_null_mx_loses_all_bounces(dns: NameServer) -> None:
    dns.add(DOMAIN, "MX", "0 .")
    dns.add(DOMAIN, "A", "192.0.2.7")
    one(returns(dns), FAILURE, "null MX")


def test_an_mx_must_have_an_address(dns: NameServer) -> None:
    dns.add(DOMAIN, "MX", "10 mail.example.org.", "20 gone.example.org.")
    one(returns(dns), FAILURE, "gone.example.org", "mail.example.org")
    dns.add("mail.example.org", "AAAA", "2001:db8::7")
    one(returns(dns), WARNING, "gone.example.org")


def test_a_silent_dns_is_no_missing_mx(dns: NameServer) -> None:
    dns.records[DOMAIN, "MX"] = SERVFAIL
    one(returns(dns), WARNING, "could not be looked up")


def test_names_of_one_owner_are_told_from_others() -> None:
    assert same_organisation("mail.example.org", "news.example.org")
    assert same_organisation("example.org.", "a.b.EXAMPLE.org")
    assert same_organisation("mail.example.co.uk", "example.co.uk")
    assert not same_organisation("other.co.uk", "example.co.uk")
    assert not same_organisation("smtp.example.net", "news.example.org")
