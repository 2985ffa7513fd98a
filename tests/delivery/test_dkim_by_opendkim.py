"""Signatures as another verifier sees them: OpenDKIM, where it is installed."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from signatures import DOMAIN, an_issue, ed25519_key, rsa_key

from newsletter.delivery.dkim import DkimSigner
from newsletter.delivery.signing_keys import SigningKey

OPENDKIM = shutil.which("opendkim", path="/usr/sbin:/usr/local/sbin:/usr/bin:/bin")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(OPENDKIM is None, reason="there is no opendkim on this machine"),
]
KEYS: dict[str, Callable[[], SigningKey]] = {
    "RSA": lambda: rsa_key("s202611"),
    "Ed25519": lambda: ed25519_key("e202611"),
}
HEAD = b"From: Paper Robots <papers@news.example.org>\r\nTo: ada@example.com\r\nSubject: Hello\r\n"
LONG = "Überall Neues und mehr davon " * 4
MESSAGES: dict[str, Callable[[], bytes]] = {
    "an issue": an_issue,
    "another script": lambda: an_issue(title="Größe: 日本語 – " * 5, name='Ada "the" Lovelace', subject=LONG),
    "no body": lambda: HEAD + b"\r\n",
    "empty lines": lambda: HEAD + b"\r\n.\r\n..two \r\n\r\n\r\n\r\n",
    "no line's end": lambda: HEAD + b"\r\nno line's end",
    "white space": lambda: (
        HEAD + b"List-Unsubscribe :\r\n\t <https://a.example/u>,  \r\n <mailto:x@y.example> \r\n\r\nx\r\n"
    ),
}


def says(folder: Path, message: bytes) -> str:
    """What it says about the message."""
    records = [key().record(DOMAIN) for key in KEYS.values()]
    (folder / "public").write_text("".join(f"{record.name} {record.value}\n" for record in records))
    (folder / "conf").write_text(f"Mode v\nTestPublicKeys {folder / 'public'}\n")
    (folder / "message.eml").write_bytes(message)
    assert OPENDKIM
    done = subprocess.run(
        [OPENDKIM, "-x", "conf", "-t", "message.eml"], cwd=folder, capture_output=True, text=True, timeout=60
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("kind", KEYS)
def test_a_signature_is_valid(tmp_path: Path, message: str, kind: str) -> None:
    key = KEYS[kind]()
    said = says(tmp_path, DkimSigner(DOMAIN, [key]).sign(MESSAGES[message]()))
    assert f"verification (s={key.selector}, d={DOMAIN}, " in said
    assert "succeeded" in said


@pytest.mark.parametrize("kinds", [("RSA", "Ed25519"), ("Ed25519", "RSA")])
def test_a_signature_stands_also_beside_another(tmp_path: Path, kinds: tuple[str, str]) -> None:
    """It looks at the first one."""
    keys = [KEYS[kind]() for kind in kinds]
    said = says(tmp_path, DkimSigner(DOMAIN, keys).sign(an_issue()))
    assert f"verification (s={keys[0].selector}, d={DOMAIN}, " in said
    assert "succeeded" in said


@pytest.mark.parametrize("kind", KEYS)
def test_what_was_changed_is_not_valid(tmp_path: Path, kind: str) -> None:
    message = DkimSigner(DOMAIN, [KEYS[kind]()]).sign(an_issue())
    for changed in (
        message.replace(b"<https://news.example.org/u/", b"<https://news.example.net/u/", 1),
        b"From: Eve <eve@example.net>\r\n" + message,
        message + b"More.\r\n",
    ):
        said = says(tmp_path, changed)
        assert "succeeded" not in said
        assert said.strip()
