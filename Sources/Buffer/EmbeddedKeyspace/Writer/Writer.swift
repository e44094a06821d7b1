// SPDX-License-Identifier: MIT
import Glibc
import Keyspace
import SQLiteConnection
import Synchronization
import TransactionModel

/// The work of one thread at a time: takes what waits as a group, runs it in one transaction, and answers after its fsync.
final class Writer {
    let store: Store
    let settings: EmbeddedSettings
    let queue: SharedQueue
    let hooks: WriterHooks
    let reserve: Reserve
    var statistics = KeyspaceStatistics()
    private var checkpoints: CheckpointPlan
    private var isCheckpointDue = false
    private var patience: GroupPatience
    private var lastKeyExpiry = Timestamp(microseconds: 0)

    init(_ store: Store, settings: EmbeddedSettings, queue: SharedQueue, hooks: WriterHooks) {
        self.store = store
        self.settings = settings
        self.queue = queue
        self.hooks = hooks
        reserve = Reserve(settings)
        patience = GroupPatience(quickCommitMax: settings.quickCommitMax)
        checkpoints = CheckpointPlan(logBytesMax: settings.logBytesMax, pageBytes: EmbeddedSettings.pageBytes)
        store.isFull = !reserve.rebuild(for: store.connection)
        if store.isFull { reserve.giveUp(for: store.connection) }
    }

    /// Works until nothing waits, or the store has failed.
    func work() {
        while true {
            // While those who were answered are busy with their answers.
            if isCheckpointDue { checkpoint() }
            if let failure = hooks.failure { return refuse(queue.close(failure), failure) }
            guard let job = queue.next(room: EmbeddedSettings.groupOperationsMax, isFirst: true) else {
                if queue.sleep() { return }
                continue
            }
            if job.standsAlone {
                job.answer(runAlone(job))
            } else {
                if job.writes { awaitCompany(of: job) }
                runGroup(startingWith: job, operationsMax: EmbeddedSettings.groupOperationsMax)
            }
        }
    }

    /// A job that finds the writer asleep had better run on the thread that brings it.
    var isBestRunHere: Bool { patience.isBestAlone }

    /// Runs one job on a thread that can't stay. False: there is more to do, and the writer is still awake.
    func workOnce() -> Bool {
        guard hooks.failure == nil, !isCheckpointDue else { return false }
        guard let job = queue.next(room: 1, isFirst: true) else { return queue.sleep() }
        runGroup(startingWith: job, operationsMax: 1)
        return hooks.failure == nil && !isCheckpointDue && queue.sleep()
    }

    func refuse(_ jobs: [Job], _ reason: KeyspaceError) {
        for job in jobs { job.answer(.failure(reason)) }
    }

    // MARK: Groups

    /// Gives those who were just answered the time to come back, where that saves an fsync.
    private func awaitCompany(of job: Job) {
        var waiting = queue.operations + job.weight
        guard let (wanted, atMost) = patience.wait(waiting: waiting) else { return }
        let start = ContinuousClock.now
        var pollsWithout = 0
        while waiting < wanted, pollsWithout < Self.pollsWithoutMax, ContinuousClock.now - start < atMost {
            usleep(Self.pollMicroseconds)
            let now = queue.operations + job.weight
            pollsWithout = now == waiting ? pollsWithout + 1 : 0
            waiting = now
        }
    }

    private static let pollMicroseconds: UInt32 = 100
    /// Polls in which nobody came: nobody will.
    private static let pollsWithoutMax = 4

    private func runGroup(startingWith first: Job, operationsMax: Int) {
        var group = Group(first)
        let now = hooks.now()
        store.mark()
        do throws(SQLiteError) {
            try run(&group, operationsMax: operationsMax, now: now)
        } catch {
            store.rollback()
            if hooks.failure == nil { repeatSingly(&group, after: error, now: now) }
        }
        store.unmark()
        guard hooks.failure == nil else {
            return refuse(
                group.jobs,
                KeyspaceError(.outcomeUnknown, "The keyspace failed while it wrote; repeat with the same id."))
        }
        for (job, result) in zip(group.jobs, group.results) { job.answer(result) }
    }

