// SPDX-License-Identifier: MIT
import Keyspace
import MainDatabase
import TransactionModel

/// Decides what a failed transaction does next. Pure.
struct FailureJudge {
    enum Verdict: Equatable {
        /// Back to the buffer; nothing is spent.
        case again
        /// It may have failed only because something accepted earlier had no outcome yet: once more, after those.
        case follow
        /// It may have failed only because `behind`, accepted earlier, is unfinished.
        case park(behind: TransactionID)
        case retry(attempts: Int, after: Duration)
        case dead
    }

    var policy: RetryPolicy

    /// - Parameters:
    ///   - earlier: The first transaction accepted before that waits for a retry.
    ///   - ranBesideEarlier: One accepted before was in hand and had no outcome when it began.
    func judge(
        _ error: DatabaseError, of work: Work, earlier: TransactionID?, ranBesideEarlier: Bool = false,
        using generator: inout some RandomNumberGenerator
    ) -> Verdict {
        switch error.category {
        case .outage, .fenced: return .again
        case .final:
            if let earlier { return .park(behind: earlier) }
            return ranBesideEarlier ? .follow : .dead
        case .transient:
            let attempts = work.claimed.attempts + 1
            let attemptsMax = work.transaction.attemptsMax ?? policy.attemptsMax
            guard attempts < attemptsMax else { return .dead }
            return .retry(attempts: attempts, after: policy.delay(afterAttempts: attempts, using: &generator))
        }
    }
}
