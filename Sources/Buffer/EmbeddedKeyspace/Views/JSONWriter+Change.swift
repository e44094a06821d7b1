// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

extension JSONWriter {
    /// Members `operation` and `changes`; a delete changes no columns.
    mutating func change(_ change: PendingChanges.Change) {
        member("operation", change.step.operation.rawValue)
        name("changes")
        if let data = change.data {
            raw(data)
        } else {
            beginObject()
            endObject()
        }
    }
}
