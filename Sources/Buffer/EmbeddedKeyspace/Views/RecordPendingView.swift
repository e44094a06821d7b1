// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import TransactionModel

/// `record_pending:{model}:{id}`: the changes themselves, oldest first.
struct RecordPendingView: ListView {
    let changes: PendingChanges

    func count() throws(SQLiteError) -> Int { try changes.count() }

    func items(offset: Int, limit: Int) throws(SQLiteError) -> [[UInt8]] {
        try changes.list(offset: offset, limit: limit).map { change in
            var writer = JSONWriter(capacity: 256)
            writer.beginObject()
            writer.member("transaction_id", change.transactionID)
            writer.member("step_id", change.step.id)
            if let row = change.row { writer.member("row", Int64(row)) }
            writer.change(change)
            writer.member("sequence", change.sequence)
            writer.endObject()
            return writer.bytes
        }
    }
}
