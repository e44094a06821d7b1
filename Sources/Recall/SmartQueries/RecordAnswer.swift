// SPDX-License-Identifier: MIT
public import JSON
public import TransactionModel

/// What `record.get` answers.
public struct RecordAnswer: Sendable {
    /// Nil: there is no such record, or there will be none.
    public var record: JSONValue?
    /// `database`, `buffered`, and `failed` where a dead transaction takes part.
    public var sources: [String]
    public var pending: [TransactionID]
    /// Columns that only the database can know.
    public var unknown: [String]
}

/// What `record.query` answers.
public struct QueryAnswer: Sendable {
    public var records: [JSONValue]
    public var count: Int64?
    /// Records of this answer that have changes on their way.
    public var pendingCount: Int
    public var unknown: [String]
}

extension FoldedRecord {
    func json(_ table: Table) -> JSONValue? {
        guard let values else { return nil }
        var object = JSONObject()
        for (index, column) in table.columns.enumerated() {
            // Of an id that is still to come, the key has the reference by which the record can be named.
            if let reference = awaited[index], table.primaryKey.contains(column.name) {
                object.append(column.name, ["$ref": .string(reference.text)])
            } else {
                object.append(column.name, values[index])
            }
        }
        return .object(object)
    }
}
