"""All SQL about the keys that sign links."""

from sqlite_utils import Database


def load_keys(db: Database) -> dict[int, bytes]:
    """Every key by its id; the highest signs, the others still verify."""
    return {id_: bytes(key) for id_, key in db.conn.execute("SELECT id, key FROM link_keys")}
