// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import TransactionModel

/// `read_buffer:{model}:{id}:updates`: the changes with their time, oldest first.
struct ReadBufferUpdatesView: ListView {
    let changes: PendingChanges

    func count() throws(SQLiteError) -> Int { try changes.count() }

    func items(offset: Int, limit: Int) throws(SQLiteError) -> [[UInt8]] {
        try changes.list(offset: offset, limit: limit).map { change in
            var writer = JSONWriter(capacity: 256)
            writer.beginObject()
            writer.member("at", change.acceptedAt.description)
            writer.member("transaction_id", change.transactionID)
            writer.member("step_id", change.step.id)
            writer.change(change)
            writer.endObject()
            return writer.bytes
        }
    }
}
