// SPDX-License-Identifier: MIT
public import JSON

/// The methods that tests use most, by name.
extension FrameClient {
    /// `transaction.buffer`; the receipt.
    @discardableResult
    public func buffer(_ id: String, _ steps: JSONValue..., ordering: String? = nil) throws -> JSONValue {
        try call("transaction.buffer", ["transaction": Self.transaction(id, steps, ordering: ordering)])
    }

    public static func transaction(_ id: String, _ steps: [JSONValue], ordering: String? = nil) -> JSONValue {
        var object: JSONObject = ["transaction_id": .string(id), "steps": .array(steps)]
        if let ordering { object.append("ordering_key", .string(ordering)) }
        return .object(object)
    }

    public func status(_ id: String) throws -> JSONValue {
        try call("transaction.status", ["transaction_id": .string(id)])
    }

    /// `transaction.wait`; the status record.
    @discardableResult
    public func wait(_ id: String, until goal: String = "committed", timeoutMS: Int64 = 15_000) throws -> JSONValue {
        try call(
            "transaction.wait",
            ["transaction_id": .string(id), "until": .string(goal), "timeout_ms": .integer(timeoutMS)])
    }

    public func get(_ model: String, _ id: JSONValue) throws -> JSONValue {
        try call("record.get", ["model": .string(model), "id": id])
    }

    /// `record.query` with any further members.
    public func query(_ model: String, _ members: JSONObject = [:]) throws -> JSONValue {
        var params = members
        params["model"] = .string(model)
        return try call("record.query", .object(params))
    }

    public func pause() throws { _ = try call("processor.pause") }

    public func resume() throws { _ = try call("processor.resume") }

    /// Waits until nothing is left that could be applied; false when the time was over before.
    public func drain(timeoutMS: Int64 = 15_000) throws -> Bool {
        try call("processor.drain", ["timeout_ms": .integer(timeoutMS)])["drained"]?.bool ?? false
    }

    /// `server.stats`, its counters.
    public func counters() throws -> JSONValue { try call("server.stats")["counters"] ?? .null }
}

/// Steps, shortly.
extension JSONValue {
    public static func create(_ step: String, _ model: String, _ data: JSONValue) -> JSONValue {
        ["step_id": .string(step), "operation": "create", "model": .string(model), "data": data]
    }

    public static func update(_ step: String, _ model: String, _ id: JSONValue, _ data: JSONValue) -> JSONValue {
        ["step_id": .string(step), "operation": "update", "model": .string(model), "id": id, "data": data]
    }

    public static func increment(_ step: String, _ model: String, _ id: JSONValue, _ data: JSONValue) -> JSONValue {
        ["step_id": .string(step), "operation": "increment", "model": .string(model), "id": id, "data": data]
    }

    public static func delete(_ step: String, _ model: String, _ id: JSONValue) -> JSONValue {
        ["step_id": .string(step), "operation": "delete", "model": .string(model), "id": id]
    }
}
