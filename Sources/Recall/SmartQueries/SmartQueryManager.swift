// SPDX-License-Identifier: MIT
public import JSON
import Keyspace
public import MainDatabase
public import TransactionBuffering
import TransactionModel

/// Reads that see the writes on their way: what the database will answer once everything is applied.
///
/// The overlay is read first, then base rows and ledger in one snapshot of the database; only changes that are absent
/// from that ledger are folded in. A transaction that commits in between is in both, and counted once; one that was
/// released before is in the base. A record that a transaction makes which nobody has begun to apply needs no base.
public struct SmartQueryManager: Sendable {
    public static let limitDefault = 100
    public static let limitMax = 1000
    public static let offsetMax = 1_000_000
    /// Pending payload of one model that a query folds.
    public static let overlayBytesMax = 64 << 20

    private let schema: SchemaCache
    private let manager: TransactionManager
    private let buffer: ReadBufferManager
    private let base: any DatabaseReader
    private let floor = ReadFloor()

    /// - Parameter base: A replica, or the main database.
    public init(manager: TransactionManager, buffer: ReadBufferManager, base: any DatabaseReader) {
        self.manager = manager
        schema = manager.schema
        self.buffer = buffer
        self.base = base
    }

    // MARK: One record

    public func get(model: String, id: JSONView) async throws(RecallError) -> RecordAnswer {
        let answered = floor.current
        let table = try await table(model)
        let place = try await place(of: id, in: table)
        var overlay = try await overlay(of: place, in: table)
        if place.key != nil, overlay.makes(place.encoded, after: floor.committed, in: table) {
            return try answer(overlay, place.encoded, .known(nil), table, nil)
        }
        // It may have been committed, and released, since the id was looked up.
        let assigned = try await assignedIDs(overlay.assigningTransactions + place.transactions)
        switch await snapshotRecord(table, place, overlay, assigned, answered) {
        case .success((let ledger, let ids, let values)):
            floor.answered(overlay.settle(ledger, ids))
            return try answer(overlay, place.encoded(ids), .known(values), table, nil)
        case .failure(let error):
            let ids = KnownIDs([:], statusRecords: assigned)
            overlay.settle([:], ids)
            let base = place.key(ids, table) == nil ? FoldedRecord.Base.known(nil) : .unknown
            return try answer(overlay, place.encoded(ids), base, table, error)
        }
    }

    /// What may change a record: its own entries, those of records that can't be named, and where its key may have ids
    /// that the database assigns those that name the record by references.
    private func overlay(of place: Place, in table: Table) async throws(RecallError) -> Overlay {
        var overlay = Overlay()
        if place.reference == nil && table.assignsKey || table.primaryKey.count > 1 {
            if !Overlay.isUnnamed(place.encoded) {
                overlay.add(try await pending(table.name, ids: [place.encoded.string]))
            }
            try await addPages(of: table.name, unnamedOnly: true, to: &overlay)
            return overlay
        }
        var ids = [place.encoded.string, Overlay.any.string]
        if let reference = place.reference, reference != place.encoded { ids.append(reference.string) }
        overlay.add(try await pending(table.name, ids: ids))
        return overlay
    }

    private func snapshotRecord(
        _ table: Table, _ place: Place, _ overlay: Overlay, _ assigned: [TransactionID: JSONValue],
        _ answered: Position?
    ) async -> Result<(ledger: [TransactionID: LedgerEntry], ids: KnownIDs, values: [JSONValue]?), DatabaseError> {
        let transactions = Array(overlay.ledgerTransactions.union(place.transactions))
        do {
            return .success(
                try await base.read { [floor] snapshot throws(DatabaseError) in
                    let ledger = transactions.isEmpty ? [:] : try snapshot.ledger(transactions)
                    // What was pending a moment ago may be committed by now.
                    let ids = KnownIDs(ledger, statusRecords: assigned)
                    let values = try place.key(ids, table).flatMap { (key) throws(DatabaseError) in
                        try snapshot.record(table, key: key)
                    }
                    try floor.check(snapshot, answered, overlay.released)
                    return (ledger, ids, values)
                })
        } catch {
            return .failure(error)
        }
    }

    /// The generated ids of transactions whose ids the database has assigned by now.
    private func assignedIDs(
        _ transactions: [TransactionID]
    ) async throws(RecallError) -> [TransactionID: JSONValue] {
        do {
            return try await manager.generatedIDs(of: transactions)
        } catch {
            throw .buffering(error)
        }
    }

    private func answer(
        _ overlay: Overlay, _ id: ByteString, _ base: FoldedRecord.Base, _ table: Table, _ error: DatabaseError?
    ) throws(RecallError) -> RecordAnswer {
        let record = overlay.fold(id, onto: base, in: table)
        if case .unknown = record.base, let error { throw .database(error) }
        var sources: [String] = []
        if case .known(.some) = base { sources.append("database") }
        let changes = (overlay.changes[id] ?? []) + (overlay.changes[Overlay.any] ?? [])
        if !changes.isEmpty { sources.append("buffered") }
        var pending: [TransactionID] = []
        for change in changes.sorted(by: { $0.sequence < $1.sequence }) {
            guard let found = overlay.transactions[change.sequence] else { continue }
            if found.status == .deadLetter && !sources.contains("failed") { sources.append("failed") }
            if pending.last != found.transaction.transactionID { pending.append(found.transaction.transactionID) }
        }
        return RecordAnswer(
            record: record.json(table), sources: sources, pending: pending,
            unknown: record.values == nil ? [] : record.unknown.sorted().map { table.columns[$0].name })
    }

