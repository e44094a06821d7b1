// SPDX-License-Identifier: MIT
public import TransactionModel

/// Reads the overlay of a model: what `record_pending:{model}:*` holds, many records at once, in the order of their
/// encoded ids (bytes), and within a record in the order of acceptance (sequence, step, row).
public struct OverlayRead: Sendable, Equatable {
    public var model: String
    /// Only these records (encoded ids); nil: all of the model.
    public var records: [String]?
    /// Without `records`: only those whose encoded id begins with `:`, that is the ones which are not named by their id.
    public var unnamedOnly: Bool
    /// Continues after this encoded id; pages never split a record.
    public var after: String?
    /// The page ends before it holds more than so many entries, or payload bytes; it always holds one record at least.
    public var entriesMax: Int
    public var bytesMax: Int

    public init(
        model: String, records: [String]? = nil, unnamedOnly: Bool = false, after: String? = nil, entriesMax: Int,
        bytesMax: Int
    ) {
        self.model = model
        self.records = records
        self.unnamedOnly = unnamedOnly
        self.after = after
        self.entriesMax = entriesMax
        self.bytesMax = bytesMax
    }
}

public struct OverlayPage: Sendable, Equatable {
    public var entries: [Entry]
    /// Each transaction that an entry names, once.
    public var transactions: [Int64: PendingTransaction]
    /// Encoded id to continue after; nil at the end.
    public var next: String?
    /// The sequence of the transaction that was accepted last when the page was read.
    public var newest: Int64

    public init(
        entries: [Entry] = [], transactions: [Int64: PendingTransaction] = [:], next: String? = nil, newest: Int64
    ) {
        self.entries = entries
        self.transactions = transactions
        self.next = next
        self.newest = newest
    }

    public struct Entry: Sendable, Equatable {
        public var encodedID: String
        public var sequence: Int64
        /// Index of the step in the payload, and of the row in the step.
        public var step: Int
        public var row: Int

        public init(encodedID: String, sequence: Int64, step: Int, row: Int) {
            self.encodedID = encodedID
            self.sequence = sequence
            self.step = step
            self.row = row
        }
    }

    public struct PendingTransaction: Sendable, Equatable {
        public var transactionID: TransactionID
        public var payload: [UInt8]
        public var status: TransactionStatus

        public init(transactionID: TransactionID, payload: [UInt8], status: TransactionStatus) {
            self.transactionID = transactionID
            self.payload = payload
            self.status = status
        }
    }
}
