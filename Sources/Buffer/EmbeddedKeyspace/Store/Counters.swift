// SPDX-License-Identifier: MIT
import SQLiteConnection

/// How many transactions stand where. Kept in memory, and written in the commit of a group that changed them, but for
/// accepts: the rows of `txn` above the last sequence that was written tell those as well, so their row of counters is
/// spared, a page of the log per commit, until ``acceptsUnwrittenMax``.
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
    /// Payload of all that was accepted since the file was opened. Not written.
    var bytesAccepted: Int64 = 0
    /// Payloads that were replaced since then: the bytes of a newest row may not be those it was accepted with. Not written.
    var revisions: Int64 = 0

    /// So many rows are counted when the file is opened after a crash.
    static let acceptsUnwrittenMax: Int64 = 1024

    var unfinished: Int64 { pending + retrying + deadLetter }

    /// Transactions that have a row: everything but the expired ones.
    var rows: Int64 { unfinished + committed - replicated + terminal }

    private static let columns: [any WritableKeyPath<Counters, Int64> & Sendable] = [
        \.lastSequence, \.accepted, \.pending, \.parked, \.retrying, \.committed, \.replicated, \.deadLetter,
        \.cancelled, \.discarded, \.terminal, \.remembered, \.bytesUnfinished,
    ]

    init() {}

    /// What the file's row says.
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

// MARK: Accepts

extension Counters {
    mutating func accept(bytes: Int) {
        lastSequence += 1
        countAccepts(1, bytes: Int64(bytes))
    }

    /// Counts the accepts that are newer than what was written.
    mutating func catchUp(with connection: SQLiteConnection) throws(SQLiteError) {
        let statement = try connection.statement(
            "SELECT count(*), coalesce(sum(bytes), 0), max(sequence) FROM txn WHERE sequence > ?")
        defer { statement.reset() }
        statement.bind(1, lastSequence)
        guard try statement.step(), !statement.isNull(2) else { return }
        countAccepts(statement.int64(0), bytes: statement.int64(1))
        lastSequence = statement.int64(2)
    }

    private mutating func countAccepts(_ count: Int64, bytes: Int64) {
        accepted += count
        pending += count
        bytesUnfinished += bytes
        bytesAccepted += bytes
    }

    /// Whether the rows tell the difference to what was written.
    func isTold(byRowsAfter written: Counters) -> Bool {
        let accepts = lastSequence - written.lastSequence
        guard accepts <= Self.acceptsUnwrittenMax else { return false }
        var told = written
        told.lastSequence = lastSequence
        told.countAccepts(accepts, bytes: bytesAccepted - written.bytesAccepted)
        return told == self
    }
}
