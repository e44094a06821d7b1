// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import TransactionModel

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
