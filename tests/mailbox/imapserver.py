"""A small IMAP server in the process, for what a real one does not do when it is asked: break, lie, be silent."""

import base64
import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

#: Answers to a command: close the connection; say nothing any more.
HANG_UP = "hang up"
SILENCE = "silence"
#: Seconds for what is no matter of patience in a test.
PATIENCE = 30


@dataclass
class Mail:
    """A message in the mailbox."""

    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class ImapServerDouble:
    """What is in the mailbox, what was said to the server, and how it answers."""

    port: int = 0
    capabilities: str = "IMAP4rev1 IDLE"
    #: flags that may be set for good; `\\*` lets clients invent some
    permanent: str = r"\Seen \Flagged \Deleted \*"
    password: str = "right"
    folder: str = "INBOX"
    read_only: bool = False
    validity: int = 1
    mails: list[Mail] = field(default_factory=list)
    #: commands as they came, without their tags; those of UID as "UID FETCH …"
    commands: list[str] = field(default_factory=list)
    #: the first words of a command (or "greeting") → an answer, or a list of answers to give in turn (then the usual);
    #: one that begins with * comes before a tagged OK
    answers: dict[str, str | list[str]] = field(default_factory=dict)
    #: what is sent when IDLE begins
    idling: bytes = b"+ idling\r\n"
    connections: int = 0
    tls: ssl.SSLContext | None = None
    #: True from the first byte on, False after STARTTLS
    tls_at_once: bool = True
    #: called with every command before it is answered
    heard: Callable[[str], object] = lambda command: None

    def arrive(self, raw: bytes, *flags: str) -> Mail:
        mail = Mail(len(self.mails) + 101, raw, set(flags))
        self.mails.append(mail)
        return mail

    def said(self, beginning: str) -> list[str]:
        """The commands that begin so."""
        return [command for command in self.commands if command.startswith(beginning)]

    def answer(self, command: str) -> str | None:
        for words, answer in self.answers.items():
            if command.startswith(words):
                if isinstance(answer, list):
                    return answer.pop(0) if answer else None
                return answer
        return None


@contextmanager
def imap_server(tls: ssl.SSLContext | None = None) -> Iterator[ImapServerDouble]:
    """Runs until the block ends."""
    double = ImapServerDouble(tls=tls)
    ended = threading.Event()
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        double.port = int(listening.getsockname()[1])
        listening.settimeout(0.02)

        def listen() -> None:
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    sock, _ = listening.accept()
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    double.connections += 1
                    threads.append(threading.Thread(target=_Connection(double, sock, ended).serve))
                    threads[-1].start()

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield double
        finally:
            ended.set()
            for thread in (listener, *threads):
                thread.join()


class _Gone(Exception):
    """The connection has ended."""


class _Connection:
    def __init__(self, double: ImapServerDouble, sock: socket.socket, ended: threading.Event) -> None:
        self.double = double
        self.sock = sock
        self.ended = ended
        self.buffer = b""
        self.known = 0

    def serve(self) -> None:
        try:
            with contextlib.suppress(_Gone, OSError):
                if self.double.tls and self.double.tls_at_once:
                    self.encrypt()
                self.greet()
                while self.command(*self.line().split(" ", 1)):
                    pass
        finally:
            self.sock.close()

    def encrypt(self) -> None:
        assert self.double.tls
        self.sock.settimeout(PATIENCE)
        self.sock = self.double.tls.wrap_socket(self.sock, server_side=True)

    def greet(self) -> None:
        match self.double.answer("greeting"):
            case None:
                self.send("* OK ready")
            case answer:
                self.act(answer)
                self.write(answer.encode())

    def act(self, answer: str) -> None:
        if answer == HANG_UP:
            raise _Gone
        if answer == SILENCE:
            while True:
                self.line()

    def send(self, *lines: str) -> None:
        self.write("".join(f"{line}\r\n" for line in lines).encode())

    def write(self, content: bytes) -> None:
        # As patient as `line` is not: megabytes take their time on a busy machine.
        self.sock.settimeout(PATIENCE)
        self.sock.sendall(content)

    def line(self, meanwhile: Callable[[], object] = lambda: None) -> str:
        self.sock.settimeout(0.01)
        while b"\r\n" not in self.buffer:
            meanwhile()
            if self.ended.is_set():
                raise _Gone
            with contextlib.suppress(TimeoutError):
                if not (more := self.sock.recv(65536)):
                    raise _Gone
                self.buffer += more
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode()

    def announce(self) -> None:
        if self.known != len(self.double.mails):
            self.known = len(self.double.mails)
            self.send(f"* {self.known} EXISTS")

    def command(self, tag: str, command: str) -> bool:
        double = self.double
        double.commands.append(command)
        double.heard(command)
        if answer := double.answer(command):
            self.act(answer)
            self.send(*([answer, f"{tag} OK done"] if answer.startswith("*") else [f"{tag} {answer}"]))
            return True
        name, _, rest = command.partition(" ")
        done = "OK done"
        match name:
            case "CAPABILITY":
                self.send(f"* CAPABILITY {double.capabilities}")
            case "STARTTLS":
                self.send(f"{tag} OK begin")
                self.encrypt()
                return True
            case "LOGIN" | "AUTHENTICATE":
                done = self.login(name, rest)
            case "SELECT":
                done = self.select(rest)
            case "UID":
                self.uid(*rest.split(" ", 2))
            case "IDLE":
                self.write(double.idling)
                assert self.line(self.announce) == "DONE"
            case "LOGOUT":
                self.send("* BYE", f"{tag} OK bye")
                return False
        if name != "LOGIN":
            self.announce()
        self.send(f"{tag} {done}")
        return True

    def login(self, name: str, rest: str) -> str:
        if name == "AUTHENTICATE":
            self.send("+ ")
            password = base64.b64decode(self.line()).decode().split("\0")[2]
        else:
            password = re.sub(r"\\(.)", r"\1", rest.split('" "')[1][:-1])
        return "OK in" if password == self.double.password else "NO [AUTHENTICATIONFAILED] no such login"

    def select(self, folder: str) -> str:
        if folder != f'"{self.double.folder}"':
            return "NO no such folder"
        self.announce()
        self.send(
            rf"* FLAGS ({self.double.permanent})",
            f"* OK [PERMANENTFLAGS ({self.double.permanent})] those",
            f"* OK [UIDVALIDITY {self.double.validity}] valid",
        )
        return "OK [READ-ONLY] look" if self.double.read_only else "OK [READ-WRITE] yours"

    def uid(self, name: str, uids: str, rest: str) -> None:
        mails = self.double.mails
        if name == "SEARCH":
            criteria = f"{uids} {rest}".split()
            unwanted = {r"\Seen": "UNSEEN", r"\Deleted": "UNDELETED"}
            flags = {flag for flag, word in unwanted.items() if word in criteria} | {criteria[-1]}
            # The newest first: the order is the server's own affair.
            self.send("* SEARCH " + " ".join(str(m.uid) for m in reversed(mails) if not m.flags & flags))
            return
        for number, mail in enumerate(mails, 1):
            if str(mail.uid) != uids:
                continue
            if name == "STORE":
                mail.flags |= set(rest.split("(")[1].strip(")").split())
            else:
                most = re.search(r"<0\.(\d+)>", rest)
                assert most
                part = mail.raw[: int(most[1])]
                told = f"* {number} FETCH (UID {mail.uid} RFC822.SIZE {len(mail.raw)} BODY[]<0> {{{len(part)}}}\r\n"
                self.write(told.encode() + part + b")\r\n")
