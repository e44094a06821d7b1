// SPDX-License-Identifier: MIT
public import JSON
public import Keyspace
public import TransactionModel

/// A keyspace with an empty site, and short ways to use it.
public struct Subject: Sendable {
    public let keyspace: any Keyspace
    public let settings: SiteSettings
    /// Whether a key below the site's prefix is the adapter's own affair, and none of the documented ones.
    public var isInternal: @Sendable (String) -> Bool
    /// Pushes an element to the transaction buffer as another program would. Only ``KeyspaceConformance/foreignCases`` do.
    public var push: @Sendable (_ element: [UInt8]) async throws -> Void

    public init(
        _ keyspace: any Keyspace, settings: SiteSettings,
        isInternal: @escaping @Sendable (String) -> Bool = { _ in false },
        push: @escaping @Sendable ([UInt8]) async throws -> Void = { _ in
            throw ConformanceFailure(description: "no other program reaches this keyspace")
        }
    ) {
        self.keyspace = keyspace
        self.settings = settings
        self.isInternal = isInternal
        self.push = push
    }

    public var keys: SiteKeys { settings.keys }

    /// A moment in the middle of 2026, so many seconds on.
    public func time(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: 1_780_000_000_000_000 + seconds * 1_000_000)
    }

    public func one(_ operation: Operation) async throws -> Reply {
        let replies = try await keyspace.perform([operation])
        guard replies.count == 1 else {
            throw ConformanceFailure(description: "\(replies.count) replies to one operation")
        }
        return replies[0]
    }

    public func command(_ arguments: any CommandArgument...) async throws -> Reply {
        try await one(.command(Command(arguments.map(\.commandBytes))))
    }

    @discardableResult
    public func accept(
        _ id: String, _ steps: String..., hash: UInt8 = 1, at seconds: Int64 = 0
    ) async throws -> AcceptOutcome {
        guard
            case .accept(let outcome) = try await one(
                .accept(Self.transaction(id, steps, hash: hash, at: time(seconds))))
        else { throw ConformanceFailure(description: "accept was not answered as one") }
        return outcome
    }

    public func claim(
        _ count: Int = 100, token: Int64 = 1, bytesMax: Int = 1 << 20
    ) async throws -> [ClaimedTransaction] {
        try await claimWithForeign(count, token: token, bytesMax: bytesMax).claimed
    }

    public func claimWithForeign(
        _ count: Int = 100, token: Int64 = 1, bytesMax: Int = 1 << 20
    ) async throws -> (claimed: [ClaimedTransaction], foreign: [[UInt8]]) {
        let claim = Claim(token: token, transactionsMax: count, bytesMax: bytesMax, at: time(10))
        guard case .claim(let list, let foreign) = try await one(.claim(claim)) else {
            throw ConformanceFailure(description: "claim was not answered as one")
        }
        return (list, foreign)
    }

    @discardableResult
    public func advance(
        _ changes: Advance.Change..., token: Int64? = nil, at seconds: Int64 = 20
    ) async throws -> [AdvanceOutcome] {
        guard case .advance(let list) = try await one(.advance(Advance(changes, token: token, at: time(seconds))))
        else {
            throw ConformanceFailure(description: "advance was not answered as one")
        }
        return list
    }

    @discardableResult
    public func release(_ id: String, _ records: RecordKey..., at seconds: Int64 = 30) async throws -> Int {
        guard
            case .release(let outcome) = try await one(
                .release(Release([.init(Self.id(id), records: records)], at: time(seconds))))
        else { throw ConformanceFailure(description: "release was not answered as one") }
        return outcome.released
    }

    /// A key's string, parsed; nil when it is not there.
    public func json(_ key: String) async throws -> JSONValue? {
        guard case .bulk(let bytes) = try await command("GET", key) else { return nil }
        return try JSONValue(parsing: bytes)
    }

    public func status(_ id: String) async throws -> JSONValue? { try await json(keys.transaction(Self.id(id))) }

    /// The strings of an array reply.
    public func texts(_ arguments: any CommandArgument...) async throws -> [String] {
        guard case .array(let items) = try await one(.command(Command(arguments.map(\.commandBytes)))) else {
            return []
        }
        return items.map { if case .bulk(let bytes) = $0 { String(decoding: bytes, as: UTF8.self) } else { "\($0)" } }
    }

    /// The ids in the transaction buffer, head first.
    public func buffer() async throws -> [String] {
        try await texts("LRANGE", keys.transactionBuffer, 0, -1).map { text in
            try JSONValue(parsing: text)["transaction_id"]?.string ?? ""
        }
    }

    public func counter(_ name: String) async throws -> Int64 {
        guard case .bulk(let bytes) = try await command("HGET", keys.counters, name) else { return 0 }
        return Int64(String(decoding: bytes, as: UTF8.self)) ?? -1
    }
}

extension Subject {
    public static func id(_ text: String) -> TransactionID {
        guard let id = TransactionID(text) else { preconditionFailure("A test's id is valid.") }
        return id
    }

    /// A stored transaction of these steps.
    public static func transaction(_ id: String, _ steps: [String], hash: UInt8 = 1, at time: Timestamp) -> Accept {
        let payload = Array(
            "{\"format\":1,\"transaction_id\":\"\(id)\",\"steps\":[\(steps.joined(separator: ","))]}".utf8)
        guard let stored = StoredTransaction(payload: payload),
            let hash = ContentHash(bytes: Array(repeating: hash, count: 32))
        else { preconditionFailure("A test's transaction is well-formed.") }
        return Accept(
            transactionID: stored.transactionID, contentHash: hash, payload: payload, changes: stored.changes,
            acceptedAt: time)
    }

    /// A step on `model/id` with this data.
    public static func step(
        _ operation: String, _ model: String, _ id: String, _ data: String = "{}", step: String = "s"
    ) -> String {
        let data = operation == "delete" ? "" : ",\"data\":\(data)"
        return "{\"step_id\":\"\(step)\",\"operation\":\"\(operation)\",\"model\":\"\(model)\",\"id\":\"\(id)\"\(data)}"
    }

    /// A bulk step; each row is a JSON object with `id` and `data`.
    public static func bulkStep(_ operation: String, _ model: String, _ rows: [String], step: String = "s") -> String {
        let head = "\"step_id\":\"\(step)\",\"operation\":\"\(operation)\",\"model\":\"\(model)\""
        return "{\(head),\"rows\":[\(rows.joined(separator: ","))]}"
    }

    public static let error = FailureRecord(
        code: "constraint_unique", message: "A value exists already.",
        at: Timestamp(microseconds: 1_780_000_015_000_000))
}
