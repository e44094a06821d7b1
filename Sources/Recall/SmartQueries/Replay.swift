// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// Applies what is pending for a model, and for those whose deletes reach into it, in the order in which the database will,
/// with all that a delete deletes or changes along with it. Pure.
struct Replay {
    private let tables: [ModelOverlay]
    /// By table: encoded id -> the record as it will be.
    private var records: [[ByteString: FoldedRecord]]
    private var links: [Link]

    /// A foreign key with those that name something by it: name -> encoded ids of children.
    private struct Link {
        let key: ReachingKey
        var children: [ByteString: Set<ByteString>] = [:]
    }

    /// - Parameters:
    ///   - tables: The model that is read is the first.
    ///   - bases: By table what is known below the changes, of every record with changes, and of those that deletes may
    ///     reach.
    init(_ tables: [ModelOverlay], _ bases: [[ByteString: FoldedRecord.Base]]) {
        self.tables = tables
        links = ReachingKey.all(among: tables.map(\.table)).map { Link(key: $0) }
        records = bases.map { $0.mapValues { FoldedRecord($0) } }
        for table in tables.indices {
            for (id, list) in tables[table].overlay.changes where id != Overlay.any {
                records[table][id, default: FoldedRecord(.unknown)].rank = list.first?.place ?? (0, 0, 0)
            }
            for (id, record) in records[table] { link(record, table, id, isThere: true) }
        }
        applyAll()
        for id in Array(records[0].keys) {
            if var record = records[0].removeValue(forKey: id) {
                tables[0].overlay.addUnnamed(to: &record, in: tables[0].table)
                records[0][id] = record
            }
        }
    }

    /// The records of the first table.
    var result: [ByteString: FoldedRecord] { records[0] }

    private mutating func applyAll() {
        var all: [(change: Overlay.Change, table: Int, id: ByteString)] = []
        for table in tables.indices {
            for (id, list) in tables[table].overlay.changes where id != Overlay.any {
                for change in list { all.append((change, table, id)) }
            }
        }
        all.sort { $0.change.place < $1.change.place }
        for (change, table, id) in all {
            let (table, model) = (table, tables[table])
            var deleted: FoldedRecord?
            if model.overlay.step(of: change)?.operation == .delete { deleted = beforeDelete(table, id) }
            update(table, id) { model.overlay.apply(change, to: &$0, id, in: model.table) }
            if let deleted { reach(from: deleted, in: table, by: change.sequence) }
        }
    }

    /// A record that is to be deleted; where nobody knows it, as far as its id says. Nil: there is none.
    private func beforeDelete(_ table: Int, _ id: ByteString) -> FoldedRecord? {
        guard let record = records[table][id], case .unknown = record.base else { return records[table][id] }
        guard let key = tables[table].overlay.key(of: id, in: tables[table].table) else { return nil }
        var values = Array(repeating: JSONValue.null, count: tables[table].table.columns.count)
        for (name, value) in zip(tables[table].table.primaryKey, key) {
            if let column = tables[table].table.index(of: name) { values[column] = value }
        }
        return FoldedRecord(.known(values))
    }

    /// Deletes and changes what names a deleted record, and what names that.
    private mutating func reach(from record: FoldedRecord, in table: Int, by sequence: Int64) {
        var deleted = [(record: record, table: table)]
        while let (parent, table) = deleted.popLast() {
            for index in links.indices where links[index].key.parent == table {
                let key = links[index].key
                guard let name = key.name(of: parent) else { continue }
                for id in links[index].children[name.encoded] ?? [] {
                    let child = tables[key.child].table
                    if key.key.onDelete == .cascade, let record = records[key.child][id] {
                        deleted.append((record, key.child))
                    }
                    update(key.child, id) { $0.namedIsDeleted(key.key, by: sequence, in: child) }
                }
            }
        }
    }

    private mutating func update(_ table: Int, _ id: ByteString, _ body: (inout FoldedRecord) -> Void) {
        guard var record = records[table].removeValue(forKey: id) else { return }
        link(record, table, id, isThere: false)
        body(&record)
        link(record, table, id, isThere: true)
        records[table][id] = record
    }

    private mutating func link(_ record: FoldedRecord, _ table: Int, _ id: ByteString, isThere: Bool) {
        for index in links.indices where links[index].key.child == table {
            guard let name = links[index].key.named(by: record) else { continue }
            if isThere {
                links[index].children[name.encoded, default: []].insert(id)
            } else {
                links[index].children[name.encoded]?.remove(id)
            }
        }
    }
}
