// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import TransactionModel

/// The changes of one record that the replicas do not have yet, in order of acceptance: what `cache:ids`, `buffered`,
/// `record_pending` and `read_buffer` are made of.
struct PendingChanges {
    let store: Store
    /// `{model}:{id}`
    let record: String

    struct Change {
        var transactionID: String
        var sequence: Int64
        var acceptedAt: Timestamp
        var step: Step
        /// Index of the row; nil for a step with a single record.
        var row: Int?

        var data: JSONView? {
            let index = row ?? 0
            return step.rows.indices.contains(index) ? step.rows[index].data : nil
        }
    }

    func count() throws(SQLiteError) -> Int {
        let statement = try store.connection.statement("SELECT count(*) FROM pending_change WHERE record = ?")
        defer { statement.reset() }
        statement.bind(1, record)
        return try statement.step() ? Int(statement.int64(0)) : 0
    }

    /// Oldest first.
    func list(offset: Int = 0, limit: Int = .max) throws(SQLiteError) -> [Change] {
        let statement = try store.connection.statement(
            """
            SELECT p.sequence, p.step, p.row, t.accepted_at, t.payload
            FROM pending_change p CROSS JOIN txn t ON t.sequence = p.sequence WHERE p.record = ?
            ORDER BY p.sequence, p.step, p.row LIMIT ? OFFSET ?
            """)
        defer { statement.reset() }
        statement.bind(1, record)
        statement.bind(2, Int64(limit))
        statement.bind(3, Int64(offset))
        var changes: [Change] = []
        var parsed: (sequence: Int64, transaction: StoredTransaction)?
        while try statement.step() {
            let sequence = statement.int64(0)
            if parsed?.sequence != sequence {
                parsed = StoredTransaction(payload: statement.bytes(4) ?? []).map { (sequence, $0) }
            }
            guard let transaction = parsed?.transaction, transaction.steps.indices.contains(Int(statement.int64(1)))
            else { continue }
            let step = transaction.steps[Int(statement.int64(1))]
            changes.append(
                Change(
                    transactionID: transaction.transactionID.string, sequence: sequence,
                    acceptedAt: Timestamp(microseconds: statement.int64(3)), step: step,
                    row: step.operation.isBulk ? Int(statement.int64(2)) : nil))
        }
        return changes
    }

    func folded() throws(SQLiteError) -> RecordFold {
        var fold = RecordFold()
        for change in try list() { fold.apply(change.step.operation, change.data) }
        return fold
    }
}
