// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import TransactionModel

// What the pending changes of one record look like under the keys that show them.

/// `buffered:{model}:{id}`, and `cache:ids:{model}:{id}` where a transaction made the record: the record as JSON.
struct BufferedRecordView: StringView {
    let changes: PendingChanges
    let onlyIfCreated: Bool

    func value() throws(SQLiteError) -> [UInt8]? {
        let fold = try changes.folded()
        guard !fold.isAbsent, fold.isCreated || !onlyIfCreated else { return nil }
        return JSONValue.object(fold.columns).bytes
    }
}

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

extension JSONWriter {
    /// Members `operation` and `changes`; a delete changes no columns.
    fileprivate mutating func change(_ change: PendingChanges.Change) {
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

/// `read_buffer:{model}:{id}`: column to JSON, what the pending changes make of the record.
struct ReadBufferView: HashView {
    let changes: PendingChanges

    func count() throws(SQLiteError) -> Int { try changes.folded().columns.count }

    func value(of field: [UInt8]) throws(SQLiteError) -> [UInt8]? {
        let name = String(decoding: field, as: UTF8.self)
        guard name.utf8.elementsEqual(field) else { return nil }
        return try changes.folded().columns[name]?.bytes
    }

    func entries(offset: Int, limit: Int) throws(SQLiteError) -> [(field: [UInt8], value: [UInt8])] {
        try changes.folded().columns.dropFirst(offset).prefix(limit).map { (Array($0.name.utf8), $0.value.bytes) }
    }
}
