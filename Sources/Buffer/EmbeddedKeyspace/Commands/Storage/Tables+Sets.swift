// SPDX-License-Identifier: MIT
import SQLiteConnection

// Sets: a row per member, in the byte order of the members.
extension Tables {
    func contains(_ member: [UInt8], in entry: Entry) throws(SQLiteError) -> Bool {
        try first("SELECT 1 FROM set_member WHERE entry_id = ?1 AND member = ?2", entry.id, member) { _ in true }
            ?? false
    }

    func members(of entry: Entry) throws(SQLiteError) -> [[UInt8]] {
        try all("SELECT member FROM set_member WHERE entry_id = ?1 ORDER BY member", entry.id) { $0.blob(0) }
    }

    func randomMember(of entry: Entry) throws(SQLiteError) -> [UInt8]? {
        let index = Int.random(in: 0..<max(1, entry.size), using: &random)
        return try first(
            "SELECT member FROM set_member WHERE entry_id = ?1 ORDER BY member LIMIT 1 OFFSET ?2", entry.id, index
        ) { $0.blob(0) }
    }

    /// True when it is new.
    func add(_ member: [UInt8], to entry: Entry) throws(SQLiteError) -> Bool {
        try changes("INSERT OR IGNORE INTO set_member(entry_id, member) VALUES (?1, ?2)", entry.id, member) > 0
    }

    /// True when it was there.
    func remove(_ member: [UInt8], from entry: Entry) throws(SQLiteError) -> Bool {
        try changes("DELETE FROM set_member WHERE entry_id = ?1 AND member = ?2", entry.id, member) > 0
    }
}
