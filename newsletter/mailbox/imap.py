"""Mail that comes in through a hosted mailbox, by IMAP: fetch what is new, hand it on, mark it, wait for more.

Nothing is ever deleted or moved. A message is marked only after it was handled, so it comes again where the process
ends in between: what handles it must be idempotent.
"""

import queue
import threading
import time
from collections.abc import Callable, Set
from contextlib import suppress
from dataclasses import dataclass
from random import SystemRandom
from types import TracebackType
from typing import Self

from newsletter.mailbox.envelope import Disposition, Handle, envelope_of, message_id_of, place_of
from newsletter.mailbox.imap_connection import CannotRead, ImapConnection, ImapServer
from subscribers.errors import DatabaseError

#: Messages of one fetch; what is more waits for the next.
BATCH = 50
#: After so many failures a message is left to the operator.
MOST_TRIES = 3
#: `run` looks again after so many seconds even where nothing was announced.
LONGEST_WAIT = 300.0
#: And so often where the server cannot announce anything.
POLL = 60.0
#: Seconds until `run` tries a message again that failed once, twice.
_TRY_AGAIN = (60.0, 600.0)
#: Seconds between attempts to reach a server that is away, at most; and from the start where a person must mend it.
LONGEST_PAUSE = 300.0
#: A connection that held so long (seconds) was a good one: the next pause is short again.
_GOOD = 60.0
#: Seconds that an answer of the server is still waited for when it is time to stop.
_GRACE = 1.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """A message that could not be handled."""

    uid: str
    #: '' where it has none, or could not be read
    message_id: str
    #: the error as it was raised; it may name people, so it is nothing for a log
    why: str
    #: the error's kind and place, without a word of the message
    where: str
    #: how often it was tried so far
    tries: int

    @property
    def given_up(self) -> bool:
        """True where it was flagged and will not be tried again."""
        return self.tries >= MOST_TRIES


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What one fetch did."""

    #: messages that were handled and need nobody any more
    done: int
    #: messages that were left to the operator, flagged
    kept: int
    troubles: tuple[Trouble, ...]
    #: True where more waits than one fetch takes
    more: bool


def pause_after(failures: int, chance: float) -> float:
    """Seconds before the next attempt, after so many in a row have failed: about 1, 2, 4 … 300.

    `chance` in 0…1 spreads them by a half, so that not everybody comes back in the same moment.
    """
    return min(LONGEST_PAUSE, 2.0 ** min(failures - 1, 20)) * (1 - chance / 2)


class ImapMailbox:
    """A mailbox whose new mail is handed on. Connects when it is needed first, and again when it must."""

    def __init__(self, server: ImapServer, *, batch: int = BATCH) -> None:
        server.refuse_unsafe()
        self._server = server
        self._batch = batch
        self._connection: ImapConnection | None = None
        self._validity = ""
        #: by UID
        self._failed: dict[str, _Failed] = {}
        #: by UID: handled, but the connection broke before that could be written down
        self._unmarked: dict[str, Disposition] = {}
        #: held while a message is handled
        self._handling = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye to the server."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def fetch(self, handle: Handle) -> FetchReport:
        """Hand on each message that nobody has seen, the oldest first, up to a batch, and mark it afterwards.

        What `handle` raises is in the report, and the message is tried again by the next fetches; the third failure
        flags it. Raises `MailboxError` where the mailbox cannot be read; its `report` says what was done before.
        """
        never = threading.Event()
        if self._connection:
            try:
                return self._fetch(self._connection, handle, never)
            except CannotRead as error:
                if error.report != _NOTHING:
                    raise
                # The old connection had gone in silence, as they do.
        return self._fetch(self._take(ImapConnection(self._server)), handle, never)

    def wait(self, seconds: float) -> bool:
        """Wait until something may have arrived (True) or the time has passed. Raises `MailboxError`."""
        return self._wait(self._connection or self._take(ImapConnection(self._server)), seconds, threading.Event())

    def run(self, handle: Handle, stop: threading.Event, told: Callable[[str], None]) -> None:
        """Fetch and wait until `stop` is set, connecting again for as long as it takes.

        `handle` is called in this thread. `told` gets a sentence for each change: when the mailbox is read, when it
        cannot be and why, when a message could not be handled; never the password, and nothing out of a message.
        Ends within two seconds after `stop`, or with the message that is being handled then.
        """
        ended = threading.Event()
        threading.Thread(target=self._hang_up_after, args=(stop, ended), name="mailbox-stop", daemon=True).start()
        try:
            self._run(handle, stop, told)
        finally:
            self.close()
            ended.set()

    def _run(self, handle: Handle, stop: threading.Event, told: Callable[[str], None]) -> None:
        #: None at first, then what kept us from reading, or '' where nothing does
        state: str | None = None
        failures = 0
        while not stop.is_set():
            since, read = time.monotonic(), False
            try:
                connection = self._connect_unless(stop)
                while connection and not stop.is_set():
                    report = self._fetch(connection, handle, stop, self._not_yet())
                    read = True
                    if state != "":
                        state = ""
                        told(f"New mail in the folder {self._server.folder} of {self._server.host} is read.")
                    self._tell(report, told)
                    if not report.more:
                        self._wait(connection, self._patience(connection), stop)
            except CannotRead as error:
                if stop.is_set():
                    return
                if isinstance(error.report, FetchReport):
                    self._tell(error.report, told)
                # That a connection ends after it was of use is nothing to tell: the next one follows.
                if not read and error.obstacle != state:
                    state = error.obstacle
                    told(str(error))
                failures = 1 if read and time.monotonic() - since > _GOOD else failures + 1
                pause = pause_after(failures, SystemRandom().random()) if error.obstacle.passes else LONGEST_PAUSE
                stop.wait(pause)

    def _fetch(
        self,
        connection: ImapConnection,
        handle: Handle,
        stop: threading.Event,
        leave: Set[str] = frozenset(),
    ) -> FetchReport:
        counts = {Disposition.DONE: 0, Disposition.KEEP: 0}
        troubles: list[Trouble] = []
        try:
            unseen = connection.unseen()
            self._failed = {uid: self._failed[uid] for uid in unseen if uid in self._failed}
            waiting = [uid for uid in unseen if uid not in leave]
            for uid in waiting[: self._batch]:
                if stop.is_set():
                    break
                became = self._one(connection, uid, handle, stop)
                if isinstance(became, Trouble):
                    troubles.append(became)
                elif became:
                    counts[became] += 1
        except CannotRead as error:
            self.close()
            error.report = _report(counts, troubles, more=True)
            raise
        return _report(counts, troubles, more=len(waiting) > self._batch)

    def _one(
        self, connection: ImapConnection, uid: str, handle: Handle, stop: threading.Event
    ) -> Disposition | Trouble | None:
        """Handle and mark one message; None where it is gone, or it is time to stop."""
        if uid in self._unmarked:
            return self._mark(connection, uid, self._unmarked[uid])
        raw = b""
        try:
            if (found := connection.message(uid)) is None:
                return None
            raw, cut = found
            with self._handling:
                if stop.is_set():
                    return None
                disposition = self._unmarked[uid] = Disposition(handle(envelope_of(raw, cut=cut), raw))
            return self._mark(connection, uid, disposition)
        except CannotRead:
            raise
        except Exception as error:
            return self._note(connection, uid, raw, error)

    def _mark(self, connection: ImapConnection, uid: str, disposition: Disposition) -> Disposition:
        connection.mark(uid, disposition)
        self._unmarked.pop(uid, None)
        self._failed.pop(uid, None)
        return disposition

    def _note(self, connection: ImapConnection, uid: str, raw: bytes, error: Exception) -> Trouble:
        """Remember the failure; the last one flags the message. A busy database or a full disk is no fault of its."""
        tries = self._failed[uid].count if uid in self._failed else 0
        tries = max(tries, 1) if isinstance(error, DatabaseError) else tries + 1
        if tries < MOST_TRIES or isinstance(error, DatabaseError):
            self._failed[uid] = _Failed(tries, time.monotonic() + _TRY_AGAIN[min(tries, len(_TRY_AGAIN)) - 1])
        else:
            self._mark(connection, uid, Disposition.KEEP)
        return Trouble(
            uid=uid,
            message_id=message_id_of(raw),
            why=f"{type(error).__name__}: {error}",
            where=place_of(error),
            tries=tries,
        )

    def _wait(self, connection: ImapConnection, seconds: float, stop: threading.Event) -> bool:
        try:
            return connection.wait(seconds, stop)
        except CannotRead:
            self.close()
            raise

    def _take(self, connection: ImapConnection) -> ImapConnection:
        self._connection = connection
        if connection.validity != self._validity:
            # The server numbers its messages anew.
            self._validity = connection.validity
            self._failed.clear()
            self._unmarked.clear()
        return connection

    def _connect_unless(self, stop: threading.Event) -> ImapConnection | None:
        """A new connection; None where `stop` came first.

        It is made in a thread of its own: nothing can wake who waits for a server that does not answer at all.
        """
        self.close()
        made: queue.SimpleQueue[ImapConnection | BaseException] = queue.SimpleQueue()

        def connect() -> None:
            try:
                made.put(ImapConnection(self._server))
            except BaseException as error:
                made.put(error)
            if stop.is_set():
                _drain(made)

        threading.Thread(target=connect, name="mailbox-connect", daemon=True).start()
        while not stop.is_set():
            try:
                found = made.get(timeout=_GRACE / 2)
            except queue.Empty:
                continue
            if isinstance(found, BaseException):
                raise found
            return self._take(found)
        _drain(made)
        return None

    def _hang_up_after(self, stop: threading.Event, ended: threading.Event) -> None:
        """What waits for an answer of the server is woken when it is time to stop, but for a message in hand."""
        while not stop.wait(_GRACE / 2):
            if ended.is_set():
                return
        with self._handling:
            pass  # none is begun from here on; that one still gets its mark
        if not ended.wait(_GRACE) and (connection := self._connection):
            connection.hang_up()

    def _not_yet(self) -> set[str]:
        """UIDs of what failed a short while ago."""
        return {uid for uid, failed in self._failed.items() if failed.again > time.monotonic()}

    def _patience(self, connection: ImapConnection) -> float:
        """Seconds to wait for new mail before looking anyway."""
        again = [failed.again - time.monotonic() for failed in self._failed.values()]
        return max(0.0, min([LONGEST_WAIT if connection.is_told else POLL, *again]))

    def _tell(self, report: FetchReport, told: Callable[[str], None]) -> None:
        for trouble in report.troubles:
            which = f"The message with UID {trouble.uid} in the folder {self._server.folder}"
            if trouble.given_up:
                told(f"{which} could not be handled ({trouble.where}). It was flagged and is left to you.")
            elif trouble.tries == 1:
                told(f"{which} could not be handled ({trouble.where}). It is tried again.")


@dataclass(frozen=True, slots=True)
class _Failed:
    """A message that could not be handled so far."""

    count: int
    #: when `run` tries again, by the monotonic clock
    again: float


def _report(counts: dict[Disposition, int], troubles: list[Trouble], *, more: bool) -> FetchReport:
    return FetchReport(counts[Disposition.DONE], counts[Disposition.KEEP], tuple(troubles), more)


#: The report of a fetch that broke before it did anything.
_NOTHING = FetchReport(0, 0, (), True)


def _drain(made: "queue.SimpleQueue[ImapConnection | BaseException]") -> None:
    """Close what nobody will take any more."""
    with suppress(queue.Empty):
        if isinstance(found := made.get_nowait(), ImapConnection):
            found.close()
