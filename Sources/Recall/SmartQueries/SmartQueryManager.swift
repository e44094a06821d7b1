// SPDX-License-Identifier: MIT
import JSON
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

    let schema: SchemaCache
    let manager: TransactionManager
    let buffer: ReadBufferManager
    let base: any DatabaseReader
    let floor = ReadFloor()

    /// - Parameter base: A replica, or the main database.
    public init(manager: TransactionManager, buffer: ReadBufferManager, base: any DatabaseReader) {
        self.manager = manager
        schema = manager.schema
        self.buffer = buffer
        self.base = base
    }

    public func query(_ query: RecordQuery) async throws(RecallError) -> QueryAnswer {
        try await withCurrentSchema { () async throws(RecallError) in try await answer(query) }
    }

    /// Once more where the database turns out to have another schema than was known.
    func withCurrentSchema<R>(_ read: () async throws(RecallError) -> R) async throws(RecallError) -> R {
        let known = schema.schema
        do {
            return try await read()
        } catch {
            guard case .schemaChanged = error else { throw error }
            _ = try? await schema.refresh()
            guard schema.schema != known else { throw error }
        }
        return try await read()
    }

    private func answer(_ query: RecordQuery) async throws(RecallError) -> QueryAnswer {
        let answered = floor.current
        let table = try await table(query.model)
        let plan: QueryPlan
        do {
            plan = try QueryPlan(query, table)
        } catch {
            throw .buffering(BufferingError(.validationFailed, error.message, path: error.path))
        }
        let models = try await wholePending(table)
        let assigned = try await assignedIDs(
            models.assigningTransactions.union(plan.referencedTransactions).sorted())
        let answer: QueryAnswer?
        do {
            answer = try await base.read { [floor] snapshot throws(DatabaseError) in
                guard let run = try QueryRun(plan, models, assigned, snapshot) else { return nil }
                let answer = try run.answer()
                try floor.check(snapshot, answered, models.released)
                floor.answered(run.committed)
                return answer
            }
        } catch {
            throw .database(error)
        }
        guard let answer else {
            throw .tooLarge(
                "deletes on their way may delete or change more than \(BaseRows.reachedMax) rows of this model along with them; use record.get, or try again when less is buffered"
            )
        }
        return answer
    }

    /// All that is pending for a model, and for those whose deletes may reach into it.
    private func wholePending(_ table: Table) async throws(RecallError) -> PendingModels {
        var reaching = schema.schema?.deletesReaching(table.name) ?? []
        let marks = manager.deleteMarks
        if let marks, !reaching.contains(where: { marks.mayBePending(in: $0.name) }) { reaching = [] }
        let ticket = marks?.ticket ?? 0
        var all: [ModelOverlay] = []
        var newest: Int64?
        for table in [table] + reaching.filter({ $0.name != table.name }) {
            var overlay = Overlay()
            try await addPages(of: table.name, to: &overlay, upTo: &newest)
            all.append(ModelOverlay(table: table, overlay: overlay))
        }
        if let marks {
            for model in all where !model.overlay.hasDeletes { marks.foundNone(in: model.table.name, since: ticket) }
        }
        return PendingModels(all, reaching: reaching)
    }

    /// Adds all pages of what is pending for a model.
    /// - Parameters:
    ///   - ids: Only for these records; nil: for all.
    ///   - newest: What was accepted last when the first page of this read was read; nil: this is the first.
    func addPages(
        of model: String, ids: [String]? = nil, unnamedOnly: Bool = false, to overlay: inout Overlay,
        upTo newest: inout Int64?
    ) async throws(RecallError) {
        var after: String?
        repeat {
            let pending: ReadBufferManager.Pending
            do {
                pending = try await buffer.pending(model, ids: ids, unnamedOnly: unnamedOnly, after: after)
            } catch {
                throw .buffering(error)
            }
            let last = newest ?? pending.page.newest
            newest = last
            overlay.add(pending, upTo: last)
            guard overlay.payloadBytes <= Self.overlayBytesMax else {
                let way =
                    unnamedOnly
                    ? "name the record by the reference of its receipt"
                    : "use record.get with the id or reference of a receipt"
                throw .tooLarge(
                    "more than \(Self.overlayBytesMax >> 20) MiB of changes to \(model) are on their way; \(way), or try again when less is buffered"
                )
            }
            after = pending.page.next
        } while after != nil
    }

    /// The generated ids of transactions whose ids the database has assigned by now.
    func assignedIDs(
        _ transactions: [TransactionID]
    ) async throws(RecallError) -> [TransactionID: JSONValue] {
        do {
            return try await manager.generatedIDs(of: transactions)
        } catch {
            throw .buffering(error)
        }
    }

    // MARK: Names

    func table(_ model: String) async throws(RecallError) -> Table {
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

    func place(of id: JSONView, in table: Table) async throws(RecallError) -> Place {
        var values: [JSONValue] = []
        var references: [JSONValue] = []
        for column in table.keyColumns {
            let part = try self.part(column, of: id, in: table)
            guard !table.refuses(part) else { throw invalidID(Table.zeroRefusal) }
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
}
