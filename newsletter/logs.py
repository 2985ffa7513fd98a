"""What happens, told as it happens: sentences on a terminal, JSON lines elsewhere. One line an event, always.

A log is read by more people than the database is, and kept for longer. So addresses lose what stands before the @,
tokens and passwords are left out, and of an error of ours only its kind and the lines of code are told: its words may
be somebody's.
"""

import json
import logging
import re
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TextIO

#: Characters of one value; more says nothing new.
MOST = 2_000
#: Values of one list, and lines of code of one error.
MOST_ITEMS = 30
_INFO, _TROUBLE = "info", "warning"
_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, _TROUBLE), (logging.INFO, _INFO))
_OURS = ("at", "level", "event")
_ADDRESS = re.compile(r"(?<![\w.+'’&=-])[\w.+'’&=-]+(?:@|%40)(?=[\w-]+(?:\.[\w-]+)+)")
#: The login in the address of a server.
_LOGIN = re.compile(r"(?<=://)[^/\s@]+@")
#: What confirms something, and what our links end in.
_TOKEN = re.compile(r"(?<![a-z0-9])[a-z2-7]{24,}(?![a-z0-9])")
_LINK = re.compile(r"(?<=/)(?=[a-z0-9_-]*[A-Z])(?=[A-Z0-9_-]*[a-z])[A-Za-z0-9_-]{20,}(?!\w|\.\w)")
_HIDDEN = "…"
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Log:
    """Takes what happens, from any thread, and never raises: what cannot be told must not stop what is done."""

    def __init__(
        self,
        stream: TextIO,
        *,
        human: bool,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        secrets: Iterable[str] = (),
    ) -> None:
        """`human`: sentences, else JSON. `secrets` are texts, such as passwords, that never stand in it."""
        self._stream = stream
        self._human = human
        self._clock = clock
        # The longest first: one may be a part of another.
        self._secrets = sorted({secret for secret in secrets if len(secret) >= 4}, key=len, reverse=True)
        # A handler of a signal may tell something while its thread is telling something else.
        self._lock = threading.RLock()
        self._day: date | None = None

    def __call__(self, event: str, /, **values: Any) -> None:
        """Something happened: `log("pulled", source="arXiv", new=12, known=30)`."""
        self._tell(_INFO, event, values)

    def trouble(self, event: str, /, **values: Any) -> None:
        """Something went wrong: `log.trouble("pull failed", source="arXiv", why="it timed out")`."""
        self._tell(_TROUBLE, event, values)

    def say(self, sentence: str) -> None:
        """A whole sentence."""
        self._tell(_INFO, sentence, {})

    def record(self, record: logging.LogRecord) -> None:
        """What a library, or the program's own `logging`, has to say."""
        try:
            said = record.getMessage()
        except Exception:  # its words do not fit its values: a mistake of its author's
            said = str(record.msg)
        values: dict[str, Any] = {"logger": record.name}
        if record.exc_info and (error := record.exc_info[1]):
            values |= _fault(error)
            said = said.strip().partition("\n")[0]
        self._tell(next((name for least, name in _LEVELS if record.levelno >= least), "debug"), said, values)

    def _tell(self, level: str, event: str, values: Mapping[str, Any]) -> None:
        with suppress(Exception):
            now = self._clock().astimezone(UTC)
            plain = {self._clean(str(name)): self._plain(value) for name, value in values.items()}
            event = self._clean(str(event))
            with self._lock:
                line = self._sentence(now, level, event, plain) if self._human else _json(now, level, event, plain)
                self._stream.write(line + "\n")
                self._stream.flush()

    def _plain(self, value: Any) -> Any:
        """The value as JSON has it, in words that may be told."""
        match value:
            case None | bool() | int():
                return value
            case datetime():
                return _stamp(value)
            case list():
                return [self._clean(str(item)) for item in value[:MOST_ITEMS]]
            case _:
                return self._clean(str(value))

    def _clean(self, text: str) -> str:
        """One printable line without secrets and without people."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        text = text[: MOST * 2]  # before the patterns, which take their time
        text = "".join(character if character.isprintable() else " " for character in text)
        text = " ".join(text.split())
        text = _LOGIN.sub(_HIDDEN + "@", text)
        text = _LINK.sub(_HIDDEN, _TOKEN.sub(_HIDDEN, _ADDRESS.sub(_HIDDEN + "@", text)))
        return text if len(text) <= MOST else text[: MOST - 1] + _HIDDEN

    def _sentence(self, now: datetime, level: str, event: str, values: Mapping[str, Any]) -> str:
        """For a person: `08:00:03 pulled arXiv: 12 new, 30 known`."""
        new_day = self._day is not None and self._day != now.date()
        self._day = now.date()
        line = f"{now:%H:%M:%S} {'' if level in (_INFO, 'debug') else '! '}{event}{_tail(values)}"
        line = f"— {now:%A %d %B %Y}, UTC —\n{line}" if new_day else line
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        return line.encode(encoding, "backslashreplace").decode(encoding)


class Handler(logging.Handler):
    """Brings what `logging` is told into a log."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One record."""
        self._log.record(record)


