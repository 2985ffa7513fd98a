"""Signed links: each is good for one purpose and one reader, and names the key that signed it.

In an address, where letter case gets lost, the same bytes stand as lower-case base32.

A token is base64url of `purpose, key, subscriber, subject` as variable-length numbers (LEB128) and a digest of 128
bits. The digest is a quarter of one keyed BLAKE2b (RFC 7693) over the last three, another quarter for every purpose:
one hash signs all four kinds of link about a subject. Nothing in a token is secret; nothing in it can be changed; old
keys go on verifying. It is short (28 characters), so that List-Unsubscribe fits into a header line.
"""

import hmac
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b
from typing import Any

_DIGEST = 16
#: Characters of the longest token that there can be: four numbers of SQLite's and the digest.
_LONGEST = 80
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Purpose(IntEnum):
    """What a link may do. The numbers are in mails that have been sent: never reuse one.

    Those with the same remainder by four must not sign about the same kind of subject.
    """

    LEAVE = 0
    PREFERENCES = 1
    PAUSE = 2
    PRIVACY = 3
    #: subject: the entry
    MORE = 4
    LESS = 5
    #: no more announcements
    ANNOUNCEMENTS = 6
    #: the operator's look at a suppressed address; never in a mail to the reader
    SUPPRESSED = 7
    #: the reader's own copy in the browser; subject: the issue
    ISSUE = 8
    #: the reader's issues as a feed
    FEED = 9
    #: where a mail that cannot be delivered comes back to; subject: the delivery
    BOUNCE = 10
    #: the reader suggests a link
    SUGGEST = 11
    #: the operator's look at a suggestion; subject: the suggestion; never in a mail to a reader
    SUGGESTION = 12
    #: the reader searches what came in, and may follow a search
    SEARCH = 13
    #: the reader says yes or no to an interest that their votes show; subject: its number (see ranking/proposals.py)
    PROPOSAL = 14


#: First part of the path, per purpose.
PATHS = {
    Purpose.LEAVE: "u",
    Purpose.PREFERENCES: "p",
    Purpose.PAUSE: "pause",
    Purpose.PRIVACY: "privacy",
    Purpose.MORE: "more",
    Purpose.LESS: "less",
    Purpose.ISSUE: "i",
    Purpose.FEED: "feed",
    Purpose.ANNOUNCEMENTS: "quiet",
    Purpose.SUPPRESSED: "lift",
    Purpose.BOUNCE: "bounce",
    Purpose.SUGGEST: "suggest",
    Purpose.SUGGESTION: "suggestion",
    Purpose.SEARCH: "search",
    Purpose.PROPOSAL: "interest",
}
#: What the subject is a number of: part of what is signed, so that entry 7 and issue 7 differ.
_KINDS = dict.fromkeys(Purpose, b"") | {
    Purpose.MORE: b"entry",
    Purpose.LESS: b"entry",
    Purpose.ISSUE: b"issue",
    Purpose.FEED: b"feed",
    Purpose.ANNOUNCEMENTS: b"quiet",
    Purpose.SUPPRESSED: b"lift",
    Purpose.BOUNCE: b"delivery",
    Purpose.SUGGEST: b"suggest",
    Purpose.SUGGESTION: b"suggestion",
    Purpose.SEARCH: b"search",
    Purpose.PROPOSAL: b"proposal",
}
#: First byte of a token, and which quarter of the digest signs it.
_SLOTS = {p: (bytes((p,)), p % 4 * _DIGEST, p % 4 * _DIGEST + _DIGEST) for p in Purpose}


@dataclass(frozen=True, slots=True)
class Claim:
    """What a verified token says."""

    purpose: Purpose
    subscriber_id: int
    #: an entry or an issue, 0 where the purpose needs none
    subject: int


