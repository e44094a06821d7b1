// SPDX-License-Identifier: MIT

/// A small main database that has what tests need: unique, check, foreign keys, defaults, keys of every kind.
enum SampleSchema {
    static let text = """
        CREATE TABLE telescope (
            id TEXT PRIMARY KEY, name TEXT UNIQUE, shots INTEGER NOT NULL DEFAULT 0,
            state TEXT NOT NULL DEFAULT 'idle' CHECK (state IN ('idle', 'busy', 'off')));
        CREATE TABLE observation (
            id TEXT PRIMARY KEY, telescope_id TEXT NOT NULL REFERENCES telescope (id), note TEXT, rank INTEGER);
        CREATE TABLE exposure (id INTEGER PRIMARY KEY, observation_id TEXT, label TEXT NOT NULL);
        CREATE TABLE reading (
            id TEXT PRIMARY KEY, raw INTEGER NOT NULL, doubled INTEGER GENERATED ALWAYS AS (raw * 2) STORED,
            token TEXT DEFAULT (hex(randomblob(4))));
        CREATE TABLE parsed (
            id TEXT PRIMARY KEY, version INTEGER,
            document TEXT CHECK (document IS NULL OR json(document) IS NOT NULL));
        CREATE TABLE guarded (id TEXT PRIMARY KEY);
        CREATE TRIGGER guarded_refuses BEFORE INSERT ON guarded WHEN new.id = 'forbidden'
            BEGIN SELECT RAISE(ABORT, 'no'); END;
        INSERT INTO telescope (id, name) VALUES ('t1', 'north'), ('t2', 'south'), ('t3', 'east');
        """
}
