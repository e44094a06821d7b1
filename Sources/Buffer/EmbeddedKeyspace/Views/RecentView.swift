// SPDX-License-Identifier: MIT
import SQLiteConnection

/// `transaction_recent`: the newest transactions by time of acceptance, ms, and of the same ms in order of acceptance.
///
/// It is the end of the table itself, in its own order: the time of acceptance does not fall behind it by more than the
/// clock does.
struct RecentView: SortedSetView {
    let store: Store

    func count() -> Int { min(EmbeddedSettings.recentMax, Int(store.memory.counters.rows)) }

    func count(in scores: ScoreRange) throws(SQLiteError) -> Int {
        try newest().filter { scores.lower <= $0.score && $0.score <= scores.upper }.count
    }

    func members(
        in scores: ScoreRange?, reversed: Bool, offset: Int, limit: Int
    ) throws(SQLiteError) -> [ScoredMember] {
        if scores == nil, reversed {
            return try newest(offset: offset, limit: min(limit, max(0, count() - offset)))
        }
        let all = try newest().filter { member in
            scores.map { $0.lower <= member.score && member.score <= $0.upper } ?? true
        }
        return Array((reversed ? all : all.reversed()).dropFirst(offset).prefix(limit))
    }

    func score(of member: [UInt8]) throws(SQLiteError) -> Double? {
        guard let position = try position(of: member) else { return nil }
        return position.score
    }

    func rank(of member: [UInt8]) throws(SQLiteError) -> Int? {
        try position(of: member).map { count() - 1 - $0.newer }
    }

    private func position(of member: [UInt8]) throws(SQLiteError) -> (score: Double, newer: Int)? {
        let statement = try store.connection.statement(
            """
            SELECT accepted_at / 1000, (SELECT count(*) FROM (
                SELECT 1 FROM txn newer WHERE newer.sequence > own.sequence LIMIT \(EmbeddedSettings.recentMax)))
            FROM txn own WHERE id = ?
            """)
        defer { statement.reset() }
        member.withUnsafeBytes { statement.bindText(1, utf8: $0) }
        guard try statement.step(), statement.int64(1) < EmbeddedSettings.recentMax else { return nil }
        return (Double(statement.int64(0)), Int(statement.int64(1)))
    }

    private func newest(
        offset: Int = 0, limit: Int = EmbeddedSettings.recentMax
    ) throws(SQLiteError) -> [ScoredMember] {
        let statement = try store.connection.statement(
            "SELECT id, accepted_at / 1000 FROM txn ORDER BY sequence DESC LIMIT ? OFFSET ?")
        defer { statement.reset() }
        statement.bind(1, Int64(limit))
        statement.bind(2, Int64(offset))
        var members: [ScoredMember] = []
        while try statement.step() {
            members.append(ScoredMember(member: statement.bytes(0) ?? [], score: Double(statement.int64(1))))
        }
        return members
    }
}
