// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// A query against a table, checked.
///
/// A condition may compare a column with `{"$ref": "transaction#step.id"}`, an id that the database assigns: the records
/// that name it by a foreign key are found by it before anybody knows it.
struct QueryPlan: Sendable {
    let table: Table
    private(set) var condition: Condition?
    let order: Ordering
    let limit: Int
    let offset: Int
    let wantsCount: Bool
    /// What the condition compares with; the place of each tells it from the others.
    private let references: [Reference]
    /// As the client sent it; nil where it has no references.
    private let source: JSONValue?

    init(_ query: RecordQuery, _ table: Table) throws(ConditionError) {
        self.table = table
        order = try Ordering(query.order?.isNull == true ? nil : query.order, table: table)
        limit = query.limit
        offset = query.offset
        wantsCount = query.wantsCount
        guard let view = query.condition, !view.isNull else {
            (condition, references, source) = (nil, [], nil)
            return
        }
        let value = view.value()
        var found: [Reference] = []
        let checked = value.replacingReferences(nil) { reference, _ in
            if !found.contains(reference) { found.append(reference) }
            return 0
        }
        references = found
        source = found.isEmpty ? nil : value
        condition = try found.isEmpty ? Condition(view, table: table) : Self.condition(checked, table)
    }

    var referencedTransactions: Set<TransactionID> { Set(references.compactMap(\.transactionID)) }

    /// The same with ids for references; an id that is not known yet is no other value.
    func resolved(_ ids: KnownIDs) -> QueryPlan {
        let resolved = source?.replacingReferences(nil) { reference, name in
            ids[reference] ?? standIn(for: reference, in: name.flatMap { table[$0] })
        }
        guard let resolved else { return self }
        var plan = self
        // What does not fit its column is equal to nothing in it.
        plan.condition = (try? Self.condition(resolved, table)) ?? .any([])
        return plan
    }

    /// A value for an id that is still to come: another one for each reference that the condition names, and one for all
    /// others. The database would have to give out all ids of its type to come near.
    private func standIn(for reference: Reference, in column: Column?) -> JSONValue {
        let greatest: Int64 =
            switch column?.type {
            case .integer(let bits): .max >> (64 - Int64(bits))
            default: 1 << 53
            }
        return .integer(greatest - Int64(references.firstIndex(of: reference) ?? references.count))
    }

    private static func condition(_ value: JSONValue, _ table: Table) throws(ConditionError) -> Condition {
        guard let view = try? JSONDocument(parsing: value.bytes).root else {
            preconditionFailure("what was JSON is JSON")
        }
        return try Condition(view, table: table)
    }

    func matches(_ values: [JSONValue]) -> Bool { condition?.matches(values, of: table) ?? true }

    /// Whether a record matches as it will be, with the ids that it waits for.
    func matches(_ record: FoldedRecord) -> Bool {
        guard var values = record.values else { return false }
        for (column, reference) in record.awaited {
            values[column] = standIn(for: reference, in: table.columns[column])
        }
        return matches(values)
    }
}

extension JSONValue {
    /// Puts values in the place of references to assigned ids. `body` also gets the name of the column that is compared.
    fileprivate func replacingReferences(
        _ column: String?, _ body: (Reference, _ column: String?) -> JSONValue
    ) -> JSONValue {
        switch self {
        case .null, .bool, .number, .string: return self
        case .array(let list): return .array(list.map { $0.replacingReferences(column, body) })
        case .object(let object):
            if object.count == 1, let reference = object["$ref"]?.string.flatMap({ Reference(text: $0) }),
                reference.namesAssignedID, reference.column == "id"
            {
                return body(reference, column)
            }
            var result = JSONObject()
            for (name, value) in object {
                // Which of two ids will be the greater one, only the database will know: those stay, and are refused.
                if column != nil, ["lt", "lte", "gt", "gte"].contains(name) {
                    result.append(name, value)
                    continue
                }
                let isJunction = name == "$and" || name == "$or"
                result.append(name, value.replacingReferences(isJunction ? nil : column ?? name, body))
            }
            return .object(result)
        }
    }
}
