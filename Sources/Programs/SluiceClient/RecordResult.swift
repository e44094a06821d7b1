// SPDX-License-Identifier: MIT
public import JSON

/// One record, with everything that is still on its way to the database.
public struct RecordResult: Sendable, Hashable {
    /// Nil: there is none.
    public let record: JSONObject?
    /// What the answer was made of.
    public let sources: [String]
    /// Transactions of which the record shows changes that the database does not have yet.
    public let pending: [String]
    /// Columns that only the database can know.
    public let unknown: [String]

    init(_ view: JSONView) throws(SluiceClientError) {
        guard let record = view["record"], record.kind == .object || record.isNull else {
            throw .invalidReply("The answer lacks the record.")
        }
        self.record = record.value().object
        sources = view.strings("sources")
        pending = view.strings("pending")
        unknown = view.strings("unknown")
    }
}

/// Records by condition, as the database will answer after the drain.
public struct QueryResult: Sendable, Hashable {
    public let records: [JSONObject]
    /// Of all that match, when it was asked for.
    public let count: Int64?
    /// Records that show changes the database does not have yet.
    public let pendingCount: Int64
    /// Columns that only the database can know.
    public let unknown: [String]

    init(_ view: JSONView) throws(SluiceClientError) {
        guard let records = view["records"], records.kind == .array else {
            throw .invalidReply("The answer lacks the records.")
        }
        self.records = records.elements.compactMap { $0.value().object }
        count = view["count"]?.int64
        pendingCount = view["pending_count"]?.int64 ?? 0
        unknown = view.strings("unknown")
    }
}

extension JSONView {
    /// The strings of an array member; empty where there is none.
    func strings(_ name: StaticString) -> [String] {
        self[name]?.elements.compactMap(\.string) ?? []
    }
}
