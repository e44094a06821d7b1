// SPDX-License-Identifier: MIT
import SQLiteConnection

/// `held_records`: conflict key, as `{use}:{name}`, to the transaction that must be resolved first: the earliest that
/// holds the key, or where that one is parked itself, whoever it is parked behind.
struct HeldRecordsView: HashView {
    let store: Store

    func count() throws(SQLiteError) -> Int {
        Int(try store.connection.integer("SELECT count(DISTINCT key) FROM held") ?? 0)
    }

    func value(of field: [UInt8]) throws(SQLiteError) -> [UInt8]? {
        let statement = try store.connection.statement(
            """
            SELECT coalesce(blocker.id, holder.id) FROM held JOIN txn AS holder USING(sequence)
            LEFT JOIN txn AS blocker ON blocker.sequence = holder.blocker WHERE key = ? ORDER BY held.sequence LIMIT 1
            """)
        defer { statement.reset() }
        field.withUnsafeBytes { statement.bindText(1, utf8: $0) }
        return try statement.step() ? statement.bytes(0) : nil
    }

    func entries(offset: Int, limit: Int) throws(SQLiteError) -> [(field: [UInt8], value: [UInt8])] {
        let statement = try store.connection.statement("SELECT DISTINCT key FROM held ORDER BY key LIMIT ? OFFSET ?")
        statement.bind(1, Int64(limit))
        statement.bind(2, Int64(offset))
        let keys = try statement.firstColumn()
        statement.reset()
        var entries: [(field: [UInt8], value: [UInt8])] = []
        for key in keys { entries.append((key, try value(of: key) ?? [])) }
        return entries
    }
}
