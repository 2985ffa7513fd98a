"""One file that holds a whole newsletter, and a newsletter made of such a file.

It holds the database as it is at one moment, also while it is written to (the keys of links and of suppressed
addresses are in it), the keys that sign mail, the settings, the operator's templates and intros. A restored copy sends
nothing until the operator says so: the original may still be running. What was due by then counts as uncertain, for
the copy does not know what was sent since the backup.
"""

import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path, PurePosixPath

from newsletter.delivery.guard import doubt_restored
from newsletter.delivery.signing_keys import FOLDER as KEYS
from newsletter.errors import ProjectError
from newsletter.settings import FILE as SETTINGS
from newsletter.store import FILE as STORE
from newsletter.store import SENDING, open_store, switch
from subscribers.database import database_errors, writing
from subscribers.errors import DiskFull

_FOLDERS = ("templates", "issues", KEYS)
RESTORED = "this is a restored copy, and the original may still be sending"


def back_up(project: Path, target: Path) -> int:
    """Write the file, whole or not at all, readable by its owner only. Returns its size in bytes.

    Raises `ProjectError` where there is no newsletter, or the file exists already.
    """
    if not (project / SETTINGS).is_file() or not (project / STORE).is_file():
        raise ProjectError(f"There is no newsletter in {project.resolve()}, so there is nothing to keep.")
    if target.exists():
        raise ProjectError(f"{target} exists already. Name another file; a backup is never written over.")
    unfinished = target.with_name(target.name + ".part")
    try:
        unfinished.touch(0o600)
        with (
            tempfile.TemporaryDirectory(dir=target.resolve().parent) as folder,
            # Of files older than zip itself (1980) the date is not worth an error.
            zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as file,
        ):
            copy = Path(folder) / STORE
            try:
                with database_errors(project / STORE):
                    _copy_database(project / STORE, copy)
            except DiskFull:  # the copy, of course
                raise ProjectError(f"The disk is full, so {target} could not be written. Free some room.") from None
            file.write(copy, STORE)
            file.write(project / SETTINGS, SETTINGS)
            for name in _FOLDERS:
                for path in sorted((project / name).rglob("*")):
                    if path.is_file():
                        file.write(path, path.relative_to(project).as_posix())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target.stat().st_size


def restore(source: Path, folder: Path, now: datetime) -> None:
    """Make a newsletter of the file in a folder that has none; it sends nothing until sending is switched on.

    It is made aside and comes into the folder when all is well, its settings last: what is interrupted is none.
    Raises `ProjectError` for a file that is no backup of ours, or a folder with a newsletter in it.
    """
    # Beside a database that has gone, its log may have stayed; it would be read into this one.
    for name in (SETTINGS, STORE, f"{STORE}-wal", f"{STORE}-shm"):
        if (folder / name).exists():
            raise ProjectError(f"There is a newsletter in {folder} already ({name}). Name an empty folder.")
    made_here = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".restoring-") as aside:
            names = _unpack(source, Path(aside))
            _switch_off(Path(aside) / STORE, now)
            _move(names, Path(aside), folder)
    except BaseException:
        if made_here:
            with suppress(OSError):
                folder.rmdir()
        raise


def _unpack(source: Path, folder: Path) -> list[str]:
    """Write what is in the file into the folder; returns the names, settings last."""
    try:
        with zipfile.ZipFile(source) as file:
            names = [name for name in dict.fromkeys(file.namelist()) if not name.endswith("/")]
            strange = [name for name in names if not _ours(name)]
            if strange or not {SETTINGS, STORE} <= set(names):
                raise ProjectError(f"{source} is no backup of a newsletter. `newsletter backup FILE` makes one.")
            for name in names:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch(0o600)
                with file.open(name) as packed, path.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
    # What zipfile raises for damaged, cut, or encrypted files.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise ProjectError(f"{source} is damaged, or no backup of a newsletter: {error}.") from error
    return sorted(names, key=lambda name: (name == SETTINGS, name))


def _switch_off(store: Path, now: datetime) -> None:
    db = open_store(store)
    try:
        with writing(db):
            doubt_restored(db)
            switch(db, SENDING, off=True, why=RESTORED, now=now)
    finally:
        db.conn.close()


def _move(names: Sequence[str], source: Path, target: Path) -> None:
    for name in names:
        if (target / name).exists():
            raise ProjectError(f"There is a file {target / name} already. Name an empty folder.")
    if (source / KEYS).exists():
        (target / KEYS).mkdir(mode=0o700, exist_ok=True)
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).replace(target / name)


def _copy_database(source: Path, target: Path) -> None:
    """SQLite's own way: consistent, and in nobody's way."""
    live, copy = sqlite3.connect(source), sqlite3.connect(target)
    try:
        live.backup(copy)
    finally:
        copy.close()
        live.close()


def _ours(name: str) -> bool:
    """May a file of that name be in a backup? None that would be written outside the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        return False
    return name in (SETTINGS, STORE) or (len(path.parts) > 1 and path.parts[0] in _FOLDERS)
