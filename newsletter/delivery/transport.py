"""A way out that takes one message at a time: a folder."""

from pathlib import Path
from typing import Protocol

from newsletter.delivery.outcomes import Outcome, Sent
from newsletter.errors import TransportDown


class Transport(Protocol):
    """Takes one message for one recipient at a time."""

    #: True where handing over the same message again changes nothing: after a crash it is simply repeated
    repeatable: bool

    def send(self, message: bytes, *, sender: str, recipient: str, name: str) -> Outcome:
        """Hand over a message; `name` is unique to it and fit for a file. Raises `TransportDown`."""

    def close(self) -> None:
        """Let go of connections."""


def file_name(text: str) -> str:
    """An address or the like, as far as a file's name may hold it."""
    return "".join(c if c.isalnum() or c in "@.-_+" else "_" for c in text)[:80]


class FolderTransport:
    """Writes each message to a file that any mail program opens."""

    repeatable = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: bytes, *, sender: str, recipient: str, name: str) -> Outcome:
        """Write `name.eml`, whole or not at all."""
        path = self._folder / f"{name}.eml"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".part")
            unfinished.touch(mode=0o600)
            unfinished.write_bytes(message)
            unfinished.replace(path)
        except OSError as error:
            raise TransportDown(
                f"{path} cannot be written: {error.strerror or error}. Check the folder (delivery.folder) and the "
                "disk, then run the command again: what is not written yet is still queued."
            ) from error
        return Sent(str(path))

    def close(self) -> None:
        """Nothing to let go of."""
