// SPDX-License-Identifier: MIT
public import TransactionModel

/// Asks for the right to process a site's transactions, or prolongs it, or gives it up. One holder at a time; who holds it
/// is known by `processor_lease`, whose value expires.
///
/// The keyspace elects; the main database fences. So a holder first is granted, then takes a token from the database
/// (above `lastToken`), then confirms that token here: from then on claims and advances of lower tokens are refused.
public struct LeaseRequest: Sendable, Equatable {
    public enum Action: Sendable, Equatable {
        /// Take the lease when nobody else holds it, or prolong one's own.
        case acquire
        /// Prolong one's own and remember the token that the database gave.
        case confirm(token: Int64)
        /// Let the next one have it at once.
        case giveUp
    }

    public var action: Action
    /// Names the process that asks; another process has another one.
    public var holder: String
    /// Without being prolonged it ends after so long.
    public var timeToLive: Duration
    public var at: Timestamp

    public init(_ action: Action, holder: String, timeToLive: Duration, at: Timestamp) {
        self.action = action
        self.holder = holder
        self.timeToLive = timeToLive
        self.at = at
    }
}

public enum LeaseOutcome: Sendable, Equatable {
    /// It is the asker's. `lastToken` is the highest token ever confirmed; 0 when there was none.
    case granted(lastToken: Int64)
    /// Somebody else has it, at most so long unless they prolong it.
    case refused(holder: String, remaining: Duration)
    /// Given up.
    case ended
}
