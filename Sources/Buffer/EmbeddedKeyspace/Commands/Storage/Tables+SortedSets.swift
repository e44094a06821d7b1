// SPDX-License-Identifier: MIT
import SQLiteConnection

/// A member of a sorted set.
struct ScoredMember {
    let member: [UInt8]
    let score: Double
}

/// A range of scores with inclusive bounds: an exclusive one is the next number that a Double can hold.
struct ScoreRange {
    let lower: Double
    let upper: Double
}

// Sorted sets: a row per member, an index by score and then by the bytes of the member.
extension Tables {
    func score(of member: [UInt8], in entry: Entry) throws(SQLiteError) -> Double? {
        try first("SELECT score FROM zset_member WHERE entry_id = ?1 AND member = ?2", entry.id, member) {
            $0.double(0)
        }
    }

    /// Adds the member or moves it.
    func setScore(_ score: Double, of member: [UInt8], in entry: Entry) throws(SQLiteError) {
        try run(
            """
            INSERT INTO zset_member(entry_id, member, score) VALUES (?1, ?2, ?3)
            ON CONFLICT (entry_id, member) DO UPDATE SET score = excluded.score
            """, entry.id, member, score)
    }

    /// True when it was there.
    func removeScored(_ member: [UInt8], from entry: Entry) throws(SQLiteError) -> Bool {
        try changes("DELETE FROM zset_member WHERE entry_id = ?1 AND member = ?2", entry.id, member) > 0
    }

    /// Members before this one, from the lowest score or from the highest.
    func rank(of member: ScoredMember, in entry: Entry, reversed: Bool) throws(SQLiteError) -> Int {
        let below = try first(
            "SELECT count(*) FROM zset_member WHERE entry_id = ?1 AND (score, member) < (?2, ?3)", entry.id,
            member.score, member.member
        ) { $0.int(0) }
        return reversed ? entry.size - 1 - (below ?? 0) : below ?? 0
    }

    /// A range of ranks, counted and listed from the lowest score or from the highest.
    func scored(in entry: Entry, ranks: Range<Int>, reversed: Bool) throws(SQLiteError) -> [ScoredMember] {
        try scored(
            in: entry, scores: ScoreRange(lower: -.infinity, upper: .infinity), reversed: reversed,
            offset: ranks.lowerBound, limit: ranks.count)
    }

    /// `limit` -1: all of them.
    func scored(
        in entry: Entry, scores: ScoreRange, reversed: Bool, offset: Int = 0, limit: Int = -1
    ) throws(SQLiteError) -> [ScoredMember] {
        let row = { (row: SQLiteStatement) in ScoredMember(member: row.blob(0), score: row.double(1)) }
        if reversed {
            return try all(
                """
                SELECT member, score FROM zset_member WHERE entry_id = ?1 AND score BETWEEN ?2 AND ?3
                ORDER BY score DESC, member DESC LIMIT ?5 OFFSET ?4
                """, entry.id, scores.lower, scores.upper, offset, limit, row: row)
        }
        return try all(
            """
            SELECT member, score FROM zset_member WHERE entry_id = ?1 AND score BETWEEN ?2 AND ?3
            ORDER BY score, member LIMIT ?5 OFFSET ?4
            """, entry.id, scores.lower, scores.upper, offset, limit, row: row)
    }

    func count(in entry: Entry, scores: ScoreRange) throws(SQLiteError) -> Int {
        let count = try first(
            "SELECT count(*) FROM zset_member WHERE entry_id = ?1 AND score BETWEEN ?2 AND ?3", entry.id, scores.lower,
            scores.upper
        ) { $0.int(0) }
        return count ?? 0
    }
}
