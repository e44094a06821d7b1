// SPDX-License-Identifier: MIT
import Keyspace

/// Sends operations on one route and says in the words of the port what came of it.
///
/// The first request is handed to the route before the first suspension.
struct OperationExchange<Route: RequestRoute> {
    let route: Route
    let codec: OperationCodec
    let epoch: EpochCount

    func perform(_ operations: [Operation]) async throws(KeyspaceError) -> [Reply] {
        guard operations.contains(where: { codec.refusal(of: $0) != nil }) else {
            return try await performAll(operations)
        }
        // What is refused is not sent, and answered in its place.
        let refusals = operations.map(codec.refusal)
        let allowed = zip(operations, refusals).filter { $0.1 == nil }.map(\.0)
        var replies = try await performAll(allowed).makeIterator()
        return refusals.map { refusal in refusal.map(Reply.error) ?? replies.next() ?? .null }
    }

    /// - Parameter watches: Whether the connection watches keys, which only EXEC looks at.
    func execute(_ operations: [Operation], watches: Bool) async throws(KeyspaceError) -> Execution {
        for (index, operation) in operations.enumerated() {
            if let error = codec.refusal(of: operation) { return .refused(index: index, error) }
        }
        if !watches {
            if operations.isEmpty { return .executed([]) }
            // A script is a block by itself.
            if operations.count == 1, operations[0].isProcedure { return .executed(try await performAll(operations)) }
        }
        let ticket = epoch.ticket
        let answers = try await send(operations, as: .block)
        switch BlockReply(answers, to: operations) {
        case .executed(let values):
            let replies = try codec.replies(values, to: operations)
            epoch.count(replies, ticket)
            return .executed(replies)
        case .aborted: return .aborted
        case .refused(let index, let error): return .refused(index: index, error)
        case .failed(let error): throw error
        case .broken:
            route.abandon(because: "Redis answered a block with what is no answer to one.")
            throw KeyspaceError(.outcomeUnknown, "Redis answered a block with what is no answer to one.")
        }
    }

    /// Sends and answers what was checked.
    private func performAll(_ operations: [Operation]) async throws(KeyspaceError) -> [Reply] {
        if operations.isEmpty { return [] }
        let ticket = epoch.ticket
        var values = try await send(operations, as: .separate)
        try await repeatUnknownScripts(operations, &values)
        let replies = try codec.replies(values[...], to: operations)
        epoch.count(replies, ticket)
        return replies
    }

    /// The server forgot a script since the gate loaded it (SCRIPT FLUSH): sends those again in their order, as text.
    private func repeatUnknownScripts(
        _ operations: [Operation], _ values: inout [RESPValue]
    ) async throws(KeyspaceError) {
        let indices = operations.indices.filter { index in
            guard operations[index].isProcedure, case .error(let bytes) = values[index] else { return false }
            return ServerError(bytes).condition == .noScript
        }
        if indices.isEmpty { return }
        let repeated = try await send(indices.map { operations[$0] }, as: .separateAsText)
        for (index, value) in zip(indices, repeated) { values[index] = value }
    }

    private func send(
        _ operations: [Operation], as form: OperationRequest.Form
    ) async throws(KeyspaceError) -> [RESPValue] {
        let request = OperationRequest(operations: operations, form: form, codec: codec)
        return try values(of: await route.send(request), to: request)
    }

    /// What came, when it did; else why not.
    func values(
        of answer: RedisConnection.Answer, to request: OperationRequest
    ) throws(KeyspaceError) -> [RESPValue] {
        switch answer {
        case .success(let values):
            if values.contains(where: \.isReadOnly) {
                route.abandon(because: "The Redis server is a replica now; a new connection looks for the master.")
            }
            return values
        case .failure(let failure):
            throw failure.keyspaceError(mayWrite: request.mayWrite, isOwn: route.isOwn)
        }
    }
}

/// Where requests go: the shared connection, or one of the caller's own.
protocol RequestRoute: Sendable {
    /// Hands the request over before it suspends.
    func send(_ request: OperationRequest) async -> RedisConnection.Answer

    /// The connection must not be used any more.
    func abandon(because reason: String)

    /// Whether nobody else uses the connection.
    var isOwn: Bool { get }
}

extension RESPValue {
    fileprivate var isReadOnly: Bool {
        guard case .error(let bytes) = self else { return false }
        return bytes.starts(with: Array("READONLY".utf8))
    }
}
