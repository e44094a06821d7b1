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
/// released before is in the base.
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

    /// - Parameter base: A replica, or the main database.
    public init(manager: TransactionManager, buffer: ReadBufferManager, base: any DatabaseReader) {
        self.manager = manager
        schema = manager.schema
        self.buffer = buffer
        self.base = base
    }

    // MARK: One record

    public func get(model: String, id: JSONView) async throws(RecallError) -> RecordAnswer {
        let table = try await table(model)
        let key = try await recordKey(id, of: table)
        var overlay = Overlay()
        overlay.add(try await pending(model, ids: [key.encoded, Overlay.any.string]))
        let found = await snapshotRecord(table, key.values, overlay)
        switch found {
        case .success((let ledger, let values)):
            overlay.settle(ledger, model: model)
            return try answer(overlay, ByteString(key.encoded), .known(values), table, nil)
        case .failure(let error):
            return try answer(
                overlay, ByteString(key.encoded), key.values == nil ? .known(nil) : .unknown, table, error)
        }
    }

    private func snapshotRecord(
        _ table: Table, _ key: [JSONValue]?, _ overlay: Overlay
    ) async -> Result<(ledger: [TransactionID: LedgerEntry], values: [JSONValue]?), DatabaseError> {
        let ids = Array(Set(overlay.transactionIDs + overlay.referencedTransactions))
        do {
            return .success(
                try await base.read { snapshot throws(DatabaseError) in
                    let ledger = ids.isEmpty ? [:] : try snapshot.ledger(ids)
                    guard let key else { return (ledger, nil) }
                    return (ledger, try snapshot.record(table, key: key))
                })
        } catch {
            return .failure(error)
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
        let table = try await table(query.model)
        let plan: QueryPlan
        do {
            plan = try QueryPlan(query, table)
        } catch {
            throw .buffering(BufferingError(.validationFailed, error.message, path: error.path))
        }
        let overlay = try await wholeOverlay(of: query.model)
        do {
            return try await base.read { snapshot throws(DatabaseError) in
                try QueryRun(plan, overlay, snapshot).answer()
            }
        } catch {
            throw .database(error)
        }
    }

    private func wholeOverlay(of model: String) async throws(RecallError) -> Overlay {
        var overlay = Overlay()
        var after: String?
        repeat {
            let page: OverlayPage
            do {
                page = try await buffer.pending(model, after: after)
            } catch {
                throw .buffering(error)
            }
            overlay.add(page)
            guard overlay.payloadBytes <= Self.overlayBytesMax else {
                throw .tooLarge(
                    "more than \(Self.overlayBytesMax >> 20) MiB of changes to this model are on their way; use record.get, or query again when less is buffered"
                )
            }
            after = page.next
        } while after != nil
        return overlay
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

    /// `values` is nil for an id that the database has not assigned yet.
    private func recordKey(
        _ id: JSONView, of table: Table
    ) async throws(RecallError) -> (encoded: String, values: [JSONValue]?) {
        if let reference = Reference(id), let transaction = reference.transactionID {
            if let value = try await assigned(reference, transaction) { return try key([value], table) }
            let record = RecordKey(model: table.name, id: id)
            return (record?.encodedID.string ?? Overlay.any.string, nil)
        }
        guard table.primaryKey.count > 1 else { return try key([id.value()], table) }
        guard id.kind == .object else {
            throw invalidID("must be an object with the columns \(table.primaryKey.joined(separator: ", "))")
        }
        var values: [JSONValue] = []
        for name in table.primaryKey {
            guard let value = id.member(name) else { throw invalidID("lacks a column of the primary key") }
            values.append(value.value())
        }
        return try key(values, table)
    }

    private func key(
        _ values: [JSONValue], _ table: Table
    ) throws(RecallError) -> (encoded: String, values: [JSONValue]?) {
        var canonical: [JSONValue] = []
        for (value, column) in zip(values, table.keyColumns) {
            guard let value = column.type.canonical(value), value != .null else {
                throw invalidID("must be \(column.type.expectation)")
            }
            canonical.append(value)
        }
        guard let key = RecordKey(model: table.name, key: canonical) else {
            throw invalidID("must be a string or an integer")
        }
        return (key.encodedID.string, canonical)
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

    private func pending(_ model: String, ids: [String]) async throws(RecallError) -> OverlayPage {
        do {
            return try await buffer.pending(model, ids: ids)
        } catch {
            throw .buffering(error)
        }
    }
}
