// SPDX-License-Identifier: MIT
import Keyspace
import Synchronization

/// A keyspace that answers the first so many advances `busy`, and loses the replies to the first so many claims.
final class FailingKeyspace: Keyspace {
    private let inner: any Keyspace
    private let failsAdvances: Mutex<Int>
    private let losesClaims: Mutex<Int>

    init(_ inner: any Keyspace, failsAdvances: Int, losesClaims: Int = 0) {
        self.inner = inner
        self.failsAdvances = Mutex(failsAdvances)
        self.losesClaims = Mutex(losesClaims)
    }

    var durability: Durability { inner.durability }

    func perform(_ operations: [Operation]) async throws(KeyspaceError) -> [Reply] {
        try fail(operations)
        let replies = try await inner.perform(operations)
        guard case .claim(let claimed, _)? = replies.first, !claimed.isEmpty else { return replies }
        let isLost = losesClaims.withLock { left in
            defer { left = max(0, left - 1) }
            return left > 0
        }
        if isLost { throw KeyspaceError(.outcomeUnknown, "the connection was cut") }
        return replies
    }

    func execute(_ operations: [Operation]) async throws(KeyspaceError) -> Execution {
        try fail(operations)
        return try await inner.execute(operations)
    }

    private func fail(_ operations: [Operation]) throws(KeyspaceError) {
        let fails = failsAdvances.withLock { left in
            guard case .advance? = operations.first, left > 0 else { return false }
            left -= 1
            return true
        }
        if fails { throw KeyspaceError(.busy, "too much waits") }
    }

    /// How many are still to fail.
    var failuresLeft: Int { failsAdvances.withLock { $0 } }

    func connect() async throws(KeyspaceError) -> any KeyspaceConnection { try await inner.connect() }
}
