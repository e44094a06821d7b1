// SPDX-License-Identifier: MIT
public import MainDatabase
import Synchronization
public import TransactionBuffering
public import TransactionModel

/// What the processor is doing, for people.
public struct ProcessorReport: Sendable {
    public var state: ProcessorState
    /// When transactions were last moved; nil: not yet in this run.
    public var lastProgress: Timestamp?
    /// Why nothing is applied at the moment.
    public var lastError: FailureRecord?
    public var leaseToken: Int64?
    /// The main database is not the one under which this site was processed before, or an older state of it; until
    /// somebody says with ``BackgroundProcessor/resume()`` that it is meant so.
    public var isDatabaseOlder: Bool
    /// Batches that may be applied beside each other: as configured and as the database allows.
    public var lanes: Int
}

extension BackgroundProcessor {
    /// Whether what waits for the replicas was looked up in the main database as it is.
    public var standing: Reconciliation { reconciliation.withLock { $0.standing(under: leaseKeeper.lease) } }

    public var report: ProcessorReport {
        let (token, isDatabaseOlder) = (leaseKeeper.token, leaseKeeper.isDatabaseOlder)
        return state.withLock {
            ProcessorReport(
                state: $0.state, lastProgress: $0.lastProgress, lastError: $0.lastError, leaseToken: token,
                isDatabaseOlder: isDatabaseOlder, lanes: lanes)
        }
    }

    /// How many conflict keys are held by retrying, dead and parked transactions.
    public func heldKeys() async throws(BufferingError) -> Int64 { try await access.heldCount(manager.keys) }

    /// Finishes the batch at hand, then applies nothing until ``resume()``. Accepts go on.
    public func pause() { state.withLock { $0.pause() } }

    public func resume() {
        state.withLock { $0.resume() }
        leaseKeeper.approveDatabase()
        endRest()
    }

    /// Shows `draining` while `body` runs.
    public func whileDraining<R, Failure: Error>(_ body: () async throws(Failure) -> R) async throws(Failure) -> R {
        state.withLock { $0.beginDrain() }
        wake()
        defer { state.withLock { $0.endDrain() } }
        return try await body()
    }
}
