// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// A stored step while its values change.
struct RevisedStep {
    let table: Table?
    /// By row; fewer than there are rows where the last ones have none.
    private(set) var references: [[(column: String, reference: Reference)]]
    private let step: Step
    private var object: JSONObject
    /// The members of each row; for a step with a single record those of the step.
    private var rows: [JSONObject]
    private var isIDChanged = false

    init(_ step: Step, _ value: JSONValue, _ table: Table?) {
        guard case .object(let object) = value else { preconditionFailure("a stored step is an object") }
        self.step = step
        self.table = table
        self.object = object
        rows = step.operation.isBulk ? object["rows"]?.array?.compactMap(\.object) ?? [] : [object]
        references = step.references ?? []
    }

    var id: String { step.id }

    /// As it is stored.
    var value: JSONValue {
        guard step.operation.isBulk else { return .object(rows[0]) }
        var object = object
        object["rows"] = .array(rows.map(JSONValue.object))
        return .object(object)
    }

    /// Whether an operator may change its data.
    var canChange: Bool {
        !step.operation.isBulk && step.operation != .query && step.operation != .delete
            && rows[0]["data"]?.object != nil
    }

    var canChangeKey: Bool { step.operation == .create && table?.primaryKey.count == 1 }

    /// Whether its data has the column's value, and no delta.
    func canBeReferred(to column: String) -> Bool {
        step.operation != .increment
            && (rows[0]["data"]?[column] != nil || rows[0]["defaults"]?[column] != nil)
    }

    /// The column has a value of its own from now on. Only of a step with a single record.
    mutating func forgetReference(_ column: String) {
        guard case .object(var refs)? = rows[0]["refs"], refs[column] != nil else { return }
        refs[column] = nil
        rows[0]["refs"] = .object(refs)
        references = references.map { $0.filter { ByteString($0.column) != ByteString(column) } }
    }

    mutating func set(_ column: String, row: Int, to value: JSONValue) {
        guard rows.indices.contains(row) else { return }
        let isKey = table?.primaryKey.contains(column) ?? false
        if !isKey || step.operation.createsRecord { setData(column, row, value) }
        if isKey { setID(column, row, value) }
    }

    /// What `generated_ids` says of it; nil: as before.
    func createdIDs(insteadOf old: JSONValue) -> JSONValue? {
        guard isIDChanged, step.operation.createsRecord else { return nil }
        guard case .array(let ids) = old else { return rows[0]["id"] }
        return .array(zip(ids, rows).map { $1["id"] ?? $0 })
    }

    private mutating func setData(_ column: String, _ row: Int, _ value: JSONValue) {
        guard case .object(var data)? = rows[row]["data"] else { return }
        data[column] = value
        rows[row]["data"] = .object(data)
        // Written from now on, whether the record is new or not.
        guard case .object(var defaults)? = rows[row]["defaults"], defaults.remove(column) != nil else { return }
        rows[row]["defaults"] = defaults.isEmpty ? nil : .object(defaults)
    }

    private mutating func setID(_ column: String, _ row: Int, _ value: JSONValue) {
        if table?.primaryKey.count == 1 {
            // An upsert by other columns than the key has none: which record it meets, the database knows.
            guard rows[row]["id"] != nil || step.operation != .upsert else { return }
            rows[row]["id"] = value
        } else {
            guard case .object(var id)? = rows[row]["id"], id["$ref"] == nil else { return }
            id[column] = value
            rows[row]["id"] = .object(id)
        }
        isIDChanged = true
    }
}

extension StepOperation {
    /// The key stands in its data, and the id in `generated_ids`.
    fileprivate var createsRecord: Bool { self == .create || self == .upsert || self == .bulkCreate }
}
