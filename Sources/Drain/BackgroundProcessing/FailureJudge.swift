// SPDX-License-Identifier: MIT
import Keyspace
import MainDatabase
import TransactionModel

/// Decides what a failed transaction does next. Pure.
struct FailureJudge {
    enum Verdict: Equatable {
        /// Back to the buffer; nothing is spent.
        case again
        /// It may have failed only because `behind`, accepted earlier, is unfinished.
        case park(behind: TransactionID)
        case retry(attempts: Int, after: Duration)
        case dead
    }

    var policy: RetryPolicy

    /// - Parameter earlier: The first unfinished transaction accepted before, dead and held ones excepted.
    func judge(
        _ error: DatabaseError, of work: Work, earlier: TransactionID?,
        using generator: inout some RandomNumberGenerator
    ) -> Verdict {
        switch error.category {
        case .outage, .fenced: return .again
        case .final:
            if let earlier { return .park(behind: earlier) }
            return .dead
        case .transient:
            let attempts = work.claimed.attempts + 1
            let attemptsMax = work.transaction.attemptsMax ?? policy.attemptsMax
            guard attempts < attemptsMax else { return .dead }
            return .retry(attempts: attempts, after: policy.delay(afterAttempts: attempts, using: &generator))
        }
    }
}
