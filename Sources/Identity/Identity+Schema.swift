package import Store

package enum Identity {
    package static let migrations = [
        Migration(
            "identity 1: customers, identifiers, merges",
            """
            -- Raw customers: given once, never changed. A person is those joined by active merges.
            CREATE TABLE customer (
                id        INTEGER PRIMARY KEY,
                position  BIGINT NOT NULL,
                erased_at BIGINT
            );
            CREATE INDEX customer_erased ON customer (id) WHERE erased_at IS NOT NULL;
            -- Values of unique kinds. flags: 1 shared, 2 former.
            CREATE TABLE identifier (
                value       TEXT NOT NULL,
                kind        INTEGER NOT NULL,
                customer_id BIGINT NOT NULL,
                position    BIGINT NOT NULL,
                at          BIGINT NOT NULL,
                flags       INTEGER NOT NULL DEFAULT 0,
                PRIMARY KEY (value, kind)
            ) WITHOUT ROWID;
            CREATE INDEX identifier_by_customer ON identifier (customer_id);
            -- For finding without regard to case what is written with capitals.
            CREATE INDEX identifier_folded ON identifier (lower(value)) WHERE value <> lower(value);
            -- Values of kinds that are only found by, as order numbers.
            CREATE TABLE reference (
                value       TEXT NOT NULL,
                kind        INTEGER NOT NULL,
                customer_id BIGINT NOT NULL,
                position    BIGINT NOT NULL,
                at          BIGINT NOT NULL,
                PRIMARY KEY (value, kind, customer_id)
            ) WITHOUT ROWID;
            CREATE INDEX reference_by_customer ON reference (customer_id);
            CREATE INDEX reference_folded ON reference (lower(value)) WHERE value <> lower(value);
            -- Edges between raw customers. reason: 1 identifiers, 2 match, 3 person.
            CREATE TABLE merge (
                id          INTEGER PRIMARY KEY,
                a           BIGINT NOT NULL,
                b           BIGINT NOT NULL,
                kept        BIGINT NOT NULL,
                absorbed    BIGINT NOT NULL,
                reason      INTEGER NOT NULL CHECK (reason BETWEEN 1 AND 3),
                kind        INTEGER NOT NULL DEFAULT 0,
                value       TEXT NOT NULL DEFAULT '',
                other_kind  INTEGER NOT NULL DEFAULT 0,
                other_value TEXT NOT NULL DEFAULT '',
                author      TEXT,
                note        TEXT,
                position    BIGINT NOT NULL,
                at          BIGINT NOT NULL,
                undone_at   BIGINT,
                undone_by   TEXT
            );
            CREATE INDEX merge_by_a ON merge (a);
            CREATE INDEX merge_by_b ON merge (b);
            CREATE INDEX merge_by_position ON merge (position) WHERE reason = 3;
            -- Raw customers that somebody said are two people.
            CREATE TABLE apart (
                a BIGINT NOT NULL,
                b BIGINT NOT NULL,
                PRIMARY KEY (a, b)
            ) WITHOUT ROWID;
            CREATE INDEX apart_by_b ON apart (b);
            -- User ids that an identifier was seen with besides its owner's.
            CREATE TABLE conflict (
                kind       INTEGER NOT NULL,
                value      TEXT NOT NULL,
                user_value TEXT NOT NULL,
                at         BIGINT NOT NULL,
                PRIMARY KEY (kind, value, user_value)
            ) WITHOUT ROWID;
            CREATE INDEX conflict_by_user ON conflict (user_value);
            """)
    ]
}
