// SPDX-License-Identifier: MIT
import SQLiteConnection

/// How many transactions stand where. Kept in memory, written once per group that changed them, in the same commit.
///
/// Conservation: accepted = committed + pending + retrying + deadLetter + cancelled + discarded, where `pending` here
/// still contains what is claimed.
struct Counters: Equatable {
    /// Never falls, also when the newest rows are gone.
    var lastSequence: Int64 = 0
    var accepted: Int64 = 0
    /// Claimed and parked ones included.
    var pending: Int64 = 0
    /// Those of `pending` that are held behind another transaction.
    var parked: Int64 = 0
    var retrying: Int64 = 0
    /// All that ever were, replicated ones included.
    var committed: Int64 = 0
    /// All that ever were.
    var replicated: Int64 = 0
    var deadLetter: Int64 = 0
    var cancelled: Int64 = 0
    var discarded: Int64 = 0
    /// Rows in a terminal state that have not expired yet.
    var terminal: Int64 = 0
    /// Ids whose status has expired.
    var remembered: Int64 = 0
    /// Payload of what is pending, retrying or dead.
    var bytesUnfinished: Int64 = 0

    var unfinished: Int64 { pending + retrying + deadLetter }

    /// Transactions that have a row: everything but the expired ones.
    var rows: Int64 { unfinished + committed - replicated + terminal }

    private static let columns: [any WritableKeyPath<Counters, Int64> & Sendable] = [
        \.lastSequence, \.accepted, \.pending, \.parked, \.retrying, \.committed, \.replicated, \.deadLetter,
        \.cancelled, \.discarded, \.terminal, \.remembered, \.bytesUnfinished,
    ]

    init() {}

    init(from connection: SQLiteConnection) throws(SQLiteError) {
        let statement = try connection.statement("SELECT * FROM counters")
        defer { statement.reset() }
        guard try statement.step() else { return }
        for (index, column) in Self.columns.enumerated() { self[keyPath: column] = statement.int64(Int32(index + 1)) }
    }

    func write(to connection: SQLiteConnection) throws(SQLiteError) {
        let statement = try connection.statement(
            "REPLACE INTO counters VALUES(1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        for (index, column) in Self.columns.enumerated() { statement.bind(Int32(index + 1), self[keyPath: column]) }
        try statement.run()
    }
}
