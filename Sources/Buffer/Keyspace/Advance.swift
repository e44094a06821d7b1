// SPDX-License-Identifier: MIT
public import TransactionModel

/// Procedure `claim`: takes the oldest pending transactions from the tail of the buffer without removing them.
///
/// What was claimed and has no outcome yet is `processing`. A claim of a process that died is counted in
/// ``ClaimedTransaction/unresolvedClaims`` when the transaction is claimed again.
public struct Claim: Sendable, Equatable {
    public var token: Int64
    public var transactionsMax: Int
    /// The claim stops before the payloads exceed this; it always contains at least one transaction.
    public var bytesMax: Int
    /// A transaction with so many claims without outcome is claimed alone, so that a crash blames nobody else.
    public var suspectClaims: Int
    public var at: Timestamp

    public init(token: Int64, transactionsMax: Int, bytesMax: Int, suspectClaims: Int = .max, at: Timestamp) {
        self.suspectClaims = suspectClaims
        self.token = token
        self.transactionsMax = transactionsMax
        self.bytesMax = bytesMax
        self.at = at
    }
}

public struct ClaimedTransaction: Sendable, Equatable {
    public var transactionID: TransactionID
    /// Position in the order of acceptance.
    public var sequence: Int64
    public var payload: [UInt8]
    public var contentHash: ContentHash
    /// Attempts that counted.
    public var attempts: Int
    /// Claims whose process died before there was an outcome.
    public var unresolvedClaims: Int

    public init(
        transactionID: TransactionID, sequence: Int64, payload: [UInt8], contentHash: ContentHash, attempts: Int,
        unresolvedClaims: Int
    ) {
        self.transactionID = transactionID
        self.sequence = sequence
        self.payload = payload
        self.contentHash = contentHash
        self.attempts = attempts
        self.unresolvedClaims = unresolvedClaims
    }
}

/// Procedure `advance`: moves transactions along their life. Each change is checked on its own against the state it
/// starts from; one that no longer fits is answered `stale` and changes nothing.
public struct Advance: Sendable, Equatable {
    public var changes: [Change]
    /// Token under which the transactions were claimed. A change that starts from `processing` is `stale` when the
    /// claim is another's by now. Nil: not checked.
    public var token: Int64?
    public var at: Timestamp

    public init(_ changes: [Change], token: Int64? = nil, at: Timestamp) {
        self.changes = changes
        self.token = token
        self.at = at
    }

    public enum Change: Sendable, Equatable {
        /// processing -> committed. `generatedIDs` replaces the stored object when the database assigned ids.
        case committed(TransactionID, position: Position, generatedIDs: [UInt8]?)
        /// processing -> pending: the attempt had no outcome that counts (outage, contention, superseded batch).
        case returned(TransactionID)
        /// processing -> retrying: waits until `due`, holds its conflict keys.
        case retrying(TransactionID, attempts: Int, due: Timestamp, error: FailureRecord, held: [ConflictKey])
        /// processing -> dead_letter: counts the attempt, holds its conflict keys; none under the policy `continue`, which also drops
        /// `released`, the records whose overlay goes.
        case dead(TransactionID, error: FailureRecord, held: [ConflictKey], released: [RecordKey])
        /// processing -> parked behind `blocker` (still counted and shown as pending), holds its conflict keys.
        case parked(TransactionID, behind: TransactionID, held: [ConflictKey])
        /// retrying -> pending, because its time has come.
        case due(TransactionID)
        /// dead_letter -> pending, attempts 0; `revised` replaces payload and overlay when an operator changed it.
        case requeued(TransactionID, revised: Revision?)
        /// pending (parked included) -> cancelled.
        case cancelled(TransactionID, released: [RecordKey])
        /// dead_letter -> discarded.
        case discarded(TransactionID, released: [RecordKey])
        /// committed -> pending: the database that took it over has no ledger row of it.
        case reverted(TransactionID)
    }

    /// New content of a dead transaction.
    public struct Revision: Sendable, Equatable {
        public var payload: [UInt8]
        /// The records whose overlay entries go, and the entries that come instead. The content hash stays.
        public var previous: [RecordKey]
        public var changes: [RecordChange]
        /// The payload's own `generated_ids`, from now on the answer to a repeat, whose content still says the first ones.
        /// Nil: they did not change.
        public var generatedIDs: [UInt8]?

        public init(
            payload: [UInt8], previous: [RecordKey], changes: [RecordChange], generatedIDs: [UInt8]? = nil
        ) {
            self.payload = payload
            self.previous = previous
            self.changes = changes
            self.generatedIDs = generatedIDs
        }
    }
}

extension Advance.Change {
    public var transactionID: TransactionID {
        switch self {
        case .committed(let id, _, _), .returned(let id), .retrying(let id, _, _, _, _), .dead(let id, _, _, _),
            .parked(let id, _, _), .due(let id), .requeued(let id, _), .cancelled(let id, _), .discarded(let id, _),
            .reverted(let id):
            id
        }
    }
}

public enum AdvanceOutcome: Sendable, Equatable {
    /// Done. `unparked` are the transactions that were parked behind this one and are pending again.
    case advanced(unparked: Int)
    /// The transaction was not in a state from which this change starts.
    case stale(TransactionStatus)
    /// No such transaction.
    case unknown
}

/// Procedure `release`: the replicas have these transactions: drop their overlay entries, recompute the views of the
/// records that others still change, set status `replicated`, start the TTL.
public struct Release: Sendable, Equatable {
    public var transactions: [Released]
    public var at: Timestamp

    public init(_ transactions: [Released], at: Timestamp) {
        self.transactions = transactions
        self.at = at
    }

    public struct Released: Sendable, Equatable {
        public var transactionID: TransactionID
        /// The records the transaction changed.
        public var records: [RecordKey]

        public init(_ transactionID: TransactionID, records: [RecordKey]) {
            self.transactionID = transactionID
            self.records = records
        }
    }
}

public struct ReleaseOutcome: Sendable, Equatable {
    /// How many were committed and are replicated now.
    public var released: Int

    public init(released: Int) { self.released = released }
}
