package import Store

extension Customers {
    package static let migrations = [
        Migration(
            "customers 1: traits, names, reviews, erasures",
            """
            -- What raw customers told us. value is JSON; 'null' stands for a trait that was removed, so that what arrives late
            -- does not bring it back.
            CREATE TABLE trait (
                customer_id BIGINT NOT NULL,
                key         TEXT NOT NULL,
                value       TEXT NOT NULL,
                at          BIGINT NOT NULL,
                position    BIGINT NOT NULL,
                source      INTEGER NOT NULL,
                channel     INTEGER NOT NULL,
                PRIMARY KEY (customer_id, key)
            ) WITHOUT ROWID;
            -- Words of names, folded, for search.
            CREATE TABLE name_word (
                word        TEXT NOT NULL,
                customer_id BIGINT NOT NULL,
                PRIMARY KEY (word, customer_id)
            ) WITHOUT ROWID;
            CREATE INDEX name_word_by_customer ON name_word (customer_id);
            -- What a raw customer could be known by to somebody who compares: see Likeness.
            CREATE TABLE likeness (
                key         TEXT NOT NULL,
                customer_id BIGINT NOT NULL,
                PRIMARY KEY (key, customer_id)
            ) WITHOUT ROWID;
            CREATE INDEX likeness_by_customer ON likeness (customer_id);
            -- Raw customers whose likeness is to be worked out again.
            CREATE TABLE unreviewed (customer_id INTEGER PRIMARY KEY);
            CREATE TABLE review (
                id         INTEGER PRIMARY KEY,
                a          BIGINT NOT NULL,
                b          BIGINT NOT NULL,
                likeness   DOUBLE PRECISION NOT NULL,
                reasons    TEXT NOT NULL,
                at         BIGINT NOT NULL,
                decided_at BIGINT,
                decided_by TEXT,
                same       INTEGER,
                UNIQUE (a, b)
            );
            CREATE INDEX review_open ON review (likeness DESC, id) WHERE decided_at IS NULL;
            CREATE INDEX review_by_b ON review (b);
            -- Persons to be removed from the ledger; members and identifiers are forgotten when that is done.
            CREATE TABLE erasure (
                id          INTEGER PRIMARY KEY,
                customers   TEXT NOT NULL,
                identifiers TEXT NOT NULL,
                positions   TEXT NOT NULL,
                done        INTEGER NOT NULL DEFAULT 0
            );
            """),
        Migration(
            "customers 2: open reviews, where an erasure was said",
            """
            -- done: 1 gone from the ledger and the state, 2 from the state's WAL too.
            -- hidden: the two are one person by now, or somebody told them apart.
            ALTER TABLE review ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
            DROP INDEX review_open;
            CREATE INDEX review_open ON review (id) WHERE decided_at IS NULL AND hidden = 0;
            ALTER TABLE erasure ADD COLUMN position BIGINT NOT NULL DEFAULT 0;
            """),
        Migration(
            "customers 3: which traits there are",
            """
            -- What anybody ever told of themselves, by its name.
            CREATE TABLE trait_key (key TEXT PRIMARY KEY) WITHOUT ROWID;
            """),
    ]
}
