// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// A record, and those whose deletes may reach it: what its foreign keys name, now or while its changes are applied, what
/// these name, and so on. Foreign keys that name other columns than the primary key are left out.
struct Chain: Sendable {
    /// Records of one chain.
    static let countMax = 2000

    /// The model that is read is the first.
    let tables: [Table]
    let reaching: [Table]
    /// By table: encoded id -> place.
    private(set) var places: [[ByteString: Place]]
    private let keys: [ReachingKey]

    /// - Parameter reaching: The tables whose deletes reach into the first; it may be one of them.
    init(_ place: Place, in table: Table, reaching: [Table]) {
        tables = [table] + reaching.filter { $0.name != table.name }
        self.reaching = reaching
        places = tables.map { _ in [:] }
        places[0][place.encoded] = place
        let isAlone = reaching.isEmpty
        keys =
            isAlone
            ? [] : ReachingKey.all(among: tables).filter { [tables] in $0.key.names(primaryKeyOf: tables[$0.parent]) }
    }

    var count: Int { places.reduce(0) { $0 + $1.count } }

    /// Whether the table's records may be deleted along with others of the chain.
    func isReached(_ table: Int) -> Bool { keys.contains { $0.child == table } }

    /// The transactions that make ids which are not known.
    var transactions: Set<TransactionID> { Set(places.flatMap { $0.values.flatMap(\.transactions) }) }

    /// Whether what will be of the first record is known without the database.
    func isKnown(by models: PendingModels, after committed: Int64) -> Bool {
        tables.indices.allSatisfy { index in
            places[index].values.allSatisfy { place in
                guard place.key != nil else { return false }
                // Of a record that nothing reaches it is enough to know that it is deleted.
                return index > 0 && !isReached(index)
                    || models.all[index].overlay.makes(place.encoded, after: committed, in: tables[index])
            }
        }
    }

    /// What is known below the changes without the database.
    func bases(_ models: PendingModels, after committed: Int64) -> [[ByteString: FoldedRecord.Base]] {
        tables.indices.map { index in
            places[index].mapValues { place in
                models.all[index].overlay.makes(place.encoded, after: committed, in: tables[index])
                    ? .known(nil) : .unknown
            }
        }
    }

    /// The same where the database can't be read.
    func bases(_ ids: KnownIDs) -> [[ByteString: FoldedRecord.Base]] {
        tables.indices.map { index in
            Dictionary(
                places[index].values.map { place in
                    (place.encoded(ids), place.key(ids, tables[index]) == nil ? .known(nil) : .unknown)
                }, uniquingKeysWith: { a, _ in a })
        }
    }

    /// Adds what records name, as far as it is known by now. Answers whether there was anything to add.
    /// - Parameter fresh: By table the encoded ids of those to look at; nil: all.
    mutating func extend(
        _ models: PendingModels, _ bases: [[ByteString: FoldedRecord.Base]], from fresh: [[ByteString]]?
    ) -> Bool {
        let before = count
        for key in keys {
            let table = tables[key.child]
            for id in fresh?[key.child] ?? Array(bases[key.child].keys) {
                var record = FoldedRecord(bases[key.child][id] ?? .unknown)
                add(key.parentNamed(by: record), to: key.parent)
                for change in models.all[key.child].overlay.changes[id] ?? [] {
                    models.all[key.child].overlay.apply(change, to: &record, id, in: table)
                    add(key.parentNamed(by: record), to: key.parent)
                }
            }
        }
        return count > before
    }

    private mutating func add(_ named: ReachingKey.Name?, to table: Int) {
        guard let named, places[table][named.encoded] == nil else { return }
        places[table][named.encoded] = Place(
            values: named.values, encoded: named.encoded,
            reference: Overlay.isUnnamed(named.encoded) ? named.encoded : nil)
    }
}

extension ForeignKey {
    fileprivate func names(primaryKeyOf table: Table) -> Bool {
        referencedColumns.count == table.primaryKey.count && Set(referencedColumns) == Set(table.primaryKey)
    }
}
