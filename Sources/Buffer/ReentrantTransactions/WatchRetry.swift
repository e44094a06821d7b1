// SPDX-License-Identifier: MIT

/// Whether a watched transaction begins again: on its own abort only, a few times, each pause twice the one before.
struct WatchRetry: Sendable {
    enum Action: Sendable, Hashable {
        case finish
        case retry(after: Duration)
    }

    let retriesMax: Int
    let delay: Duration
    private var retries = 0

    init(retriesMax: Int, delay: Duration) {
        self.retriesMax = retriesMax
        self.delay = delay
    }

    mutating func next(after reason: MultiResult.AbortReason?) -> Action {
        switch reason {
        // What the caller expected won't come true by asking again; a lost connection is an outage, not contention.
        case nil, .expectationFailed, .connectionLost:
            return .finish
        case .watchedKeyChanged:
            guard retries < retriesMax else { return .finish }
            defer { retries += 1 }
            return .retry(after: delay * (1 << min(retries, 30)))
        }
    }
}
