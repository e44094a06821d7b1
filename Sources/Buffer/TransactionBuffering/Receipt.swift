// SPDX-License-Identifier: MIT
public import Keyspace
public import TransactionModel

/// The answer to an accepted transaction.
public struct Receipt: Sendable {
    public var transactionID: TransactionID
    /// Nil: queued in an open transaction; the outcome is an element of its result.
    public var status: TransactionStatus?
    /// JSON object: step id -> id, or array of ids.
    public var generatedIDs: [UInt8]
    public var durability: Durability
    public var isDuplicate: Bool

    public init(
        transactionID: TransactionID, status: TransactionStatus?, generatedIDs: [UInt8], durability: Durability,
        isDuplicate: Bool
    ) {
        self.transactionID = transactionID
        self.status = status
        self.generatedIDs = generatedIDs
        self.durability = durability
        self.isDuplicate = isDuplicate
    }
}
