"""An issue for a thousand readers through a real Postfix into their mailboxes, and what is found there by IMAP.

Verifiers that know nothing of this program say whether the signatures hold: dkimpy and OpenDKIM.
`pytest tests/test_delivery_through_postfix.py -m slow -n 0 -s` also prints how long each part took.
"""

import imaplib
import io
import json
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from itertools import pairwise
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from conftest import WordEmbedder
from mailhost import PAPERS, PASSWORD, MailHost, mail_host, wait_for
from newsroom import SETTINGS, make_project
from sending_process import Command, Ended
from signatures import verdicts
from ten_papers import PAPERS as REAL_PAPERS
from town import tell

from newsletter import Newsletter
from newsletter.deliveries import Envelope
from newsletter.delivery.dkim import signer_of
from newsletter.delivery.signing_keys import read_key
from newsletter.settings import load
from subscribers.cadence import parse_cadence
from subscribers.database import writing

pytestmark = pytest.mark.slow

CONNECTIONS = 8
DOMAIN = PAPERS.partition("@")[2]
#: None, a plain one, and such as cannot stand in a header as they are.
NAMES = (
    "",
    "Ada",
    "O'Hara, Pat",
    'Zoë "Zed" Müller',
    "李小龙 (Bruce)",
    "محمد بن موسى الخوارزمي",
    " and ".join(["Ægir, son of Fornjót"] * 4),
    "=?utf-8?q?Eve?=",
    "Bob <bob@other.test>",
)
INTERESTS = ("language models", "images", "graph neural networks", "segmentation", "robots")
RHYTHMS = (parse_cadence("daily", "", "08:00", "UTC"), parse_cadence("weekly", "friday", "08:00", "Europe/Paris"))
#: address → name
READERS = {f"reader{n:04}@readers.test": NAMES[n % len(NAMES)] for n in range(1_000)}
OPENDKIM = shutil.which("opendkim", path="/usr/sbin:/usr/local/sbin:/usr/bin:/bin")


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a run left behind."""

    project: Path
    #: what `newsletter send` said
    said: Ended
    #: the keys that sign, in the order of their signatures
    selectors: tuple[str, ...]
    #: name → value of the TXT records that the operator was told to enter
    records: dict[str, str]
    #: everybody's mailbox, the newsletter's own too
    boxes: dict[str, list[bytes]]
    #: what Postfix and Dovecot wrote down
    log: str

    @property
    def mails(self) -> dict[str, bytes]:
        """reader → the one mail in their box."""
        return {reader: self.boxes[reader][0] for reader in READERS}


@pytest.fixture(scope="module")
def arrived(tmp_path_factory: pytest.TempPathFactory) -> Arrived:
    project = tmp_path_factory.mktemp("postfix") / "news"
    with mail_host(more=tuple(READERS)) as host:
        records = sign(project, host)
        subscribe(project)
        assert Command(project, "pull").ended().status == 0
        times = [time.monotonic()]
        said = Command(project, "send", "--now", "--json").ended()
        times.append(time.monotonic())
        assert wait_for(lambda: not host.queued(), 120), host.log()
        times.append(time.monotonic())
        boxes = {user: inbox(host, user) for user in (*READERS, PAPERS)}
        times.append(time.monotonic())
        log = host.log()
    sent, delivered, fetched = (after - before for before, after in pairwise(times))
    tell(
        f"{len(READERS):,} mails: sent in {sent:.1f} s, in the mailboxes {delivered:.1f} s later, "
        f"fetched in {fetched:.1f} s"
    )
    return Arrived(project, said, load(project).dkim.selectors, records, boxes, log)


def sign(project: Path, host: MailHost) -> dict[str, str]:
    """A newsletter whose mail goes to the host, signed by two keys as the operator is told to; their records."""
    tables = (
        f'[delivery]\ntransport = "smtp"\n[smtp]\nhost = "127.0.0.1"\nport = {host.smtp_port}\nsecurity = "none"\n'
        f'connections = {CONNECTIONS}\n[mailbox]\nreceive = "command"\n[dkim]\n'
    )
    settings = SETTINGS.replace("papers@news.example.org", PAPERS)
    entries = [json.loads(line) for line in REAL_PAPERS.read_text("utf-8").splitlines()]
    make_project(project, tables, settings=settings, entries=entries)
    records: dict[str, str] = {}
    for kind in ((), ("--ed25519",)):
        told = Command(project, "dkim", "new", *kind).ended()
        records.update(re.findall(r"^name   (\S+)\ntype   TXT\nvalue  (.+)$", told.out, re.MULTILINE))
        [line] = re.findall(r"below \[dkim\], set: (.+)", told.out)
        make_project(project, f"{tables}{line}\n", settings=settings, entries=entries)
    return records


def subscribe(project: Path) -> None:
    with Newsletter(project, embedder=WordEmbedder()) as newsletter, writing(newsletter.database):
        for n, (address, name) in enumerate(READERS.items()):
            interests = [INTERESTS[n % len(INTERESTS)]]
            newsletter.subscribe(address, name=name, interests=interests, cadence=RHYTHMS[n % len(RHYTHMS)])


def inbox(host: MailHost, user: str) -> list[bytes]:
    """Everything in somebody's inbox, as their mail program gets it."""
    with imaplib.IMAP4("127.0.0.1", host.imap_port) as connection:
        connection.login(user, PASSWORD)
        connection.select("INBOX", readonly=True)
        # In a box that is empty, nothing can be fetched.
        numbers = connection.search(None, "ALL")[1][0].decode().replace(" ", ",")
        answers: list[Any] = connection.fetch(numbers, "(BODY.PEEK[])")[1] if numbers else []
        return [answer[1] for answer in answers if isinstance(answer, tuple)]


