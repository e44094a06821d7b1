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
        if record.isReference {
            if !isOwn(record) { add(Self.twoNames(model) + ":w", .writes) }
        } else if table?.assignsKey == true, !operation.alwaysInserts {
            add(Self.twoNames(model) + ":w", .reads)
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
            if record.isReference {
                if !isOwn(record) { add(Self.twoNames(key.table) + ":s", .writes) }
            } else if schema[key.table]?.assignsKey == true {
                add(Self.twoNames(key.table) + ":w", .reads)
            }
        }
    }

    /// The unique values of a row, as far as it sets them whole.
    mutating func addUnique(_ row: Step.Row, of table: Table) {
        for unique in table.uniqueKeys {
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
        if order.count == 1 {
            if let reference = Reference(values[0]), !reference.namesAssignedID { return nil }
            return RecordKey(model: key.table, id: values[0])
        }
        var parts: [String] = []
        for index in order {
            let value = values[index]
            guard let text = value.string ?? value.numberText ?? value.bytesValue.map(Base64.encode) else { return nil }
            parts.append(RecordKey.encoded(text, composite: true))
        }
        return RecordKey(model: key.table, encodedID: parts.joined(separator: ","))
    }

    /// Which of the foreign key's columns stands where in the other table's primary key.
    private func keyOrder(of key: ForeignKey) -> [Int]? {
        guard let table = schema[key.table], !key.referencedColumns.isEmpty else { return Array(key.columns.indices) }
        guard table.primaryKey.count == key.columns.count else { return nil }
        let referenced = key.referencedColumns.map { ByteString($0) }
        let order = table.primaryKey.compactMap { referenced.firstIndex(of: ByteString($0)) }
        return order.count == key.columns.count ? order : nil
    }

    /// The database assigns its id in this very transaction: nobody else knows it by another name.
    private func isOwn(_ record: RecordKey) -> Bool {
        record.encodedID.string.utf8.starts(with: (":" + transaction.string + "#").utf8)
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
        keyColumns.allSatisfy { column in
            switch column.type {
            case .text(.foreign), .decimal(precision: nil, scale: _): false
            default: true
            }
        }
    }
}
