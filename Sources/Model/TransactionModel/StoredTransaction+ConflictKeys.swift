// SPDX-License-Identifier: MIT

extension StoredTransaction {
    /// The keys by which the transaction is ordered, each name once with the use that conflicts most.
    public func conflictKeys(in schema: Schema) -> [ConflictKey] {
        var keys = ConflictKeySet(transactionID, schema)
        if let orderingKey { keys.addOrdering(orderingKey) }
        for step in steps {
            if step.operation == .query {
                keys.addQuery(of: step.model)
                continue
            }
            let table = schema[step.model]
            for (index, row) in step.rows.enumerated() {
                keys.addWritten(step.recordKey(row: index, of: transactionID), by: step.operation, table)
                guard let table, row.data != nil || row.defaults != nil else { continue }
                keys.addNamed(by: row, of: table, mayExist: !step.operation.alwaysInserts)
                keys.addUnique(row, of: table)
            }
        }
        return keys.list
    }
}

extension StepOperation {
    /// Columns that are left out have no value from before.
    var alwaysInserts: Bool { self == .create || self == .bulkCreate }
}
