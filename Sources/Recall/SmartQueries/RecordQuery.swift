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
