"""The folder transport: whole files or none."""

import os
from pathlib import Path

import pytest

from newsletter.delivery.outcomes import Sent
from newsletter.delivery.transport import FolderTransport
from newsletter.errors import TransportDown

MESSAGE = b"Subject: x\r\n\r\n.dot\r\n" + b"a" * 100_000


def send(transport: FolderTransport, message: bytes = MESSAGE, name: str = "one") -> object:
    return transport.send(message, sender="a@example.org", recipient="b@example.org", name=name)


def test_a_message_is_a_file_of_these_very_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "outbox"
    assert send(FolderTransport(folder)) == Sent(str(folder / "one.eml"))
    assert (folder / "one.eml").read_bytes() == MESSAGE
    assert [path.name for path in folder.iterdir()] == ["one.eml"]


def test_the_same_message_again_changes_nothing(tmp_path: Path) -> None:
    transport = FolderTransport(tmp_path)
    assert transport.repeatable
    send(transport)
    send(transport)
    transport.close()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [MESSAGE]


def test_what_a_kill_left_half_written_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "one.part").write_bytes(b"half a mess")
    send(FolderTransport(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["one.eml"]


def test_dots_in_a_name_are_no_suffix(tmp_path: Path) -> None:
    transport = FolderTransport(tmp_path)
    for name in ("2026-11-27-ada@news.example.org-1", "2026-11-27-ada@news.example.net-2"):
        send(transport, name=name)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2026-11-27-ada@news.example.net-2.eml",
        "2026-11-27-ada@news.example.org-1.eml",
    ]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(TransportDown, match=r"outbox/one\.eml cannot be written: .*delivery\.folder.* still queued"):
        send(FolderTransport(tmp_path / "outbox"))


def test_a_full_disk_is_a_sentence_and_leaves_no_half_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:100])
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(TransportDown, match="No space left on device"):
        send(FolderTransport(tmp_path))
    assert not list(tmp_path.glob("*.eml"))
