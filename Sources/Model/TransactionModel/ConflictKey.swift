// SPDX-License-Identifier: MIT
public import JSON

/// What two transactions must share to be ordered against each other.
public struct ConflictKey: Sendable, Hashable {
    /// How a transaction uses what the key names.
    public enum Use: String, Sendable, Hashable {
        /// against everyone
        case exclusive = "x"
        /// writes some record of a model: against those who read the model by a query
        case writes = "w"
        /// reads a model by a query: against its writers
        case reads = "r"
        /// names a record by a foreign key: against whoever writes it
        case refers = "s"

        public func conflicts(with other: Use) -> Bool {
            switch (self, other) {
            case (.exclusive, _), (_, .exclusive): true
            case (.writes, .reads), (.reads, .writes): true
            case (.writes, _), (.reads, _), (.refers, _): false
            }
        }
    }

    /// `r:{model}:{id}`, `m:{model}`, `u:{model}:{columns}:{hash}`, `o:{ordering_key}`
    public var name: ByteString
    public var use: Use

    public init(name: String, use: Use) {
        self.name = ByteString(name)
        self.use = use
    }

    public func conflicts(with other: ConflictKey) -> Bool { name == other.name && use.conflicts(with: other.use) }
}

extension StoredTransaction {
    /// The keys by which the transaction is ordered, each name once with its strongest use.
    public func conflictKeys(in schema: Schema) -> [ConflictKey] {
        var keys = ConflictKeySet()
        if let orderingKey { keys.add("o:" + orderingKey, .exclusive) }
        for step in steps {
            let table = schema[step.model]
            let model = "m:" + RecordKey.encoded(step.model)
            if step.operation == .query {
                keys.add(model, .reads)
                continue
            }
            for row in step.rows.indices {
                let record = step.recordKey(row: row, of: transactionID)
                keys.add(model, record.isAnyRecord ? .exclusive : .writes)
                if !record.isAnyRecord { keys.add("r:" + record.keySuffix, .exclusive) }
                if let table, let data = step.rows[row].data { keys.add(data, of: table) }
            }
        }
        return keys.list
    }
}

private struct ConflictKeySet {
    var list: [ConflictKey] = []
    private var indexes: [ByteString: Int] = [:]

    mutating func add(_ name: String, _ use: ConflictKey.Use) {
        let key = ConflictKey(name: name, use: use)
        guard let index = indexes[key.name] else {
            indexes[key.name] = list.count
            list.append(key)
            return
        }
        if list[index].use != use { list[index].use = .exclusive }
    }

    /// Keys of the records that foreign keys name and of unique values.
    mutating func add(_ data: JSONView, of table: Table) {
        for foreignKey in table.foreignKeys {
            let values = foreignKey.columns.map { data.member($0) }
            guard let first = values.first ?? nil, !values.contains(where: { $0 == nil || $0?.isNull == true }) else {
                continue
            }
            let id: String
            if values.count == 1 {
                guard let key = RecordKey(model: foreignKey.table, id: first) else { continue }
                id = key.keySuffix
            } else {
                let parts = values.compactMap { view in
                    (view?.string ?? view?.numberText).map { RecordKey.encoded($0, composite: true) }
                }
                id = RecordKey.encoded(foreignKey.table) + ":" + parts.joined(separator: ",")
            }
            add("r:" + id, .refers)
        }
        for unique in table.uniqueKeys {
            let values = unique.compactMap { data.member($0) }
            guard values.count == unique.count, !values.contains(where: \.isNull) else { continue }
            let digest = SHA256.hash(values.flatMap { Array($0.rawBytes) + [0] }).hexadecimal.prefix(32)
            let columns = unique.map { RecordKey.encoded($0, composite: true) }.joined(separator: ",")
            add("u:\(RecordKey.encoded(table.name)):\(columns):\(digest)", .exclusive)
        }
    }
}
