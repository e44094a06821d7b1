// SPDX-License-Identifier: MIT
public import JSON

/// The models that transactions may name: the tables of the main database, as introspection found them.
public struct Schema: Sendable, Equatable {
    public var tables: [Table]
    private let indexes: [ByteString: Int]
    /// Table -> those whose rows a delete in it may delete along, and those whose rows it may change.
    private let deletedAlong: [ByteString: [String]]
    private let changedAlong: [ByteString: [String]]

    public init(tables: [Table]) {
        self.tables = tables
        let keys = tables.flatMap { table in table.foreignKeys.map { (name: table.name, key: $0) } }
        deletedAlong = Dictionary(grouping: keys.filter { $0.key.onDelete == .cascade }) { ByteString($0.key.table) }
            .mapValues { $0.map(\.name) }
        changedAlong = Dictionary(grouping: keys.filter { $0.key.onDelete.setsColumns }) { ByteString($0.key.table) }
            .mapValues { $0.map(\.name) }
        indexes = Dictionary(
            tables.enumerated().map { (ByteString($1.name), $0) }, uniquingKeysWith: { first, _ in first })
    }

    public subscript(model: String) -> Table? { indexes[ByteString(model)].map { tables[$0] } }

    /// The table that a member names, without making a string of the name where there are few.
    public subscript(model: JSONView) -> Table? {
        guard tables.count <= 16 else { return model.string.flatMap { self[$0] } }
        return tables.first { model.stringEquals($0.name) }
    }

    /// The tables in which a delete in `model` may delete or change rows by itself, through foreign keys.
    func changedByDelete(in model: String) -> Set<String> {
        var (deleted, changed): (Set<String>, Set<String>) = ([], [])
        var parents = [model]
        while let parent = parents.popLast() {
            changed.formUnion(changedAlong[ByteString(parent)] ?? [])
            for child in deletedAlong[ByteString(parent)] ?? [] where deleted.insert(child).inserted {
                parents.append(child)
            }
        }
        return deleted.union(changed)
    }

    /// The tables in which a delete may delete or change rows of `model` by itself, through foreign keys. `model` may be
    /// one of them.
    public func deletesReaching(_ model: String) -> [Table] {
        var reaching: [Table] = []
        var isCaller = true
        var children = [self[model]]
        while let child = children.popLast() {
            for key in child?.foreignKeys ?? [] where key.onDelete == .cascade || isCaller && key.onDelete.setsColumns {
                guard let parent = self[key.table], !reaching.contains(where: { $0 === parent }) else { continue }
                reaching.append(parent)
                children.append(parent)
            }
            isCaller = false
        }
        return reaching
    }
}

/// One table. A reference type because every step of every transaction holds on to one.
public final class Table: Sendable, Equatable {
    public let name: String
    public let columns: [Column]
    /// Names of the primary key's columns in key order; empty: the table has none and can't be a model.
    public let primaryKey: [String]
    /// The database gives out the primary key at commit when the client leaves it out.
    public let assignsKey: Bool
    /// The database assigns the primary key always, and refuses one that it is given.
    public let refusesKey: Bool
    /// To the primary key's collation different texts are equal, such as `abc` and `ABC`: a record has several names.
    public let keyIsFolded: Bool
    public let uniqueKeys: [[String]]
    /// Unique among some of the rows, which the database chooses.
    public let partialUniqueKeys: [[String]]
    /// What is unique, or excludes one another, is computed from the columns (`lower(email)`, `EXCLUDE`).
    public let hasComputedUniqueness: Bool
    /// No text may have the character U+0000.
    public let refusesZero: Bool
    public let foreignKeys: [ForeignKey]
    /// Triggers may change what only the database can know then.
    public let hasTriggers: Bool
    /// Indexes of the primary key's columns in key order.
    private let keyIndexes: [Int]
    private let indexes: [ByteString: Int]

