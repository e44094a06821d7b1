// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import Logging
import MainDatabase
import Synchronization
import TransactionBuffering
import TransactionExecution
import TransactionModel

/// Brings one claim to its outcomes: plan, apply, judge what failed, plan again what had to wait for it. Where there are
/// several lanes, ``LaneRun`` has it plan claims and apply batches.
struct BatchRun {
    private let processor: BackgroundProcessor
    private let lease: Lease
    private let schema: Schema

    init(_ processor: BackgroundProcessor, _ lease: Lease) {
        self.processor = processor
        self.lease = lease
        schema = processor.manager.schema.schema ?? Schema(tables: [])
    }

    /// Throws `DatabaseError` on an outage, after giving back what has no outcome, or `BufferingError`.
    func run(_ works: [Work]) async throws {
        var rest = works
        while !rest.isEmpty {
            let batch = try await plan(rest)
            guard !batch.isEmpty else { return }
            rest = try await apply(batch).waiting
        }
    }

    /// Settles those that can't run now, and answers the others.
    /// - Parameters:
    ///   - needsKeys: Conflict keys are needed even when nobody holds any.
    ///   - failed: Hold theirs although the store may say otherwise: one whose retry was due at once waits in the
    ///     buffer again, and what conflicts with it must not overtake it from here.
    func plan(_ works: [Work], needsKeys: Bool = false, behind failed: HeldKeys = HeldKeys()) async throws -> [Work] {
        var works = works
        var held = failed
        let isHeld = try await processor.access.heldCount(processor.manager.keys) > 0
        if isHeld || needsKeys {
            for index in works.indices where works[index].keys.isEmpty {
                works[index].keys = works[index].transaction.conflictKeys(in: schema)
            }
        }
        if isHeld { held.merge(try await processor.access.held(works.flatMap(\.keys), processor.manager.keys)) }
        if !held.isEmpty {
            let blockers = works.reduce(into: Set()) { $0.formUnion(held.blockers(of: $1.keys)) }
            held.place(try await processor.access.sequences(of: Array(blockers), processor.manager.keys))
        }
        let plan = BatchPlanner.plan(works, held: held)
        try await settle(plan)
        return plan.batch
    }

    /// What the plan says of those that don't run now.
    private func settle(_ plan: BatchPlanner.Plan) async throws {
        var changes: [Advance.Change] = []
        for (work, blocker) in plan.parked {
            changes.append(.parked(work.id, behind: blocker, held: work.keys.filter(\.canBeHeld)))
        }
        for work in plan.dead {
            // It may have been applied just before a crash.
            let ledger = try await processor.ledger([work.id], under: lease)
            if let entry = ledger[work.id] {
                changes.append(.committed(work.id, position: entry.position, generatedIDs: entry.generatedIDs))
                continue
            }
            let failure = FailureRecord(
                code: "crash_suspect",
                message: "the process died \(BatchPlanner.deadlyClaims) times while this was applied, mostly alone",
                at: processor.now())
            changes.append(dead(work, failure))
        }
        for work in plan.returned { changes.append(.returned(work.id)) }
        if !changes.isEmpty { _ = try await processor.manager.advance(changes, token: lease.token) }
    }

    /// What a batch leaves behind.
    struct Outcome: Sendable {
        /// What had to wait for a failed one, to be planned again.
        var waiting: [Work] = []
        /// Keys that the failed ones hold from now on.
        var held = HeldKeys()
    }

    /// Applies a batch and stores the outcomes.
    /// - Parameter oldestElsewhere: The oldest transaction that is claimed and neither in this batch nor done.
    func apply(_ works: [Work], oldestElsewhere: Int64? = nil) async throws -> Outcome {
        let conflicts = BatchConflicts(works, schema)
        let releases = processor.releases.load(ordering: .acquiring)
        let report = await processor.executor.execute(
            works.map { .init($0.transaction, contentHash: $0.claimed.contentHash) }, schema: schema, under: lease
        ) { later, earlier in
            // Whatever the policy: whether the earlier one is dead or will be retried is judged only afterwards.
            conflicts.conflict(later, earlier)
        }
        var outcomes = Outcomes(oldestElsewhere: oldestElsewhere, releasesBefore: releases)
        for (work, result) in zip(works, report.results) {
            switch result {
            case .applied(let position, let ids), .before(let position, let ids):
                outcomes.changes.append(.committed(work.id, position: position, generatedIDs: ids))
                if processor.configuration.releasesAtCommit {
                    outcomes.released.append(.init(work.id, records: work.transaction.records))
                }
            case .conflict:
                let failure = FailureRecord(
                    code: "transaction_conflict",
                    message: "the ledger has this transaction_id with other content; send it under a new id",
                    at: processor.now())
                fail(work, failure, &outcomes)
            case .failed(let error): try await judge(work, error, &outcomes)
            case .unknown, .notRun:
                if report.stoppedBy == nil {
                    outcomes.left.waiting.append(work)
                } else {
                    outcomes.changes.append(.returned(work.id))
                }
            }
        }
        _ = try await processor.manager.advance(
            outcomes.changes, token: lease.token,
            release: outcomes.released.isEmpty ? nil : Release(outcomes.released, at: processor.now()))
        if let error = report.stoppedBy { throw error }
        return outcomes.left
    }

