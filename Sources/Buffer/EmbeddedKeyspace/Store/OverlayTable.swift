// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import TransactionModel

/// The rows of `pending_change`: which transactions change a record that the replicas do not have yet. The changes
/// themselves stand in the payloads, once.
final class OverlayTable {
    private let connection: SQLiteConnection
    private let insertion: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        self.connection = connection
        insertion = try connection.statement("INSERT OR IGNORE INTO pending_change VALUES(?, ?, ?, ?)")
    }

    func insert(_ changes: [RecordChange], of sequence: Int64) throws(SQLiteError) {
        for change in changes {
            insertion.bind(1, change.record.keySuffix)
            insertion.bind(2, sequence)
            insertion.bind(3, Int64(change.step))
            insertion.bind(4, Int64(change.row))
            try insertion.run()
        }
    }

    func remove(_ records: [RecordKey], of sequence: Int64) throws(SQLiteError) {
        for record in records {
            let statement = try connection.statement("DELETE FROM pending_change WHERE record = ? AND sequence = ?")
            statement.bind(1, record.keySuffix)
            statement.bind(2, sequence)
            try statement.run()
        }
    }

    func contains(_ record: String, of sequence: Int64) throws(SQLiteError) -> Bool {
        let statement = try connection.statement(
            "SELECT 1 FROM pending_change WHERE record = ? AND sequence = ? LIMIT 1")
        defer { statement.reset() }
        statement.bind(1, record)
        statement.bind(2, sequence)
        return try statement.step()
    }
}
