// SPDX-License-Identifier: MIT
public import JSON

extension SluiceClient {
    /// What a wait waits for.
    public enum Goal: String, Sendable, CaseIterable {
        case committed
        case replicated
    }

    /// Makes a transaction durable. One without transaction_id gets a UUIDv7, so that it can be sent again safely.
    ///
    /// On `outcome_unknown` call it again with the same transaction_id; so give it one yourself where that may happen.
    public func buffer(
        _ transaction: JSONValue, deadline: Duration? = nil
    ) async throws(SluiceClientError) -> Receipt {
        let params: JSONValue = ["transaction": Self.identified(transaction)]
        return try Receipt(await view("transaction.buffer", params, deadline: deadline))
    }

    /// The transaction with a transaction_id; what is no object is left to the sidecar's judgement.
    public static func identified(_ transaction: JSONValue) -> JSONValue {
        guard var members = transaction.object, members["transaction_id"] == nil else { return transaction }
        members["transaction_id"] = .string(UUIDv7.generate())
        return .object(members)
    }

    public func status(of transactionID: String) async throws(SluiceClientError) -> TransactionRecord {
        try TransactionRecord(await view("transaction.status", ["transaction_id": .string(transactionID)]))
    }

    /// Answers at the goal, where it can't be reached any more, or, with `timedOut`, after `timeout` (at most 1 h).
    @discardableResult
    public func wait(
        for transactionID: String, until goal: Goal, timeout: Duration
    ) async throws(SluiceClientError) -> TransactionRecord {
        let params: JSONObject = [
            "transaction_id": .string(transactionID), "until": .string(goal.rawValue),
            "timeout_ms": .integer(timeout.wholeMilliseconds),
        ]
        let bytes = JSONValue.object(params).bytes
        // The answer to a wait that lasts to its end needs a little time itself.
        let patience = timeout + configuration.answerTime
        let traits = MethodTraits(of: "transaction.wait", hasTransactionID: true)
        let answer = await session.call("transaction.wait", params: bytes, traits: traits, deadline: patience)
        return try TransactionRecord(answer.get())
    }

    /// Takes back a pending transaction; `not_cancellable` once it is under way.
    @discardableResult
    public func cancel(_ transactionID: String) async throws(SluiceClientError) -> TransactionRecord {
        try TransactionRecord(await view("transaction.cancel", ["transaction_id": .string(transactionID)]))
    }

    /// Those of one status, oldest first; without a status the most recent, newest first. `limit`: 1 to 1000.
    public func transactions(
        status: TransactionStatus? = nil, limit: Int = 100, cursor: String? = nil
    ) async throws(SluiceClientError) -> TransactionPage {
        var params: JSONObject = ["limit": .integer(Int64(limit))]
        params["status"] = status.map { .string($0.rawValue) }
        params["cursor"] = cursor.map { .string($0) }
        return try TransactionPage(await view("transaction.list", .object(params)))
    }

    /// Events from now on: of these transactions, taking these statuses; nil means all.
    public func subscribe(
        transactionIDs: [String]? = nil, statuses: [TransactionStatus]? = nil
    ) async throws(SluiceClientError) -> TransactionEvents {
        var params: JSONObject = [:]
        params["transaction_ids"] = transactionIDs.map { .array($0.map { .string($0) }) }
        params["statuses"] = statuses.map { .array($0.map { .string($0.rawValue) }) }
        return try await session.subscribe(params: JSONValue.object(params).bytes).get()
    }
}
