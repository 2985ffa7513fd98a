"""Keys that sign: made for their owner's eyes, read with care, told to the DNS."""

import stat
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as elliptic
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)
from dns.rdata import from_text
from dns.rdtypes.ANY.TXT import TXT
from signatures import ed25519_key, rsa_key

from newsletter.delivery.signing_keys import (
    DnsRecord,
    Kind,
    SigningKey,
    make_key,
    path_of,
    read_key,
    selectors_in,
    usual_selector,
)
from newsletter.errors import SettingsError

PEM, PKCS8 = Encoding.PEM, PrivateFormat.PKCS8


def put(project: Path, content: bytes) -> Path:
    """A file where the key s1 is looked for."""
    path = path_of(project, "s1")
    path.parent.mkdir()
    path.write_bytes(content)
    return path


def refused(project: Path, *words: str) -> None:
    """The key s1 is, in words that do not hold what stands in its file."""
    with pytest.raises(SettingsError) as error:
        read_key(project, "s1")
    for word in (str(path_of(project, "s1")), *words):
        assert word in str(error.value)
    assert len(str(error.value)) < len(str(project)) * 2 + 200
    assert "BEGIN" not in str(error.value)


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_key_is_made_for_its_owner_alone_and_read_again(tmp_path: Path, kind: Kind) -> None:
    made = make_key(tmp_path, "s202611", kind)
    path = tmp_path / "keys" / "s202611.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    read = read_key(tmp_path, "s202611")
    assert (read.selector, read.kind) == ("s202611", kind)
    assert read.record("example.org") == made.record("example.org")
    assert read.sign(b"d" * 32) == made.sign(b"d" * 32)
    assert selectors_in(tmp_path) == ["s202611"]


def test_each_key_is_another_one(tmp_path: Path) -> None:
    keys = [make_key(tmp_path, selector, "ed25519") for selector in ("b", "a")]
    assert len({key.record("example.org").value for key in keys}) == 2
    assert selectors_in(tmp_path) == ["a", "b"]


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    make_key(tmp_path, "s1", "ed25519")
    before = path_of(tmp_path, "s1").read_bytes()
    with pytest.raises(SettingsError, match=r"s1\.pem exists already"):
        make_key(tmp_path, "s1", "ed25519")
    assert path_of(tmp_path, "s1").read_bytes() == before


def test_a_key_that_could_not_be_written_leaves_its_name_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            make_key(tmp_path, "s1", "ed25519")
    assert selectors_in(tmp_path) == []
    make_key(tmp_path, "s1", "ed25519")


@pytest.mark.parametrize("selector", ["", "../s1", "a.b", "S1", "s 1", "-s", "s-", "ä", "s" * 64, "s1\n"])
def test_a_name_that_cannot_stand_in_the_dns_is_refused(tmp_path: Path, selector: str) -> None:
    with pytest.raises(SettingsError, match="is no name for a key"):
        make_key(tmp_path, selector, "ed25519")
    assert not list(tmp_path.iterdir())


def test_keys_are_named_by_kind_and_month() -> None:
    assert usual_selector("rsa", date(2026, 11, 3)) == "s202611"
    assert usual_selector("ed25519", date(2027, 1, 31)) == "e202701"


# -- what stands in the DNS


def test_the_record_is_the_public_half() -> None:
    key = rsa_key("s202611")
    record = key.record("news.example.org")
    assert record.name == "s202611._domainkey.news.example.org"
    begin, _, data = record.value.partition(" p=")
    assert begin == "v=DKIM1; k=rsa;"
    public = load_der_public_key(b64decode(data, validate=True))
    assert public == key.private.public_key()


def test_the_record_of_an_ed25519_key_is_as_the_rfc_shows() -> None:
    """The keys of RFC 8463, appendix A."""
    secret = b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    key = SigningKey("brisbane", Ed25519PrivateKey.from_private_bytes(secret))
    assert key.record("football.example.com") == DnsRecord(
        "brisbane._domainkey.football.example.com",
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    )


@pytest.mark.parametrize("key", [rsa_key, ed25519_key])
def test_a_line_of_a_zone_file_says_the_same_in_pieces(key: Callable[[], SigningKey]) -> None:
    record = key().record("news.example.org")
    name, _, data = record.zone_line.partition(" IN TXT ")
    assert name == record.name + "."
    # As a name server reads it; brackets are the zone file's, which may break lines there.
    read = from_text("IN", "TXT", data.removeprefix("( ").removesuffix(" )"))
    assert isinstance(read, TXT)
    assert b"".join(read.strings).decode() == record.value
    assert max(map(len, read.strings)) <= 255


def test_the_secret_half_shows_nowhere() -> None:
    for key in (rsa_key(), ed25519_key()):
        assert "private" not in repr(key).lower()


# -- what is no key


def test_a_missing_key_is_told_with_its_cures(tmp_path: Path) -> None:
    refused(tmp_path, "There is no", "newsletter dkim new --selector s1", "backup", "dkim.selector")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\x00secret",
        b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
        ed25519_key().private.private_bytes(PEM, PKCS8, NoEncryption())[:60],
        ed25519_key().private.public_key().public_bytes(PEM, PublicFormat.SubjectPublicKeyInfo),
        ed25519_key().private.private_bytes(Encoding.DER, PKCS8, NoEncryption()),
    ],
    ids=["nothing", "bytes", "no key", "half a key", "the public half", "DER"],
)
def test_what_is_no_private_key_is_refused(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, content)
    refused(tmp_path, "holds no private key in PEM")


def test_a_key_that_cannot_sign_mail_is_refused(tmp_path: Path) -> None:
    put(tmp_path, elliptic(SECP256R1()).private_bytes(PEM, PKCS8, NoEncryption()))
    refused(tmp_path, "neither RSA nor Ed25519")


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    put(tmp_path, rsa_key("short", 1_024).private.private_bytes(PEM, PKCS8, NoEncryption()))
    refused(tmp_path, "1,024 bits; less than 2,048")


def test_a_key_with_a_password_is_refused(tmp_path: Path) -> None:
    put(tmp_path, ed25519_key().private.private_bytes(PEM, PKCS8, BestAvailableEncryption(b"x")))
    refused(tmp_path, "wants a password")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path_of(tmp_path, "s1").mkdir(parents=True)
    refused(tmp_path, "cannot be read: Is a directory")


def test_a_key_made_by_openssl_is_read_in_its_old_form_too(tmp_path: Path) -> None:
    put(tmp_path, rsa_key().private.private_bytes(PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    assert read_key(tmp_path, "s1").record("example.org") == rsa_key("s1").record("example.org")


@pytest.mark.slow
def test_a_key_is_its_owners_alone_from_its_first_byte(tmp_path: Path) -> None:
    """Also where everything else is for everybody."""
    code = (
        "import os, sys; os.umask(0); from pathlib import Path; from newsletter.delivery.signing_keys import make_key\n"
    )
    subprocess.run([sys.executable, "-c", code + "make_key(Path(sys.argv[1]), 's1', 'ed25519')", tmp_path], check=True)
    assert stat.S_IMODE(path_of(tmp_path, "s1").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
