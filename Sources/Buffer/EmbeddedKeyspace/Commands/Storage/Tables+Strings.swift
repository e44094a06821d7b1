// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection

// Strings: the value stands in the entry itself.
extension Tables {
    /// What becomes of a key's expiry when its value is replaced.
    enum Expiry {
        case keep
        /// Milliseconds since 1970; nil: never.
        case set(Int64?)
    }

    /// The value of a key that must be a string; nil when it does not exist.
    func string(_ key: [UInt8]) throws -> [UInt8]? {
        guard let entry = try find(key, as: .string) else { return nil }
        return try value(of: entry)
    }

    func value(of entry: Entry) throws(SQLiteError) -> [UInt8] {
        try first("SELECT value FROM entry WHERE id = ?1", entry.id) { $0.blob(0) } ?? []
    }

    /// Bytes of a string's value, without reading it.
    func length(of entry: Entry) throws(SQLiteError) -> Int {
        try first("SELECT length(value) FROM entry WHERE id = ?1", entry.id) { $0.int(0) } ?? 0
    }

    /// Sets the value whatever the key held before.
    func setString(_ key: [UInt8], _ value: [UInt8], expiry: Expiry) throws(SQLiteError) {
        let found = try find(key)
        let expiresAt =
            switch expiry {
            case .keep: found?.expiresAt
            case .set(let moment): moment
            }
        if let entry = found, entry.type == .string {
            try run("UPDATE entry SET value = ?2, expires_at = ?3 WHERE id = ?1", entry.id, value, expiresAt)
        } else {
            if let entry = found { try remove(entry) }
            try run(
                "INSERT INTO entry(key, type, size, expires_at, value) VALUES (?1, ?2, 0, ?3, ?4)", key,
                ValueType.string.rawValue, expiresAt, value)
        }
        onTouch(key)
    }
}
