// SPDX-License-Identifier: MIT
import Synchronization
import WireProtocol

/// The requests of all clients that wait for what others do. They may be many, and long just when the main database is
/// away; so they never take the room of those that work.
public final class WaitingRequests: Sendable {
    private let countMax: Int
    private let count = Atomic(0)

    public init(countMax: Int) {
        precondition(countMax > 0, "a limit lets at least one in")
        self.countMax = countMax
    }

    func run<R>(_ body: () async throws(WireError) -> R) async throws(WireError) -> R {
        defer { count.subtract(1, ordering: .relaxed) }
        guard count.add(1, ordering: .relaxed).newValue <= countMax else {
            throw WireError(
                .busy, "At most \(countMax) requests wait at once; subscribe instead, or ask for the status.",
                retryAfter: .seconds(1), detail: "waiting_max")
        }
        return try await body()
    }
}
