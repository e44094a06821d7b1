// SPDX-License-Identifier: MIT

/// Waits between attempts to connect: doubling, capped, with full jitter, so that many clients do not come at once.
struct Backoff: Sendable {
    let delay: Duration
    let delayMax: Duration

    /// The longest wait before attempt `attempt`; the first is 1.
    func ceiling(before attempt: Int) -> Duration {
        // Beyond 2^20 every sensible delay has met its cap.
        min(delayMax, delay * (1 << min(max(attempt - 1, 0), 20)))
    }

    /// At least `floor`, which the sidecar may have asked for.
    func wait(
        before attempt: Int, atLeast floor: Duration = .zero, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        max(floor, ceiling(before: attempt) * Double.random(in: 0...1, using: &generator))
    }
}
