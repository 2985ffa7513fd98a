"""One file that holds a whole newsletter, and a newsletter made of such a file.

It holds the database as it is at one moment, also while it is written to (the keys of links and of suppressed
addresses are in it), the settings, the operator's templates and intros. A restored copy sends nothing until the
operator says so: the original may still be running.
"""

import sqlite3
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path, PurePosixPath

from newsletter.errors import ProjectError
from newsletter.settings import FILE as SETTINGS
from newsletter.store import FILE as STORE
from newsletter.store import SENDING, open_store, switch
from subscribers.database import database_errors

_FOLDERS = ("templates", "issues")
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
            zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as file,
        ):
            copy = Path(folder) / STORE
            with database_errors(project / STORE):
                _copy_database(project / STORE, copy)
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

    Raises `ProjectError` for a file that is no backup of ours, or a folder with a newsletter in it.
    """
    for name in (SETTINGS, STORE):
        if (folder / name).exists():
            raise ProjectError(f"There is a newsletter in {folder} already. Name an empty folder.")
    try:
        with zipfile.ZipFile(source) as file:
            names = file.namelist()
            strange = [name for name in names if not _ours(name)]
            if strange or not {SETTINGS, STORE} <= set(names):
                raise ProjectError(f"{source} is no backup of a newsletter. `newsletter backup FILE` makes one.")
            folder.mkdir(parents=True, exist_ok=True)
            for name in names:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch(0o600)
                path.write_bytes(file.read(name))
    except zipfile.BadZipFile as error:
        raise ProjectError(f"{source} is damaged, or no backup of a newsletter: {error}.") from error
    db = open_store(folder / STORE)
    try:
        with database_errors(folder / STORE):
            switch(db, SENDING, off=True, why=RESTORED, now=now)
    finally:
        db.conn.close()


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
    return name in (SETTINGS, STORE) or path.parts[0] in _FOLDERS
