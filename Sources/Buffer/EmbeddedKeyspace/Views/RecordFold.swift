// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// What the pending changes make of a record, as far as they say: columns they do not mention are the database's.
struct RecordFold {
    /// Column to value, in the order in which they were first written.
    private(set) var columns = JSONObject()
    /// The last of the changes deletes it, or there is none.
    private(set) var isAbsent = true
    /// Some change made the record.
    private(set) var isCreated = false

    mutating func apply(_ operation: StepOperation, _ data: JSONView?) {
        switch operation {
        case .create, .bulkCreate:
            columns = JSONObject()
            merge(data)
            isCreated = true
        case .upsert:
            merge(data)
            isCreated = true
        case .update, .bulkUpdate: merge(data)
        case .increment: increment(data)
        case .delete:
            columns = JSONObject()
            isAbsent = true
            isCreated = false
            return
        case .query: return
        }
        isAbsent = false
    }

    private mutating func merge(_ data: JSONView?) {
        guard let data else { return }
        for (name, value) in data.members { columns[name.string ?? ""] = value.value() }
    }

    /// A column of which only the difference is known says nothing about its value.
    private mutating func increment(_ data: JSONView?) {
        guard let data else { return }
        for (name, delta) in data.members {
            let name = name.string ?? ""
            guard let value = columns[name], let sum = ColumnType.number.sum(value, delta.value()) else { continue }
            columns[name] = sum
        }
    }
}
