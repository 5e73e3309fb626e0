package import Store

extension Audiences {
    package static let migrations = [
        Migration(
            "audiences 1: who belongs, and since when",
            """
            -- Audiences and stages, `audience/best_customers`, `lifecycle/Using`; a number is never given again.
            CREATE TABLE member_set (
                id        INTEGER PRIMARY KEY,
                name      TEXT NOT NULL UNIQUE,
                -- What the definition said by which its members were found out last, and when that was.
                signature TEXT NOT NULL DEFAULT '',
                at        BIGINT NOT NULL DEFAULT 0
            );
            -- Every raw customer of those who belong.
            CREATE TABLE member (
                set_id      INTEGER NOT NULL,
                customer_id BIGINT NOT NULL,
                since       BIGINT NOT NULL,
                PRIMARY KEY (set_id, customer_id)
            ) WITHOUT ROWID;
            CREATE INDEX member_by_customer ON member (customer_id);
            -- How many entered and left, by the hour in which it was noticed.
            CREATE TABLE member_hour (
                set_id  INTEGER NOT NULL,
                hour    BIGINT NOT NULL,
                entered INTEGER NOT NULL,
                left_it INTEGER NOT NULL,
                PRIMARY KEY (set_id, hour)
            ) WITHOUT ROWID;
            """),
        Migration(
            "audiences 2: history that nobody has looked at",
            """
            -- One row, or none: the first body and the newest of those that say what happened long ago, and whom that makes belong
            -- somewhere is still to be found.
            CREATE TABLE member_history (
                id     INTEGER PRIMARY KEY CHECK (id = 1),
                first  BIGINT NOT NULL,
                newest BIGINT NOT NULL
            );
            """),
        Migration(
            "audiences 3: who was found by a definition",
            """
            -- Whether they were found to belong, by a definition or in history, rather than entered: `since` is when they were found.
            ALTER TABLE member ADD COLUMN found BOOLEAN NOT NULL DEFAULT FALSE;
            UPDATE member SET found = TRUE WHERE since = (SELECT at FROM member_set WHERE id = set_id);
            """),
    ]
}
