// SPDX-License-Identifier: MIT
import Keyspace
import Synchronization

/// The queue as both sides see it.
final class SharedQueue: Sendable {
    private let queue: Mutex<SubmissionQueue>

    init(operationsMax: Int, bytesMax: Int) {
        queue = Mutex(SubmissionQueue(operationsMax: operationsMax, bytesMax: bytesMax))
    }

    func submit(_ job: Job) -> SubmissionQueue.Submission { queue.withLock { $0.submit(job) } }

    func next(room: Int, isFirst: Bool) -> Job? { queue.withLock { $0.next(room: room, isFirst: isFirst) } }

    func sleep() -> Bool { queue.withLock { $0.sleep() } }

    func close(_ reason: KeyspaceError) -> [Job] { queue.withLock { $0.close(reason) } }

    var closed: KeyspaceError? { queue.withLock { $0.closed } }

    var operations: Int { queue.withLock { $0.operations } }
}