    /// Jobs that arrive while the group runs still join it: the longer the group, the fewer the fsyncs.
    private func run(_ group: inout Group, operationsMax: Int, now: Timestamp) throws(SQLiteError) {
        var isOpen = false
        while group.results.count < group.jobs.count {
            let job = group.jobs[group.results.count]
            if job.writes && !isOpen {
                try store.begin()
                isOpen = true
            }
            group.results.append(try run(job, now: now))
            if group.results.count == group.jobs.count, isOpen, group.bytes < EmbeddedSettings.groupBytesMax,
                let next = queue.next(room: operationsMax - group.operations, isFirst: false)
            {
                group.add(next)
            }
        }
        guard isOpen else { return }
        try expire(rowsMax: EmbeddedSettings.expiryStep + 2 * group.operations, now: now)
        try commit(group.operations, group.bytes)
    }

    /// Along with the group, so that it costs no fsync of its own.
    func expire(rowsMax: Int, now: Timestamp) throws(SQLiteError) {
        let step = ExpiryStep(store: store)
        if try step.isDue(at: now) { try step.run(rowsMax: rowsMax, now: now) }
        guard now - lastKeyExpiry >= EmbeddedSettings.keyExpiryInterval else { return }
        lastKeyExpiry = now
        try store.expireKeys(keysMax: rowsMax, now: now)
    }

    /// The store failed in the middle: nothing of the group was kept. Each job is now a group of its own, so that only
    /// the one that fails is told so.
    private func repeatSingly(_ group: inout Group, after error: SQLiteError, now: Timestamp) {
        statistics.groupsRepeated += 1
        if error.isFull { makeRoom() }
        group.results.removeAll()
        for job in group.jobs {
            guard hooks.failure == nil else { return }
            group.results.append(runSingly(job, now: now))
        }
    }

    private func runSingly(_ job: Job, now: Timestamp) -> Job.Result {
        guard case .perform(let operations) = job.work else {
            return alone { () throws(SQLiteError) in try run(job, now: now) }
        }
        var replies: [Reply] = []
        for operation in operations {
            let result = alone { () throws(SQLiteError) -> Job.Result in
                .success(.replies([try store.perform(operation, now: now)]))
            }
            switch result {
            case .success(.replies(let reply)): replies += reply
            case .success: preconditionFailure("Operations are answered by replies.")
            case .failure(let error):
                // What is refused alone is told alone: the others have run.
                if case .accept = operation, error.code == .full {
                    replies.append(.accept(.full))
                } else if operations.count == 1 {
                    return .failure(error)
                } else {
                    replies.append(.error(CommandError(error.code == .full ? "OOM" : "IOERR", error.message)))
                }
            }
        }
        return .success(.replies(replies))
    }

    private func alone(_ body: () throws(SQLiteError) -> Job.Result) -> Job.Result {
        for attempt in 0...1 {
            do throws(SQLiteError) {
                store.mark()
                try store.begin()
                let result = try body()
                try commit(1, 0)
                return result
            } catch {
                store.rollback()
                if attempt == 0 && error.isFull && hooks.failure == nil {
                    makeRoom()
                    continue
                }
                return .failure(KeyspaceError(running: error))
            }
        }
        return .failure(KeyspaceError(.full, "The keyspace is full."))
    }

    // MARK: Commit

    /// A full disk leaves the group undone for certain. Any other failure leaves it unknown: the store stops for good.
    private func commit(_ operations: Int, _ bytes: Int) throws(SQLiteError) {
        do throws(SQLiteError) {
            if let fault = hooks.commitFault() { throw fault }
            let start = ContinuousClock.now
            try store.commit()
            patience.committed(operations: operations, took: ContinuousClock.now - start)
        } catch {
            // Some file systems find out about their lack of space while syncing: that is a failed sync all the same.
            if error.isFsync || !error.isFull { hooks.fail(KeyspaceError(stopping: error)) }
            throw error
        }
        guard operations > 0 else { return }
        statistics.groups += 1
        statistics.operations += Int64(operations)
        isCheckpointDue = checkpoints.committed(operations: operations, bytes: bytes)
    }

    func checkpoint() {
        isCheckpointDue = false
        do throws(SQLiteError) {
            let (frames, _) = try store.connection.checkpoint(truncate: false)
            checkpoints.checkpointed(frames: frames)
            statistics.checkpoints += 1
        } catch {
            // The log still has everything; only a sync that failed must not be trusted again.
            checkpoints.checkpointed(frames: 0)
            if error.isFull { makeRoom() } else if error.isIO { hooks.fail(KeyspaceError(stopping: error)) }
        }
    }

    private func makeRoom() {
        guard !store.isFull else { return }
        store.isFull = true
        reserve.giveUp(for: store.connection)
        checkpoint()
    }
}