class Signer:
    """Makes tokens with the newest key."""

    def __init__(self, base_url: str, keys: Mapping[int, bytes], key_id: int | None = None) -> None:
        """`keys` by their ids; the highest signs unless `key_id` says otherwise."""
        self.base_url = base_url
        self.key_id = max(keys) if key_id is None else key_id
        self._keys = keys
        self._hashes = {
            kind: blake2b(key=keys[self.key_id], digest_size=64, person=kind) for kind in set(_KINDS.values())
        }

    @property
    def keys(self) -> Mapping[int, bytes]:
        """All keys by their ids, to verify with."""
        return self._keys

    def of(self, subscriber_id: int) -> "PersonalSigner":
        """The signer for one reader's links."""
        return PersonalSigner(self._hashes, _packed(self.key_id) + _packed(subscriber_id))

    def token(self, purpose: Purpose, subscriber_id: int, subject: int = 0) -> str:
        """One token alone."""
        return self.of(subscriber_id).tokens((purpose,), subject)[0].decode()

    def url(self, purpose: Purpose, subscriber_id: int, subject: int = 0) -> str:
        """The whole link."""
        return f"{self.base_url}/{PATHS[purpose]}/{self.token(purpose, subscriber_id, subject)}"

    def detail(self, purpose: Purpose, subscriber_id: int, subject: int = 0) -> str:
        """The same token as lower-case base32: for what stands behind the + of an address."""
        (signed,) = self.of(subscriber_id).signed((purpose,), subject)
        return b32encode(signed).rstrip(b"=").decode().lower()

    def with_key(self, key_id: int) -> "Signer":
        """The same signer with the key that an earlier copy was made with."""
        return self if key_id == self.key_id else Signer(self.base_url, self._keys, key_id)


class PersonalSigner:
    """Makes one reader's tokens."""

    __slots__ = ("_hashes", "_start")

    def __init__(self, hashes: Mapping[bytes, Any], start: bytes) -> None:
        self._hashes = hashes
        self._start = start

    def tokens(self, purposes: tuple[Purpose, ...], subject: int = 0) -> list[bytes]:
        """Tokens for purposes that are about the same kind of subject, from one hash."""
        return [b2a_base64(one, newline=False).translate(_URL_SAFE, b"=") for one in self.signed(purposes, subject)]

    def signed(self, purposes: tuple[Purpose, ...], subject: int) -> list[bytes]:
        """What the tokens are the texts of."""
        body = self._start + _packed(subject)
        hashed = self._hashes[_KINDS[purposes[0]]].copy()
        hashed.update(body)
        digest = hashed.digest()
        signed = []
        for purpose in purposes:
            number, start, end = _SLOTS[purpose]
            signed.append(number + body + digest[start:end])
        return signed


def verify(token: str, purpose: Purpose, keys: Mapping[int, bytes]) -> Claim | None:
    """What the token says, or None if it is altered, for another purpose, or signed by an unknown key."""
    if len(token) > _LONGEST:
        return None
    try:
        signed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        number, key_id, subscriber_id, subject = _unpacked(signed[:-_DIGEST])
    except ValueError:
        return None
    if number != purpose or key_id not in keys:
        return None
    # Compared as text: base64 has several spellings of the same bytes, and only ours is a token.
    ours = Signer("", keys, key_id).token(purpose, subscriber_id, subject)
    return Claim(purpose, subscriber_id, subject) if hmac.compare_digest(ours, token) else None


def verify_detail(detail: str, purpose: Purpose, keys: Mapping[int, bytes]) -> Claim | None:
    """The same for a token out of an address, in any letter case."""
    if len(detail) > _LONGEST * 2 or not detail.isalnum():
        return None
    try:
        signed = b32decode(detail.upper() + "=" * (-len(detail) % 8))
    except ValueError:
        return None
    return verify(urlsafe_b64encode(signed).rstrip(b"=").decode(), purpose, keys)


@lru_cache(maxsize=8_192)
def _packed(n: int) -> bytes:
    packed = bytearray()
    while n > 127:
        packed.append(n & 127 | 128)
        n >>= 7
    packed.append(n)
    return bytes(packed)


def _unpacked(body: bytes) -> list[int]:
    numbers, value, shift = [], 0, 0
    for byte in body:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value)
            value, shift = 0, 0
    return numbers
