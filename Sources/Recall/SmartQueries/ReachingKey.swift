// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// A foreign key through which a delete in one of some tables reaches another of them.
struct ReachingKey: Sendable {
    let key: ForeignKey
    /// Indexes of the tables.
    let parent: Int
    let child: Int
    /// Of the child, and those of the parent that they name.
    let columns: [Int]
    let referenced: [Int]

    /// All of them among `tables`.
    static func all(among tables: [Table]) -> [ReachingKey] {
        var found: [ReachingKey] = []
        for (child, table) in tables.enumerated() {
            for key in table.foreignKeys where key.onDelete != .none {
                guard let parent = tables.firstIndex(where: { $0.name == key.table }) else { continue }
                let pairs = zip(key.columns, key.referencedColumns)
                    .compactMap { own, other -> (own: Int, other: Int)? in
                        guard let own = table.index(of: own), let other = tables[parent].index(of: other) else {
                            return nil
                        }
                        return (own, other)
                    }
                    .sorted { tables[parent].keyRank($0.other) < tables[parent].keyRank($1.other) }
                guard !pairs.isEmpty, pairs.count == key.columns.count else { continue }
                found.append(
                    ReachingKey(
                        key: key, parent: parent, child: child, columns: pairs.map(\.own),
                        referenced: pairs.map(\.other)))
            }
        }
        return found
    }

    /// What names a parent: the values of the columns by which children name it, in the order of its primary key if
    /// they are this key; a reference where the database has not assigned an id yet.
    struct Name {
        let values: [JSONValue]
        let encoded: ByteString
    }

    /// What the child names; nil: nothing.
    func named(by child: FoldedRecord) -> Name? { name(child, columns) }

    /// By what children name the parent; nil: by nothing.
    func name(of parent: FoldedRecord) -> Name? { name(parent, referenced) }

    private func name(_ record: FoldedRecord, _ columns: [Int]) -> Name? {
        guard let values = record.values else { return nil }
        let parts = columns.map { column in
            record.awaited[column].map { ["$ref": .string($0.text)] } ?? values[column]
        }
        return RecordKey(model: key.table, key: parts).map { Name(values: parts, encoded: $0.encodedID) }
    }
}

extension Table {
    /// Where a column stands in the primary key; columns outside come last.
    fileprivate func keyRank(_ column: Int) -> Int {
        primaryKey.firstIndex(of: columns[column].name) ?? primaryKey.count + column
    }
}
