// SPDX-License-Identifier: MIT
import JSON
import Keyspace
public import TransactionModel

extension TransactionManager {
    /// Where `wait` ends.
    public enum Goal: String, Sendable, CaseIterable {
        case committed, replicated

        func isReached(by status: TransactionStatus) -> Bool {
            switch status {
            case .replicated, .deadLetter, .cancelled, .discarded: true
            case .committed: self == .committed
            case .pending, .processing, .retrying: false
            }
        }
    }

    /// A status record and what `wait` found.
    public struct Awaited: Sendable {
        public var record: [UInt8]
        public var status: TransactionStatus
        /// The failed transaction behind which it waits.
        var heldBy: TransactionID?
        public var timedOut: Bool
    }

    /// The longest that one `wait` may take.
    public static let waitMax: Duration = .seconds(3600)

    /// The status record, a JSON object. Throws `.notFound` when the id was never accepted or its TTL is over.
    public func status(_ id: TransactionID) async throws(BufferingError) -> [UInt8] {
        guard let record = try await statusRecord(id) else {
            throw BufferingError(
                .notFound, "no such transaction; a finished one is kept for status.ttl after its end",
                path: "transaction_id")
        }
        return record
    }

    /// Waits until a transaction is where the goal says, or can't get there any more, or the time is over.
    public func wait(_ id: TransactionID, until goal: Goal, timeout: Duration) async throws(BufferingError) -> Awaited {
        try await reached(id, goal, timeout: min(timeout, Self.waitMax))
    }

    /// Cancels a pending transaction; parked ones are pending. The status record.
    public func cancel(_ id: TransactionID) async throws(BufferingError) -> [UInt8] {
        let record = try await status(id)
        guard let transaction = StoredTransaction(payload: record) else {
            throw BufferingError(.notCancellable, "the transaction is not in a form that can be cancelled; discard it")
        }
        switch try await advance([.cancelled(id, released: transaction.records)]).first {
        case .advanced: return try await status(id)
        case .unknown, nil: throw BufferingError(.notFound, "no such transaction", path: "transaction_id")
        case .stale(let status):
            throw BufferingError(
                .notCancellable, "the transaction is \(status.rawValue); only a pending one can be cancelled")
        }
    }

    func statusRecord(_ id: TransactionID) async throws(BufferingError) -> [UInt8]? {
        guard case .bulk(let bytes)? = try await access.perform(.command(Command("GET", keys.transaction(id)))) else {
            return nil
        }
        return bytes
    }

    /// - Parameter endsWhenHeld: Also when the transaction waits behind a dead one, which only a person can change.
    func reached(
        _ id: TransactionID, _ goal: Goal, timeout: Duration, endsWhenHeld: Bool = false
    ) async throws(BufferingError) -> Awaited {
        let (stream, continuation) = AsyncStream.makeStream(
            of: TransactionEvent.self, bufferingPolicy: .bufferingNewest(4))
        // Subscribed before the first look, so that no event falls between the two.
        let subscription = events.subscribe(.init(transactions: [id]), onEnd: { continuation.finish() }) {
            continuation.yield($0)
        }
        defer { events.unsubscribe(subscription, transaction: id) }
        let first = try await awaited(id)
        if goal.isReached(by: first.status) || timeout <= .zero {
            return first.timedOut(!goal.isReached(by: first.status))
        }
        let isStopping = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await event in stream where goal.isReached(by: event.status) { return false }
                return !Task.isCancelled
            }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return false
            }
            if access.keyspace.isShared || endsWhenHeld {
                group.addTask {
                    await self.look(for: goal, id, endsWhenHeld: endsWhenHeld)
                    return false
                }
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        let last = try await awaited(id)
        let isReached = goal.isReached(by: last.status)
        guard isReached || !isStopping else {
            throw BufferingError(
                .storeUnavailable, "the sidecar is stopping; ask again when it is back, the transaction goes on",
                retryAfter: KeyspaceAccess.retryAfterFull)
        }
        return last.timedOut(!isReached)
    }

    /// Other processes apply transactions too, and tell nobody here: looks again, more and more rarely.
    private func look(for goal: Goal, _ id: TransactionID, endsWhenHeld: Bool) async {
        var pause: Duration = .milliseconds(10)
        while (try? await Task.sleep(for: pause)) != nil {
            if let current = try? await awaited(id) {
                if goal.isReached(by: current.status) { return }
                if endsWhenHeld, let blocker = current.heldBy, await isDead(blocker) { return }
            }
            pause = min(pause * 2, Self.lookIntervalMax)
        }
    }

    private func isDead(_ id: TransactionID) async -> Bool { (try? await awaited(id))?.status == .deadLetter }

    private static let lookIntervalMax: Duration = .milliseconds(500)

    private func awaited(_ id: TransactionID) async throws(BufferingError) -> Awaited {
        let record = try await status(id)
        let root = try? JSONDocument(parsing: record).root
        guard let status = root?["status"]?.string.flatMap(TransactionStatus.init(rawValue:)) else {
            throw BufferingError(.internalError, "a status record without status")
        }
        return Awaited(
            record: record, status: status, heldBy: root?["held_by"]?.string.flatMap { TransactionID($0) },
            timedOut: false)
    }
}

extension TransactionManager.Awaited {
    fileprivate func timedOut(_ flag: Bool) -> Self {
        var copy = self
        copy.timedOut = flag
        return copy
    }
}
