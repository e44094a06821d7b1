// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import MainDatabase
import TransactionModel

/// The pending changes of a model, grouped by record, as one or several pages gave them.
struct Overlay: Sendable {
    struct Change: Sendable {
        var sequence: Int64
        var step: Int
        var row: Int
    }

    struct Pending: Sendable {
        var transaction: StoredTransaction
        var status: TransactionStatus
    }

    private(set) var changes: [ByteString: [Change]] = [:]
    private(set) var transactions: [Int64: Pending] = [:]
    private(set) var payloadBytes = 0

    mutating func add(_ page: OverlayPage) {
        for (sequence, pending) in page.transactions where transactions[sequence] == nil {
            guard let transaction = StoredTransaction(payload: pending.payload) else { continue }
            payloadBytes += pending.payload.count
            transactions[sequence] = Pending(transaction: transaction, status: pending.status)
        }
        for entry in page.entries where transactions[entry.sequence] != nil {
            changes[ByteString(entry.encodedID), default: []].append(
                Change(sequence: entry.sequence, step: entry.step, row: entry.row))
        }
    }

    var transactionIDs: [TransactionID] { transactions.values.map(\.transaction.transactionID) }

    /// Leaves out what the ledger has, and moves changes of ids that the database has assigned to these ids.
    mutating func settle(_ ledger: [TransactionID: LedgerEntry], model: String) {
        for (encoded, list) in changes where encoded.string.utf8.first == UInt8(ascii: ":") {
            guard let id = Self.assignedID(encoded.string, ledger) else { continue }
            guard let record = RecordKey(model: model, key: [id]) else { continue }
            changes[encoded] = nil
            changes[record.encodedID, default: []] += list
            changes[record.encodedID]?.sort { ($0.sequence, $0.step, $0.row) < ($1.sequence, $1.step, $1.row) }
        }
        for (encoded, list) in changes {
            let open = list.filter { change in
                transactions[change.sequence].map { ledger[$0.transaction.transactionID] == nil } ?? false
            }
            changes[encoded] = open.isEmpty ? nil : open
        }
    }

    /// Applies the changes of a record to what the database has of it.
    func fold(_ encodedID: ByteString, onto base: FoldedRecord.Base, in table: Table) -> FoldedRecord {
        var record = FoldedRecord(base)
        if let first = changes[encodedID]?.first { record.rank = (first.sequence, first.step, first.row) }
        for change in changes[encodedID] ?? [] {
            guard let pending = transactions[change.sequence] else { continue }
            record.apply(
                pending.transaction.steps[change.step], row: change.row, of: pending.transaction.transactionID,
                in: table)
        }
        for change in changes[Self.any] ?? [] {
            guard let pending = transactions[change.sequence] else { continue }
            record.mayBeChanged(by: pending.transaction.steps[change.step], in: table)
        }
        return record
    }

    static let any: ByteString = ":any"

    /// The id that the ledger has for `:{transaction}#{step}.id`.
    private static func assignedID(_ encoded: String, _ ledger: [TransactionID: LedgerEntry]) -> JSONValue? {
        guard let reference = Reference(text: String(encoded.dropFirst())), let id = reference.transactionID,
            let bytes = ledger[id]?.generatedIDs, let ids = try? JSONDocument(parsing: bytes).root,
            let value = ids.member(reference.step)
        else { return nil }
        let assigned = reference.row.map { row in value.elements.dropFirst(row).first { _ in true } } ?? value
        return assigned?.value()
    }

    /// Transactions that assigned ids stand for, beside those that are pending themselves.
    var referencedTransactions: [TransactionID] {
        changes.keys.compactMap { key in
            key.string.utf8.first == UInt8(ascii: ":")
                ? Reference(text: String(key.string.dropFirst()))?.transactionID : nil
        }
    }
}