    private struct Outcomes {
        var left = Outcome()
        let oldestElsewhere: Int64?
        /// ``BackgroundProcessor/releases`` when it began.
        let releasesBefore: Int
        var changes: [Advance.Change] = []
        var released: [Release.Released] = []
        /// Something was not as the schema says, which was looked at anew then.
        var isSchemaStale = false
        /// The first transaction of this batch that waits for a retry.
        var retrying: TransactionID?
    }

    private func judge(_ work: Work, _ error: DatabaseError, _ outcomes: inout Outcomes) async throws(BufferingError) {
        let before = try await processor.access.retryingBefore(work.claimed.sequence, processor.manager.keys)
        // What waited for a retry when this began may have come due meanwhile.
        let releasedMeanwhile = processor.releases.load(ordering: .acquiring) != outcomes.releasesBefore
        let wasBeside = outcomes.oldestElsewhere.map { $0 < work.claimed.sequence } ?? false
        var generator = SystemRandomNumberGenerator()
        let verdict = FailureJudge(policy: processor.configuration.retry).judge(
            error, of: work, earlier: before ?? outcomes.retrying,
            ranBesideEarlier: wasBeside || releasedMeanwhile, using: &generator)
        let place = error.step.map { " (steps[\($0)])" } ?? ""
        let failure = FailureRecord(
            code: error.kind.rawValue, message: "\(error.message) (\(error.code))\(place)", at: processor.now())
        if error.kind == .schemaMismatch, !outcomes.isSchemaStale {
            outcomes.isSchemaStale = true
            // So that what is accepted from now on is checked against what is there.
            _ = try? await processor.manager.schema.refresh()
        }
        let held = heldKeys(of: work)
        switch verdict {
        case .again: outcomes.changes.append(.returned(work.id))
        case .follow:
            var work = work
            work.followsAll = true
            outcomes.left.waiting.append(work)
        case .park(let blocker):
            outcomes.left.held.hold(held, blocker: blocker)
            outcomes.changes.append(.parked(work.id, behind: blocker, held: held))
        case .retry(let attempts, let delay):
            outcomes.left.held.hold(held, blocker: work.id)
            outcomes.retrying = outcomes.retrying ?? work.id
            outcomes.changes.append(
                .retrying(work.id, attempts: attempts, due: processor.now() + delay, error: failure, held: held))
        case .dead: fail(work, failure, &outcomes)
        }
    }

    private func fail(_ work: Work, _ failure: FailureRecord, _ outcomes: inout Outcomes) {
        let change = dead(work, failure)
        if case .dead(_, _, let held, _) = change { outcomes.left.held.hold(held, blocker: work.id) }
        outcomes.changes.append(change)
    }

    private func heldKeys(of work: Work) -> [ConflictKey] {
        work.transaction.conflictKeys(in: schema).filter(\.canBeHeld)
    }

    private func dead(_ work: Work, _ failure: FailureRecord) -> Advance.Change {
        processor.tellOfDeadLetter(work.id, code: failure.code)
        return switch processor.configuration.deadLetterPolicy {
        case .hold: .dead(work.id, error: failure, held: heldKeys(of: work), released: [])
        case .continue: .dead(work.id, error: failure, held: [], released: work.transaction.records)
        }
    }
}

/// Who conflicts with whom in a batch; computed only once something failed.
private final class BatchConflicts {
    private let works: [Work]
    private let schema: Schema
    private lazy var keys: [[ByteString: ConflictKey.Use]] = works.map { work in
        Dictionary(
            (work.keys.isEmpty ? work.transaction.conflictKeys(in: schema) : work.keys).map { ($0.name, $0.use) },
            uniquingKeysWith: { first, _ in first })
    }

    init(_ works: [Work], _ schema: Schema) {
        self.works = works
        self.schema = schema
    }

    func conflict(_ later: Int, _ earlier: Int) -> Bool {
        keys[later].contains { name, use in keys[earlier][name]?.conflicts(with: use) ?? false }
    }
}
