package import Store

extension Audit {
    package static let migrations = [
        Migration(
            "audit 1: the log",
            """
            CREATE TABLE audit (
                number  INTEGER PRIMARY KEY,
                at      BIGINT NOT NULL,
                actor   TEXT NOT NULL,
                name    TEXT NOT NULL,
                action  TEXT NOT NULL,
                subject TEXT NOT NULL,
                detail  TEXT NOT NULL,
                address TEXT NOT NULL,
                hash    TEXT NOT NULL CHECK (length(hash) = 64)
            );
            CREATE INDEX audit_by_subject ON audit (subject, number) WHERE subject <> '';
            CREATE INDEX audit_by_actor ON audit (actor, number);
            CREATE INDEX audit_by_action ON audit (action, number);
            """)
    ]
}
