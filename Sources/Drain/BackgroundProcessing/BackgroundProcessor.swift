// SPDX-License-Identifier: MIT
import Keyspace
public import Logging
public import MainDatabase
public import ServiceLifecycle
import Synchronization
public import TransactionBuffering
import TransactionExecution
public import TransactionModel

/// Applies what was accepted, in the background, each transaction once.
///
/// A cycle: what is due for a retry goes back to the buffer, and under a new lease what the main database has lost
/// (``Reconciler``); the tail is claimed; what conflicts with blocked
/// transactions is parked; the rest is applied in one database transaction together with its ledger rows, or in
/// several lanes (``LaneRun``) where the database lets more than one in; only then it leaves the buffer. A crash anywhere in between is repaired by doing it again: the ledger knows what was applied.
public final class BackgroundProcessor: Service, TransactionExecuting {
    let manager: TransactionManager
    let access: KeyspaceAccess
    let database: any MainDatabase
    let executor: TransactionExecutor
    let configuration: ProcessorConfiguration
    let clock: any Clock<Duration>
    let now: @Sendable () -> Timestamp
    let logger: Logger
    /// Batches that may be applied beside each other.
    let lanes: Int
    let wakeSignal = WakeSignal()
    /// Ends a rest that new work must not end: pause, and the backoff of an outage.
    private let resumeSignal = WakeSignal()
    let state = Mutex(ProcessorStateMachine())
    let leaseKeeper: LeaseKeeper
    let reconciliation = Mutex(ReconciliationStateMachine())
    /// The code of the failure of which the log knows.
    private let told = Mutex<String?>(nil)
    private let prunedAt = Mutex<Timestamp?>(nil)
    private let startedAt: Timestamp
    /// A suspect is next, and it is too early for it.
    private let suspectWaits = Mutex(false)
    /// Claimed, and perhaps not brought to an outcome because the store or the database failed.
    let unsettled = Mutex<[TransactionID]>([])
    /// How often retries whose time had come were sent back to the buffer; raised before they are.
    let releases = Atomic<Int>(0)

    public init(
        manager: TransactionManager, access: KeyspaceAccess, database: any MainDatabase,
        configuration: ProcessorConfiguration, clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        self.manager = manager
        self.access = access
        self.database = database
        leaseKeeper = LeaseKeeper(
            access: access, database: database, site: manager.site.name, timeToLive: configuration.leaseTimeToLive,
            now: now)
        executor = TransactionExecutor(database: database)
        lanes = max(1, min(configuration.lanes, database.lanesMax))
        self.configuration = configuration
        self.clock = clock
        self.now = now
        self.logger = logger
        startedAt = now()
    }

    public func wake() { wakeSignal.signal() }

    func endRest() { resumeSignal.signal() }

