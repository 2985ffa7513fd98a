"""A real DNS server in the process, by UDP and TCP, that answers as it is told."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

#: Instead of records: an error; no answer at all; bytes that are no answer.
SERVFAIL, SILENCE, NONSENSE = "SERVFAIL", "SILENCE", "NONSENSE"


@dataclass
class NameServer:
    """What is in its zones, and what it was asked."""

    port: int = 0
    #: (name, type) → records as a zone file has them, or one of the words above
    records: dict[tuple[str, str], list[str] | str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def place(self) -> str:
        """For --resolver."""
        return f"127.0.0.1:{self.port}"

    def add(self, name: str, kind: str, *values: str) -> None:
        """Records of a name."""
        self.records[name, kind] = list(values)

    def text(self, name: str, *values: str) -> None:
        """TXT records, cut into pieces as the format wants it."""
        self.add(name, "TXT", *(_pieces(value) for value in values))

    def answer(self, raw: bytes, most: int) -> bytes | None:
        """The answer to a question, of at most so many bytes."""
        question = dns.message.from_wire(raw)
        asked = question.question[0]
        name, kind = asked.name.to_text(True).lower(), dns.rdatatype.to_text(asked.rdtype)
        self.asked.append((name, kind))
        found = self.records.get((name, kind), [])
        if found == SILENCE:
            return None
        if found == NONSENSE:
            return raw[:2] + b"\xff" * 40
        answer = dns.message.make_response(question)
        if found == SERVFAIL:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif isinstance(found, list) and found:
            answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *found))
        elif not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        wire = answer.to_wire(max_size=65_535)
        if len(wire) > most:
            answer.answer.clear()
            answer.flags |= dns.flags.TC
            wire = answer.to_wire()
        return wire


@contextmanager
def name_server() -> Iterator[NameServer]:
    """Runs until the block ends."""
    told = NameServer()
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        told.port = int(tcp.getsockname()[1])
        udp.bind(("127.0.0.1", told.port))
        ended = threading.Event()
        threads = [threading.Thread(target=serve, args=(told, ended, at)) for serve, at in ((_udp, udp), (_tcp, tcp))]
        for thread in threads:
            thread.start()
        try:
            yield told
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def _udp(told: NameServer, ended: threading.Event, sock: socket.socket) -> None:
    sock.settimeout(0.004)
    while not ended.is_set():
        with suppress(TimeoutError):
            raw, client = sock.recvfrom(4_096)
            if answer := told.answer(raw, 1_232):
                sock.sendto(answer, client)


def _tcp(told: NameServer, ended: threading.Event, listening: socket.socket) -> None:
    listening.settimeout(0.004)
    while not ended.is_set():
        with suppress(OSError, struct.error):
            sock, _ = listening.accept()
            with sock:
                sock.settimeout(1)
                (length,) = struct.unpack("!H", sock.recv(2))
                if answer := told.answer(sock.recv(length), 65_535):
                    sock.sendall(struct.pack("!H", len(answer)) + answer)


def _pieces(value: str) -> str:
    escaped = [value[at : at + 250].replace("\\", "\\\\").replace('"', '\\"') for at in range(0, len(value), 250)]
    return " ".join(f'"{piece}"' for piece in escaped or [""])
