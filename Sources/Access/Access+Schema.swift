package import Store

extension Access {
    // Rows are never deleted: a revoked key stays, so that its number is never given again and histories keep its name.
    // A name is free again once its key is revoked, as a key is renewed by revoking it and making another.
    package static let migrations = [
        Migration(
            "access 1: write keys and tokens",
            """
            -- One row: by it a backup is known as this installation's.
            CREATE TABLE installation (id TEXT PRIMARY KEY);
            CREATE TABLE write_key (
                id           INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 65535),
                name         TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
                hash         TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
                created_at   BIGINT NOT NULL,
                last_used_at BIGINT,
                revoked_at   BIGINT
            );
            CREATE UNIQUE INDEX write_key_in_force ON write_key (name) WHERE revoked_at IS NULL;
            CREATE TABLE api_token (
                id           INTEGER PRIMARY KEY,
                name         TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
                role         TEXT NOT NULL,
                hash         TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
                created_at   BIGINT NOT NULL,
                last_used_at BIGINT,
                revoked_at   BIGINT
            );
            CREATE UNIQUE INDEX api_token_in_force ON api_token (name) WHERE revoked_at IS NULL;
            """),
        Migration(
            "access 2: limits and expiry",
            """
            -- Words with commas between them: which calls a key may make, which permissions of its role a token has. NULL for all.
            ALTER TABLE write_key ADD COLUMN limits TEXT;
            ALTER TABLE write_key ADD COLUMN expires_at BIGINT;
            ALTER TABLE api_token ADD COLUMN limits TEXT;
            ALTER TABLE api_token ADD COLUMN expires_at BIGINT;
            """),
    ]
}
