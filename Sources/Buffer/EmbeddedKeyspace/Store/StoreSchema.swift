// SPDX-License-Identifier: MIT

/// The tables of the file, as an ordered list of migrations: `user_version` counts those that have run.
///
/// A site's transactions are one table; the documented keys are its indexes and views.
enum StoreSchema {
    /// Marks the file as ours.
    static let applicationID: Int64 = 0x534C_5543

    static let migrations = [
        transactions + CommandEngine.schema,
        // The newest accepts need not be in `counters`: a program that does not know must not open the file.
        "",
    ]

    /// `payload` stands last, so that reading the other columns touches none of its overflow pages.
    private static let transactions = """
        CREATE TABLE site(name TEXT NOT NULL);
        CREATE TABLE counters(
            id INTEGER PRIMARY KEY CHECK(id = 1), last_sequence INTEGER NOT NULL, accepted INTEGER NOT NULL,
            pending INTEGER NOT NULL, parked INTEGER NOT NULL, retrying INTEGER NOT NULL, committed INTEGER NOT NULL,
            replicated INTEGER NOT NULL, dead_letter INTEGER NOT NULL, cancelled INTEGER NOT NULL,
            discarded INTEGER NOT NULL, terminal INTEGER NOT NULL, remembered INTEGER NOT NULL,
            bytes_unfinished INTEGER NOT NULL);
        INSERT INTO counters VALUES(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        CREATE TABLE txn(
            sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state INTEGER NOT NULL, content_hash BLOB NOT NULL,
            accepted_at INTEGER NOT NULL, bytes INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
            claims INTEGER NOT NULL DEFAULT 0, blocker INTEGER, due_at INTEGER, error_code TEXT, error_message TEXT,
            error_at INTEGER, timeline INTEGER, position INTEGER, processing_at INTEGER, committed_at INTEGER,
            replicated_at INTEGER, dead_at INTEGER, expires_at INTEGER, generated_ids BLOB, payload BLOB NOT NULL);
        CREATE INDEX txn_queue ON txn(sequence) WHERE state = 0 AND blocker IS NULL;
        CREATE INDEX txn_parked ON txn(blocker, sequence) WHERE blocker IS NOT NULL;
        CREATE INDEX txn_retry ON txn(due_at, sequence) WHERE state = 1;
        CREATE INDEX txn_replication ON txn(timeline, position, sequence) WHERE state = 2;
        CREATE INDEX txn_dead ON txn(dead_at, sequence) WHERE state = 4;
        CREATE INDEX txn_expiry ON txn(expires_at, sequence) WHERE expires_at IS NOT NULL;
        CREATE TABLE pending_change(
            record TEXT NOT NULL, sequence INTEGER NOT NULL, step INTEGER NOT NULL, row INTEGER NOT NULL,
            PRIMARY KEY(record, sequence, step, row)) WITHOUT ROWID;
        CREATE TABLE held(
            key TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY(key, sequence)) WITHOUT ROWID;
        CREATE INDEX held_sequence ON held(sequence);
        CREATE TABLE claim(
            number INTEGER PRIMARY KEY, token INTEGER NOT NULL, at INTEGER NOT NULL, sequences BLOB NOT NULL);
        CREATE TABLE remembered(
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state INTEGER NOT NULL, content_hash BLOB NOT NULL,
            at INTEGER NOT NULL, generated_ids BLOB);

        """
}
