// SPDX-License-Identifier: MIT
import SQLiteConnection

// Hashes: a row per field, in the byte order of the fields.
extension Tables {
    func field(_ field: [UInt8], of entry: Entry) throws(SQLiteError) -> [UInt8]? {
        try first("SELECT value FROM hash_field WHERE entry_id = ?1 AND field = ?2", entry.id, field) { $0.blob(0) }
    }

    func fields(of entry: Entry) throws(SQLiteError) -> [(field: [UInt8], value: [UInt8])] {
        try all("SELECT field, value FROM hash_field WHERE entry_id = ?1 ORDER BY field", entry.id) {
            (field: $0.blob(0), value: $0.blob(1))
        }
    }

    /// True when the field is new.
    func setField(_ field: [UInt8], of entry: Entry, to value: [UInt8]) throws(SQLiteError) -> Bool {
        let updated = try changes(
            "UPDATE hash_field SET value = ?3 WHERE entry_id = ?1 AND field = ?2", entry.id, field, value)
        guard updated == 0 else { return false }
        try run("INSERT INTO hash_field(entry_id, field, value) VALUES (?1, ?2, ?3)", entry.id, field, value)
        return true
    }

    /// True when there was one.
    func removeField(_ field: [UInt8], of entry: Entry) throws(SQLiteError) -> Bool {
        try changes("DELETE FROM hash_field WHERE entry_id = ?1 AND field = ?2", entry.id, field) > 0
    }
}
