// SPDX-License-Identifier: MIT
import SQLiteConnection

/// The sorted sets of transactions that are one partial index each. A score is an integer column's value, divided where
/// the column is finer than the score.
struct TransactionSetView: SortedSetView {
    private let store: Store
    private let index: String
    private let filter: String
    private let order: [String]
    private let score: Score

    /// What a column means as a score, and back.
    private enum Score {
        /// A time in microseconds; the score is in milliseconds.
        case milliseconds(column: String)
        /// Bits of a position, whose order is that of unsigned numbers.
        case position

        var column: String {
            switch self {
            case .milliseconds(let column): column
            case .position: "position"
            }
        }

        func value(_ stored: Int64) -> Double {
            switch self {
            case .milliseconds: Double(stored / 1000)
            case .position: Double(UInt64(bitPattern: stored) ^ 1 << 63)
            }
        }

        /// The stored values that these scores cover; nil: none.
        func stored(_ scores: ScoreRange) -> ClosedRange<Int64>? {
            let (low, high) = (scores.lower.rounded(.up), scores.upper.rounded(.down))
            guard low <= high else { return nil }
            switch self {
            case .milliseconds:
                let limit = 9.0e15
                guard low <= limit, high >= -limit else { return nil }
                return Int64(max(low, -limit)) * 1000...Int64(min(high, limit)) * 1000 + 999
            case .position:
                guard high >= 0, low < 0x1p64 else { return nil }
                let lower = UInt64(max(low, 0))
                let upper = high < 0x1p64 ? UInt64(high) : .max
                return Int64(bitPattern: lower ^ 1 << 63)...Int64(bitPattern: upper ^ 1 << 63)
            }
        }
    }

    /// `transaction_retry`: by due time, ms.
    static func retry(_ store: Store) -> Self {
        Self(
            store: store, index: "txn_retry", filter: "state = 1", order: ["due_at", "sequence"],
            score: .milliseconds(column: "due_at"))
    }

    /// `transaction_dead_letter`: by time of death, ms.
    static func deadLetter(_ store: Store) -> Self {
        Self(
            store: store, index: "txn_dead", filter: "state = 4", order: ["dead_at", "sequence"],
            score: .milliseconds(column: "dead_at"))
    }

    /// `replication_pending`: by timeline and position; the score is the position alone.
    static func replicationPending(_ store: Store) -> Self {
        Self(
            store: store, index: "txn_replication", filter: "state = 2", order: ["timeline", "position", "sequence"],
            score: .position)
    }

    func count() throws(SQLiteError) -> Int {
        let counters = store.memory.counters
        switch index {
        case "txn_retry": return Int(counters.retrying)
        case "txn_dead": return Int(counters.deadLetter)
        default: return Int(counters.committed - counters.replicated)
        }
    }

    func count(in scores: ScoreRange) throws(SQLiteError) -> Int {
        guard let range = score.stored(scores) else { return 0 }
        let statement = try store.connection.statement(
            "SELECT count(*) FROM txn INDEXED BY \(index) WHERE \(filter) AND \(score.column) BETWEEN ? AND ?")
        defer { statement.reset() }
        statement.bind(1, range.lowerBound)
        statement.bind(2, range.upperBound)
        return try statement.step() ? Int(statement.int64(0)) : 0
    }

    func members(
        in scores: ScoreRange?, reversed: Bool, offset: Int, limit: Int
    ) throws(SQLiteError) -> [ScoredMember] {
        guard let range = scores.map({ score.stored($0) }) ?? Int64.min...Int64.max else { return [] }
        let order = order.map { $0 + (reversed ? " DESC" : "") }.joined(separator: ", ")
        let statement = try store.connection.statement(
            """
            SELECT id, \(score.column) FROM txn INDEXED BY \(index)
            WHERE \(filter) AND \(score.column) BETWEEN ? AND ? ORDER BY \(order) LIMIT ? OFFSET ?
            """)
        defer { statement.reset() }
        statement.bind(1, range.lowerBound)
        statement.bind(2, range.upperBound)
        statement.bind(3, Int64(limit))
        statement.bind(4, Int64(offset))
        var members: [ScoredMember] = []
        while try statement.step() {
            members.append(ScoredMember(member: statement.bytes(0) ?? [], score: score.value(statement.int64(1))))
        }
        return members
    }

    func score(of member: [UInt8]) throws(SQLiteError) -> Double? {
        let statement = try store.connection.statement("SELECT \(score.column) FROM txn WHERE id = ? AND \(filter)")
        defer { statement.reset() }
        member.withUnsafeBytes { statement.bindText(1, utf8: $0) }
        return try statement.step() ? score.value(statement.int64(0)) : nil
    }

    func rank(of member: [UInt8]) throws(SQLiteError) -> Int? {
        let columns = order.joined(separator: ", ")
        let statement = try store.connection.statement(
            """
            SELECT (SELECT count(*) FROM txn INDEXED BY \(index)
                WHERE \(filter) AND (\(columns)) < (\(order.map { "own." + $0 }.joined(separator: ", "))))
            FROM txn own WHERE own.id = ? AND own.\(filter)
            """)
        defer { statement.reset() }
        member.withUnsafeBytes { statement.bindText(1, utf8: $0) }
        return try statement.step() ? Int(statement.int64(0)) : nil
    }
}
