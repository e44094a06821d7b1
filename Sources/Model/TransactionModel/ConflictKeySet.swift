// SPDX-License-Identifier: MIT
import JSON

/// Gathers the conflict keys of one transaction.
///
/// Where it can't be known before the transaction runs which record is meant, the whole model stands for it: too much
/// order costs time, too little is wrong.
///
/// A record whose id the database assigned has two names, the reference of its receipt and later the id. Which belong
/// together only the ledger knows, so uses under one kind of name are ordered against those under the other:
/// `i:{model}:w` orders writes by reference (`writes`) against everything by id (`reads`), `i:{model}:s` foreign keys
/// by reference (`writes`) against writes by id (`reads`).
///
/// A composite key with two such ids has more names, as one and the other became known. Uses under one of those are ordered
/// against each other too: there a write is `exclusive` in `:w` and `reads` in `:s`, a foreign key also `reads` in `:w`.
/// Whoever names a record by an id that this very transaction makes can't run before it, and needs no order here.
struct ConflictKeySet {
    private(set) var list: [ConflictKey] = []
    private var indexes: [ByteString: Int] = [:]
    private let transaction: TransactionID
    private let schema: Schema

    init(_ transaction: TransactionID, _ schema: Schema) {
        self.transaction = transaction
        self.schema = schema
    }

    mutating func addOrdering(_ key: String) { add("o:" + key, .exclusive) }

    mutating func addQuery(of model: String) { add(Self.model(model), .reads) }

    /// A record that a step writes.
    mutating func addWritten(_ record: RecordKey, by operation: StepOperation, _ table: Table?) {
        let model = record.model.string
        // What the database changes along with it, it alone knows.
        if operation == .delete {
            for other in schema.changedByDelete(in: model).sorted() { add(Self.model(other), .exclusive) }
        }
        guard !record.isAnyRecord, table?.isNamedByBytes ?? true else {
            add(Self.model(model), .exclusive)
            return
        }
        add(Self.model(model), .writes)
        add("r:" + record.keySuffix, .exclusive)
        switch names(of: record) {
        case .final:
            guard let table, Self.mayHaveTwoNames(table), table.primaryKey.count > 1 || !operation.alwaysInserts else {
                return
            }
            add(Self.twoNames(model) + ":w", .reads)
            add(Self.twoNames(model) + ":s", .reads)
        case .own: break
        case .two: add(Self.twoNames(model) + ":w", .writes)
        case .several:
            add(Self.twoNames(model) + ":w", .exclusive)
            add(Self.twoNames(model) + ":s", .reads)
        }
    }

    /// The records that a row's foreign keys name.
    /// - Parameter mayExist: The row may have been there before, with values in the columns that are left out.
    mutating func addNamed(by row: Step.Row, of table: Table, mayExist: Bool) {
        for key in table.foreignKeys {
            let values = key.columns.compactMap { row.value(of: $0) }
            // One null in it and it names nothing.
            guard !values.isEmpty, !values.contains(where: \.isNull) else { continue }
            if values.count < key.columns.count, !mayExist { continue }
            guard values.count == key.columns.count, let record = record(named: values, by: key) else {
                add(Self.model(key.table), .reads)
                continue
            }
            // Against those of whom only the model is known.
            add(Self.model(key.table), .refers)
            add("r:" + record.keySuffix, .refers)
            switch names(of: record) {
            case .final:
                guard let other = schema[key.table], Self.mayHaveTwoNames(other) else { continue }
                add(Self.twoNames(key.table) + ":w", .reads)
            case .own: break
            case .two: add(Self.twoNames(key.table) + ":s", .writes)
            case .several:
                add(Self.twoNames(key.table) + ":s", .writes)
                add(Self.twoNames(key.table) + ":w", .reads)
            }
        }
    }

    /// The unique values of a row, as far as it sets them whole.
    mutating func addUnique(_ row: Step.Row, of table: Table) {
        if table.hasComputedUniqueness { add("c:" + RecordKey.encoded(table.name), .exclusive) }
        for unique in table.uniqueKeys + table.partialUniqueKeys {
            let values = unique.compactMap { row.value(of: $0) }
            guard values.count == unique.count, !values.contains(where: \.isNull) else { continue }
            let digest = SHA256.hash(values.flatMap { Array($0.rawBytes) + [0] }).hexadecimal.prefix(32)
            let columns = unique.map { RecordKey.encoded($0, composite: true) }.joined(separator: ",")
            add("u:\(RecordKey.encoded(table.name)):\(columns):\(digest)", .exclusive)
        }
    }

    /// Nil: it is known only when the transaction runs, or not named by its primary key.
    private func record(named values: [JSONView], by key: ForeignKey) -> RecordKey? {
        guard let order = keyOrder(of: key), schema[key.table]?.isNamedByBytes ?? true else { return nil }
        if order.count == 1 { return RecordKey(model: key.table, id: values[0]) }
        return RecordKey.joined(order.map { RecordKeyComponent(values[$0]) }, composite: true)
            .map { RecordKey(model: key.table, encodedID: $0) }
    }

    /// Which of the foreign key's columns stands where in the other table's primary key.
    private func keyOrder(of key: ForeignKey) -> [Int]? {
        guard let table = schema[key.table], !key.referencedColumns.isEmpty else { return Array(key.columns.indices) }
        guard table.primaryKey.count == key.columns.count else { return nil }
        let referenced = key.referencedColumns.map { ByteString($0) }
        let order = table.primaryKey.compactMap { referenced.firstIndex(of: ByteString($0)) }
        return order.count == key.columns.count ? order : nil
    }

    /// By what other names a record may be known, beside the one given.
    private enum Names {
        /// All of the id is known; there may be names by reference.
        case final
        /// The database assigns an id in it in this very transaction: nobody else can have used another name.
        case own
        /// The id.
        case two
        /// The id, and references in other columns of it.
        case several
    }

    private func names(of record: RecordKey) -> Names {
        guard record.isReference else { return .final }
        let references = RecordKey.references(in: record.encodedID)
        if references.allSatisfy({ $0.transactionID == transaction }) { return .own }
        return record.assignableCount > 1 ? .several : .two
    }

    /// Whether ids that the database assigns may stand in the table's key.
    private static func mayHaveTwoNames(_ table: Table) -> Bool {
        table.assignsKey || table.primaryKey.count > 1
            || table.foreignKeys.contains { $0.columns == table.primaryKey }
    }

    private static func model(_ name: String) -> String { "m:" + RecordKey.encoded(name) }

    private static func twoNames(_ name: String) -> String { "i:" + RecordKey.encoded(name) }

    private mutating func add(_ name: String, _ use: ConflictKey.Use) {
        let key = ConflictKey(name: name, use: use)
        guard let index = indexes[key.name] else {
            indexes[key.name] = list.count
            list.append(key)
            return
        }
        list[index].use = list[index].use.joined(with: use)
    }
}

extension Step.Row {
    /// What the row has in a column, if it is new.
    fileprivate func value(of column: String) -> JSONView? { data?.member(column) ?? defaults?.member(column) }
}

extension Table {
    /// Different bytes are different records. Not so where `abc` and `ABC`, or `1` and `1.0`, are the same key.
    fileprivate var isNamedByBytes: Bool {
        !keyIsFolded
            && keyColumns.allSatisfy { column in
                switch column.type {
                case .text(.foreign), .decimal(precision: nil, scale: _): false
                default: true
                }
            }
    }
}
