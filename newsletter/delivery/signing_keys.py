"""The keys that sign mail (DKIM): private ones in the project's folder `keys/`, public ones in the DNS.

A key goes by its selector: `keys/s202611.pem` signs, and `s202611._domainkey.news.example.org` lets everybody check.
"""

import os
import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from newsletter.errors import SettingsError

#: in the project's folder
FOLDER = "keys"
#: Bits of an RSA key that signers should use (RFC 8301, section 3.2).
_BITS = 2_048
#: A TXT record is made of texts of at most so many characters (RFC 1035, section 3.3).
_PIECE = 255
_SELECTOR = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PADDING, _HASHED = PKCS1v15(), Prehashed(SHA256())

Kind = Literal["rsa", "ed25519"]


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A TXT record, by which everybody can check what a key has signed."""

    #: whole, without a dot at its end
    name: str
    value: str

    @property
    def zone_line(self) -> str:
        """The record as a zone file has it: a long value in pieces."""
        pieces = [f'"{self.value[at : at + _PIECE]}"' for at in range(0, len(self.value), _PIECE)]
        return f"{self.name}. IN TXT ( {' '.join(pieces)} )"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and its name. May be used by many threads at once."""

    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @property
    def kind(self) -> Kind:
        """As the record's k= names it."""
        return "rsa" if isinstance(self.private, RSAPrivateKey) else "ed25519"

    @property
    def words(self) -> str:
        """As people call it."""
        return f"RSA, {self.private.key_size:,} bits" if isinstance(self.private, RSAPrivateKey) else "Ed25519"

    def sign(self, digest: bytes) -> bytes:
        """The signature of a SHA-256 digest; always the same one (RFC 8017, section 8.2; RFC 8463, section 3)."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(digest, _PADDING, _HASHED)
        return self.private.sign(digest)

    def record(self, domain: str) -> DnsRecord:
        """What is to stand in the DNS; `domain` is the newsletter's, in ASCII."""
        public = self.private.public_key()
        if self.kind == "rsa":
            data = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            data = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        value = f"v=DKIM1; k={self.kind}; p={b64encode(data).decode()}"
        return DnsRecord(f"{self.selector}._domainkey.{domain}", value)


def usual_selector(kind: Kind, today: date) -> str:
    """The name of a key made today: s202611, or e202611 for one that stands beside an RSA key."""
    return f"{'s' if kind == 'rsa' else 'e'}{today:%Y%m}"


def make_key(project: Path, selector: str, kind: Kind) -> SigningKey:
    """A new key in its file, which its owner alone may read; one that is there is never written over.

    Raises `SettingsError` for a name that is taken or cannot stand in the DNS.
    """
    if not _SELECTOR.fullmatch(selector):
        raise SettingsError(
            f"{selector!r} is no name for a key. Use small letters, digits and '-', at most 63, as s202611."
        )
    private = generate_private_key(65_537, _BITS) if kind == "rsa" else Ed25519PrivateKey.generate()
    path = path_of(project, selector)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingsError(
            f"{path} exists already, and mail may be signed with it. Name another key with --selector."
        ) from None
    try:
        with os.fdopen(file, "wb") as opened:
            opened.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            opened.flush()
            # Its record may stand in the DNS before the machine's disk does this by itself.
            os.fsync(file)
    except BaseException:
        path.unlink()
        raise
    return SigningKey(selector, private)


def read_key(project: Path, selector: str) -> SigningKey:
    """The key of that name. Raises `SettingsError` where it is missing, unreadable, or none that may sign."""
    path = path_of(project, selector)
    try:
        private = _loaded(path.read_bytes())
    except FileNotFoundError:
        raise SettingsError(
            f"There is no {path}, the key that dkim.selector names. Make it with `newsletter dkim new --selector "
            f"{selector}`, bring it back from a backup, or take {selector} out of dkim.selector."
        ) from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}. Check who may read it.") from error
    except TypeError:
        raise SettingsError(
            f"{path} wants a password, and nobody is there to give it. Keep the key without one (mode 0600)."
        ) from None
    # What stands in the file must not get into a message: it may be half a key.
    except (ValueError, UnsupportedAlgorithm):
        raise SettingsError(
            f"{path} holds no private key in PEM. Bring it back from a backup, or make another with "
            "`newsletter dkim new`."
        ) from None
    if isinstance(private, RSAPrivateKey) and private.key_size < _BITS:
        raise SettingsError(
            f"The key in {path} has {private.key_size:,} bits; less than {_BITS:,} is not trusted. Make another with "
            "`newsletter dkim new`."
        )
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise SettingsError(
            f"The key in {path} is neither RSA nor Ed25519, so it cannot sign mail. Make another with "
            "`newsletter dkim new`."
        )
    return SigningKey(selector, private)


@lru_cache(maxsize=16)
def _loaded(pem: bytes) -> PrivateKeyTypes:
    """Kept, because checking an RSA key takes 40 ms, and a letter is signed in one."""
    return load_pem_private_key(pem, None)


def selectors_in(project: Path) -> list[str]:
    """The names of the keys that are there, in order."""
    return sorted(path.stem for path in (project / FOLDER).glob("*.pem"))


def path_of(project: Path, selector: str) -> Path:
    """Where the key of that name is kept."""
    return project / FOLDER / f"{selector}.pem"
