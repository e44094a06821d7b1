// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import Synchronization
import TransactionModel

/// What the writer asks of the world, and what it tells it.
final class WriterHooks: Sendable {
    let now: @Sendable () -> Timestamp
    /// For tests: what a COMMIT shall fail with.
    let commitFault: @Sendable () -> SQLiteError?
    private let onFailure: @Sendable (KeyspaceError) -> Void
    private let failed = Mutex<KeyspaceError?>(nil)

    init(
        now: @escaping @Sendable () -> Timestamp, onFailure: @escaping @Sendable (KeyspaceError) -> Void,
        commitFault: @escaping @Sendable () -> SQLiteError? = { nil }
    ) {
        self.now = now
        self.onFailure = onFailure
        self.commitFault = commitFault
    }

    /// Why the store stopped for good.
    var failure: KeyspaceError? { failed.withLock { $0 } }

    /// Tells once.
    func fail(_ error: KeyspaceError) {
        let isFirst = failed.withLock { failed in
            guard failed == nil else { return false }
            failed = error
            return true
        }
        if isFirst { onFailure(error) }
    }
}
