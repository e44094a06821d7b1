// SPDX-License-Identifier: MIT
public import JSON
import MainDatabase
import TransactionBuffering
import TransactionModel

/// One record.
extension SmartQueryManager {
    public func get(model: String, id: JSONView) async throws(RecallError) -> RecordAnswer {
        try await withCurrentSchema { () async throws(RecallError) in try await answer(model, id) }
    }

    private func answer(_ model: String, _ id: JSONView) async throws(RecallError) -> RecordAnswer {
        let answered = floor.current
        let table = try await table(model)
        let place = try await place(of: id, in: table)
        var chain = Chain(place, in: table, reaching: try await tablesReaching(table))
        var reading = ChainReading(chain)
        var failure: DatabaseError?
        while chain.count <= Chain.countMax {
            try await read(&reading, to: chain)
            let models = reading.models
            if failure == nil, chain.isKnown(by: models, after: floor.committed) {
                let bases = chain.bases(models, after: floor.committed)
                guard !chain.extend(models, bases, from: reading.fresh) else { continue }
                if chain.tables.count > 1, try await !isUnchanged(place, in: table, since: models.all[0].overlay) {
                    reading = ChainReading(chain)
                    continue
                }
                return try answer(models, bases, place.encoded, nil)
            }
            // It may have been committed, and released, since the id was looked up.
            let assigned = try await assignedIDs(models.assigningTransactions.union(chain.transactions).sorted())
            if failure == nil {
                switch await snapshot(chain, models, assigned, answered) {
                case .success(let found):
                    let isWhole = found.chain.count == chain.count
                    chain = found.chain
                    guard isWhole else { continue }
                    floor.answered(found.committed)
                    return try answer(found.models, found.bases, place.encoded(found.ids), nil)
                case .failure(let error): failure = error
                }
            }
            let ids = KnownIDs([:], statusRecords: assigned)
            var settled = models
            _ = settled.settle([:], ids)
            let bases = chain.bases(ids)
            guard !chain.extend(settled, bases, from: nil) else { continue }
            return try answer(settled, bases, place.encoded(ids), failure)
        }
        throw .tooLarge(
            "deletes on their way may reach it through more than \(Chain.countMax) others; try again when less is buffered"
        )
    }

    /// Whether a record still has the changes that were read before those of others. Then these can't have been applied
    /// and released in between: they come after.
    private func isUnchanged(
        _ place: Place, in table: Table, since before: Overlay
    ) async throws(RecallError) -> Bool {
        var (overlay, newest) = (Overlay(), Int64?.none)
        try await addPages(of: table.name, ids: [place.encoded.string], to: &overlay, upTo: &newest)
        let sequences = Set((overlay.changes[place.encoded] ?? []).map(\.sequence))
        return (before.changes[place.encoded] ?? []).allSatisfy { change in
            sequences.contains(change.sequence) && overlay.transactions[change.sequence]?.status == .pending
        }
    }

    /// The tables whose deletes reach into a table, if there may be one of those deletes on its way.
    private func tablesReaching(_ table: Table) async throws(RecallError) -> [Table] {
        let reaching = schema.schema?.deletesReaching(table.name) ?? []
        let marks = manager.deleteMarks
        let doubtful = reaching.map(\.name).filter { marks?.mayBePending(in: $0) ?? true }
        guard !doubtful.isEmpty else { return [] }
        let ticket = marks?.ticket ?? 0
        do {
            let pending = try await buffer.pendingModels(among: doubtful)
            for model in doubtful where !pending.contains(model) { marks?.foundNone(in: model, since: ticket) }
            return pending.isEmpty ? [] : reaching
        } catch {
            throw .buffering(error)
        }
    }

    /// What is pending for the records of a chain, read as the chain grows; all of it as of one moment.
    private struct ChainReading {
        var models: PendingModels
        /// By table: what was read last.
        var fresh: [[ByteString]]
        fileprivate var known: [Set<ByteString>]
        fileprivate var hasUnnamed: [Bool]
        fileprivate var newest: Int64?

        init(_ chain: Chain) {
            models = PendingModels(
                chain.tables.map { ModelOverlay(table: $0, overlay: Overlay()) }, reaching: chain.reaching)
            fresh = chain.tables.map { _ in [] }
            known = chain.tables.map { _ in [] }
            hasUnnamed = chain.tables.map { _ in false }
        }
    }

