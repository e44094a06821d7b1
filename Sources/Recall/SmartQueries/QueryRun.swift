// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import TransactionModel

/// Answers a query inside one snapshot: base rows in order, without those that have pending changes, merged with these
/// records as they will be.
struct QueryRun {
    private let plan: QueryPlan
    private let overlay: Overlay
    private let snapshot: any DatabaseSnapshot
    private var affected: Set<ByteString> = []
    /// Records with pending changes that match, in order.
    private var changed: [(record: FoldedRecord, order: [JSONValue])] = []
    /// Base rows that match, although what they will be is in `changed` or gone.
    private var overlaidMatches: Int64 = 0
    /// The latest sequence of the overlay that the ledger has; 0: none.
    let committed: Int64

    /// - Parameter assigned: What status records say of assigned ids: transaction -> its generated ids.
    init(
        _ plan: QueryPlan, _ overlay: Overlay, _ assigned: [TransactionID: JSONValue], _ snapshot: any DatabaseSnapshot
    ) throws(DatabaseError) {
        self.snapshot = snapshot
        var overlay = overlay
        let transactions = overlay.ledgerTransactions.union(plan.referencedTransactions)
        let ledger = transactions.isEmpty ? [:] : try snapshot.ledger(Array(transactions))
        let ids = KnownIDs(ledger, statusRecords: assigned)
        self.plan = plan.resolved(ids)
        committed = overlay.settle(ledger, ids)
        self.overlay = overlay
        try foldChanged()
    }

    func answer() throws(DatabaseError) -> QueryAnswer {
        var answer = QueryAnswer(records: [], pendingCount: 0, unknown: [])
        var unknown = Set<Int>()
        let end = plan.offset + plan.limit
        var position = 0
        var next = 0

        func take(_ record: FoldedRecord) {
            defer { position += 1 }
            guard position >= plan.offset, position < end, let json = record.json(plan.table) else { return }
            answer.records.append(json)
            if record.changeCount > 0 { answer.pendingCount += 1 }
            unknown.formUnion(record.unknown)
        }

        try snapshot.records(plan.table, where: plan.condition, order: plan.order) { values throws(DatabaseError) in
            if !affected.isEmpty, let key = key(of: values), affected.contains(key) { return true }
            while next < changed.count, position < end,
                plan.order.precedes(changed[next].order, values, of: plan.table)
            {
                take(changed[next].record)
                next += 1
            }
            guard position < end else { return false }
            take(overlay.fold(":", onto: .known(values), in: plan.table))
            return position < end
        }
        while next < changed.count, position < end {
            take(changed[next].record)
            next += 1
        }
        if plan.wantsCount {
            let base = try snapshot.count(plan.table, where: plan.condition)
            answer.count = base - overlaidMatches + Int64(changed.count)
        }
        answer.unknown = unknown.sorted().map { plan.table.columns[$0].name }
        return answer
    }

    private mutating func foldChanged() throws(DatabaseError) {
        let bases = try bases()
        var matching: [FoldedRecord] = []
        for encoded in overlay.changes.keys where encoded != Overlay.any {
            affected.insert(encoded)
            let base = bases[encoded]
            if let base, plan.matches(base) { overlaidMatches += 1 }
            let record = overlay.fold(encoded, onto: .known(base), in: plan.table)
            if plan.matches(record) { matching.append(record) }
        }
        let table = plan.table
        let awaited = AwaitedOrder(of: matching, overlay, table)
        changed = matching.compactMap { record in awaited.values(of: record).map { (record, $0) } }
        var order = plan.order
        // A key of one column leaves nothing to order behind it.
        let key = order.terms.firstIndex { [table.columns[$0.column].name] == table.primaryKey }
        if let key { order.terms.removeSubrange((key + 1)...) }
        let keyIsDescending = key.map { order.terms[$0].isDescending } ?? false
        changed.sort { a, b in
            if order.precedes(a.order, b.order, of: table) { return true }
            if order.precedes(b.order, a.order, of: table) { return false }
            // Only ids that are not known and can't be compared; they will rise in the order of acceptance.
            return keyIsDescending ? b.record.rank < a.record.rank : a.record.rank < b.record.rank
        }
    }

    /// What the database has of the records with pending changes, many at a time.
    private func bases() throws(DatabaseError) -> [ByteString: [JSONValue]] {
        let table = plan.table
        var keys: [(encoded: ByteString, values: [JSONValue])] = []
        for encoded in overlay.changes.keys where encoded != Overlay.any {
            if let values = databaseKey(encoded) { keys.append((encoded, values)) }
        }
        let columns = table.primaryKey.compactMap { table.index(of: $0) }
        var found: [ByteString: [JSONValue]] = [:]
        guard columns.allSatisfy({ table.columns[$0].type.isOrdered }) else {
            for (encoded, values) in keys { found[encoded] = try snapshot.record(table, key: values) }
            return found
        }
        var order = plan.order
        order.terms = columns.map { Ordering.Term(column: $0, isDescending: false) }
        for start in stride(from: 0, to: keys.count, by: Self.keysAtOnce) {
            let some = keys[start..<min(start + Self.keysAtOnce, keys.count)].map(\.values)
            let condition =
                columns.count == 1
                ? Condition.isIn(column: columns[0], some.map { $0[0] })
                : .any(some.map { .all(zip(columns, $0).map { .compare(column: $0, .eq, $1) }) })
            try snapshot.records(table, where: condition, order: order) { values throws(DatabaseError) in
                if let key = key(of: values) { found[key] = values }
                return true
            }
        }
        return found
    }

    private static let keysAtOnce = 500

    /// The key of a record in the database; nil where it has nothing, or gives out the id only later.
    private func databaseKey(_ encoded: ByteString) -> [JSONValue]? {
        guard let first = overlay.changes[encoded]?.first, let pending = overlay.transactions[first.sequence],
            !Overlay.isUnnamed(encoded)
        else { return nil }
        return pending.transaction.steps[first.step].rows[first.row].id.flatMap(keyValues)
    }

    private func keyValues(_ id: JSONView) -> [JSONValue]? {
        let columns = plan.table.keyColumns
        let values = columns.compactMap { column -> JSONValue? in
            guard let value = columns.count > 1 ? id.member(column.name) : id else { return nil }
            guard let reference = Reference(value) else { return value.value() }
            return overlay.id(reference, in: column)
        }
        return values.count == columns.count ? values : nil
    }

    private func key(of values: [JSONValue]) -> ByteString? {
        let key = plan.table.primaryKey.compactMap { name in plan.table.index(of: name).map { values[$0] } }
        return RecordKey(model: plan.table.name, key: key)?.encodedID
    }
}
