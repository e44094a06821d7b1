// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import SQLiteConnection
import TransactionModel

/// The rows of `txn`. The two statements that every accept runs are prepared once and held.
final class TransactionTable {
    /// What decides where a transaction may go next.
    struct Row {
        var sequence: Int64
        var state: StoredState
        var blocker: Int64?
        var bytes: Int64
    }

    private let connection: SQLiteConnection
    private let insertion: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        self.connection = connection
        insertion = try connection.statement(
            """
            INSERT INTO txn(sequence, id, state, content_hash, accepted_at, bytes, payload)
            VALUES(?, ?, 0, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING
            """)
    }

    /// False: the id is there already.
    func insert(_ accept: Accept, sequence: Int64) throws(SQLiteError) -> Bool {
        insertion.bind(1, sequence)
        insertion.bind(2, accept.transactionID.string)
        insertion.bind(3, accept.contentHash.bytes)
        insertion.bind(4, accept.acceptedAt.microseconds)
        insertion.bind(5, Int64(accept.payload.count))
        try insertion.run(binding: 6, accept.payload)
        return connection.changes == 1
    }

    func row(_ id: TransactionID) throws(SQLiteError) -> Row? {
        let statement = try connection.statement("SELECT sequence, state, blocker, bytes FROM txn WHERE id = ?")
        defer { statement.reset() }
        statement.bind(1, id.string)
        guard try statement.step(), let state = StoredState(rawValue: statement.int64(1)) else { return nil }
        return Row(
            sequence: statement.int64(0), state: state, blocker: statement.isNull(2) ? nil : statement.int64(2),
            bytes: statement.int64(3))
    }

    func id(of sequence: Int64) throws(SQLiteError) -> TransactionID? {
        let statement = try connection.statement("SELECT id FROM txn WHERE sequence = ?")
        defer { statement.reset() }
        statement.bind(1, sequence)
        return try statement.step() ? statement.text(0).flatMap { TransactionID($0) } : nil
    }

    /// The ids that the payload itself gives; nil where no others stand beside it.
    func payloadIDs(_ sequence: Int64) throws(SQLiteError) -> [UInt8]? {
        let statement = try connection.statement(
            "SELECT payload FROM txn WHERE sequence = ? AND generated_ids IS NOT NULL")
        defer { statement.reset() }
        statement.bind(1, sequence)
        guard try statement.step(), let payload = statement.bytes(0) else { return nil }
        return (try? JSONDocument(parsing: payload).root)?["generated_ids"].map { Array($0.rawBytes) }
    }

    /// Sets columns of one row. `assignments` is SQL of ours whose parameters are numbered from 2.
    func update(
        _ sequence: Int64, _ assignments: String, _ bind: (SQLiteStatement) -> Void = { _ in }
    ) throws(SQLiteError) {
        let statement = try connection.statement("UPDATE txn SET \(assignments) WHERE sequence = ?1")
        statement.bind(1, sequence)
        bind(statement)
        try statement.run()
    }
}

extension SQLiteStatement {
    func bind(_ index: Int32, _ value: Int64?) {
        guard let value else { return bindNull(index) }
        bind(index, value)
    }

    func bind(_ index: Int32, _ blob: [UInt8]?) {
        guard let blob else { return bindNull(index) }
        bind(index, blob)
    }

    func bind(_ index: Int32, _ time: Timestamp?) { bind(index, time?.microseconds) }

    func bind(_ index: Int32, _ error: FailureRecord) {
        bind(index, error.code)
        bind(index + 1, error.message)
        bind(index + 2, error.at.microseconds)
    }

    func optionalInt64(_ index: Int32) -> Int64? { isNull(index) ? nil : int64(index) }

    func time(_ index: Int32) -> Timestamp? { optionalInt64(index).map { Timestamp(microseconds: $0) } }
}

extension Position {
    /// SQLite's integers are signed; flipping the highest bit keeps the order of unsigned ones.
    var orderedBits: Int64 { Int64(bitPattern: value ^ 1 << 63) }

    init(timeline: Int64, orderedBits: Int64) {
        self.init(UInt64(bitPattern: orderedBits) ^ 1 << 63, timeline: UInt32(truncatingIfNeeded: timeline))
    }
}
