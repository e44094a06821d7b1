// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

extension ProcedureReply {
    /// An entry names its step by id; its index is looked up in the payload, which comes along.
    var overlayPage: OverlayPage? {
        guard let parts = elements, parts.count == 4, let next = parts[0].text, let entries = parts[1].elements,
            let transactions = parts[2].elements, let newest = parts[3].integer
        else { return nil }
        var page = OverlayPage(next: next.isEmpty ? nil : String(next.dropFirst()), newest: newest)
        var steps: [Int64: [ByteString: Int]] = [:]
        for transaction in transactions {
            guard let (sequence, pending) = transaction.pendingTransaction,
                let stored = StoredTransaction(payload: pending.payload)
            else { return nil }
            page.transactions[sequence] = pending
            let indexes = stored.steps.enumerated().map { (ByteString($1.id), $0) }
            steps[sequence] = Dictionary(indexes, uniquingKeysWith: { first, _ in first })
        }
        page.entries.reserveCapacity(entries.count)
        for entry in entries {
            guard let fields = entry.elements, fields.count == 4, let id = fields[0].text,
                let sequence = fields[1].integer, let stepID = fields[2].text, let row = fields[3].text,
                let step = steps[sequence]?[ByteString(stepID)]
            else { return nil }
            page.entries.append(
                OverlayPage.Entry(encodedID: id, sequence: sequence, step: step, row: Int(row) ?? 0))
        }
        return page
    }

    private var pendingTransaction: (Int64, OverlayPage.PendingTransaction)? {
        guard let parts = elements, parts.count == 4, let sequence = parts[0].integer,
            let id = parts[1].text.flatMap({ TransactionID($0) }),
            let status = parts[2].text.flatMap(TransactionStatus.init(rawValue:)), let payload = parts[3].bytes
        else { return nil }
        return (sequence, OverlayPage.PendingTransaction(transactionID: id, payload: payload, status: status))
    }
}
