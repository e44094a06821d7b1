// SPDX-License-Identifier: MIT
public import JSON

extension SluiceClient {
    /// Which dead transactions an operation is about.
    public enum DeadLetters: Sendable, Hashable {
        case ids([String])
        /// As `dead_letter.list` takes it.
        case filter(JSONValue)
        case all

        var params: JSONObject {
            switch self {
            case .ids(let ids): ["transaction_ids": .array(ids.map { .string($0) })]
            case .filter(let filter): ["filter": filter]
            case .all: ["all": true]
            }
        }
    }

    /// Transactions that failed for good. `limit`: 1 to 1000.
    public func deadLetters(
        filter: JSONValue? = nil, limit: Int = 100, cursor: String? = nil
    ) async throws(SluiceClientError) -> TransactionPage {
        var params: JSONObject = ["limit": .integer(Int64(limit))]
        params["filter"] = filter
        params["cursor"] = cursor.map { .string($0) }
        return try TransactionPage(await view("dead_letter.list", .object(params)))
    }

    /// Sends them back with fresh attempts: `{"retried": [...], "failed": [...]}`.
    ///
    /// `changes`, `[{"step_id", "data"}]`, mends the data of exactly one.
    public func retryDeadLetters(
        _ selection: DeadLetters, changes: JSONValue? = nil
    ) async throws(SluiceClientError) -> JSONValue {
        var params = selection.params
        params["changes"] = changes
        return try await call("dead_letter.retry", .object(params))
    }

    /// Gives them up: `{"discarded": [...]}`. What they held goes on.
    public func discardDeadLetters(_ selection: DeadLetters) async throws(SluiceClientError) -> JSONValue {
        try await call("dead_letter.discard", .object(selection.params))
    }

    /// What the background processor does.
    public func processorStatus() async throws(SluiceClientError) -> JSONValue { try await call("processor.status") }

    /// Stops applying; accepting goes on.
    @discardableResult
    public func pauseProcessor() async throws(SluiceClientError) -> JSONValue { try await call("processor.pause") }

    @discardableResult
    public func resumeProcessor() async throws(SluiceClientError) -> JSONValue { try await call("processor.resume") }

    /// Applies all there is, for at most `timeout`; answers how many remain, and whether none does.
    public func drain(
        timeout: Duration
    ) async throws(SluiceClientError) -> (isDrained: Bool, remaining: Int64) {
        let params = JSONValue.object(["timeout_ms": .integer(timeout.wholeMilliseconds)]).bytes
        let traits = MethodTraits(of: "processor.drain", hasTransactionID: false)
        let patience = timeout + configuration.answerTime
        let answer = await session.call("processor.drain", params: params, traits: traits, deadline: patience)
        let result = try answer.get()
        guard let drained = result["drained"]?.bool, let remaining = result["remaining"]?.int64 else {
            throw .invalidReply("The answer lacks drained or remaining.")
        }
        return (drained, remaining)
    }

    public func health() async throws(SluiceClientError) -> JSONValue { try await call("server.health") }

    public func stats() async throws(SluiceClientError) -> JSONValue { try await call("server.stats") }
}