def head(mail: bytes) -> Message:
    """Its header alone, as it stands there: Python's newer reader puts spaces into long names."""
    return message_from_bytes(mail.partition(b"\r\n\r\n")[0])


def test_every_reader_has_one_mail_which_is_theirs(arrived: Arrived) -> None:
    assert {user: len(box) for user, box in arrived.boxes.items()} == {**dict.fromkeys(READERS, 1), PAPERS: 0}
    heads = {reader: head(mail) for reader, mail in arrived.mails.items()}
    for reader, one in heads.items():
        name, address = parseaddr(one["To"])
        assert (address, str(make_header(decode_header(name)))) == (reader, READERS[reader])
        assert one.get_all("Delivered-To") == [reader]
    for name in ("Message-ID", "List-Unsubscribe", "Return-Path"):
        assert len({str(one[name]) for one in heads.values()}) == len(READERS), name


def test_the_ledger_says_of_every_one_that_it_was_sent(arrived: Arrived) -> None:
    assert arrived.said.status == 0, arrived.said
    assert json.loads(arrived.said.out)["sent"] == len(READERS)
    with Newsletter(arrived.project, embedder=WordEmbedder()) as newsletter:
        rows = newsletter.database.conn.execute("SELECT state, attempts FROM deliveries").fetchall()
    assert Counter(rows) == {("sent", 1): len(READERS)}
    # Postfix counts the messages of a connection when that ends.
    handed = [int(count) for count in re.findall(r"disconnect from .* data=(\d+)", arrived.log)]
    assert sum(handed) == len(READERS)
    assert len(handed) >= CONNECTIONS


def test_it_arrives_to_the_byte_as_it_was_sent(arrived: Arrived, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below what the servers on the way write on top of it."""
    sent = envelopes(arrived.project, monkeypatch)
    assert sorted(one.recipient for one in sent) == sorted(READERS)
    for one in sent:
        mail = arrived.mails[one.recipient]
        assert mail.endswith(one.message), one.recipient
        trace = mail.removesuffix(one.message)
        assert set(re.findall(rb"^([^\s:]+):", trace, re.MULTILINE)) == {b"Return-Path", b"Delivered-To", b"Received"}
        assert f"Return-Path: <{one.sender}>\r\n".encode() in trace


def envelopes(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[Envelope]:
    """What the newsletter says that it sent."""
    signer = signer_of(load(project), project)
    # The keys are read once: that takes many times as long as making a message.
    monkeypatch.setattr("newsletter.deliveries.signer_of", lambda *_: signer)
    with Newsletter(project, embedder=WordEmbedder()) as newsletter:
        ids = newsletter.database.conn.execute("SELECT id FROM deliveries").fetchall()
        return [newsletter.deliveries.message(one) for (one,) in ids]


def test_both_signatures_of_every_one_are_valid_for_dkimpy(arrived: Arrived) -> None:
    keys = [read_key(arrived.project, selector) for selector in arrived.selectors]
    assert [key.kind for key in keys] == ["rsa", "ed25519"]
    for reader, mail in arrived.mails.items():
        assert verdicts(mail, keys, DOMAIN) == [True, True], reader


@pytest.mark.skipif(OPENDKIM is None, reason="there is no opendkim on this machine")
@pytest.mark.parametrize("number", [0, 1], ids=["RSA", "Ed25519"])
def test_both_signatures_of_every_one_are_valid_for_opendkim(arrived: Arrived, tmp_path: Path, number: int) -> None:
    """It looks at the first one, with the records that the operator was told to enter."""
    (tmp_path / "public").write_text("".join(f"{name} {value}\n" for name, value in arrived.records.items()))
    (tmp_path / "conf").write_text(f"Mode v\nTestPublicKeys {tmp_path / 'public'}\n")
    for reader, mail in arrived.mails.items():
        (tmp_path / reader).write_bytes(without_topmost(mail, number))
    assert OPENDKIM
    done = subprocess.run(
        [OPENDKIM, "-x", "conf", "-t", ",".join(READERS)], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    said = done.stdout + done.stderr
    found = re.findall(r"^opendkim: (\S+): verification \(s=(\S+), d=(\S+), .*\) succeeded$", said, re.MULTILINE)
    assert found == [(reader, arrived.selectors[number], DOMAIN) for reader in READERS], said


def without_topmost(mail: bytes, signatures: int) -> bytes:
    """The mail without so many of its signatures."""
    for _ in range(signatures):
        mail = re.sub(rb"^DKIM-Signature:.*\r\n(?:[ \t].*\r\n)*", b"", mail, count=1, flags=re.MULTILINE)
    return mail


def test_every_one_passes_a_judge_of_raw_mails(
    arrived: Arrived, mail_judge: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = compile(mail_judge.read_bytes(), mail_judge, "exec")
    for reader, mail in arrived.mails.items():
        (tmp_path / reader).write_bytes(mail)
        monkeypatch.setattr(sys, "argv", [str(mail_judge), str(tmp_path / reader)])
        status, said = judged(judge)
        assert not status, said
        assert "PASS DKIM covers From and the list headers" in said


def judged(judge: CodeType) -> tuple[object, str]:
    """How it ended and what it said; in this process, where a thousand runs take a few seconds."""
    with redirect_stdout(io.StringIO()) as said, pytest.raises(SystemExit) as end:
        exec(judge, {"__name__": "__main__"})
    return end.value.code, said.getvalue()