    /// Works until graceful shutdown or cancellation; finishes the batch at hand first.
    public func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await loop()
                await leaseKeeper.giveUp()
            } onCancel: {
                self.stop()
            }
        } onGracefulShutdown: {
            self.stop()
        }
    }

    private func stop() {
        state.withLock { $0.stop() }
        wake()
        endRest()
    }

    private func loop() async {
        while true {
            switch state.withLock({ $0.next() }) {
            case .stop: return
            case .rest: await resumeSignal.wait(atMost: .seconds(3600), clock: clock)
            case .sleep(let duration): await wakeSignal.wait(atMost: duration, clock: clock)
            case .cycle:
                let cycle = await self.cycle()
                tell(cycle)
                let action = state.withLock { state in
                    var generator = SystemRandomNumberGenerator()
                    return state.finished(cycle, at: now(), configuration, using: &generator)
                }
                await pause(action, after: cycle)
            }
        }
    }

    /// The first sign of trouble, and its end.
    private func tell(_ cycle: ProcessorStateMachine.Cycle) {
        let failure: FailureRecord? =
            switch cycle {
            case .outage(let failure), .storeFailed(let failure): failure
            case .progressed, .idle, .standby: nil
            }
        let before = told.withLock { told in
            defer { told = failure?.code }
            return told
        }
        guard before != failure?.code else { return }
        switch cycle {
        case .outage(let failure):
            logger.warning(
                "the main database can't be used; what was accepted waits",
                metadata: ["code": "\(failure.code)", "reason": "\(failure.message)"])
        case .storeFailed(let failure):
            logger.warning("the keyspace can't be used", metadata: ["reason": "\(failure.message)"])
        case .progressed, .idle, .standby: logger.notice("applying goes on")
        }
    }

    private func pause(_ action: ProcessorStateMachine.Action, after cycle: ProcessorStateMachine.Cycle) async {
        guard case .sleep(let duration) = action else { return }
        switch cycle {
        case .outage(let failure), .storeFailed(let failure):
            logger.debug("backing off", metadata: ["code": "\(failure.code)", "delay": "\(duration)"])
            await resumeSignal.wait(atMost: duration, clock: clock)
        case .progressed, .idle, .standby:
            await pruneLedger()
            await wakeSignal.wait(atMost: duration, clock: clock)
        }
    }

    private func cycle() async -> ProcessorStateMachine.Cycle {
        do {
            let lease: Lease
            switch try await keepLease() {
            case .ours(let ours), .new(let ours): lease = ours
            case .others(let remaining): return .standby(remaining)
            }
            try await giveBackUnsettled(token: lease.token)
            let due = try await releaseDue()
            try await database.verify(lease)
            try await Reconciler(self, lease).run()
            // A pause that came meanwhile: what is accepted after its answer must not be applied.
            guard state.withLock({ $0.next() }) == .cycle else { return .idle(due: due) }
            let works = try await claim(lease)
            guard !works.isEmpty else { return .idle(due: [due, suspectDelay].compactMap(\.self).min()) }
            if lanes == 1 {
                try await BatchRun(self, lease).run(works)
                unsettled.withLock { $0 = [] }
            } else {
                var run = LaneRun(self, lease)
                try await run.run(works)
            }
            return .progressed
        } catch let error as DatabaseError {
            if error.category == .fenced { leaseKeeper.forget() }
            await leaveToOthers()
            return .outage(FailureRecord(code: error.kind.rawValue, message: error.message, at: now()))
        } catch let error as BufferingError {
            return .storeFailed(FailureRecord(code: "store_unavailable", message: error.message, at: now()))
        } catch {
            return .storeFailed(FailureRecord(code: "internal_error", message: "\(type(of: error))", at: now()))
        }
    }

    // MARK: Steps of a cycle

    func keepLease() async throws -> LeaseKeeper.Standing {
        let standing = try await leaseKeeper.keep()
        switch standing {
        case .ours: break
        // A database that was away may have come back with other tables.
        case .new(let lease):
            if lease.isOfOlderDatabase {
                logger.error(
                    "the main database is another one than before, or an older state of it; `sluice health` says more")
            }
            try await manager.schema.refresh()
        case .others: unsettled.withLock { $0 = [] }
        }
        return standing
    }

    /// Nobody else would: they are claimed under a lease that is still held. What was applied, the ledger knows.
    private func giveBackUnsettled(token: Int64) async throws(BufferingError) {
        let ids = unsettled.withLock { $0 }
        guard !ids.isEmpty else { return }
        _ = try await manager.advance(ids.map { .returned($0) }, token: token)
        unsettled.withLock { $0 = [] }
    }

    /// The database is away from here: a process that shares the keyspace may reach it, and must not wait for this one.
    private func leaveToOthers() async {
        guard access.keyspace.isShared, let token = leaseKeeper.token else { return }
        do {
            // As what they were: nobody shall think that they brought a process down.
            try await giveBackUnsettled(token: token)
            await leaseKeeper.giveUp()
        } catch {
            logger.debug("the lease is kept: what was claimed under it could not be given back")
        }
    }

    /// Sends retries whose time has come back to the buffer; says how long until the next one.
    func releaseDue() async throws(BufferingError) -> Duration? {
        let now = now()
        let milliseconds = now.microseconds / 1000
        let key = manager.keys.transactionRetry
        guard try await access.integer("ZCARD", key) > 0 else { return nil }
        let due = try await access.members(
            "ZRANGEBYSCORE", key, "-inf", milliseconds, "LIMIT", 0, configuration.batchTransactionsMax)
        let next = Command("ZRANGEBYSCORE", key, "(\(milliseconds)", "+inf", "WITHSCORES", "LIMIT", 0, 1)
        let replies = try await access.read([next])
        if !due.isEmpty {
            releases.add(1, ordering: .acquiringAndReleasing)
            _ = try await manager.advance(due.map { .due($0) })
        }
        guard case .array(let next)? = replies.last, case .bulk(let score)? = next.last,
            let time = Double(String(decoding: score, as: UTF8.self))
        else { return nil }
        return .milliseconds(max(1, Int64(time) - milliseconds))
    }

    /// How long a suspect that is next must still wait; nil: none does.
    private var suspectDelay: Duration? {
        suspectWaits.withLock { waits in
            guard waits else { return nil }
            let left = configuration.suspectUptime - (now() - startedAt)
            waits = left > .zero
            return waits ? left : nil
        }
    }

    /// A suspect is claimed alone. One that comes too early goes back, and nothing behind it is claimed before it.
    private func postpone(_ works: [Work], _ lease: Lease) async throws(BufferingError) -> Bool {
        guard let suspect = works.first, suspect.runsAlone else { return false }
        suspectWaits.withLock { $0 = true }
        guard let delay = suspectDelay else { return false }
        logger.warning(
            "waiting before running what took the process down",
            metadata: ["transaction_id": "\(suspect.id.string)", "delay": "\(delay)"])
        _ = try await manager.advance(works.map { .returned($0.id) }, token: lease.token)
        unsettled.withLock { $0 = [] }
        return true
    }

    func claim(_ lease: Lease) async throws(BufferingError) -> [Work] {
        guard suspectDelay == nil else { return [] }
        let claim = Claim(
            token: lease.token, transactionsMax: configuration.batchTransactionsMax,
            bytesMax: configuration.batchBytesMax, suspectClaims: BatchPlanner.suspectClaims, at: now())
        let (claimed, foreign) = try await reply(to: claim)
        unsettled.withLock { $0 = claimed.map(\.transactionID) }
        for raw in foreign { try await adopt(raw) }
        var works: [Work] = []
        works.reserveCapacity(claimed.count)
        for transaction in claimed {
            guard let stored = StoredTransaction(payload: transaction.payload) else {
                try await bury(transaction)
                continue
            }
            works.append(Work(claimed: transaction, transaction: stored))
        }
        return try await postpone(works, lease) ? [] : works
    }

    /// A claim whose reply is lost may have claimed what nobody knows of. Only a higher token gives that back.
    private func reply(
        to claim: Claim
    ) async throws(BufferingError) -> (transactions: [ClaimedTransaction], foreign: [[UInt8]]) {
        do {
            return try await access.claim(claim)
        } catch {
            leaseKeeper.forget()
            throw error
        }
    }

    /// What was stored can't be read: it must neither block the others nor be lost.
    private func bury(_ transaction: ClaimedTransaction) async throws(BufferingError) {
        let failure = FailureRecord(
            code: "malformed", message: "the stored transaction is not of a format that this version reads", at: now())
        _ = try await manager.advance([.dead(transaction.transactionID, error: failure, held: [], released: [])])
        tellOfDeadLetter(transaction.transactionID, code: failure.code)
    }

    func tellOfDeadLetter(_ id: TransactionID, code: String) {
        logger.warning(
            "a transaction goes to the dead letter", metadata: ["transaction_id": "\(id.string)", "code": "\(code)"])
    }

    /// What another program pushed becomes a transaction like any other, or a dead letter that keeps its bytes.
    private func adopt(_ raw: [UInt8]) async throws(BufferingError) {
        let (outcome, deadLetter) = try await manager.adopt(raw)
        logger.debug("foreign element taken in", metadata: ["outcome": "\(outcome)"])
        if let deadLetter, outcome == .adopted { tellOfDeadLetter(deadLetter, code: "malformed") }
        if outcome == .conflict {
            logger.warning(
                "an element with the id of another transaction is a dead letter now",
                metadata: ["transaction_id": "\(deadLetter?.string ?? "")"])
        }
        wake()
    }

    private func pruneLedger() async {
        let time = now()
        let isDue = prunedAt.withLock { last in
            if let last, time - last < .seconds(600) { return false }
            last = time
            return true
        }
        guard isDue, leaseKeeper.token != nil else { return }
        _ = try? await database.pruneLedger(before: time - configuration.ledgerRetention, rowsMax: 10_000)
    }
}
