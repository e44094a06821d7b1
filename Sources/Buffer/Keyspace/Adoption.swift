// SPDX-License-Identifier: MIT
public import TransactionModel

/// Takes in what another program LPUSHed to `transaction_buffer`: such an element has no status yet.
///
/// A claim stops before the first foreign element and reports it; whoever claims checks it and hands it back here.
public struct Adoption: Sendable, Equatable {
    public enum Verdict: Sendable, Equatable {
        /// It is a valid transaction: it gets its status, ids, views and counters. It is accepted now: what was accepted
        /// before goes before it.
        case accepted(Accept)
        /// It is none: it becomes a dead letter under this id, its bytes kept as they are.
        case malformed(TransactionID, FailureRecord)
    }

    /// The element, byte for byte.
    public var raw: [UInt8]
    public var verdict: Verdict
    public var at: Timestamp

    public init(raw: [UInt8], _ verdict: Verdict, at: Timestamp) {
        self.raw = raw
        self.verdict = verdict
        self.at = at
    }
}

public enum AdoptionOutcome: Sendable, Equatable {
    case adopted
    /// It repeats an accepted transaction with the same content: the element was removed.
    case duplicate
    /// Its id was accepted before with other content: the element became a dead letter under an id made from its bytes.
    case conflict
    /// The element is not there (any more).
    case gone
}
