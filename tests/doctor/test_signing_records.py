"""Do keys that sign have their records? With real keys in a folder, and a real DNS server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from findings_told import ADVICE, FAILURE, OK, WARNING, having, one
from nameserver import SERVFAIL, NameServer, name_server
from newsroom import make_project

from newsletter.delivery.signing_keys import SigningKey, make_key
from newsletter.doctor.asking import Names
from newsletter.doctor.findings import Finding
from newsletter.doctor.signatures import asked, key_findings, own_key_findings, own_keys
from newsletter.settings import load


@pytest.fixture
def dns() -> Iterator[NameServer]:
    with name_server() as told:
        yield told


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SigningKey]:
    """A newsletter that signs with an RSA key; making one takes its time."""
    project = make_project(tmp_path_factory.mktemp("signed"), '[dkim]\nselector = "s1"\n', entries=0)
    return project, make_key(project, "s1", "rsa")


def found(project: Path, dns: NameServer) -> list[Finding]:
    (key,) = own_keys(load(project), project).keys
    return key_findings(asked(Names(dns.place, patience=0.4), key))


def test_a_record_with_the_key_is_well(signed: tuple[Path, SigningKey], dns: NameServer) -> None:
    project, key = signed
    record = key.record("news.example.org")
    dns.text(record.name, record.value.replace("; ", " ;\t"))
    one(found(project, dns), OK, "DKIM s1", "2,048 bits")
    dns.text(record.name, f"{record.value}; t=y")
    one(found(project, dns), ADVICE, "t=y")


def test_a_record_that_is_missing_or_another_spoils_every_signature(
    signed: tuple[Path, SigningKey], dns: NameServer, tmp_path: Path
) -> None:
    project, key = signed
    name, value = key.record("news.example.org").name, key.record("news.example.org").value
    one(found(project, dns), FAILURE, name, "newsletter dkim show")
    other = make_key(tmp_path, "s1", "ed25519").record("news.example.org").value
    for texts, words in (
        ([other], "holds another key"),
        ([value, other], "2 texts"),
        (["v=DKIM1; k=rsa; p="], "withdrawn"),
        ([value[:200]], "cannot be read"),
        ([f"{value}; h=sha1"], "sha256"),
        (["x" * 30_000], "cannot be read"),
    ):
        dns.text(name, *texts)
        one(found(project, dns), FAILURE, words)


def test_a_silent_dns_is_no_missing_record(signed: tuple[Path, SigningKey], dns: NameServer) -> None:
    project, key = signed
    dns.records[key.record("news.example.org").name, "TXT"] = SERVFAIL
    one(found(project, dns), WARNING, "could not be looked up")


def test_a_key_that_is_not_there_is_told_without_a_network(tmp_path: Path, dns: NameServer) -> None:
    make_project(tmp_path, '[dkim]\nselector = "gone"\n', entries=0)
    one(
        own_key_findings(own_keys(load(tmp_path), tmp_path), own_server=False),
        FAILURE,
        "gone.pem",
        "newsletter dkim new",
    )
    assert found(tmp_path, dns) == []


def test_who_signs_nothing_is_told_more_sternly_on_their_own_server(tmp_path: Path) -> None:
    make_project(tmp_path, entries=0)
    facts = own_keys(load(tmp_path), tmp_path)
    one(own_key_findings(facts, own_server=True), WARNING, "newsletter dkim new", "unless your mail server")
    one(own_key_findings(facts, own_server=False), ADVICE, "unless your relay")


def test_ed25519_alone_is_not_enough_and_an_idle_key_is_named(tmp_path: Path) -> None:
    make_project(tmp_path, entries=0)
    make_key(tmp_path, "e1", "ed25519")
    having(own_key_findings(own_keys(load(tmp_path), tmp_path), own_server=False), ADVICE, "signs nothing: e1")
    make_project(tmp_path, '[dkim]\nselector = "e1"\n', entries=0)
    one(own_key_findings(own_keys(load(tmp_path), tmp_path), own_server=False), WARNING, "Ed25519")


def test_an_rsa_key_needs_no_word(signed: tuple[Path, SigningKey]) -> None:
    project, _ = signed
    assert own_key_findings(own_keys(load(project), project), own_server=False) == []
