// SPDX-License-Identifier: MIT
public import TransactionModel

/// Procedure `accept`: queue entry, status, caches, overlay, indexes and counters become visible together, or nothing does.
public struct Accept: Sendable, Equatable {
    public var transactionID: TransactionID
    public var contentHash: ContentHash
    /// The stored transaction: one JSON object, ending in `}`; the store appends the mutable members to it.
    public var payload: [UInt8]
    /// One entry per record change, in step order.
    public var changes: [RecordChange]
    public var acceptedAt: Timestamp
    public init(
        transactionID: TransactionID, contentHash: ContentHash, payload: [UInt8], changes: [RecordChange],
        acceptedAt: Timestamp
    ) {
        self.transactionID = transactionID
        self.contentHash = contentHash
        self.payload = payload
        self.changes = changes
        self.acceptedAt = acceptedAt
    }
}

public enum AcceptOutcome: Sendable, Equatable {
    case accepted
    /// The same content was accepted before. `status` is what became of it; `generatedIDs` the JSON object stored
    /// with it when it had ids that only the database could assign, else nil: the ids of the repeat are the same.
    case duplicate(status: TransactionStatus, generatedIDs: [UInt8]?)
    /// The id was accepted before with other content.
    case conflict
    /// `buffer.transactions_max` or `buffer.bytes_max` is reached, or the disk is full.
    case full
}
