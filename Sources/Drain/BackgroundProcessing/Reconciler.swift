// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import Logging
import MainDatabase
import Synchronization
import TransactionBuffering
import TransactionModel

/// Compares what was committed and waits for the replicas with the main database's ledger, before anything is applied under
/// a new lease: a promoted replica, a restored file or another cluster may lack some of it. That goes back to its old place
/// in the buffer, before all that was accepted later.
///
/// A crash in between is repaired by comparing again: putting back what the ledger has does nothing twice.
struct Reconciler {
    /// Transactions looked up at once.
    private static let lookUpMax = 1000

    private let processor: BackgroundProcessor
    private let lease: Lease

    init(_ processor: BackgroundProcessor, _ lease: Lease) {
        self.processor = processor
        self.lease = lease
    }

    /// Throws `DatabaseError` when the database can't be asked, is of another origin by now, or the lease is lost.
    func run() async throws {
        guard processor.reconciliation.withLock({ $0.isDue(under: lease) }) else { return }
        let known = try await read(keys.mainOrigin).flatMap { DatabaseOrigin(text: $0) }
        let action = processor.reconciliation.withLock { $0.action(under: lease, known: known) }
        if case .compare(let movesAll) = action {
            if movesAll {
                processor.leaseKeeper.doubtDatabase()
                processor.logger.error(
                    "the main database belongs to another cluster than before; what was committed and not replicated is looked up there"
                )
            }
            try await compare(movesAll: movesAll)
            try await mendReleasedPosition()
            if known != lease.origin { try await keep(lease.origin.text, in: keys.mainOrigin) }
        }
        processor.reconciliation.withLock { $0.settle(under: lease) }
    }

    private func compare(movesAll: Bool) async throws {
        var (lost, forgotten) = (0, 0)
        var start: Int64 = 0
        while true {
            let ids = try await processor.access.members(
                "ZRANGE", keys.replicationPending, start, start + Int64(Self.lookUpMax) - 1)
            if ids.isEmpty { break }
            // It may take longer than a lease lives.
            guard case .ours(lease) = try await processor.leaseKeeper.keep() else {
                throw DatabaseError(.leaseLost, code: "lease", "Another processor took the lease of this site.")
            }
            let ledger = try await processor.ledger(ids, under: lease)
            let missing = ids.filter { ledger[$0] == nil }
            let old = try await pruned(missing)
            let returned = ids.filter { ledger[$0] == nil ? !old.contains($0) : movesAll }
            let outcomes = try await processor.manager.advance(returned.map { .reverted($0) })
            lost += missing.count - old.count
            forgotten += old.count
            start += Int64(ids.count - outcomes.count { if case .advanced = $0 { true } else { false } })
        }
        if lost > 0 {
            processor.logger.warning(
                "the main database lacks transactions that were committed before a failover or a restore; they are applied again",
                metadata: ["timeline": "\(lease.origin.timeline)", "transactions": "\(lost)"])
        }
        if forgotten > 0 {
            processor.logger.warning(
                "transactions wait for a replica for longer than ledger.retention; whether the main database has them is not known",
                metadata: ["transactions": "\(forgotten)"])
        }
    }

    /// Those whose row of the ledger may have been given up: that it is missing says nothing.
    private func pruned(_ ids: [TransactionID]) async throws -> Set<TransactionID> {
        guard !ids.isEmpty else { return [] }
        let limit = processor.now() - processor.configuration.ledgerRetention
        let records = try await processor.access.read(ids.map { Command("GET", keys.transaction($0)) })
        var old: Set<TransactionID> = []
        for (id, record) in zip(ids, records) {
            guard case .bulk(let bytes) = record, let root = try? JSONDocument(parsing: bytes).root,
                let time = root["committed_at"]?.string.flatMap({ Timestamp($0) }), time < limit
            else { continue }
            old.insert(id)
        }
        return old
    }

    /// No replica of this database is ever where another one was: what was released before, it has by now at the latest.
    private func mendReleasedPosition() async throws {
        guard let text = try await read(keys.releasedPosition), let released = Position(keyspaceText: text) else {
            return
        }
        let position = try await processor.database.position()
        guard position.origin == lease.origin else { throw BackgroundProcessor.elsewhere }
        guard !released.isComparable(with: position) || position < released else { return }
        try await keep(position.keyspaceText, in: keys.releasedPosition)
    }

    // MARK: Keyspace

    private var keys: SiteKeys { processor.manager.keys }

    private func read(_ key: String) async throws(BufferingError) -> String? {
        try await processor.access.value(of: key).map { String(decoding: $0, as: UTF8.self) }
    }

    /// At its memory limit Redis refuses it; then nothing is better than what is no longer true.
    private func keep(_ text: String, in key: String) async throws(BufferingError) {
        do throws(BufferingError) {
            _ = try await processor.access.read([Command("SET", key, text)])
        } catch {
            _ = try await processor.access.read([Command("DEL", key)])
        }
    }
}

extension BackgroundProcessor {
    static let elsewhere = DatabaseError(
        .unavailable, code: "origin", "The main database is another one, or on another timeline, than a moment ago.")

    /// The ledger's rows in the database in which the lease was taken, and in no other one.
    func ledger(
        _ ids: [TransactionID], under lease: Lease
    ) async throws(DatabaseError) -> [TransactionID: LedgerEntry] {
        try await database.read { snapshot throws(DatabaseError) in
            guard try snapshot.origin() == lease.origin else { throw Self.elsewhere }
            return try snapshot.ledger(ids)
        }
    }
}
