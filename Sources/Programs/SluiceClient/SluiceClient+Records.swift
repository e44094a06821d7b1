// SPDX-License-Identifier: MIT
public import JSON

extension SluiceClient {
    /// One record; `id` is a string, an integer or a boolean, or an object by column for a composite key.
    public func get(_ model: String, id: JSONValue) async throws(SluiceClientError) -> RecordResult {
        try RecordResult(await view("record.get", ["model": .string(model), "id": id]))
    }

    /// `orderBy`: `["a", "-b"]`. `limit`: 1 to 1000, 100 when nil.
    public func query(
        _ model: String, where condition: JSONValue? = nil, orderBy: [String] = [], limit: Int? = nil,
        offset: Int? = nil, count: Bool = false
    ) async throws(SluiceClientError) -> QueryResult {
        var params: JSONObject = ["model": .string(model)]
        params["where"] = condition
        if !orderBy.isEmpty { params["order_by"] = .array(orderBy.map { .string($0) }) }
        params["limit"] = limit.map { .integer(Int64($0)) }
        params["offset"] = offset.map { .integer(Int64($0)) }
        if count { params["count"] = true }
        return try QueryResult(await view("record.query", .object(params)))
    }

    /// A transaction of one update step; without a transaction_id it gets a UUIDv7.
    public func update(
        _ model: String, id: JSONValue, changes: JSONValue, transactionID: String? = nil
    ) async throws(SluiceClientError) -> Receipt {
        let params: JSONValue = [
            "model": .string(model), "id": id, "changes": changes,
            "transaction_id": .string(transactionID ?? UUIDv7.generate()),
        ]
        return try Receipt(await view("record.update", params))
    }

    /// New ids for a model. `count`: 1 to 1000.
    public func generateIDs(for model: String, count: Int = 1) async throws(SluiceClientError) -> [JSONValue] {
        let params: JSONValue = ["model": .string(model), "count": .integer(Int64(count))]
        guard let ids = try await call("id.generate", params)["ids"]?.array else {
            throw .invalidReply("The answer lacks the ids.")
        }
        return ids
    }

    /// One keyspace command. Arguments are strings, numbers or `{"$bytes": base64}`.
    public func command(_ arguments: JSONValue...) async throws(SluiceClientError) -> JSONValue {
        try await call("keyspace.command", ["command": .array(arguments)])
    }
}
