"""A mail server whose answers are written down: as a conversation only, or at a port."""

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

#: From here on it says nothing.
SILENT = ""
#: Instead of an answer, or at the end of one, it closes the connection; so it does after each 421.
HANGS_UP = "hangs up"
_YES = {"DATA": "354 go on", ".": "250 taken", "QUIT": "221 bye"}


class Scripted:
    """One connection's conversation by the rules of RFC 5321; pure.

    `answers` are given in turn, by command, by a whole line of one, or by "." for a content's end; where none is left
    it says what the rules say.
    """

    def __init__(self, answers: Mapping[str, Sequence[str]] | None = None, *, offers: Sequence[str] = ()) -> None:
        self.commands: list[str] = []
        #: whom a message was accepted for, and its content without the dots that were added
        self.accepted: list[tuple[tuple[str, ...], bytes]] = []
        #: it closes the connection
        self.over = False
        self._answers = {command: deque(told) for command, told in (answers or {}).items()}
        self._offers = offers
        self._heard = b""
        self._silent = False
        self._begun = False
        self._recipients: list[str] = []
        self._content: list[bytes] | None = None

    def hear(self, data: bytes) -> bytes:
        """Its answers to what came."""
        self._heard += data
        said = b""
        while not self.over and b"\r\n" in self._heard:
            line, self._heard = self._heard.split(b"\r\n", 1)
            answer = self._to_command(line.decode()) if self._content is None else self._to_content(line)
            words = answer.removesuffix(HANGS_UP)
            self.over = self.over or words != answer or words.startswith("421")
            if words and not self._silent:
                said += words.encode() + b"\r\n"
        return said

    def _to_content(self, line: bytes) -> str:
        assert self._content is not None
        if line != b".":
            self._content.append(line.removeprefix(b".") + b"\r\n")
            return ""
        answer = self._answer(".", "250 taken" if self._recipients else "554 no valid recipients")
        if answer.startswith("2") and self._recipients:
            self.accepted.append((tuple(self._recipients), b"".join(self._content)))
        self._content = None
        self._forget()
        return answer

    def _to_command(self, line: str) -> str:
        self.commands.append(line)
        command = line[:4].upper()
        answers = line if line in self._answers else command
        match command:
            case "EHLO":
                offers = "".join(f"250-{word}\r\n" for word in ("hello", *self._offers))
                answer = self._answer(answers, f"{offers}250 HELP")
            case "MAIL":
                answer = self._answer(answers, "503 nested MAIL" if self._begun else "250 OK")
                self._begun = self._begun or answer.startswith("2")
            case "RCPT":
                answer = self._answer(answers, "250 OK" if self._begun else "503 need MAIL")
                if answer.startswith("2") and self._begun:
                    self._recipients.append(line.partition("<")[2].rpartition(">")[0])
            case "DATA":
                answer = self._answer(answers, "354 go on" if self._recipients else "554 no valid recipients")
                if answer.startswith("354"):
                    self._content = []
            case _:
                answer = self._answer(answers, _YES.get(command, "250 OK"))
                self.over = command == "QUIT"
                self._forget()
        return answer

    def _answer(self, command: str, usual: str) -> str:
        told = self._answers.get(command)
        answer = told.popleft() if told else usual
        self._silent = self._silent or answer == SILENT
        return answer

    def _forget(self) -> None:
        self._begun = False
        self._recipients = []


@contextmanager
def serving(
    connection: Callable[[int], Scripted], greeting: Callable[[int], str] = lambda n: "220 hi"
) -> Iterator[int]:
    """A port where the n-th connection, from 0, is greeted and answered as told. A 421 for a greeting ends it."""

    def listen() -> None:
        for n in range(1_000):
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            talks.append(threading.Thread(target=talk, args=(stream, connection(n), greeting(n))))
            talks[-1].start()

    def talk(stream: socket.socket, script: Scripted, hello: str) -> None:
        with stream, suppress(OSError):
            stream.sendall(hello.encode() + b"\r\n")
            script.over = hello.startswith("421")
            while not script.over and (data := stream.recv(65_536)):
                stream.sendall(script.hear(data))
            # Closed with something unread, the other side might not hear the last answer.
            stream.shutdown(socket.SHUT_WR)
            while stream.recv(65_536):
                pass

    talks: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listening = threading.Thread(target=listen)
        listening.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            listening.join()
            for thread in talks:
                thread.join()
