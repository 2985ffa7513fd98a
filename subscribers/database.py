"""The one door to SQLite: opening a file, writing to it, bringing its tables up to date.

Connections run in autocommit; everything that reads and then writes goes through `writing`.
A connection stays in the thread that opened it (sqlite3's own rule).
"""

import fcntl
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database, Migrations

from subscribers.errors import DatabaseBusy, DatabaseError, DiskFull, NewerDatabase, NotOurDatabase

#: "NLTR" in ASCII: stamped into the file's header, so that another program's file is refused.
APPLICATION_ID = 0x4E4C5452
#: How long a statement waits for another process's write before it gives up.
BUSY_SECONDS = 30.0
#: How long emptying the write-ahead log waits for who reads or writes.
SETTLE_SECONDS = 1.0
#: No room for the memory that processes share, a file beside the database: SQLite calls that an input/output error.
_NO_ROOM = sqlite3.SQLITE_IOERR_SHMSIZE


@contextmanager
def database_errors(path: str | Path | Callable[[], str]) -> Iterator[None]:
    """Turn what SQLite says into our own errors; the only place where `sqlite3.Error` is caught.

    Where the path must be asked for, that is done for an error only.

    Programming errors (a wrong table name, say) pass unchanged: they are bugs, not news for an operator.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) or 0
        path = path() if callable(path) else path
        match sqlite3.SQLITE_FULL if code == _NO_ROOM else code & 0xFF:
            case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
                raise NotOurDatabase(
                    f"{path} is not a database of this program (or it is damaged): {error}. "
                    "Move it away, or restore it from a backup."
                ) from error
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                raise DatabaseBusy(
                    f"{path} is locked by another process. Wait until that is done, then run the command again; "
                    "nothing was changed by this one."
                ) from error
            case sqlite3.SQLITE_FULL:
                raise DiskFull(
                    f"The disk is full, so {path} could not be written. Free some room and run the command again; "
                    "what was stored before is safe."
                ) from error
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_IOERR | sqlite3.SQLITE_PERM:
                raise DatabaseError(
                    f"{path} cannot be opened for writing: {error}. Check the folder's permissions and the disk."
                ) from error
        raise


def open_database(path: Path, *, durable: bool = True) -> Database:
    """Open (or create) the file and return the connection, tables untouched.

    `durable` makes each commit survive a power cut (`synchronous=FULL`); without it a commit survives
    the death of the process only.
    Raises `NotOurDatabase` for a file of another kind, `DatabaseBusy` and `DatabaseError` as they come.
    """
    with database_errors(path):
        with suppress(OSError):  # where that fails, connecting says why
            path.touch(mode=0o600)  # addresses and keys are nobody else's business
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            # In this order: another process that is just creating the file stamps it before its first table.
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            if application != APPLICATION_ID and tables:
                raise NotOurDatabase(
                    f"{path} is a database of another program. Name another file or folder; nothing was changed."
                )
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
            if mode != "wal":
                with _alone(path):  # of two that switch at once SQLite tells one "locked", whatever the timeout
                    connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            connection.execute("PRAGMA foreign_keys=ON")
            # What is forgotten is overwritten: people who were erased, links that still work.
            connection.execute("PRAGMA secure_delete=ON")
        except BaseException:
            connection.close()
            raise
    return Database(connection)


@contextmanager
def writing(db: Database) -> Iterator[Database]:
    """A transaction that may read first and write later.

    `BEGIN IMMEDIATE` takes the write lock at the start: under WAL a deferred transaction that reads, and
    then wants to write after somebody else did, fails at once with SQLITE_BUSY_SNAPSHOT, whatever the timeout.
    Nested use joins the transaction that is open.
    """
    if db.conn.in_transaction:
        yield db
        return
    with database_errors(lambda: _file_of(db)):
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.conn.execute("COMMIT")
        except BaseException:
            if db.conn.in_transaction:
                db.conn.execute("ROLLBACK")
            raise


def settle(db: Database) -> None:
    """Empty the write-ahead log, where what was forgotten lives on; later if the database is busy just now."""
    db.conn.execute(f"PRAGMA busy_timeout={round(SETTLE_SECONDS * 1_000)}")
    try:
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.conn.execute(f"PRAGMA busy_timeout={round(BUSY_SECONDS * 1_000)}")


def stored(moment: datetime) -> str:
    """A moment as every table keeps it: ISO 8601 in whole seconds."""
    return moment.isoformat(timespec="seconds")


def migrate(db: Database, path: Path, sets: Sequence[Migrations]) -> None:
    """Bring the tables up to date: every set in the given order, guarded by one lock file.

    Raises `NewerDatabase` when the file knows a migration that this program does not.
    """
    with database_errors(path):
        for migrations in sets:
            known = {migration.name for migration in migrations._migrations}
            newer = [done.name for done in migrations.applied(db) if done.name not in known]
            if newer:
                raise NewerDatabase(
                    f"{path} was written by a newer version of this program (it has '{newer[-1]}'). "
                    "Upgrade the program; nothing was changed."
                )
        if not any(migrations.pending(db) for migrations in sets):
            return
        with _alone(path):
            db.conn.execute(f"PRAGMA application_id={APPLICATION_ID}")
            for migrations in sets:
                migrations.apply(db)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process is making the file ready."""
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _file_of(db: Database) -> str:
    return str(db.conn.execute("PRAGMA database_list").fetchone()[2])
