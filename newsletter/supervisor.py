"""Words with whoever supervises the process, such as systemd: ready, alive, stopping; and whether one serves.

The protocol of sd_notify(3): a datagram to the socket that a variable names. Without a supervisor nothing is said.
"""

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

#: Whoever serves a newsletter holds a lock on this file in its folder; the kernel lets go of it when they end.
LOCK = ".serving"
#: A supervisor that takes no datagram within so many seconds is not waited for.
_PATIENCE = 1.0


def ready() -> bool:
    """All is set up. True where there is somebody to tell."""
    return _tell("READY=1")


def stopping() -> bool:
    """The end has begun."""
    return _tell("STOPPING=1")


def alive() -> bool:
    """To be said at least twice within `watchdog_seconds`, or the process is taken for hanging."""
    return _tell("WATCHDOG=1")


def watchdog_seconds() -> float | None:
    """How often the supervisor must hear that we are alive; None where it does not ask."""
    meant = os.environ.get("WATCHDOG_PID")
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if meant not in (None, "", str(os.getpid())) or not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    return int(microseconds) / 1_000_000


def is_serving(project: Path) -> bool:
    """Does a process serve the newsletter in that folder? Asked by a shared lock, held for no time at all."""
    try:
        with (project / LOCK).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _tell(message: str) -> bool:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    # A name that begins with @ is of the abstract kind, which has no file.
    path = "\0" + address[1:] if address.startswith("@") else address
    with suppress(OSError, ValueError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.settimeout(_PATIENCE)
        out.sendto(message.encode(), path)
        return True
    return False
