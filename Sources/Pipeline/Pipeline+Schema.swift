package import GRDB
package import Store
import Timeline

extension Pipeline {
    package static let migrations = [
        Migration(
            "pipeline 1: position, conclusions, names, definitions",
            """
            -- Everything up to this body of the ledger is concluded.
            CREATE TABLE pipeline (
                id   INTEGER PRIMARY KEY CHECK (id = 1),
                body BIGINT NOT NULL
            );
            INSERT INTO pipeline (id, body) VALUES (1, 0);
            -- Per body, four bytes per record: the raw customer, little-endian; the top bit says duplicate, all bits nobody.
            CREATE TABLE concluded (
                body      INTEGER PRIMARY KEY,
                customers BLOB NOT NULL
            );
            -- Repeated messages of nobody we know, to be removed from the ledger.
            CREATE TABLE unclaimed (position BIGINT NOT NULL);
            -- Names of interactions and their numbers in the timeline.
            CREATE TABLE event (
                id   INTEGER PRIMARY KEY,
                name TEXT NOT NULL UNIQUE
            );
            -- Definitions, every version; the newest of a kind is in force.
            CREATE TABLE definition (
                kind    TEXT NOT NULL,
                version INTEGER NOT NULL,
                text    TEXT NOT NULL,
                author  TEXT NOT NULL,
                at      BIGINT NOT NULL,
                PRIMARY KEY (kind, version)
            );
            """),
        Migration(
            "pipeline 2: where versions of definitions stand in the ledger",
            """
            -- Never 0: a state from before this column was is worked out again.
            ALTER TABLE definition ADD COLUMN position BIGINT NOT NULL DEFAULT 0;
            """),
        Migration(
            "pipeline 3: what is kept no longer",
            """
            -- Each time it was said: what, as JSON, and how far the ledger is cleared of it.
            CREATE TABLE expiry (
                position     BIGINT PRIMARY KEY,
                at           BIGINT NOT NULL,
                author       TEXT NOT NULL,
                cutoffs      TEXT NOT NULL,
                rest         BIGINT,
                -- Everything up to this body is done, and so many interactions were taken out.
                body         BIGINT NOT NULL DEFAULT 0,
                interactions BIGINT NOT NULL DEFAULT 0,
                done         INTEGER NOT NULL DEFAULT 0
            );
            """),
        Migration(
            "pipeline 4: selectors and texts of formulas",
            """
            -- state: 0 being filled in, 1 there, 2 gone. A number is never given again.
            CREATE TABLE selector (
                id       INTEGER PRIMARY KEY,
                selector TEXT NOT NULL,
                state    INTEGER NOT NULL
            );
            -- Texts that marks have as values, by their numbers from 0, and the selector that brought each.
            CREATE TABLE formula_text (
                id       INTEGER PRIMARY KEY,
                text     TEXT NOT NULL,
                selector INTEGER
            );
            """),
    ]

    static func texts(_ db: Database) throws -> [TextNumbers.Entry] {
        try Row.fetchAll(db, sql: "SELECT id, text, selector FROM formula_text ORDER BY id").map {
            TextNumbers.Entry(number: $0[0], text: $0[1], selector: $0[2])
        }
    }

    static func insert(_ entries: [TextNumbers.Entry], _ db: Database) throws {
        guard !entries.isEmpty else { return }
        let statement = try db.cachedStatement(sql: "INSERT INTO formula_text (id, text, selector) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        for entry in entries { try statement.execute(arguments: [entry.number, entry.text, entry.selector]) }
    }

    /// The definitions in force: kind → YAML.
    package static func definitions(_ db: Database) throws -> [String: String] {
        let rows = try Row.fetchAll(
            db, sql: "SELECT kind, text FROM definition AS d WHERE version = (SELECT max(version) FROM definition WHERE kind = d.kind) AND text <> ''"
        )
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["kind"], $0["text"]) })
    }

    /// What a state database that no pipeline has open says of itself.
    /// - Returns: Up to which body of the ledger all is concluded, and how many customers there are, as ``Status/people`` counts them.
    package static func summary(of store: Store) throws -> (body: Int64, customers: Int) {
        try store.read { db in
            let body = try Int64.fetchOne(db, sql: "SELECT body FROM pipeline") ?? 0
            // Merges join what was apart, so each makes one customer of two.
            let customers = try Int.fetchOne(
                db,
                sql: """
                    SELECT (SELECT count(*) FROM customer WHERE erased_at IS NULL)
                        - (SELECT count(*) FROM merge JOIN customer ON customer.id = merge.a WHERE undone_at IS NULL AND erased_at IS NULL)
                    """)
            return (body, customers ?? 0)
        }
    }
}
