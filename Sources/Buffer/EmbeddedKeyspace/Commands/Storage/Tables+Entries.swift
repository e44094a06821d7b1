// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection

// Keys as such.
extension Tables {
    /// The key, if it exists and has not expired. A command that writes removes an expired one here.
    func find(_ key: [UInt8]) throws(SQLiteError) -> Entry? {
        let found = try first("SELECT id, type, size, expires_at FROM entry WHERE key = ?1", key) {
            Self.entry($0, key: key)
        }
        guard let entry = found, hasExpired(entry) else { return found }
        if isWriting { try removeExpired(entry) }
        return nil
    }

    /// The key, which must be of this type.
    func find(_ key: [UInt8], as type: ValueType) throws -> Entry? {
        guard let entry = try find(key) else { return nil }
        guard entry.type == type else { throw CommandError.wrongType }
        return entry
    }

    /// The key, which must be of this type; a new one without members when it does not exist.
    func findOrCreate(_ key: [UInt8], as type: ValueType) throws -> Entry {
        if let entry = try find(key, as: type) { return entry }
        return try create(key, as: type)
    }

    /// A key that does not exist yet. Whoever creates it adds members, or removes it again.
    func create(_ key: [UInt8], as type: ValueType, expiresAt: Int64? = nil) throws(SQLiteError) -> Entry {
        let id = try insert(
            "INSERT INTO entry(key, type, size, expires_at) VALUES (?1, ?2, 0, ?3)", key, type.rawValue, expiresAt)
        return Entry(id: id, key: key, type: type, size: 0, expiresAt: expiresAt)
    }

    /// Notes that the members changed and how many there are now; a key without members vanishes.
    func resized(_ entry: Entry, to size: Int) throws(SQLiteError) {
        guard size > 0 else { return try remove(entry) }
        if size != entry.size { try run("UPDATE entry SET size = ?2 WHERE id = ?1", entry.id, size) }
        onTouch(entry.key)
    }

    func remove(_ entry: Entry) throws(SQLiteError) {
        try delete(entry)
        onTouch(entry.key)
    }

    private func removeExpired(_ entry: Entry) throws(SQLiteError) {
        try delete(entry)
        onExpire(entry.key)
    }

    private func delete(_ entry: Entry) throws(SQLiteError) {
        try removeMembers(of: entry)
        try run("DELETE FROM entry WHERE id = ?1", entry.id)
    }

    func setExpiry(_ entry: Entry, to expiresAt: Int64?) throws(SQLiteError) {
        try run("UPDATE entry SET expires_at = ?2 WHERE id = ?1", entry.id, expiresAt)
        onTouch(entry.key)
    }

    /// Gives the entry another name; nothing may have that name.
    func rename(_ entry: Entry, to key: [UInt8]) throws(SQLiteError) {
        try run("UPDATE entry SET key = ?2 WHERE id = ?1", entry.id, key)
        onTouch(entry.key)
        onTouch(key)
    }

    /// A second key with the same content and expiry; nothing may have that name.
    func copy(_ entry: Entry, to key: [UInt8]) throws(SQLiteError) {
        let id = try insert(
            """
            INSERT INTO entry(key, type, size, expires_at, value)
            SELECT ?2, type, size, expires_at, value FROM entry WHERE id = ?1
            """, entry.id, key)
        switch entry.type {
        case .string: break
        case .list:
            try run("INSERT INTO list_item SELECT ?2, position, value FROM list_item WHERE entry_id = ?1", entry.id, id)
        case .set: try run("INSERT INTO set_member SELECT ?2, member FROM set_member WHERE entry_id = ?1", entry.id, id)
        case .sortedSet:
            try run(
                "INSERT INTO zset_member SELECT ?2, member, score FROM zset_member WHERE entry_id = ?1", entry.id, id)
        case .hash:
            try run("INSERT INTO hash_field SELECT ?2, field, value FROM hash_field WHERE entry_id = ?1", entry.id, id)
        }
        onTouch(key)
    }

    private func removeMembers(of entry: Entry) throws(SQLiteError) {
        switch entry.type {
        case .string: break
        case .list: try run("DELETE FROM list_item WHERE entry_id = ?1", entry.id)
        case .set: try run("DELETE FROM set_member WHERE entry_id = ?1", entry.id)
        case .sortedSet: try run("DELETE FROM zset_member WHERE entry_id = ?1", entry.id)
        case .hash: try run("DELETE FROM hash_field WHERE entry_id = ?1", entry.id)
        }
    }

    private func hasExpired(_ entry: Entry) -> Bool {
        guard let expiresAt = entry.expiresAt else { return false }
        return expiresAt < milliseconds
    }

    private static func entry(_ row: SQLiteStatement, key: [UInt8]) -> Entry {
        guard let type = ValueType(rawValue: row.int64(1)) else { preconditionFailure("entry.type is one of ours.") }
        return Entry(
            id: row.int64(0), key: key, type: type, size: row.int(2), expiresAt: row.isNull(3) ? nil : row.int64(3))
    }
}

// MARK: All keys

extension Tables {
    func removeExpired(keysMax: Int) throws(SQLiteError) -> Int {
        let expired = try all(
            """
            SELECT id, type, size, expires_at, key FROM entry WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2
            """, milliseconds, keysMax
        ) { Self.entry($0, key: $0.blob(4)) }
        for entry in expired { try removeExpired(entry) }
        return expired.count
    }

    func keyCount() throws(SQLiteError) -> Int {
        let count = try first(
            "SELECT (SELECT count(*) FROM entry) - (SELECT count(*) FROM entry WHERE expires_at < ?1)", milliseconds
        ) { $0.int(0) }
        return count ?? 0
    }

    /// The entries after `id` in the order of their creation, expired ones included, at most `limit`.
    func entries(after id: Int64, limit: Int) throws(SQLiteError) -> [Entry] {
        try all(
            "SELECT id, type, size, expires_at, key FROM entry WHERE id > ?1 ORDER BY id LIMIT ?2", id, limit
        ) { Self.entry($0, key: $0.blob(4)) }
    }

    func isLive(_ entry: Entry) -> Bool { !hasExpired(entry) }

    /// Any key that has not expired, each about as likely as another while few were deleted.
    func randomKey() throws(SQLiteError) -> [UInt8]? {
        guard let highest = try first("SELECT max(id) FROM entry", row: { $0.int64(0) }), highest > 0 else {
            return nil
        }
        let start = Int64.random(in: 1...highest, using: &random)
        for from in [start, 1] {
            let key = try first(
                """
                SELECT key FROM entry WHERE id >= ?1 AND (expires_at IS NULL OR expires_at >= ?2) ORDER BY id LIMIT 1
                """, from, milliseconds
            ) { $0.blob(0) }
            if let key { return key }
        }
        return nil
    }
}
