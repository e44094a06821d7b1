// SPDX-License-Identifier: MIT

/// How often and when an unclassified failure is tried again. Pure.
public struct RetryPolicy: Sendable, Equatable {
    /// Attempts in all; a transaction's `retry.max_attempts` wins.
    public var attemptsMax = 3
    public var delay: Duration = .seconds(5)
    public var delayMax: Duration = .seconds(300)

    public init() {}

    /// Exponential backoff with full jitter: anything from 0 to `delay` x 2^(attempts - 1), capped.
    public func delay(afterAttempts attempts: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        Self.backoff(base: delay, cap: delayMax, step: attempts - 1, using: &generator)
    }

    static func backoff(
        base: Duration, cap: Duration, step: Int, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        // Beyond 2^30 any base is over any sensible cap.
        let ceiling = min(cap, base * (1 << min(max(step, 0), 30)))
        let (seconds, attoseconds) = ceiling.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        return .microseconds(Int64.random(in: 0...max(microseconds, 0), using: &generator))
    }
}
