// SPDX-License-Identifier: MIT
import SQLiteConnection

/// `held_records`: conflict key, as `{use}:{name}`, to the transaction that holds it. Several that hold the same key stand
/// there in order of acceptance, with commas between.
struct HeldRecordsView: HashView {
    let store: Store

    func count() throws(SQLiteError) -> Int {
        Int(try store.connection.integer("SELECT count(DISTINCT key) FROM held") ?? 0)
    }

    func value(of field: [UInt8]) throws(SQLiteError) -> [UInt8]? {
        let statement = try store.connection.statement(
            "SELECT id FROM held JOIN txn USING(sequence) WHERE key = ? ORDER BY held.sequence")
        defer { statement.reset() }
        field.withUnsafeBytes { statement.bindText(1, utf8: $0) }
        let holders = try statement.firstColumn()
        return holders.isEmpty ? nil : Array(holders.joined(separator: [UInt8(ascii: ",")]))
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