    public init(
        name: String, columns: [Column], primaryKey: [String], assignsKey: Bool = false, refusesKey: Bool = false,
        keyIsFolded: Bool = false, uniqueKeys: [[String]] = [], partialUniqueKeys: [[String]] = [],
        hasComputedUniqueness: Bool = false, refusesZero: Bool = false, foreignKeys: [ForeignKey] = [],
        hasTriggers: Bool = false
    ) {
        self.name = name
        self.columns = columns
        self.primaryKey = primaryKey
        self.assignsKey = assignsKey
        self.refusesKey = refusesKey
        self.keyIsFolded = keyIsFolded
        self.uniqueKeys = uniqueKeys
        self.partialUniqueKeys = partialUniqueKeys
        self.hasComputedUniqueness = hasComputedUniqueness
        self.refusesZero = refusesZero
        self.foreignKeys = foreignKeys
        self.hasTriggers = hasTriggers
        let indexes = Dictionary(
            columns.enumerated().map { (ByteString($1.name), $0) }, uniquingKeysWith: { a, _ in a })
        self.indexes = indexes
        keyIndexes = primaryKey.compactMap { indexes[ByteString($0)] }
    }

    /// Whether a value has U+0000 where ``refusesZero``.
    public func refuses(_ value: JSONView) -> Bool { refusesZero && value.hasZero }

    /// What is wrong with what it ``refuses(_:)``; a sentence without its subject.
    public static let zeroRefusal = "has the character U+0000, which PostgreSQL does not store"

    /// Index of a column by the bytes of its name.
    public func index(of column: String) -> Int? { indexes[ByteString(column)] }

    public subscript(column: String) -> Column? { index(of: column).map { columns[$0] } }

    /// Index of the column a member names, without making a string of the name where the table is small.
    public func index(of member: JSONView) -> Int? {
        guard columns.count <= 16 else { return member.string.flatMap { index(of: $0) } }
        return columns.firstIndex { member.stringEquals($0.name) }
    }

    /// The primary key's columns in key order.
    public var keyColumns: [Column] { keyIndexes.map { columns[$0] } }

    /// Where a column stands in the primary key; nil: it is not part of it.
    public func keyPosition(ofColumn index: Int) -> Int? { keyIndexes.firstIndex(of: index) }

    public static func == (a: Table, b: Table) -> Bool {
        a === b
            || a.name == b.name && a.columns == b.columns && a.primaryKey == b.primaryKey
                && a.assignsKey == b.assignsKey && a.refusesKey == b.refusesKey && a.keyIsFolded == b.keyIsFolded
                && a.uniqueKeys == b.uniqueKeys && a.partialUniqueKeys == b.partialUniqueKeys
                && a.hasComputedUniqueness == b.hasComputedUniqueness && a.refusesZero == b.refusesZero
                && a.foreignKeys == b.foreignKeys && a.hasTriggers == b.hasTriggers
    }
}

public struct Column: Sendable, Equatable {
    public var name: String
    public var type: ColumnType
    public var isNullable: Bool
    public var defaultValue: DefaultValue
    /// Computed by the database; clients can't write it.
    public var isGenerated: Bool

    public init(
        name: String, type: ColumnType, isNullable: Bool = true, defaultValue: DefaultValue = .none,
        isGenerated: Bool = false
    ) {
        self.name = name
        self.type = type
        self.isNullable = isNullable
        self.defaultValue = defaultValue
        self.isGenerated = isGenerated
    }
}

/// What a column gets when a create leaves it out.
public enum DefaultValue: Sendable, Equatable {
    case none
    /// A literal, in the column's canonical form.
    case constant(JSONValue)
    /// now(), CURRENT_TIMESTAMP and the like: evaluated at accept and written.
    case now
    /// Anything else: only the database can know it.
    case volatile
}

public struct ForeignKey: Sendable, Equatable {
    /// What becomes of the rows that name a record when it is deleted.
    public enum DeleteAction: String, Sendable {
        /// Nothing: the delete fails while there are any.
        case none
        /// They are deleted too.
        case cascade
        /// Their columns become NULL.
        case setNull = "set"
        /// Their columns get the default.
        case setDefault = "set_default"

        var setsColumns: Bool { self == .setNull || self == .setDefault }
    }

    public var columns: [String]
    public var table: String
    public var referencedColumns: [String]
    public var onDelete: DeleteAction

    public init(
        columns: [String], table: String, referencedColumns: [String], onDelete: DeleteAction = .none
    ) {
        self.columns = columns
        self.table = table
        self.referencedColumns = referencedColumns
        self.onDelete = onDelete
    }
}
