// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import MainDatabase
import TransactionBuffering
import TransactionModel

/// The pending changes of a model, grouped by record, as one or several pages gave them.
struct Overlay: Sendable {
    /// Where a change stands in the order in which all of them are applied.
    typealias Place = (sequence: Int64, turn: Int, row: Int)

    struct Change: Sendable {
        var sequence: Int64
        var step: Int
        var row: Int
        /// When the step runs, among those of its transaction.
        var turn: Int

        var place: Place { (sequence, turn, row) }
    }

    struct Pending: Sendable {
        var transaction: StoredTransaction
        var status: TransactionStatus
        /// Step -> when it runs; nil: as the steps stand.
        var turns: [Int]?

        init(_ transaction: StoredTransaction, _ status: TransactionStatus) {
            self.transaction = transaction
            self.status = status
            let order = transaction.executionOrder
            guard order.count == transaction.steps.count, !order.elementsEqual(order.indices) else { return }
            var turns = order
            for (turn, step) in order.enumerated() { turns[step] = turn }
            self.turns = turns
        }
    }

    private(set) var changes: [ByteString: [Change]] = [:]
    private(set) var transactions: [Int64: Pending] = [:]
    private(set) var payloadBytes = 0
    /// What is in no page was replicated up to here.
    private(set) var released: Position?
    /// Transactions whose assigned ids the changes have as values.
    private(set) var namedTransactions: Set<TransactionID> = []
    private var ids = KnownIDs([:], statusRecords: [:])

    /// Adds a page and how far replicas were when it was read. What was accepted after `newest` is left out: pages before
    /// may have been read without it, and nobody may see the half of a transaction.
    mutating func add(_ pending: ReadBufferManager.Pending, upTo newest: Int64) {
        if let position = pending.released { released = max(released ?? position, position) }
        add(pending.page, upTo: newest)
    }

    private mutating func add(_ page: OverlayPage, upTo newest: Int64) {
        for (sequence, pending) in page.transactions where sequence <= newest && transactions[sequence] == nil {
            guard let transaction = StoredTransaction(payload: pending.payload) else { continue }
            payloadBytes += pending.payload.count
            transactions[sequence] = Pending(transaction, pending.status)
        }
        for entry in page.entries {
            guard let pending = transactions[entry.sequence] else { continue }
            let (encoded, turn) = (ByteString(entry.encodedID), pending.turns?[entry.step])
            changes[encoded, default: []].append(
                Change(sequence: entry.sequence, step: entry.step, row: entry.row, turn: turn ?? entry.step))
            addNamed(pending.transaction.steps[entry.step].rows[entry.row].data)
            if turn != nil { changes[encoded]?.sort { $0.place < $1.place } }
        }
    }

    private mutating func addNamed(_ data: JSONView?) {
        guard let data else { return }
        for (_, value) in data.members where value.kind == .object {
            if let transaction = Reference(value)?.transactionID { namedTransactions.insert(transaction) }
        }
    }

    var transactionIDs: [TransactionID] { transactions.values.map(\.transaction.transactionID) }

    /// Whether the record will be what its changes say, whatever the database has: the first of them makes it, none
    /// names an id that is still to be assigned, and nobody has begun to apply them. What is not after `committed` may
    /// have been in a ledger that was read, and then only the database knows the rest.
    func makes(_ encodedID: ByteString, after committed: Int64, in table: Table) -> Bool {
        guard let list = changes[encodedID], let first = list.first, !table.assignsKey, namedTransactions.isEmpty,
            !changes.keys.contains(where: Self.isUnnamed), let maker = transactions[first.sequence]
        else { return false }
        switch maker.transaction.steps[first.step].operation {
        case .create, .bulkCreate: break
        case .update, .bulkUpdate, .upsert, .delete, .increment, .query: return false
        }
        return list.allSatisfy { change in
            change.sequence > committed && transactions[change.sequence]?.status == .pending
        }
    }

    /// Leaves out what the ledger has, and moves changes of ids that the database has assigned to these ids. Answers the
    /// latest sequence that the ledger has; 0: none.
    @discardableResult
    mutating func settle(_ ledger: [TransactionID: LedgerEntry], _ ids: KnownIDs) -> Int64 {
        self.ids = ids
        for (encoded, list) in changes where Self.isUnnamed(encoded) {
            guard let resolved = RecordKey.resolved(encoded, { ids[$0] }) else { continue }
            changes[encoded] = nil
            changes[resolved, default: []] += list
            changes[resolved]?.sort { $0.place < $1.place }
        }
        for (encoded, list) in changes {
            let open = list.filter { change in
                transactions[change.sequence].map { ledger[$0.transaction.transactionID] == nil } ?? false
            }
            changes[encoded] = open.isEmpty ? nil : open
        }
        guard !ledger.isEmpty else { return 0 }
        return transactions.reduce(0) { latest, pending in
            ledger[pending.value.transaction.transactionID] == nil ? latest : max(latest, pending.key)
        }
    }

