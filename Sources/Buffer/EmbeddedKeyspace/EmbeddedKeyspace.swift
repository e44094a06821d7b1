// SPDX-License-Identifier: MIT
import BlockingThread
public import Keyspace
import SQLiteConnection
import Synchronization
public import TransactionModel

/// The keyspace as one SQLite file, held by one process: one connection, one writer at a time.
///
/// Whatever waits is run in one transaction and answered after its fsync. After a failed fsync nothing is acknowledged
/// any more; the process is to stop, and the next start checkpoints and syncs before its first acknowledgement.
public final class EmbeddedKeyspace: Keyspace {
    private let queue: SharedQueue
    private let hooks: WriterHooks
    private let thread: BatchThread<Void>
    private let writer: WriterHolder
    /// A direct submission found the writer asleep, and left its start to ``settle()``.
    private let owesStart = Atomic<Bool>(false)
    private let lock: FileLock
    private let site: SiteGuard
    private let lastConnection = Atomic<Int>(0)

    /// Opens the file, or creates it.
    ///
    /// - Parameters:
    ///   - now: Wall time, for expiry.
    ///   - onFailure: Called once, on the writer's thread, when the store stopped for good.
    /// - Throws: `unavailable` when another process holds the file or it can't be opened, `incompatible` when it is
    ///   damaged, of a newer version, of another site or no keyspace file at all.
    public convenience init(
        _ settings: EmbeddedSettings, now: @escaping @Sendable () -> Timestamp,
        onFailure: @escaping @Sendable (KeyspaceError) -> Void
    ) throws(KeyspaceError) {
        try self.init(settings, hooks: WriterHooks(now: now, onFailure: onFailure))
    }

    init(_ settings: EmbeddedSettings, hooks: WriterHooks) throws(KeyspaceError) {
        lock = try FileLock(path: settings.path + ".lock")
        let queue = SharedQueue(operationsMax: settings.operationsMax, bytesMax: settings.waitingBytesMax)
        let writer = WriterHolder(try Self.writer(settings, queue: queue, hooks: hooks))
        thread = BatchThread(name: "keyspace", jobsMax: 64) { _ in writer.writer.work() }
        self.writer = writer
        self.queue = queue
        self.hooks = hooks
        site = SiteGuard(keys: settings.site.keys)
    }

    private static func writer(
        _ settings: EmbeddedSettings, queue: SharedQueue, hooks: WriterHooks
    ) throws(KeyspaceError) -> Writer {
        let connection = try StoreFile.open(settings)
        do throws(SQLiteError) {
            return Writer(try Store(connection, settings: settings), settings: settings, queue: queue, hooks: hooks)
        } catch {
            throw KeyspaceError(opening: error)
        }
    }

    public var durability: Durability { .fsynced }

    /// The store stopped for good; the process should too.
    public var isFailed: Bool { hooks.failure != nil }

    public func perform(_ operations: [Operation]) async throws(KeyspaceError) -> [Reply] {
        guard case .replies(let replies) = try await submit(.perform(operations)) else { return [] }
        return replies
    }

    public func execute(_ operations: [Operation]) async throws(KeyspaceError) -> Execution {
        try await execute(operations, connection: nil)
    }

    func execute(_ operations: [Operation], connection: Int?) async throws(KeyspaceError) -> Execution {
        if let refusal = refusal(of: operations) {
            if let connection { _ = try await submit(.forget(connection: connection)) }
            return refusal
        }
        guard case .execution(let execution) = try await submit(.execute(operations, connection: connection)) else {
            return .aborted
        }
        return execution
    }

    public func connect() async throws(KeyspaceError) -> any KeyspaceConnection {
        if let reason = hooks.failure ?? queue.closed { throw reason }
        return EmbeddedConnection(self, number: lastConnection.add(1, ordering: .relaxed).newValue)
    }

    /// What is checked while a MULTI queues, before anything runs.
    private func refusal(of operations: [Operation]) -> Execution? {
        for (index, operation) in operations.enumerated() {
            guard case .command(let command) = operation else { continue }
            if let error = CommandTable.check(command) ?? site.check(command) {
                return .refused(index: index, error)
            }
        }
        return nil
    }

    /// Queues the work before it suspends.
    func submit(_ work: Job.Work) async throws(KeyspaceError) -> Job.Answer {
        let result = await withUnsafeContinuation { submit(Job(work: work, recipient: .task($0))) }
        return try result.get()
    }

    /// - Parameter settles: The caller will settle.
    private func submit(_ job: Job, settles: Bool = false) {
        switch queue.submit(job) {
        case .queued(wake: true):
            if settles && writer.writer.isBestRunHere {
                owesStart.store(true, ordering: .releasing)
            } else {
                wakeThread()
            }
        case .queued(wake: false):
            // The second one: company for a group.
            if takeStart() { wakeThread() }
        case .refused(let error):
            job.answer(.failure(error))
        }
    }

    /// Whether a start is owed, and now the caller's to bring about.
    private func takeStart() -> Bool {
        owesStart.load(ordering: .relaxed) && owesStart.exchange(false, ordering: .acquiring)
    }

    private func wakeThread() { _ = thread.submit(()) }
}

extension EmbeddedKeyspace: DirectSubmission {
    public func submit(
        _ operation: Operation, _ completion: @escaping @Sendable (Result<Reply, KeyspaceError>) -> Void
    ) {
        let job = Job(
            work: .perform([operation]),
            recipient: .closure { result in
                completion(
                    result.flatMap { answer in
                        guard case .replies(let replies) = answer, let reply = replies.first else {
                            return .failure(KeyspaceError(.outcomeUnknown, "The writer gave no answer."))
                        }
                        return .success(reply)
                    })
            })
        submit(job, settles: true)
    }

    /// One operation that came alone is committed here and now, where commits are quick: to wake the writer's thread and
    /// to be woken by it would take longer. Whatever else there is to do is the thread's.
    public func settle() {
        if takeStart(), !writer.writer.workOnce() { wakeThread() }
    }
}

// MARK: Upkeep

extension EmbeddedKeyspace {
    /// Removes what has expired and takes the reserve back when there is room again. To be called about once a second;
    /// under load expiry also runs along with the groups.
    public func maintain() async throws(KeyspaceError) { _ = try await submit(.maintain) }

    public func statistics() async throws(KeyspaceError) -> KeyspaceStatistics {
        guard case .statistics(let statistics) = try await submit(.statistics) else { return KeyspaceStatistics() }
        return statistics
    }

    /// Writes a consistent copy to a file that does not exist yet. Everyone else waits meanwhile.
    public func backup(to path: String) async throws(KeyspaceError) { _ = try await submit(.backup(path: path)) }

    /// Answers what waits, checkpoints and closes the file. Whoever comes later is answered `unavailable`.
    public func close() async {
        _ = try? await submit(.close)
        thread.stop()
        // A store that had failed took no such job.
        writer.writer.store.connection.close()
        lock.release()
    }
}

/// The writer as two threads see it.
///
/// `@unchecked Sendable`: it belongs to whoever woke it, which the queue answers to one submission only, until it sleeps
/// again: the keyspace's thread, or for a moment the thread that settles.
private final class WriterHolder: @unchecked Sendable {
    let writer: Writer

    init(_ writer: Writer) { self.writer = writer }
}
