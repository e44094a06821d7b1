// SPDX-License-Identifier: MIT
public import MainDatabase
public import TransactionModel

/// What became of each transaction of a batch.
public struct BatchReport: Sendable, Equatable {
    /// One per transaction.
    public var results: [TransactionResult]
    /// The outage or lost lease that ended the work early.
    public var stoppedBy: DatabaseError?

    public init(results: [TransactionResult], stoppedBy: DatabaseError? = nil) {
        self.results = results
        self.stoppedBy = stoppedBy
    }
}

public enum TransactionResult: Sendable, Equatable {
    /// Its effects were committed now. `generatedIDs`: JSON object, when the database assigned ids.
    case applied(Position, generatedIDs: [UInt8]?)
    /// The ledger had it: its effects were committed before.
    case before(Position, generatedIDs: [UInt8]?)
    /// The ledger has its id with other content; nothing was done.
    case conflict
    /// Nothing of it was applied. The error's category is final or transient.
    case failed(DatabaseError)
    /// It may have been committed: apply it again, the ledger decides.
    case unknown
    /// Nothing of it was applied, for no fault of its own: an outage came first, or an earlier one it waits for failed.
    case notRun
}