    /// Reads what may change the records that the chain has got since: their own entries, those of records that can't be
    /// named, and where their key may have ids that the database assigns those that name records by references.
    private func read(_ reading: inout ChainReading, to chain: Chain) async throws(RecallError) {
        for (index, table) in chain.tables.enumerated() {
            let isFirst = reading.known[index].isEmpty
            var places = chain.places[index].values.filter { reading.known[index].insert($0.encoded).inserted }
            for case let reference? in places.map(\.reference) { reading.known[index].insert(reference) }
            reading.fresh[index] = places.map(\.encoded)
            guard !places.isEmpty else { continue }
            let readsUnnamed =
                table.primaryKey.count > 1 || table.assignsKey && places.contains(where: { $0.reference == nil })
            if readsUnnamed, !reading.hasUnnamed[index] {
                // Some of those may have been read by name.
                reading.models.all[index].overlay = Overlay()
                places = Array(chain.places[index].values)
                try await addPages(
                    of: table.name, unnamedOnly: true, to: &reading.models.all[index].overlay, upTo: &reading.newest)
                reading.hasUnnamed[index] = true
            }
            var ids: Set<String> = []
            for place in places { ids.formUnion([place.encoded, place.reference].compactMap { $0?.string }) }
            if reading.hasUnnamed[index] {
                ids = ids.filter { !Overlay.isUnnamed(ByteString($0)) }
            } else if isFirst {
                ids.insert(Overlay.any.string)
            }
            guard !ids.isEmpty else { continue }
            try await addPages(
                of: table.name, ids: ids.sorted(), to: &reading.models.all[index].overlay, upTo: &reading.newest)
        }
    }

    private struct Found {
        /// With records that a chain did not have yet, whose changes nobody has read.
        var chain: Chain
        /// Settled.
        var models: PendingModels
        var bases: [[ByteString: FoldedRecord.Base]]
        var ids: KnownIDs
        /// The latest sequence that the ledger has; 0: none.
        var committed: Int64
    }

    private func snapshot(
        _ chain: Chain, _ models: PendingModels, _ assigned: [TransactionID: JSONValue], _ answered: Position?
    ) async -> Result<Found, DatabaseError> {
        let transactions = Array(models.ledgerTransactions.union(chain.transactions))
        do {
            return .success(
                try await base.read { [floor] snapshot throws(DatabaseError) in
                    let ledger = transactions.isEmpty ? [:] : try snapshot.ledger(transactions)
                    // What was pending a moment ago may be committed by now.
                    let ids = KnownIDs(ledger, statusRecords: assigned)
                    var (chain, models) = (chain, models)
                    let committed = models.settle(ledger, ids)
                    var bases = chain.tables.map { _ in [ByteString: FoldedRecord.Base]() }
                    var fresh = chain.places.map { Array($0.values) }
                    repeat {
                        for (index, table) in chain.tables.enumerated() {
                            for place in fresh[index] where bases[index][place.encoded(ids)] == nil {
                                let values = try place.key(ids, table).flatMap { (key) throws(DatabaseError) in
                                    try snapshot.record(table, key: key)
                                }
                                bases[index][place.encoded(ids)] = .known(values)
                            }
                        }
                        let before = chain.places
                        _ = chain.extend(models, bases, from: fresh.map { $0.map { $0.encoded(ids) } })
                        fresh = zip(chain.places, before).map { now, before in
                            now.count == before.count ? [] : now.filter { before[$0.key] == nil }.map(\.value)
                        }
                    } while chain.count <= Chain.countMax && fresh.contains { !$0.isEmpty }
                    try floor.check(snapshot, answered, models.released)
                    return Found(chain: chain, models: models, bases: bases, ids: ids, committed: committed)
                })
        } catch {
            return .failure(error)
        }
    }

    private func answer(
        _ models: PendingModels, _ bases: [[ByteString: FoldedRecord.Base]], _ id: ByteString, _ error: DatabaseError?
    ) throws(RecallError) -> RecordAnswer {
        let (table, overlay) = (models.all[0].table, models.all[0].overlay)
        let base = bases[0][id] ?? .unknown
        var record = overlay.fold(id, onto: base, in: table)
        if models.haveReachingDeletes, let reached = Replay(models.all, bases).result[id] { record = reached }
        if case .unknown = record.base, let error { throw .database(error) }
        var sources: [String] = []
        if case .known(.some) = base { sources.append("database") }
        let changes = (overlay.changes[id] ?? []) + (overlay.changes[Overlay.any] ?? [])
        let sequences = Set(changes.map(\.sequence)).union(record.reachedBy).sorted()
        if !sequences.isEmpty { sources.append("buffered") }
        var pending: [TransactionID] = []
        for sequence in sequences {
            guard let found = models.transaction(sequence) else { continue }
            if found.status == .deadLetter && !sources.contains("failed") { sources.append("failed") }
            if pending.last != found.transaction.transactionID { pending.append(found.transaction.transactionID) }
        }
        return RecordAnswer(
            record: record.json(table), sources: sources, pending: pending,
            unknown: record.values == nil ? [] : record.unknown.sorted().map { table.columns[$0].name })
    }
}
