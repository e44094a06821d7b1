// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import Synchronization
import TransactionModel

/// A main database without data: it keeps a ledger, and fails as a test tells it to.
final class FakeDatabase: MainDatabase {
    typealias Fault = @Sendable (_ transaction: String, _ attempt: Int) -> DatabaseError?

    struct State {
        /// In the order of application.
        var applied: [String] = []
        var attempts: [String: Int] = [:]
        var batches: [[String]] = []
        var token: Int64 = 0
        var leases = 0
        /// What the next calls of `verify` and `apply` throw.
        var outages: [DatabaseError?] = []
        /// Batches that were begun and have no answer yet, by number.
        var inFlight: [Int: [String]] = [:]
        var mostInFlight = 0
        var begun = 0
        var fault: Fault = { _, _ in nil }
        var origin = DatabaseOrigin.unnamed
        /// What positions begin with.
        var offset: UInt64 = 0
        /// What becomes of it while the next batch is on its way.
        var failover: (origin: DatabaseOrigin, keeping: [String])?

        func position(_ count: Int) -> Position {
            Position(UInt64(count) + offset, timeline: origin.timeline, system: origin.system)
        }
    }

    let state = Mutex(State())
    let schema: Schema
    let dialect = SQLDialect { number, _ in "?\(number)" }
    let lanesMax: Int
    /// Before each batch; told of all that are in flight, this one last.
    private let beforeBatch: @Sendable ([[String]]) async -> Void

    init(
        _ schema: Schema, lanesMax: Int = 1,
        beforeBatch: @escaping @Sendable (_ inFlight: [[String]]) async -> Void = { _ in }
    ) {
        self.schema = schema
        self.lanesMax = lanesMax
        self.beforeBatch = beforeBatch
    }

    var applied: [String] { state.withLock { $0.applied } }
    var batches: [[String]] { state.withLock { $0.batches } }

    /// From now on it has only these transactions, and is of this origin.
    func fail(over origin: DatabaseOrigin, keeping kept: [String]) {
        state.withLock { state in
            state.origin = origin
            state.applied = kept
        }
    }

    func failOverAtNextBatch(_ origin: DatabaseOrigin, keeping kept: [String]) {
        state.withLock { $0.failover = (origin, kept) }
    }

    func fail(_ fault: @escaping Fault) { state.withLock { $0.fault = fault } }

    func takeLease(site: String, atLeast: Int64) async throws(DatabaseError) -> Lease {
        state.withLock { state in
            state.token = max(state.token, atLeast) + 1
            state.leases += 1
            return Lease(site: site, token: state.token, origin: state.origin)
        }
    }

    func verify(_ lease: Lease) async throws(DatabaseError) { try check(lease) }

    private func check(_ lease: Lease) throws(DatabaseError) {
        let error = state.withLock { state -> DatabaseError? in
            if !state.outages.isEmpty { return state.outages.removeFirst() }
            return lease.token == state.token && lease.origin == state.origin
                ? nil : DatabaseError(.leaseLost, code: "token", "The lease is lost.")
        }
        if let error { throw error }
    }

    func apply(_ batch: [PreparedTransaction], under lease: Lease) async throws(DatabaseError) -> BatchOutcome {
        let (number, inFlight) = begin(batch)
        defer { state.withLock { $0.inFlight[number] = nil } }
        await beforeBatch(inFlight)
        if let (origin, kept) = state.withLock({ $0.failover.take() }) { fail(over: origin, keeping: kept) }
        try check(lease)
        return state.withLock { state in
            let names = batch.map(\.transactionID.string)
            state.batches.append(names)
            for (index, name) in names.enumerated() where !state.applied.contains(name) {
                state.attempts[name, default: 0] += 1
                if let error = state.fault(name, state.attempts[name] ?? 0) { return .failed(index: index, error) }
            }
            return .applied(
                names.map { name in
                    if let place = state.applied.firstIndex(of: name) {
                        return .before(state.position(place + 1), generatedIDs: nil)
                    }
                    state.applied.append(name)
                    return .now(state.position(state.applied.count), generatedIDs: nil)
                })
        }
    }

    private func begin(_ batch: [PreparedTransaction]) -> (number: Int, inFlight: [[String]]) {
        state.withLock { state in
            let others = Array(state.inFlight.values)
            let names = batch.map(\.transactionID.string)
            state.begun += 1
            state.inFlight[state.begun] = names
            state.mostInFlight = max(state.mostInFlight, state.inFlight.count)
            return (state.begun, others + [names])
        }
    }

    func pruneLedger(before: Timestamp, rowsMax: Int) async throws(DatabaseError) -> Int { 0 }
    func introspect() async throws(DatabaseError) -> Schema { schema }
    func position() async throws(DatabaseError) -> Position {
        state.withLock { $0.position($0.applied.count) }
    }

    func close() async {}

    func read<R: Sendable>(
        _ body: @escaping @Sendable (any DatabaseSnapshot) throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        let (applied, origin) = state.withLock { ($0.applied, $0.origin) }
        return try body(FakeSnapshot(applied: applied, place: origin))
    }
}

/// A snapshot that has nothing but the ledger.
private struct FakeSnapshot: DatabaseSnapshot {
    let applied: [String]
    let place: DatabaseOrigin

    func origin() throws(DatabaseError) -> DatabaseOrigin { place }

    func ledger(_ transactions: [TransactionID]) throws(DatabaseError) -> [TransactionID: LedgerEntry] {
        var entries: [TransactionID: LedgerEntry] = [:]
        for id in transactions {
            guard let index = applied.firstIndex(of: id.string) else { continue }
            entries[id] = LedgerEntry(
                position: Position(UInt64(index + 1)), contentHash: SHA256.hash([]), generatedIDs: nil,
                appliedAt: Timestamp(microseconds: 0))
        }
        return entries
    }

    func record(_ table: Table, key: [JSONValue]) throws(DatabaseError) -> [JSONValue]? { throw .unread }

    func records(
        _ table: Table, where condition: Condition?, order: Ordering,
        _ visit: ([JSONValue]) throws(DatabaseError) -> Bool
    ) throws(DatabaseError) {
        throw .unread
    }

    func count(_ table: Table, where condition: Condition?) throws(DatabaseError) -> Int64 { throw .unread }
}

extension DatabaseError {
    fileprivate static let unread = DatabaseError(.unavailable, code: "fake", "This database has only a ledger.")
}

extension DatabaseError {
    static let outage = DatabaseError(.unavailable, code: "away", "The database is away.")
    static let constraint = DatabaseError(.uniqueViolation, code: "2067", "A record with this key exists.")
    static let odd = DatabaseError(.unclassified, code: "odd", "Something odd.")
    static let contention = DatabaseError(.contention, code: "lock", "Somebody holds a lock.")
    static let fenced = DatabaseError(.leaseLost, code: "token", "The lease is lost.")
}
