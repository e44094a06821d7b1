// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import TransactionModel

/// What is known of ids that the database assigns: from the ledger of the snapshot that is read, and from status records,
/// which know them before a replica does.
struct KnownIDs: Sendable {
    /// Transaction -> step id -> id, or array of ids; a reference where an id is still to come.
    private var assigned: [TransactionID: JSONValue]

    init(_ ledger: [TransactionID: LedgerEntry], statusRecords: [TransactionID: JSONValue]) {
        assigned = statusRecords
        for (transaction, entry) in ledger {
            guard let bytes = entry.generatedIDs, let ids = try? JSONValue(parsing: bytes) else { continue }
            assigned[transaction] = ids
        }
    }

    subscript(reference: Reference) -> JSONValue? {
        guard let transaction = reference.transactionID, let value = assigned[transaction]?[reference.step] else {
            return nil
        }
        var found: JSONValue? = value
        if let row = reference.row { found = value.array.flatMap { row < $0.count ? $0[row] : nil } }
        switch found {
        case .number, .string: return found
        case .null, .bool, .array, .object, nil: return nil
        }
    }
}
