// SPDX-License-Identifier: MIT
public import JSON

/// What a step does.
public enum StepOperation: String, Sendable, Hashable, CaseIterable {
    case create, update, delete, upsert, increment
    case bulkCreate = "bulk_create"
    case bulkUpdate = "bulk_update"
    case query

    /// The step has `rows` instead of one record.
    public var isBulk: Bool { self == .bulkCreate || self == .bulkUpdate }
}

/// A step of a stored transaction: canonical values, every record with its `id`. The views point into the payload.
public struct Step: Sendable {
    public var id: String
    public var operation: StepOperation
    public var model: String
    /// One entry; several for a bulk step; none for `query`.
    public var rows: [Row]
    /// Columns whose conflict makes an upsert update; empty: the primary key.
    public var conflict: [String]
    /// The condition of a `query`.
    public var condition: JSONView?
    /// A `query` that finds nothing is no failure.
    public var isOptional: Bool
    public var dependsOn: [String]
    /// Which columns took their values from other steps: `{"u_id": "user.id"}`, for a bulk step an array of those by row.
    /// Written with `depends_on`; absent beside it: stored by a version that did not remember them.
    private let refs: JSONView?

    public struct Row: Sendable {
        /// A value, an object by column, a `$ref`; nil when the database assigns it.
        public var id: JSONView?
        /// Column -> canonical value or `$ref`; nil for a delete.
        public var data: JSONView?
        /// Only of an upsert: evaluated defaults, written when the record is new and left alone when it is not.
        public var defaults: JSONView?
        /// Names of the columns in `data` that are evaluated defaults and no wish of the client's; nil: none.
        public var filledIn: JSONView?
    }

    /// Nil when it does not have the form of a stored step.
    public init?(stored view: JSONView) {
        guard let id = view["step_id"]?.string, let operation = view["operation"]?.string.flatMap(StepOperation.init),
            let model = view["model"]?.string
        else { return nil }
        self.id = id
        self.operation = operation
        self.model = model
        conflict = view["conflict"]?.elements.compactMap(\.string) ?? []
        condition = view["where"]
        isOptional = view["optional"]?.bool ?? false
        dependsOn = view["depends_on"]?.elements.compactMap(\.string) ?? []
        refs = dependsOn.isEmpty ? nil : view["refs"]
        if operation == .query {
            rows = []
        } else if operation.isBulk {
            rows = view["rows"]?.elements.map { Row(id: $0["id"], data: $0["data"], filledIn: $0["filled_in"]) } ?? []
        } else {
            rows = [Row(id: view["id"], data: view["data"], defaults: view["defaults"], filledIn: view["filled_in"])]
        }
    }

    /// The columns of each row that took their values from steps of the same transaction, as far as rows have any; a
    /// column of the key stands for the id or its component. Nil: that was not remembered.
    public var references: [[(column: String, reference: Reference)]]? {
        guard !dependsOn.isEmpty else { return [] }
        guard let refs else { return nil }
        let rows = operation.isBulk ? Array(refs.elements) : [refs]
        return rows.map { row in
            row.members.compactMap { name, value in
                guard let name = name.string, let reference = value.string.flatMap(Reference.init(text:)) else {
                    return nil
                }
                return (name, reference)
            }
        }
    }

    /// The key of a row's record in the keyspace.
    public func recordKey(row: Int, of transaction: TransactionID) -> RecordKey {
        // Which record an upsert meets by other columns than the key, only the database can know.
        if operation == .upsert && !conflict.isEmpty { return .anyRecord(of: model) }
        guard let view = rows[row].id else {
            return .assigned(model: model, transaction: transaction, step: id, row: operation.isBulk ? row : nil)
        }
        return RecordKey(model: model, id: view) ?? .anyRecord(of: model)
    }
}

extension Reference {
    /// In a stored step, `transaction#step.id` names a record by the id that the database gave or will give it; any
    /// other reference left in it is to a column that a `query` step finds.
    public var namesAssignedID: Bool { transactionID != nil }
}
