// SPDX-License-Identifier: MIT
internal import JSON

/// Some of a list of transactions.
public struct TransactionPage: Sendable, Hashable {
    public let transactions: [TransactionRecord]
    /// Where the next page begins; nil: this is the last.
    public let cursor: String?

    init(_ view: JSONView) throws(SluiceClientError) {
        guard let list = view["transactions"], list.kind == .array else {
            throw .invalidReply("The list lacks transactions.")
        }
        var transactions: [TransactionRecord] = []
        for element in list.elements { transactions.append(try TransactionRecord(element)) }
        self.transactions = transactions
        cursor = view["cursor"]?.string
    }
}
