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
    private let childTypes: [ColumnType]
    private let parentTypes: [ColumnType]

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
                        referenced: pairs.map(\.other), childTypes: pairs.map { table.columns[$0.own].type },
                        parentTypes: pairs.map { tables[parent].columns[$0.other].type }))
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

    /// What the child names, in the form of its own columns; nil: nothing.
    func named(by child: FoldedRecord) -> Name? { name(child, columns, childTypes) }

    /// By what children name the parent, in the form of their columns; nil: by nothing.
    func name(of parent: FoldedRecord) -> Name? { name(parent, referenced, childTypes) }

    /// The parent that the child names, in the form of its key.
    func parentNamed(by child: FoldedRecord) -> Name? { name(child, columns, parentTypes) }

    /// What of a parent's row its children have in their columns; nil: they can't have it.
    func childValues(of parent: [JSONValue]) -> [JSONValue]? {
        let values = zip(referenced, childTypes).compactMap { column, type in
            parent[column] == .null ? nil : Self.fitted(parent[column], type)
        }
        return values.count == referenced.count ? values : nil
    }

    /// A value as another column has it that is equal to it; nil: none is.
    private static func fitted(_ value: JSONValue, _ type: ColumnType) -> JSONValue? {
        if let fitted = type.canonical(value) { return fitted }
        guard let number = value.number, let integer = Double(number.text).flatMap({ Int64(exactly: $0) }) else {
            return nil
        }
        return type.canonical(.integer(integer))
    }

    private func name(_ record: FoldedRecord, _ columns: [Int], _ types: [ColumnType]) -> Name? {
        guard let values = record.values else { return nil }
        var parts: [JSONValue] = []
        for (column, type) in zip(columns, types) {
            if let reference = record.awaited[column] {
                parts.append(["$ref": .string(reference.text)])
            } else if values[column] != .null, let value = Self.fitted(values[column], type) {
                parts.append(value)
            } else {
                return nil
            }
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
