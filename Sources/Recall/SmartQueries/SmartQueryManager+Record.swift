// SPDX-License-Identifier: MIT
public import JSON
import MainDatabase
import TransactionBuffering
import TransactionModel

/// One record.
extension SmartQueryManager {
    public func get(model: String, id: JSONView) async throws(RecallError) -> RecordAnswer {
        let answered = floor.current
        let table = try await table(model)
        let place = try await place(of: id, in: table)
        let reaching = try await pendingReaching(table)
        var chain = Chain(place, in: table, reaching: reaching)
        var failure: DatabaseError?
        for _ in 0..<Self.roundsMax {
            var models = try await pending(chain, reaching)
            if failure == nil, chain.isKnown(by: models, after: floor.committed) {
                let bases = chain.bases(models, after: floor.committed)
                guard !chain.extend(models, bases) else { continue }
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
            _ = models.settle([:], ids)
            let bases = chain.bases(ids)
            guard !chain.extend(models, bases) else { continue }
            return try answer(models, bases, place.encoded(ids), failure)
        }
        throw .tooLarge(
            "what deletes of other records would delete along with it was not found in \(Self.roundsMax) attempts; try again when less is buffered"
        )
    }

    /// Times that the overlay is read for one record: once more as often as it says that other records matter.
    private static let roundsMax = 16

    /// The tables whose deletes reach into a table, if anything is pending for one of them.
    private func pendingReaching(_ table: Table) async throws(RecallError) -> [Table] {
        guard let reaching = schema.schema?.deletesReaching(table.name), !reaching.isEmpty else { return [] }
        do {
            return try await buffer.isPending(reaching.map(\.name)) ? reaching : []
        } catch {
            throw .buffering(error)
        }
    }

    /// What may change the records of a chain.
    private func pending(_ chain: Chain, _ reaching: [Table]) async throws(RecallError) -> PendingModels {
        var all: [ModelOverlay] = []
        var newest: Int64?
        for (index, table) in chain.tables.enumerated() {
            let places = Array(chain.places[index].values)
            all.append(ModelOverlay(table: table, overlay: try await overlay(of: places, in: table, upTo: &newest)))
        }
        return PendingModels(all, reaching: reaching)
    }

    /// What may change some records: their own entries, those of records that can't be named, and where their key may have
    /// ids that the database assigns those that name records by references.
    private func overlay(
        of places: [Place], in table: Table, upTo newest: inout Int64?
    ) async throws(RecallError) -> Overlay {
        var overlay = Overlay()
        guard !places.isEmpty else { return overlay }
        if table.primaryKey.count > 1 || table.assignsKey && places.contains(where: { $0.reference == nil }) {
            let named = places.map(\.encoded).filter { !Overlay.isUnnamed($0) }.map(\.string)
            if !named.isEmpty { try await addPages(of: table.name, ids: named, to: &overlay, upTo: &newest) }
            try await addPages(of: table.name, unnamedOnly: true, to: &overlay, upTo: &newest)
            return overlay
        }
        var ids = [Overlay.any.string]
        for place in places {
            ids.append(place.encoded.string)
            if let reference = place.reference, reference != place.encoded { ids.append(reference.string) }
        }
        try await addPages(of: table.name, ids: ids, to: &overlay, upTo: &newest)
        return overlay
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
                    repeat {
                        for (index, table) in chain.tables.enumerated() {
                            for place in chain.places[index].values where bases[index][place.encoded(ids)] == nil {
                                let values = try place.key(ids, table).flatMap { (key) throws(DatabaseError) in
                                    try snapshot.record(table, key: key)
                                }
                                bases[index][place.encoded(ids)] = .known(values)
                            }
                        }
                    } while chain.count < Chain.countMax && chain.extend(models, bases)
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
