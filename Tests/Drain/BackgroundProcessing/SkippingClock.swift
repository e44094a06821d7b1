// SPDX-License-Identifier: MIT
import Synchronization
import TransactionModel

/// A clock on which every sleep is over at once; the time it shows moves by as much.
final class SkippingClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Self { Self(offset: offset + duration) }
        func duration(to other: Self) -> Duration { other.offset - offset }
        static func < (a: Self, b: Self) -> Bool { a.offset < b.offset }
    }

    private let offset = Mutex(Duration.zero)
    /// Told of each sleep.
    let listener = Mutex<(@Sendable () -> Void)?>(nil)

    var now: Instant { Instant(offset: offset.withLock { $0 }) }
    var minimumResolution: Duration { .nanoseconds(1) }
    var time: Timestamp { Timestamp(microseconds: 1_790_000_000_000_000) + now.offset }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        offset.withLock { $0 = max($0, deadline.offset) }
        listener.withLock { $0 }?()
        await Task.yield()
    }
}
