// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// Where a record stands in the overlay and in the database, by the id that a client gave.
struct Place: Sendable {
    /// Of the key's columns, in key order; the `{"$ref": ...}` where the database has not assigned an id yet.
    let values: [JSONValue]
    /// The encoded form of these.
    let encoded: ByteString
    /// The encoded form with the references by which the client named it; nil when it used none.
    let reference: ByteString?

    /// Nil for an id that the database has not assigned yet.
    var key: [JSONValue]? { transactions.isEmpty ? values : nil }

    /// Those that make the ids which were not known.
    var transactions: [TransactionID] { RecordKey.references(in: encoded).compactMap(\.transactionID) }

    func key(_ ids: KnownIDs, _ table: Table) -> [JSONValue]? {
        var key: [JSONValue] = []
        for (value, column) in zip(values, table.keyColumns) {
            guard let reference = Reference(value) else {
                key.append(value)
                continue
            }
            guard let id = ids[reference] else { return nil }
            key.append(column.type.canonical(id) ?? id)
        }
        return key
    }

    func encoded(_ ids: KnownIDs) -> ByteString { RecordKey.resolved(encoded, { ids[$0] }) ?? encoded }
}
