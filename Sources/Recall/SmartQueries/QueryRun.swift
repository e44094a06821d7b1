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

    /// Nil: pending deletes may reach more rows than ``BaseRows/reachedMax``.
    /// - Parameter assigned: What status records say of assigned ids: transaction -> its generated ids.
    init?(
        _ plan: QueryPlan, _ models: PendingModels, _ assigned: [TransactionID: JSONValue],
        _ snapshot: any DatabaseSnapshot
    ) throws(DatabaseError) {
        self.snapshot = snapshot
        var models = models
        let transactions = models.ledgerTransactions.union(plan.referencedTransactions)
        let ledger = transactions.isEmpty ? [:] : try snapshot.ledger(Array(transactions))
        let ids = KnownIDs(ledger, statusRecords: assigned)
        self.plan = plan.resolved(ids)
        committed = models.settle(ledger, ids)
        overlay = models.all[0].overlay
        guard try foldChanged(models) else { return nil }
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
            if !affected.isEmpty, let key = plan.table.encodedID(of: values), affected.contains(key) { return true }
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

    /// False: pending deletes may reach more rows than one query looks at.
    private mutating func foldChanged(_ models: PendingModels) throws(DatabaseError) -> Bool {
        let reaches = models.haveReachingDeletes
        let models = reaches ? models.all : [models.all[0]]
        var base = BaseRows(models, snapshot)
        try base.readChanged()
        if reaches { guard try base.readReached() else { return false } }
        let records = reaches ? replayed(models, base) : folded(base.rows[0])
        var matching: [FoldedRecord] = []
        for (id, record) in records {
            affected.insert(id)
            // The database may spell it otherwise.
            if let row = base.rows[0][id], let spelled = plan.table.encodedID(of: row) { affected.insert(spelled) }
            if plan.matches(record) { matching.append(record) }
        }
        // By the database's own word: it may compare what is stored otherwise than what is shown.
        if plan.wantsCount { overlaidMatches = try base.found(by: plan.condition ?? .all([])) }
        sort(matching)
        return true
    }

    private func folded(_ rows: [ByteString: [JSONValue]]) -> [ByteString: FoldedRecord] {
        var records: [ByteString: FoldedRecord] = [:]
        for id in overlay.changes.keys where id != Overlay.any {
            records[id] = overlay.fold(id, onto: .known(rows[id]), in: plan.table)
        }
        return records
    }

    private func replayed(_ models: [ModelOverlay], _ base: BaseRows) -> [ByteString: FoldedRecord] {
        let bases = models.indices.map { index in
            var bases = base.rows[index].mapValues { FoldedRecord.Base.known($0) }
            for id in models[index].overlay.changes.keys where bases[id] == nil { bases[id] = .known(nil) }
            bases[Overlay.any] = nil
            return bases
        }
        return Replay(models, bases).result
    }

    private mutating func sort(_ matching: [FoldedRecord]) {
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
}
