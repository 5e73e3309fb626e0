package import Store

extension Staff {
    package static let migrations = [
        Migration(
            "staff 1: people, teams, sessions, one-time links",
            """
            CREATE TABLE person (
                id          TEXT PRIMARY KEY,
                email       TEXT NOT NULL,
                email_key   TEXT NOT NULL UNIQUE,
                name        TEXT NOT NULL CHECK (length(name) <= 100),
                role        TEXT NOT NULL,
                password    TEXT,
                created_at  BIGINT NOT NULL,
                joined_at   BIGINT,
                disabled_at BIGINT,
                seen_at     BIGINT
            );
            CREATE TABLE team (
                id   TEXT PRIMARY KEY,
                name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
                lead TEXT REFERENCES person (id)
            );
            CREATE TABLE team_member (
                team_id   TEXT NOT NULL REFERENCES team (id) ON DELETE CASCADE,
                person_id TEXT NOT NULL REFERENCES person (id),
                PRIMARY KEY (team_id, person_id)
            );
            CREATE TABLE session (
                id        INTEGER PRIMARY KEY,
                hash      TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
                person_id TEXT NOT NULL REFERENCES person (id),
                began_at  BIGINT NOT NULL,
                seen_at   BIGINT NOT NULL,
                address   TEXT NOT NULL,
                browser   TEXT NOT NULL
            );
            CREATE TABLE one_time_link (
                hash       TEXT PRIMARY KEY CHECK (length(hash) = 64),
                purpose    TEXT NOT NULL,
                person_id  TEXT REFERENCES person (id),
                expires_at BIGINT NOT NULL
            );
            CREATE UNIQUE INDEX one_time_link_of_person ON one_time_link (coalesce(person_id, ''));
            """),
        Migration("staff 2: up to where somebody saw the notes that mention them", "ALTER TABLE person ADD COLUMN mentions_seen_at BIGINT"),
        Migration(
            "staff 3: lists of customers that somebody saved",
            """
            CREATE TABLE saved_view (
                id        TEXT PRIMARY KEY,
                person_id TEXT NOT NULL REFERENCES person (id),
                name      TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
                query     TEXT NOT NULL,
                shared    BOOLEAN NOT NULL,
                UNIQUE (person_id, name)
            );
            """),
    ]
}
