package import Store

extension Consents {
    package static let migrations = [
        Migration(
            "consent 1: what customers agree to",
            """
            CREATE TABLE consent (
                customer_id BIGINT NOT NULL,
                position    BIGINT NOT NULL,
                purpose     TEXT NOT NULL,
                channel     TEXT,
                given       BOOLEAN NOT NULL,
                at          BIGINT NOT NULL,
                method      TEXT,
                wording     TEXT,
                recorded_by TEXT,
                PRIMARY KEY (customer_id, position)
            );
            """)
    ]
}
