// SPDX-License-Identifier: MIT
import Keyspace
import MainDatabase
import TransactionBuffering
import TransactionExecution
import TransactionModel

/// Brings one claim to its outcomes.
///
/// Optimistic: the batch in one database transaction. When one of it fails, those before it are applied as a batch of
/// their own, it is tried alone and judged, and the rest is planned anew, because it may conflict with the failed one.
struct BatchRun {
    private let processor: BackgroundProcessor
    private let lease: Lease
    private let executor: TransactionExecutor
    private let schema: Schema

    init(_ processor: BackgroundProcessor, _ lease: Lease) {
        self.processor = processor
        self.lease = lease
        executor = processor.executor
        schema = processor.manager.schema.schema ?? Schema(tables: [])
    }

    /// Throws `DatabaseError` on an outage, after giving back what has no outcome, or `BufferingError`.
    func run(_ works: [Work]) async throws {
        var rest = works
        while !rest.isEmpty {
            let plan = try await plan(rest)
            try await settle(plan)
            guard !plan.batch.isEmpty else { return }
            rest = try await apply(plan.batch)
        }
    }

    private func plan(_ works: [Work]) async throws(BufferingError) -> BatchPlanner.Plan {
        var works = works
        var held = HeldKeys()
        if try await processor.access.blockedCount(processor.manager.keys) > 0 {
            for index in works.indices { works[index].keys = works[index].transaction.conflictKeys(in: schema) }
            held = try await processor.access.held(works.flatMap(\.keys), processor.manager.keys)
        }
        return BatchPlanner.plan(works, held: held)
    }

    /// What the plan says of those that don't run now.
    private func settle(_ plan: BatchPlanner.Plan) async throws(BufferingError) {
        var changes: [Advance.Change] = []
        for (work, blocker) in plan.parked { changes.append(.parked(work.id, behind: blocker, held: work.keys)) }
        for work in plan.dead {
            let failure = FailureRecord(
                code: "crash_suspect",
                message: "the process died \(BatchPlanner.suspectClaims + 1) times while applying it",
                at: processor.now())
            changes.append(dead(work, failure))
        }
        for work in plan.returned { changes.append(.returned(work.id)) }
        if !changes.isEmpty { _ = try await processor.manager.advance(changes) }
    }

    /// Applies a batch; the answer is what must be planned again.
    private func apply(_ works: [Work]) async throws -> [Work] {
        var prepared: [PreparedTransaction] = []
        prepared.reserveCapacity(works.count)
        var fault: (index: Int, error: DatabaseError)?
        for (index, work) in works.enumerated() {
            do {
                prepared.append(
                    try executor.prepare(work.transaction, contentHash: work.claimed.contentHash, in: schema))
            } catch {
                fault = (index, error)
                break
            }
        }
        if fault == nil {
            switch try await attempt(prepared, works) {
            case .applied(let outcomes):
                try await commit(works, outcomes)
                return []
            case .failed(let index, let error): fault = (index, error)
            }
        }
        guard let fault else { return [] }
        if fault.index > 0 {
            // Those before it first, so that it is judged against a state in which they are done.
            let again = try await apply(Array(works[..<fault.index]))
            return again + works[fault.index...]
        }
        if works.count > 1, prepared.count > 0 {
            // The first of a batch failed: alone it shows whether that was its own doing.
            switch try await attempt([prepared[0]], [works[0]], claimedBesides: works[1...]) {
            case .applied(let outcomes): try await commit([works[0]], outcomes)
            case .failed(_, let error): try await judge(works[0], error)
            }
        } else {
            try await judge(works[0], fault.error)
        }
        return Array(works.dropFirst())
    }

    /// On an outage everything without outcome goes back to the buffer before the error is passed on.
    private func attempt(
        _ prepared: [PreparedTransaction], _ works: [Work], claimedBesides: ArraySlice<Work> = []
    ) async throws -> BatchOutcome {
        do {
            return try await processor.database.apply(prepared, under: lease)
        } catch {
            _ = try await processor.manager.advance((works + claimedBesides).map { .returned($0.id) })
            throw error
        }
    }

    private func commit(_ works: [Work], _ outcomes: [BatchOutcome.Applied]) async throws(BufferingError) {
        var changes: [Advance.Change] = []
        var released: [Release.Released] = []
        changes.reserveCapacity(works.count)
        for (work, outcome) in zip(works, outcomes) {
            switch outcome {
            case .now(let position, let generatedIDs), .before(let position, let generatedIDs):
                changes.append(.committed(work.id, position: position, generatedIDs: generatedIDs))
                if processor.configuration.releasesAtCommit {
                    released.append(.init(work.id, records: work.transaction.records))
                }
            case .conflict:
                let failure = FailureRecord(
                    code: "transaction_conflict",
                    message: "the ledger has this transaction_id with other content; send it under a new id",
                    at: processor.now())
                changes.append(dead(work, failure))
            }
        }
        _ = try await processor.manager.advance(
            changes, release: released.isEmpty ? nil : Release(released, at: processor.now()))
    }

    private func judge(_ work: Work, _ error: DatabaseError) async throws(BufferingError) {
        let earlier = try await processor.access.retryingBefore(work.claimed.sequence, processor.manager.keys)
        var generator = SystemRandomNumberGenerator()
        let verdict = FailureJudge(policy: processor.configuration.retry).judge(
            error, of: work, earlier: earlier, using: &generator)
        let place = error.step.map { " in steps[\($0)]" } ?? ""
        let failure = FailureRecord(
            code: error.kind.rawValue, message: "\(error.message)\(place) (\(error.code))", at: processor.now())
        let held = work.transaction.conflictKeys(in: schema)
        let change: Advance.Change
        switch verdict {
        case .again: change = .returned(work.id)
        case .park(let blocker): change = .parked(work.id, behind: blocker, held: held)
        case .retry(let attempts, let delay):
            change = .retrying(work.id, attempts: attempts, due: processor.now() + delay, error: failure, held: held)
        case .dead: change = dead(work, failure)
        }
        _ = try await processor.manager.advance([change])
    }

    private func dead(_ work: Work, _ failure: FailureRecord) -> Advance.Change {
        switch processor.configuration.deadLetterPolicy {
        case .hold: .dead(work.id, error: failure, held: work.transaction.conflictKeys(in: schema), released: [])
        case .continue: .dead(work.id, error: failure, held: [], released: work.transaction.records)
        }
    }
}
