"""What tests of many deliveries share: readers and copies as rows, made by the database itself."""

from datetime import datetime

from sqlite_utils import Database

from subscribers.database import stored


def fill(db: Database, issue_ids: list[int], readers: int, at: datetime, *, weight: int = 0) -> None:
    """So many readers, each with a copy of each issue; `weight` is how long a recipe is, in bytes.

    Of a hundred two failed, one was dropped; of a thousand one is put off and, from the second on, one uncertain. Four
    of ten are at gmail.com, the others at a thousand domains.
    """
    with db.conn:
        db.conn.execute(
            """
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
            INSERT INTO subscribers (id, address, address_key, state, frequency, day, at, timezone, created_at)
            SELECT i, a, a, 'active', 'weekly', 5, '08:00', 'UTC', ? FROM
            (SELECT i, 'r' || i || '@' || iif(i % 10 < 4, 'gmail.com', 'd' || (i % 1000) || '.example') AS a FROM n)
            """,
            [readers, stored(at)],
        )
        for issue_id in issue_ids:
            db.conn.execute(
                """
                INSERT INTO deliveries
                (issue_id, subscriber_id, period, state, due_at, recipe, why, date, attempts, changed_at, answer, took)
                SELECT ?1, id, 'p' || ?1, s, ?2, printf('%.*c', ?3, 'x'),
                CASE s
                    WHEN 'failed' THEN '550 5.1.1 <' || address || '>: no such user, id ' || hex(randomblob(6))
                    WHEN 'deferred' THEN '451 4.7.1 greylisted for ' || id || ' seconds'
                    WHEN 'uncertain' THEN 'the connection broke'
                    WHEN 'dropped' THEN 'the operator cancelled this issue'
                    ELSE '' END,
                ?2, 1, strftime('%Y-%m-%dT%H:%M:%S+00:00', ?2, '+' || (id / 50) || ' seconds'),
                iif(s = 'sent', '250 taken', ''), iif(s = 'sent', id % 100, NULL)
                FROM (
                    SELECT id, address, CASE
                        WHEN id % 100 IN (14, 57) THEN 'failed'
                        WHEN id % 100 = 21 THEN 'dropped'
                        WHEN id % 1000 = 9 THEN 'deferred'
                        WHEN id % 1000 = 3 AND id > 1000 THEN 'uncertain'
                        ELSE 'sent' END AS s
                    FROM subscribers
                )
                """,
                [issue_id, stored(at), weight or 2],
            )
