// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import TransactionModel

/// What the database has of the records that pending changes are to, and of those that pending deletes may reach; many at
/// a time.
struct BaseRows {
    /// Rows that a query looks at because pending deletes may reach them.
    static let reachedMax = 100_000
    private static let keysAtOnce = 500

    private let tables: [ModelOverlay]
    private let snapshot: any DatabaseSnapshot
    /// By table: encoded id -> values.
    private(set) var rows: [[ByteString: [JSONValue]]]

    /// - Parameter tables: The model that is queried is the first.
    init(_ tables: [ModelOverlay], _ snapshot: any DatabaseSnapshot) {
        self.tables = tables
        self.snapshot = snapshot
        rows = tables.map { _ in [:] }
    }

    /// Reads the records with changes.
    mutating func readChanged() throws(DatabaseError) {
        for (index, model) in tables.enumerated() {
            var keys: [(id: ByteString, values: [JSONValue])] = []
            for id in model.overlay.changes.keys where id != Overlay.any {
                if let values = model.overlay.key(of: id, in: model.table) { keys.append((id, values)) }
            }
            let table = model.table
            let columns = table.primaryKey.compactMap { table.index(of: $0) }
            guard !table.keyIsFolded, columns.allSatisfy({ table.columns[$0].type.isOrdered }) else {
                for (id, values) in keys { rows[index][id] = try snapshot.record(table, key: values) }
                continue
            }
            _ = try read(index, columns, keys.map(\.values))
        }
    }

    /// Reads the records that pending deletes may reach. False: there are more than ``reachedMax``.
    mutating func readReached() throws(DatabaseError) -> Bool {
        let links = ReachingKey.all(among: tables.map(\.table))
        var wave = tables.indices.flatMap { table in
            rows[table].keys.filter { mayGo($0, table, links) }.map { (table: table, id: $0) }
        }
        var count = 0
        var seen = Set(wave.map { Node(table: $0.table, id: $0.id) })
        while !wave.isEmpty {
            var next: [(table: Int, id: ByteString)] = []
            for link in links {
                let parents = wave.filter { $0.table == link.parent }.compactMap { rows[$0.table][$0.id] }
                let names = parents.compactMap(link.childValues)
                let found = try read(link.child, link.columns, names, countMax: Self.reachedMax - count)
                count += found.count
                guard count <= Self.reachedMax else { return false }
                guard link.key.onDelete == .cascade else { continue }
                for id in found where seen.insert(Node(table: link.child, id: id)).inserted {
                    next.append((link.child, id))
                }
            }
            wave = next
        }
        return true
    }

    /// Which rows of the first table, of those that were read, the database finds by a condition.
    func found(by condition: Condition) throws(DatabaseError) -> Int64 {
        let table = tables[0].table
        let columns = table.primaryKey.compactMap { table.index(of: $0) }
        var distinct: [ByteString: [JSONValue]] = [:]
        for row in rows[0].values {
            if let id = table.encodedID(of: row) { distinct[id] = columns.map { row[$0] } }
        }
        let values = Array(distinct.values)
        var count: Int64 = 0
        for start in stride(from: 0, to: values.count, by: Self.keysAtOnce) {
            let some = values[start..<min(start + Self.keysAtOnce, values.count)]
            count += try snapshot.count(table, where: .all([condition, Self.among(some, columns)]))
        }
        return count
    }

    private static func among(_ values: some Sequence<[JSONValue]>, _ columns: [Int]) -> Condition {
        columns.count == 1
            ? .isIn(column: columns[0], values.map { $0[0] })
            : .any(values.map { .all(zip(columns, $0).map { .compare(column: $0, .eq, $1) }) })
    }

    private struct Node: Hashable {
        var table: Int
        var id: ByteString
    }

    /// Whether the record may be deleted: by a change of its own, or because one makes it name what is deleted.
    private func mayGo(_ id: ByteString, _ table: Int, _ links: [ReachingKey]) -> Bool {
        let cascades = links.filter { $0.child == table && $0.key.onDelete == .cascade }
        return tables[table].overlay.changes[id]?.contains { change in
            guard let step = tables[table].overlay.step(of: change) else { return false }
            if step.operation == .delete { return true }
            guard !cascades.isEmpty, let data = step.rows[change.row].data else { return false }
            return cascades.contains { link in link.key.columns.contains { data.member($0) != nil } }
        } ?? false
    }

    /// Reads the rows of a table that have one of some values in some columns; stops beyond `countMax`.
    private mutating func read(
        _ index: Int, _ columns: [Int], _ values: [[JSONValue]], countMax: Int = .max
    ) throws(DatabaseError) -> [ByteString] {
        let table = tables[index].table
        var found: [ByteString] = []
        for start in stride(from: 0, to: values.count, by: Self.keysAtOnce) {
            let some = values[start..<min(start + Self.keysAtOnce, values.count)]
            try snapshot.records(table, where: Self.among(some, columns), order: .none) {
                values throws(DatabaseError) in
                guard let id = table.encodedID(of: values) else { return true }
                rows[index][id] = values
                found.append(id)
                return found.count <= countMax
            }
        }
        return found
    }
}

extension Table {
    /// The encoded id of one of its rows.
    func encodedID(of values: [JSONValue]) -> ByteString? {
        let key = primaryKey.compactMap { name in index(of: name).map { values[$0] } }
        return RecordKey(model: name, key: key)?.encodedID
    }
}