@contextmanager
def all_logs(log: Log) -> Iterator[None]:
    """While the block runs, the program's and the libraries' own logs, and faults in threads, go into this one."""
    root, ours, handler = logging.getLogger(), logging.getLogger("newsletter"), Handler(log)
    levels, before, fault = (root.level, ours.level), root.handlers[:], threading.excepthook

    def thread_failed(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_type is not SystemExit and arguments.exc_value:
            name = arguments.thread.name if arguments.thread else "?"
            log.trouble("a fault in a thread ended it", thread=name, **_fault(arguments.exc_value))

    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    ours.setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = thread_failed
    try:
        yield
    finally:
        threading.excepthook = fault
        logging.captureWarnings(False)
        root.handlers = before
        root.setLevel(levels[0])
        ours.setLevel(levels[1])


def _fault(error: BaseException) -> dict[str, Any]:
    return {"error": type(error).__name__, "trace": _trace(error)}


def _trace(error: BaseException) -> list[str]:
    """Where an error comes from, the innermost line first, and what it came of; without its words."""
    told: list[str] = []
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen and len(told) < MOST_ITEMS:
        seen.add(id(following))
        if following is not error:
            told.append(f"of {type(following).__name__}")
        told += [_place(frame) for frame in reversed(traceback.extract_tb(following.__traceback__))]
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return told[:MOST_ITEMS]


def _place(frame: traceback.FrameSummary) -> str:
    return f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _json(now: datetime, level: str, event: str, values: Mapping[str, Any]) -> str:
    named = {(name + "_" if name in _OURS else name): value for name, value in values.items()}
    # ASCII: whatever is in it, it is one line and fits any stream.
    return json.dumps({"at": _stamp(now), "level": level, "event": event, **named}, allow_nan=False)


def _tail(values: Mapping[str, Any]) -> str:
    """The values as the end of a sentence: the first one is what it is about, if that is a text."""
    shown = {name: value for name, value in values.items() if value is not None and name not in ("trace", "logger")}
    about = next(iter(shown), None)
    head = ""
    if about is not None and about not in ("why", "error") and isinstance(shown[about], str):
        head = f" {shown.pop(about)}"
    parts = [_part(name.replace("_", " "), value) for name, value in shown.items()]
    where = values.get("trace")
    place = f" ({' < '.join(where[:3])})" if isinstance(where, list) and where else ""
    return head + (f": {', '.join(parts)}" if parts else "") + place


def _singular(name: str) -> str:
    """One copy, of "copies"."""
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


def _part(name: str, value: Any) -> str:
    match value:
        case bool():
            return name if value else f"not {name}"
        case 1:
            return f"1 {_singular(name)}"
        case int():
            return f"{value:,} {name}"
        case list():
            return f"{name} {', '.join(value)}" if value else f"no {name}"
        case str() if _STAMP.fullmatch(value):
            return f"{name} {value[11:16]}"
        case _:
            return str(value) if name in ("why", "error") else f"{name} {value}"
