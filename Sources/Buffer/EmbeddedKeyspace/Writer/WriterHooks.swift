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

extension KeyspaceError {
    /// For those that come after the failure.
    init(stopping error: SQLiteError) {
        self.init(.unavailable, "The keyspace stopped because its file failed: \(error). Restart after checking the disk.")
    }

    /// For a job that was rolled back.
    init(running error: SQLiteError) {
        if error.isFull {
            self.init(.full, "The keyspace is full.")
        } else {
            self.init(.unavailable, "The keyspace file failed: \(error).")
        }
    }
}

/// The queue as both sides see it.
final class SharedQueue: Sendable {
    private let queue: Mutex<SubmissionQueue>

    init(operationsMax: Int) { queue = Mutex(SubmissionQueue(operationsMax: operationsMax)) }

    func submit(_ job: Job) -> SubmissionQueue.Submission { queue.withLock { $0.submit(job) } }

    func next(room: Int, isFirst: Bool) -> Job? { queue.withLock { $0.next(room: room, isFirst: isFirst) } }

    func sleep() -> Bool { queue.withLock { $0.sleep() } }

    func close(_ reason: KeyspaceError) -> [Job] { queue.withLock { $0.close(reason) } }

    var closed: KeyspaceError? { queue.withLock { $0.closed } }

    var operations: Int { queue.withLock { $0.operations } }
}
