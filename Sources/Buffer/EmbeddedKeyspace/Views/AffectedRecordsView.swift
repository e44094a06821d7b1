// SPDX-License-Identifier: MIT
import SQLiteConnection
import TransactionModel

/// `read_buffer:transaction:{id}:affected_records`: the records of a transaction that still have its changes pending.
struct AffectedRecordsView: SetView {
    let store: Store
    let id: String

    func count() throws(SQLiteError) -> Int { try records().count }

    func contains(_ member: [UInt8]) throws(SQLiteError) -> Bool { try records().contains(member) }

    func members(offset: Int, limit: Int) throws(SQLiteError) -> [[UInt8]] {
        Array(try records().dropFirst(offset).prefix(limit))
    }

    private func records() throws(SQLiteError) -> [[UInt8]] {
        let statement = try store.connection.statement("SELECT sequence, payload FROM txn WHERE id = ?")
        statement.bind(1, id)
        guard try statement.step() else { return [] }
        let (sequence, payload) = (statement.int64(0), statement.bytes(1) ?? [])
        statement.reset()
        var records: [[UInt8]] = []
        for record in StoredTransaction(payload: payload)?.records ?? []
        where try store.overlay.contains(record.keySuffix, of: sequence) {
            records.append(Array(record.keySuffix.utf8))
        }
        return records
    }
}
