"""What a signature costs beside the RSA operation that it cannot do without, and beside dkimpy; ratios of one run.

pytest tests/benchmarks --benchmark-only -n 0
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from statistics import median
from time import perf_counter
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from dkim import sign
from signatures import DOMAIN, an_issue, ed25519_key, rsa_key, verdicts

from newsletter.delivery.dkim import DkimSigner

pytestmark = pytest.mark.slow
DIGEST = sha256(b"a message").digest()
#: Messages that two threads share.
MANY = 1_000


def a_message() -> bytes:
    """An issue of ten cards, as long as they usually are: 48 kB."""
    return an_issue()[:47_998] + b"\r\n"


def seconds(*ways: Callable[[], Any], rounds: int) -> list[float]:
    """Median time of a call of each, taken in turns, so that the machine's moods meet all of them."""
    taken: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for way, times in zip(ways, taken, strict=True):
            start = perf_counter()
            way()
            times.append(perf_counter() - start)
    return [median(times) for times in taken]


def test_a_signature_against_the_bare_operation_and_dkimpy(benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rsa, short, message = rsa_key(), ed25519_key(), a_message()
    signer, quick, both = (DkimSigner(DOMAIN, keys) for keys in ([rsa], [short], [rsa, short]))
    pem = rsa.private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())

    def dkimpy() -> bytes:
        return bytes(sign(message, b"s1", DOMAIN.encode(), pem, canonicalize=(b"relaxed", b"simple")))

    assert verdicts(both.sign(message), [rsa, short]) == [True, True]
    bare, ours, bare_short, ours_short, ours_both = seconds(
        lambda: rsa.sign(DIGEST),
        lambda: signer.sign(message),
        lambda: short.sign(DIGEST),
        lambda: quick.sign(message),
        lambda: both.sign(message),
        rounds=1_000,
    )
    (theirs,) = seconds(dkimpy, rounds=20)
    benchmark.extra_info["times the bare RSA operation"] = round(ours / bare, 2)
    benchmark.extra_info["times faster than dkimpy"] = round(theirs / ours, 1)
    with capsys.disabled():
        print(
            f"\nRSA-2048, 48 kB: {ours * 1e6:,.0f} µs, {ours / bare:.2f} times the bare operation "
            f"({bare * 1e6:,.0f} µs); dkimpy {theirs * 1e6:,.0f} µs: {theirs / ours:.0f} times faster\n"
            f"Ed25519: {ours_short * 1e6:,.0f} µs (bare {bare_short * 1e6:,.0f} µs); "
            f"both: {ours_both * 1e6:,.0f} µs, {ours_both / (bare + bare_short):.2f} times both bare operations"
        )
    benchmark(signer.sign, message)
    assert ours <= 1.4 * bare
    assert ours_both <= 1.4 * (bare + bare_short)
    assert theirs >= 10 * ours


def test_threads_share_the_work(benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """As it is called: messages from a pool, one signer."""
    signer, message = DkimSigner(DOMAIN, [rsa_key()]), a_message()
    with ThreadPoolExecutor(2) as pool:

        def in_a_pool() -> int:
            return sum(1 for _ in pool.map(signer.sign, [message] * MANY))

        def alone() -> int:
            return sum(1 for _ in map(signer.sign, [message] * MANY))

        # The best of some: whoever else uses the second core is no part of it.
        one, two = (min(seconds(way, rounds=1)[0] for _ in range(4)) for way in (alone, in_a_pool))
        benchmark.pedantic(in_a_pool, rounds=1)
    benchmark.extra_info["times as many by two threads"] = round(one / two, 2)
    with capsys.disabled():
        print(f"\nA second: {MANY / one:,.0f} messages by one thread, {MANY / two:,.0f} by two ({one / two:.2f} times)")
    # With one core for all, threads cannot help; they must not hinder.
    assert two < one * 1.2