    /// Applies the changes of a record to what the database has of it.
    func fold(_ encodedID: ByteString, onto base: FoldedRecord.Base, in table: Table) -> FoldedRecord {
        var record = FoldedRecord(base)
        if let first = changes[encodedID]?.first { record.rank = first.place }
        for change in changes[encodedID] ?? [] { apply(change, to: &record, encodedID, in: table) }
        addUnnamed(to: &record, in: table)
        return record
    }

    /// Applies one of the changes of a record.
    func apply(_ change: Change, to record: inout FoldedRecord, _ encodedID: ByteString, in table: Table) {
        guard let pending = transactions[change.sequence] else { return }
        record.apply(
            pending.transaction.steps[change.step], row: change.row, of: pending.transaction.transactionID,
            in: table, assigned: Self.assignedID(in: encodedID), ids)
    }

    /// Adds what the changes of records that can't be named may be to this one.
    func addUnnamed(to record: inout FoldedRecord, in table: Table) {
        for change in changes[Self.any] ?? [] {
            guard let pending = transactions[change.sequence] else { continue }
            record.mayBeChanged(by: pending.transaction.steps[change.step], in: table)
        }
    }

    /// The step of a change.
    func step(of change: Change) -> Step? { transactions[change.sequence]?.transaction.steps[change.step] }

    /// The columns of the key of a record that has changes, in key order, as far as its id has them; nil where one of them
    /// is still to be assigned.
    func key(of encodedID: ByteString, in table: Table) -> [JSONValue]? {
        guard !Self.isUnnamed(encodedID), let first = changes[encodedID]?.first,
            let id = step(of: first)?.rows[first.row].id
        else { return nil }
        let columns = table.keyColumns
        let values = columns.compactMap { column -> JSONValue? in
            guard let value = columns.count > 1 ? id.member(column.name) : id else { return nil }
            guard let reference = Reference(value) else { return value.value() }
            return self.id(reference, in: column)
        }
        return values.count == columns.count ? values : nil
    }

    var hasDeletes: Bool {
        changes.contains { id, list in id != Self.any && list.contains { step(of: $0)?.operation == .delete } }
    }

    /// Where the steps stand that references name, as far as their transactions are pending.
    func places(of references: [Reference]) -> [Reference: Place] {
        let wanted = Set(references.compactMap(\.transactionID))
        var found: [TransactionID: (sequence: Int64, pending: Pending)] = [:]
        for (sequence, pending) in transactions where wanted.contains(pending.transaction.transactionID) {
            found[pending.transaction.transactionID] = (sequence, pending)
        }
        var places: [Reference: Place] = [:]
        for reference in references {
            guard let maker = reference.transactionID.flatMap({ found[$0] }),
                let step = maker.pending.transaction.steps.firstIndex(where: { $0.id == reference.step })
            else { continue }
            places[reference] = (maker.sequence, maker.pending.turns?[step] ?? step, reference.row ?? 0)
        }
        return places
    }

    static let any: ByteString = ":any"

    /// A record that is named by references, or can't be named at all.
    static func isUnnamed(_ encodedID: ByteString) -> Bool { encodedID.string.utf8.first == UInt8(ascii: ":") }

    /// The id that the database gave to what a reference names, in the form of a column; nil: not known yet.
    private func id(_ reference: Reference, in column: Column) -> JSONValue? {
        ids[reference].map { column.type.canonical($0) ?? $0 }
    }

    /// The id that changes were moved to: the database assigns integers.
    static func assignedID(in encoded: ByteString) -> JSONValue? {
        isUnnamed(encoded) ? nil : Int64(encoded.string).map { .integer($0) }
    }

    /// Transactions that may have assigned ids by now: committed ones, and those that others refer to.
    var assigningTransactions: [TransactionID] {
        let pending = Dictionary(
            transactions.values.map { ($0.transaction.transactionID, $0.status) }, uniquingKeysWith: { a, _ in a })
        return namedTransactions.union(referencedTransactions).filter { pending[$0].map { $0 == .committed } ?? true }
            .sorted()
    }

    /// The transactions that the ledger is asked for.
    var ledgerTransactions: Set<TransactionID> {
        namedTransactions.union(referencedTransactions).union(transactionIDs)
    }

    /// Transactions that assigned ids stand for, beside those that are pending themselves.
    private var referencedTransactions: [TransactionID] {
        changes.keys.flatMap { RecordKey.references(in: $0).compactMap(\.transactionID) }
    }
}
