"""Nonces: what our own forms carry, and a program that only POSTs does not.

A nonce says for which page it was made and in which hour; it is good for a day. It is no secret of one person's:
whoever may open a page gets its nonce with it. It keeps link scanners from doing what a button does.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b

#: Hours that a nonce is good for, beside the one in which it was made.
HOURS = 24


class Nonces:
    """Makes and checks nonces with the keys that sign links."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        """The highest of the keys makes nonces; all of them are good."""
        self._keys = [key for _, key in sorted(keys.items(), reverse=True)]

    def of(self, path: str, now: datetime) -> str:
        """The nonce of a page, now."""
        return self._made(self._keys[0], path, _hour(now))

    def good(self, nonce: str, path: str, now: datetime) -> bool:
        """Was it made by us, for this page, within a day?"""
        number = nonce.partition(".")[0]
        # An hour's number has six digits until 2084; Python itself would take other scripts' digits, too.
        if not (number.isascii() and number.isdecimal() and len(number) == 6 and nonce.isascii()):
            return False
        age = _hour(now) - int(number)
        return 0 <= age <= HOURS and any(
            hmac.compare_digest(self._made(key, path, int(number)), nonce) for key in self._keys
        )

    @staticmethod
    def _made(key: bytes, path: str, hour: int) -> str:
        digest = blake2b(f"{hour} {path}".encode(), key=key, digest_size=12, person=b"page").digest()
        return f"{hour}.{urlsafe_b64encode(digest).decode()}"


def _hour(now: datetime) -> int:
    return int(now.timestamp()) // 3600
