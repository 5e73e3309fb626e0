package import Store

extension Notes {
    package static let migrations = [
        Migration(
            "notes 1: notes and mentions",
            """
            CREATE TABLE note (
                id          TEXT PRIMARY KEY,
                customer_id BIGINT NOT NULL,
                author      TEXT NOT NULL,
                author_name TEXT NOT NULL,
                text        TEXT NOT NULL,
                at          BIGINT NOT NULL
            );
            CREATE INDEX note_by_customer ON note (customer_id, at);
            CREATE TABLE note_mention (
                note_id   TEXT NOT NULL REFERENCES note (id) ON DELETE CASCADE,
                place     INTEGER NOT NULL,
                person_id TEXT NOT NULL,
                PRIMARY KEY (note_id, place)
            );
            CREATE INDEX note_mention_by_person ON note_mention (person_id, note_id);
            """)
    ]
}
