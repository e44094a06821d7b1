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
    private var changed: [FoldedRecord] = []
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
        committed = overlay.settle(ledger, ids, model: plan.table.name)
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
            while next < changed.count, position < end, let other = changed[next].values,
                plan.order.precedes(other, values, of: plan.table)
            {
                take(changed[next])
                next += 1
            }
            guard position < end else { return false }
            take(overlay.fold(":", onto: .known(values), in: plan.table))
            return position < end
        }
        while next < changed.count, position < end {
            take(changed[next])
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
        for encoded in overlay.changes.keys where encoded != Overlay.any {
            affected.insert(encoded)
            let base = bases[encoded]
            if let base, plan.matches(base) { overlaidMatches += 1 }
            let record = overlay.fold(encoded, onto: .known(base), in: plan.table)
            if plan.matches(record) { changed.append(record) }
        }
        let table = plan.table
        var order = plan.order
        // A key of one column leaves nothing to order behind it.
        let key = order.terms.firstIndex { [table.columns[$0.column].name] == table.primaryKey }
        if let key { order.terms.removeSubrange((key + 1)...) }
        let keyIsDescending = key.map { order.terms[$0].isDescending } ?? false
        changed.sort { a, b in
            guard let x = a.values, let y = b.values else { return false }
            if order.precedes(x, y, of: table) { return true }
            if order.precedes(y, x, of: table) { return false }
            // Ids that the database will assign are not known; they will rise in the order of acceptance.
            return keyIsDescending ? b.rank < a.rank : a.rank < b.rank
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
            encoded.string.utf8.first != UInt8(ascii: ":")
        else { return nil }
        return pending.transaction.steps[first.step].rows[first.row].id.flatMap { keyValues($0, encoded) }
    }

    private func keyValues(_ id: JSONView, _ encoded: ByteString) -> [JSONValue]? {
        let names = plan.table.primaryKey
        if names.count > 1 {
            let values = names.compactMap { id.member($0)?.value() }
            return values.count == names.count ? values : nil
        }
        if Reference(id) != nil {
            // An assigned id: the overlay was moved to what the ledger says, an integer.
            return Overlay.assignedID(in: encoded).map { [$0] } ?? [.string(encoded.string)]
        }
        return [id.value()]
    }

    private func key(of values: [JSONValue]) -> ByteString? {
        let key = plan.table.primaryKey.compactMap { name in plan.table.index(of: name).map { values[$0] } }
        return RecordKey(model: plan.table.name, key: key)?.encodedID
    }
}
