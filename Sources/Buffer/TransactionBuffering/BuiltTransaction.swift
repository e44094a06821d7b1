// SPDX-License-Identifier: MIT
import Keyspace
public import TransactionModel

/// A transaction that passed validation: what accept stores, and what the receipt says.
public struct BuiltTransaction: Sendable {
    public var transactionID: TransactionID
    public var contentHash: ContentHash
    /// The stored transaction (format 1).
    public var payload: [UInt8]
    public var changes: [RecordChange]
    /// JSON object: step id -> id, or array of ids for a bulk step.
    public var generatedIDs: [UInt8]
    /// Models in which it deletes.
    public var deletesIn: [String] = []

    func accept(at time: Timestamp) -> Accept {
        Accept(
            transactionID: transactionID, contentHash: contentHash, payload: payload, changes: changes, acceptedAt: time
        )
    }
}

/// Where a transaction breaks a rule.
struct ValidationFault: Error {
    var path: String
    /// A sentence without its subject, which is the place at `path`.
    var message: String
    /// An unknown model or column: worth a look at the database before it is refused.
    var maySchemaBeStale = false

    init(_ path: String, _ message: String, maySchemaBeStale: Bool = false) {
        self.path = path
        self.message = message
        self.maySchemaBeStale = maySchemaBeStale
    }

    init(_ error: ConditionError) {
        self.init(error.path, error.message, maySchemaBeStale: error.isUnknownColumn)
    }
}
