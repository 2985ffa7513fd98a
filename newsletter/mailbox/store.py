"""Writing about mail that came in, so that what fails leaves nothing behind."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlite_utils import Database

from subscribers.database import writing


@contextmanager
def all_or_nothing(db: Database) -> Iterator[None]:
    """What is written in the block is taken back where it raises, and the transaction around it goes on."""
    with writing(db):
        db.conn.execute("SAVEPOINT wishes")
        try:
            yield
        except BaseException:
            if db.conn.in_transaction:
                db.conn.execute("ROLLBACK TO wishes")
            raise
        finally:
            if db.conn.in_transaction:
                db.conn.execute("RELEASE wishes")