    // MARK: Many records

    public func query(_ query: RecordQuery) async throws(RecallError) -> QueryAnswer {
        let answered = floor.current
        let table = try await table(query.model)
        let plan: QueryPlan
        do {
            plan = try QueryPlan(query, table)
        } catch {
            throw .buffering(BufferingError(.validationFailed, error.message, path: error.path))
        }
        let overlay = try await wholeOverlay(of: query.model)
        let assigned = try await assignedIDs(
            overlay.assigningTransactions + plan.referencedTransactions)
        do {
            return try await base.read { [floor] snapshot throws(DatabaseError) in
                let run = try QueryRun(plan, overlay, assigned, snapshot)
                let answer = try run.answer()
                try floor.check(snapshot, answered, overlay.released)
                floor.answered(run.committed)
                return answer
            }
        } catch {
            throw .database(error)
        }
    }

    private func wholeOverlay(of model: String) async throws(RecallError) -> Overlay {
        var overlay = Overlay()
        try await addPages(of: model, unnamedOnly: false, to: &overlay)
        return overlay
    }

    private func addPages(
        of model: String, unnamedOnly: Bool, to overlay: inout Overlay
    ) async throws(RecallError) {
        var after: String?
        repeat {
            let pending: ReadBufferManager.Pending
            do {
                pending = try await buffer.pending(model, unnamedOnly: unnamedOnly, after: after)
            } catch {
                throw .buffering(error)
            }
            overlay.add(pending)
            guard overlay.payloadBytes <= Self.overlayBytesMax else {
                throw .tooLarge(
                    "more than \(Self.overlayBytesMax >> 20) MiB of changes to this model are on their way; use record.get with the id or reference of a receipt, or try again when less is buffered"
                )
            }
            after = pending.page.next
        } while after != nil
    }

    // MARK: Names

    private func table(_ model: String) async throws(RecallError) -> Table {
        if let table = schema.schema?[model] { return table }
        do {
            try await schema.refresh()
        } catch {
            throw .buffering(error)
        }
        guard let known = schema.schema else {
            throw .database(
                DatabaseError(.unavailable, code: "no_schema", "the schema of the main database was never seen"))
        }
        guard let table = known[model], !table.primaryKey.isEmpty else {
            throw .buffering(
                BufferingError(
                    .validationFailed, "names no table with a primary key in the main database", path: "model"))
        }
        return table
    }

    private func place(of id: JSONView, in table: Table) async throws(RecallError) -> Place {
        var values: [JSONValue] = []
        var references: [JSONValue] = []
        for column in table.keyColumns {
            let part = try self.part(column, of: id, in: table)
            if let reference = Reference(part), let transaction = reference.transactionID {
                references.append(part.value())
                guard let assigned = try await assigned(reference, transaction) else {
                    values.append(part.value())
                    continue
                }
                values.append(try canonical(assigned, column))
            } else {
                values.append(try canonical(part.value(), column))
                references.append(values[values.count - 1])
            }
        }
        guard let key = RecordKey(model: table.name, key: values),
            let named = RecordKey(model: table.name, key: references)
        else { throw invalidID("must be a string, an integer or a boolean") }
        return Place(
            values: values, encoded: key.encodedID,
            reference: Overlay.isUnnamed(named.encodedID) ? named.encodedID : nil)
    }

    /// What an id has for a column of the key.
    private func part(_ column: Column, of id: JSONView, in table: Table) throws(RecallError) -> JSONView {
        guard table.primaryKey.count > 1 else { return id }
        guard id.kind == .object, Reference(id) == nil else {
            throw invalidID("must be an object with the columns \(table.primaryKey.joined(separator: ", "))")
        }
        guard let part = id.member(column.name) else { throw invalidID("lacks a column of the primary key") }
        return part
    }

    private func canonical(_ value: JSONValue, _ column: Column) throws(RecallError) -> JSONValue {
        guard let value = column.type.canonical(value), value != .null else {
            throw invalidID("must be \(column.type.expectation)")
        }
        return value
    }

    private func invalidID(_ message: String) -> RecallError {
        .buffering(BufferingError(.validationFailed, message, path: "id"))
    }

    private func assigned(_ reference: Reference, _ transaction: TransactionID) async throws(RecallError) -> JSONValue?
    {
        do {
            return try await manager.assignedID(reference, of: transaction)
        } catch {
            throw .buffering(error)
        }
    }

    private func pending(_ model: String, ids: [String]) async throws(RecallError) -> ReadBufferManager.Pending {
        do {
            return try await buffer.pending(model, ids: ids)
        } catch {
            throw .buffering(error)
        }
    }
}
