// SPDX-License-Identifier: MIT

extension CommandEngine {
    /// The tables of the commands. A key is a row of `entry`; a string's value stands in it, the members of everything
    /// else in a table of their own.
    ///
    /// `expires_at` is in milliseconds since 1970. `size` counts the members, so that no length is ever counted.
    /// `entry` keeps its rowid, because long values do badly inside a key's B-tree; a scan walks along it.
    static let schema = """
        CREATE TABLE IF NOT EXISTS entry(
            id INTEGER PRIMARY KEY,
            key BLOB NOT NULL UNIQUE,
            type INTEGER NOT NULL,
            size INTEGER NOT NULL,
            expires_at INTEGER,
            value BLOB
        ) STRICT;
        CREATE INDEX IF NOT EXISTS entry_expiry ON entry(expires_at) WHERE expires_at IS NOT NULL;
        CREATE TABLE IF NOT EXISTS hash_field(
            entry_id INTEGER NOT NULL,
            field BLOB NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (entry_id, field)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS list_item(
            entry_id INTEGER NOT NULL,
            position INTEGER NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (entry_id, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS set_member(
            entry_id INTEGER NOT NULL,
            member BLOB NOT NULL,
            PRIMARY KEY (entry_id, member)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS zset_member(
            entry_id INTEGER NOT NULL,
            member BLOB NOT NULL,
            score REAL NOT NULL,
            PRIMARY KEY (entry_id, member)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS zset_score ON zset_member(entry_id, score, member);
        """
}
