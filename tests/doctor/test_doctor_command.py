"""`newsletter doctor` as a whole: a real mail server, DNS server and pages; for a person and for a script."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commandline import Run, fails
from findings_told import ADVICE, FAILURE, OK, SKIPPED, WARNING, having, one
from mailserver import MailServer, free_port, mail_server
from nameserver import SILENCE, NameServer, name_server
from newsroom import SETTINGS, make_project

from newsletter.delivery.signing_keys import make_key
from newsletter.doctor.examination import examine
from newsletter.doctor.findings import Subject, Topic, cut, without, worst
from newsletter.doctor.side_by_side import NotKnown, SideBySide

pytestmark = pytest.mark.usefixtures("quick_templates")
DOMAIN = "news.example.org"


@pytest.fixture
def dns() -> Iterator[NameServer]:
    with name_server() as told:
        yield told


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as told:
        yield told


def sending(folder: Path, port: int, more: str = "", base_url: str = "") -> Path:
    """A newsletter that sends by the server at that port; its pages are at an address where nobody is."""
    lines = SETTINGS.replace("https://news.example.org", base_url or f"https://localhost:{free_port()}")
    smtp = f'[delivery]\ntransport = "smtp"\n[smtp]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
    return make_project(folder, smtp + more, settings=lines, entries=0)


def good_names(dns: NameServer, project: Path) -> None:
    record = make_key(project, "e1", "ed25519").record(DOMAIN)
    dns.text(record.name, record.value)
    dns.text(DOMAIN, "v=spf1 ip4:192.0.2.1 -all")
    dns.text(f"_dmarc.{DOMAIN}", f"v=DMARC1; p=reject; rua=mailto:d@{DOMAIN}")
    dns.add(DOMAIN, "MX", "10 mail.example.org.")
    dns.add("mail.example.org", "A", "192.0.2.1")


def test_mail_server_and_names_are_looked_at(tmp_path: Path, dns: NameServer, server: MailServer) -> None:
    project = sending(tmp_path, server.port, '[dkim]\nselector = "e1"\n')
    good_names(dns, project)
    found = examine(project, resolver=dns.place)
    for words in (
        ("Connection", "takes mail from"),
        ("SPF", "one record"),
        ("DKIM e1", "holds the key"),
        ("DMARC", "p=reject"),
        ("MX", "mail.example.org"),
        ("newsletter.db", "whole"),
        ("Issue", "compile"),
    ):
        having(found, OK, *words)
    having(found, FAILURE, "base_url")
    having(found, WARNING, "Ed25519")
    having(found, ADVICE, "newsletter serve")
    assert server.accepted == []
    assert [finding.topic for finding in found] == sorted((f.topic for f in found), key=list(Topic).index)


def test_a_dead_resolver_and_a_dead_server_do_not_take_long(tmp_path: Path, dns: NameServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        project = sending(tmp_path, silent.getsockname()[1])
        for name in (DOMAIN, f"_dmarc.{DOMAIN}"):
            for kind in ("TXT", "MX", "A", "AAAA"):
                dns.records[name, kind] = SILENCE
        start = time.monotonic()
        found = examine(project, resolver=dns.place, seconds=0.5)
        assert time.monotonic() - start < 3
    for title in ("Connection", "SPF", "DMARC", "MX"):
        having(found, WARNING, title, "not through within 0.5 seconds")


def test_offline_asks_nobody_and_says_so(tmp_path: Path, dns: NameServer, server: MailServer) -> None:
    project = sending(tmp_path, server.port, '[mailbox]\nreceive = "imap"\n')
    found = examine(project, resolver=dns.place, offline=True)
    assert (dns.asked, server.connections) == ([], 0)
    assert {f.topic for f in found if f.severity is SKIPPED} == {
        Topic.SERVER,
        Topic.NAMES,
        Topic.PAGES,
        Topic.RETURNS,
    }
    having(found, WARNING, "Nothing is signed here")


def test_mail_into_a_folder_needs_neither_server_nor_names(tmp_path: Path, dns: NameServer) -> None:
    found = examine(make_project(tmp_path, entries=0), resolver=dns.place, offline=True)
    having(found, SKIPPED, "neither mail server nor DNS")
    assert not any(finding.topic in (Topic.NAMES, Topic.RETURNS) for finding in found)
    assert dns.asked == []


def test_an_example_domain_is_not_asked_about(tmp_path: Path, dns: NameServer, server: MailServer) -> None:
    smtp = f'[delivery]\ntransport = "smtp"\n[smtp]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
    found = examine(make_project(tmp_path, smtp, settings='postal_address = "x"\n', entries=0), resolver=dns.place)
    having(found, FAILURE, "address and base_url are still examples")
    having(found, SKIPPED, "Not asked: address is still an example")
    assert dns.asked == []


def test_settings_that_cannot_be_read_are_a_finding(tmp_path: Path, run: Run) -> None:
    (tmp_path / "newsletter.toml").write_text("tittle = 'x'\n")
    one(examine(tmp_path), FAILURE, "tittle", "Did you mean title?")
    assert run("doctor", "--project", tmp_path).status == 3


def test_a_damaged_database_does_not_stop_the_rest(tmp_path: Path) -> None:
    project = make_project(tmp_path, entries=0)
    (project / "newsletter.db").write_bytes(b"not at all a database" * 500)
    found = examine(project, offline=True)
    having(found, FAILURE, "newsletter.db")
    having(found, OK, "Postal address")


def test_a_person_reads_what_stops_mail_first(tmp_path: Path, run: Run) -> None:
    project = sending(tmp_path, free_port())
    ran = run("doctor", "--offline", "--project", project)
    assert ran.status == 0
    first, *_ = ran.out.splitlines()
    assert "need a look" in first
    assert ran.out.index("Look at this:") < ran.out.index("Could be better:") < ran.out.index("\nDatabase\n")
    assert max(len(line) for line in ran.out.splitlines()) <= 80
    (project / "newsletter.toml").write_text((project / "newsletter.toml").read_text().replace("1 Example Street", ""))
    (project / "newsletter.db").unlink()
    ran = run("doctor", "--offline", "--project", project)
    assert ran.status == 3
    assert "thing stops mail" in ran.out.splitlines()[0]
    assert ran.out.splitlines()[2] == "This stops mail:"


def test_a_script_reads_json_and_the_status(tmp_path: Path, run: Run) -> None:
    project = make_project(tmp_path, entries=0)
    ran = run("doctor", "--offline", "--json", "--project", project)
    found = json.loads(ran.out)
    assert (ran.status, found["verdict"]) == (0, "advice")
    assert all(one.keys() == {"topic", "severity", "title", "found", "todo"} for one in found["findings"])
    (project / "newsletter.db").unlink()
    ran = run("doctor", "--offline", "--json", "--project", project)
    assert (ran.status, ran.json["verdict"]) == (3, "failure")


def test_a_folder_without_a_newsletter_or_a_wrong_resolver_is_an_error(tmp_path: Path, run: Run, project: Path) -> None:
    fails(run("doctor", "--project", tmp_path / "nowhere"), "There is no newsletter.toml")
    fails(run("doctor", "--resolver", "dns.example.org"), "is no resolver")


def test_no_secret_is_said_whatever_a_server_says(
    tmp_path: Path, dns: NameServer, server: MailServer, run: Run
) -> None:
    server.answers = {"MAIL": "550 you said hush-hush to me"}
    project = sending(
        tmp_path, server.port, '[mailbox]\nimap_password = "hush-hush"\n[webhooks]\nmailgun_key = "hush"\n'
    )
    ran = run("doctor", "--resolver", dns.place, "--project", project)
    assert "you said …" in " ".join(ran.out.split())
    assert "hush" not in ran.out


def test_a_terminal_is_told_nothing_to_obey(tmp_path: Path, dns: NameServer, server: MailServer, run: Run) -> None:
    server.answers = {"MAIL": "550 \x1b[2Jgone\x07"}
    ran = run("doctor", "--resolver", dns.place, "--project", sending(tmp_path, server.port))
    assert "gone" in ran.out
    assert "\x1b" not in ran.out


def test_what_breaks_or_hangs_is_not_known_and_the_others_are() -> None:
    let_go, ended = threading.Event(), threading.Event()

    def hang() -> None:
        let_go.wait(60)
        ended.set()

    def fall() -> Any:
        raise RecursionError("deep")

    results = SideBySide({"hangs": hang, "falls": fall, "well": lambda: 7}).results(0.3)
    assert not ended.is_set(), "nobody waited for it"
    let_go.set()
    assert results["well"] == 7
    assert isinstance(results["hangs"], NotKnown)
    assert "0.3 seconds" in results["hangs"].why
    assert isinstance(results["falls"], NotKnown)
    assert "RecursionError" in results["falls"].why


def test_the_worst_and_the_secrets_of_findings() -> None:
    about = Subject(Topic.NAMES, "SPF")
    assert worst([]) is OK
    assert worst([about.ok("x"), about.advice("x", "y"), about.skipped("z")]) is ADVICE
    assert without(["ab", "abc", ""], about.failure("abc ab", "see abc")) == about.failure("… …", "see …")
    assert cut("a\r\nb\x00c" + "x" * 1_000).startswith("a b c")
    assert len(cut("x" * 1_000)) == 200
