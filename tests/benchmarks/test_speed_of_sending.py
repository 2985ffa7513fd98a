"""How fast an issue leaves, from claimed rows to accepted messages: against the plain way, and against Postfix's own.

pytest tests/benchmarks/test_speed_of_sending.py -n 0 -s

The short form takes about a minute. MESSAGES=20000 makes it the full one, with a million queued deliveries.
Everything is of one run on one machine: compare the ratios. No figure is asserted, for a machine may have a slow day;
what is asserted is that the sink took every message and that the ledger says so.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, NamedTuple

import pytest
import sending_bench as bench
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sending_bench import FIRST, FIRST_PLAINLY, Run, Sink

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (bench.SINK and bench.SOURCE), reason="Postfix's smtp-sink and smtp-source are not here"),
]
MESSAGES = int(os.environ.get("MESSAGES", "1000"))
FULL = MESSAGES >= 10_000
#: The plain ways take 30 to 100 times as long.
PLAIN = max(MESSAGES // 20, 100)
ROUNDS = 3
DISTANT = 400 if FULL else 100
#: Queued deliveries of the two newsletters whose memory is compared.
FEW, MANY = 1_000, 1_000_000 if FULL else 100_000
PLAIN_WAY = Path(__file__).with_name("plain_way.py")


class Keys(NamedTuple):
    rsa: RSAPrivateKey
    #: selector and private key in PEM
    rsa_pem: tuple[str, bytes]
    ed25519_pem: tuple[str, bytes]


class Town(NamedTuple):
    """Newsletters with queued deliveries, and what takes their mail."""

    folder: Path
    sink: Sink
    keys: Keys
    #: bytes of a message, in the middle
    size: int

    def ours(
        self, *, connections: int, key: tuple[str, bytes] | None = None, distance: int = 0, few: bool = False
    ) -> Run:
        """Every copy handed over by `Newsletter.deliver`; `distance` is the port of a distant way to the sink."""
        database = self.folder / ("few.db" if few else "many.db")
        port = distance or self.sink.port
        project = bench.project(self.folder / "ours", database, port, connections=connections, key=key)
        return self._checked(project, DISTANT if few else MESSAGES, FIRST, lambda: bench.run(project))

    def plain(self, *, dkim: bool) -> Run:
        """The same by the plain way, with fewer copies."""
        project = bench.project(self.folder / "plain", self.folder / "plain.db", self.sink.port)
        key = self.folder / "key.pem"
        key.write_bytes(self.keys.rsa_pem[1])
        arguments = [str(self.sink.port), *([str(key)] if dkim else [])]
        return self._checked(project, PLAIN, FIRST_PLAINLY, lambda: bench.run(project, PLAIN_WAY, *arguments))

    def _checked(self, project: Path, messages: int, first: int, run: Callable[[], Run]) -> Run:
        before = self.sink.accepted()
        result = run()
        assert result.messages == messages
        assert self.sink.accepted() - before == messages + first, "every one was accepted, once"
        assert bench.states(project) == {"sent": messages + first}, "and every row says so"
        return result


@pytest.fixture(scope="module")
def keys() -> Keys:
    rsa = generate_private_key(65_537, 2_048)
    pem = (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    pkcs8 = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    ed25519 = Ed25519PrivateKey.generate()
    return Keys(rsa, ("s1", rsa.private_bytes(*pem)), ("e1", ed25519.private_bytes(*pkcs8)))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    bench.town(folder / "many.db", MESSAGES + FIRST)
    bench.town(folder / "few.db", DISTANT + FIRST)
    bench.town(folder / "plain.db", PLAIN + FIRST_PLAINLY, first=FIRST_PLAINLY)
    with bench.sink(folder / "tally") as sink:
        sizes = bench.sizes(folder / "sized", folder / "few.db")
        yield Town(folder, sink, keys, round(median(sizes)))


def of(runs: list[Run]) -> Run:
    """The middle of several runs, each figure by itself."""
    return Run(
        runs[0].messages,
        median(run.cpu for run in runs),
        median(run.seconds for run in runs),
        max(run.peak for run in runs),
    )


def bare_signature(key: RSAPrivateKey, times: int = 300) -> float:
    """Microseconds of processor time for one RSA-2048 signature."""
    start = process_time()
    for n in range(times):
        key.sign(b"%064d" % n, PKCS1v15(), SHA256())
    return (process_time() - start) / times * 1e6


def line(name: str, run: Run, *more: str) -> str:
    return f"{name:44}{run.each:10,.0f}{run.rate:10,.0f}   {'; '.join(more)}".rstrip()


def goal(what: str, reached: float, wanted: str) -> str:
    return f"{what}: {reached:.2f} (goal {wanted})"


def told(capsys: pytest.CaptureFixture[str], title: str, lines: list[str]) -> None:
    with capsys.disabled():
        print("\n" + "\n".join(["", title, f"{'':44}{'CPU µs':>10}{'a second':>10}", *lines]))


def test_processor_time_and_rate_on_this_machine(
    benchmark: Any, capsys: pytest.CaptureFixture[str], town: Town
) -> None:
    signed = {"no DKIM": None, "Ed25519": town.keys.ed25519_pem, "RSA-2048": town.keys.rsa_pem}
    kinds = [
        (name, connections) for name in signed for connections in (1, 4, 20) if name != "Ed25519" or connections == 4
    ]
    ways: dict[tuple[str, int], list[Run]] = {kind: [] for kind in kinds}
    ceilings: dict[int, list[Run]] = {connections: [] for connections in (1, 4, 20)}
    signature: list[float] = []

    def everything() -> None:
        # Round by round, so that a busy minute of the machine meets all of them.
        for _ in range(ROUNDS):
            for name, connections in kinds:
                ways[name, connections].append(town.ours(connections=connections, key=signed[name]))
            for connections, runs in ceilings.items():
                before = town.sink.accepted()
                runs.append(bench.ceiling(town.sink.port, messages=MESSAGES, connections=connections, size=town.size))
                assert town.sink.accepted() - before == MESSAGES
            signature.append(bare_signature(town.keys.rsa))

    benchmark.pedantic(everything, rounds=1)
    plain, with_dkimpy = town.plain(dkim=False), town.plain(dkim=True)
    bare = median(signature)
    ours = {kind: of(runs) for kind, runs in ways.items()}
    top = {connections: of(runs) for connections, runs in ceilings.items()}
    lines = [line("(a) the plain way", plain), line("(a) the plain way, with dkimpy", with_dkimpy)]
    for (name, connections), run in ours.items():
        notes = []
        if name == "no DKIM":
            notes += [goal("× the CPU of (a): 1 /", plain.each / run.each, "60 or more")]
            notes += [goal("× the rate of (c)", run.rate / top[connections].rate, "0.7 or more")]
        elif name == "RSA-2048":
            more = run.each - ours["no DKIM", connections].each
            notes += [goal("× (d) for signing", more / bare, "1.4 or less")]
        lines.append(line(f"(b) {name}, {connections} connection{'s' * (connections > 1)}", run, *notes))
    lines += [line(f"(c) smtp-source, {n} connection{'s' * (n > 1)}", run) for n, run in top.items()]
    lines.append(f"{'(d) a bare RSA-2048 signature':44}{bare:10,.0f}")
    benchmark.extra_info.update(
        {
            "CPU µs": {f"{name}, {n}": round(run.each) for (name, n), run in ours.items()},
            "a second": {f"{name}, {n}": round(run.rate) for (name, n), run in ours.items()},
            "plain way, CPU µs": [round(plain.each), round(with_dkimpy.each)],
            "smtp-source a second": {str(n): round(run.rate) for n, run in top.items()},
            "RSA-2048 signature, µs": round(bare),
        }
    )
    told(capsys, f"{MESSAGES:,} messages of {town.size / 1e3:.0f} kB, the middle of {ROUNDS} rounds", lines)


def test_behind_a_round_trip_of_20_ms(benchmark: Any, capsys: pytest.CaptureFixture[str], town: Town) -> None:
    def everything() -> list[Run]:
        with bench.far_away(town.sink.port) as distance:
            one_smtplib = bench.smtplib_alone(distance, messages=DISTANT, size=town.size)
            return [one_smtplib, *(town.ours(connections=n, distance=distance, few=True) for n in (1, 10))]

    plain, one, ten = benchmark.pedantic(everything, rounds=1)
    lines = [line("one smtplib connection, kept", plain)]
    for name, run in (("(b) no DKIM, 1 connection", one), ("(b) no DKIM, 10 connections", ten)):
        lines.append(line(name, run, goal("× the rate of smtplib", run.rate / plain.rate, "3 or more")))
    benchmark.extra_info["a second"] = [round(run.rate, 1) for run in (plain, one, ten)]
    told(capsys, f"The same 20 ms away: {DISTANT:,} messages of {town.size / 1e3:.0f} kB", lines)


def test_memory_does_not_grow_with_what_is_queued(
    benchmark: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path, town: Town
) -> None:
    def everything() -> list[float]:
        return [peak(tmp_path / str(queued), town.sink, queued) for queued in (FEW, MANY)]

    few, many = benchmark.pedantic(everything, rounds=1)
    benchmark.extra_info["MB"] = [round(few, 1), round(many, 1)]
    with capsys.disabled():
        print(
            f"\n\nThe most memory of the process that sends, after {FEW:,} messages: {few:.0f} MB with {FEW:,} queued "
            f"deliveries, {many:.0f} MB with {MANY:,} (goal: the same, about 100 MB)"
        )


def peak(folder: Path, sink: Sink, queued: int) -> float:
    """MB of a process that has so many to deliver, after the first thousand."""
    folder.mkdir()
    bench.town(folder / "town.db", FEW, queued - FEW)
    project = bench.project(folder / "project", folder / "town.db", sink.port, connections=4)
    (folder / "town.db").unlink()
    before = sink.accepted()
    if queued == FEW:
        memory = bench.run(project).peak
    else:
        memory = bench.peak_when(lambda: sink.accepted() - before >= FEW, project)
    taken, states = sink.accepted() - before, bench.states(project)
    # Of those that were cut off, the ones in hand may have been accepted.
    assert states["sent"] <= taken <= states["sent"] + states.get("sending", 0)
    return memory
