// SPDX-License-Identifier: MIT
import Keyspace
import Synchronization

/// A keyspace that answers the first so many advances `busy`.
final class FailingKeyspace: Keyspace {
    private let inner: any Keyspace
    private let failsAdvances: Mutex<Int>

    init(_ inner: any Keyspace, failsAdvances: Int) {
        self.inner = inner
        self.failsAdvances = Mutex(failsAdvances)
    }

    var durability: Durability { inner.durability }

    func perform(_ operations: [Operation]) async throws(KeyspaceError) -> [Reply] {
        try fail(operations)
        return try await inner.perform(operations)
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
