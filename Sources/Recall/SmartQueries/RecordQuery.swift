// SPDX-License-Identifier: MIT
public import JSON
import TransactionModel

/// A query as the client sent it.
public struct RecordQuery: Sendable {
    public var model: String
    public var condition: JSONView?
    public var order: JSONView?
    /// 1...``SmartQueryManager/limitMax``
    public var limit = SmartQueryManager.limitDefault
    public var offset = 0
    public var wantsCount = false

    public init(model: String) { self.model = model }
}

/// A query against a table, checked.
struct QueryPlan: Sendable {
    let table: Table
    let condition: Condition?
    let order: Ordering
    let limit: Int
    let offset: Int
    let wantsCount: Bool

    init(_ query: RecordQuery, _ table: Table) throws(ConditionError) {
        self.table = table
        if let view = query.condition, !view.isNull {
            condition = try Condition(view, table: table)
        } else {
            condition = nil
        }
        order = try Ordering(query.order?.isNull == true ? nil : query.order, table: table)
        limit = query.limit
        offset = query.offset
        wantsCount = query.wantsCount
    }

    func matches(_ values: [JSONValue]) -> Bool { condition?.matches(values, of: table) ?? true }
}
