"""Under what a call is remembered, so that it counts once. Pure."""

import hashlib


def key_of(service: str, *identity: str) -> bytes:
    """Under what something is remembered that is told by these texts."""
    digest = hashlib.blake2b(digest_size=16, person=b"webhook")
    for text in (service, *identity):
        encoded = text.encode("utf-8", "replace")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()
