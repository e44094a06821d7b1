// SPDX-License-Identifier: MIT
public import JSON
public import NIOCore
internal import NIOPosix

/// A client of the sidecar, on one connection that is shared by any number of tasks.
///
/// ```swift
/// try await SluiceClient.withClient(socketPath: "/run/sluice/sluice.sock") { client in
///     let receipt = try await client.buffer(["steps": [
///         ["step_id": "obs", "operation": "create", "model": "observation", "data": ["state": "running"]]
///     ]])
///     try await client.wait(for: receipt.transactionID, until: .committed, timeout: .seconds(10))
/// }
/// ```
///
/// Calls are pipelined: none waits for another's reply. A lost connection is replaced in the background, and what can be
/// repeated without harm travels again: reads, and writes that carry a transaction_id (``buffer(_:deadline:)`` gives one
/// to a transaction without). Everything else fails with `outcome_unknown`. All methods throw ``SluiceClientError``.
public struct SluiceClient: Sendable {
    let session: Session
    /// For calls that name no deadline of their own.
    private let deadline: Duration?

    public var configuration: SluiceClientConfiguration { session.configuration }

    init(session: Session) { self.init(session: session, deadline: session.configuration.deadline) }

    private init(session: Session, deadline: Duration?) {
        self.session = session
        self.deadline = deadline
    }

    /// This client, on the same connection, with another patience for calls that name no deadline of their own; nil: they
    /// wait for ever.
    public func waiting(atMost deadline: Duration?) -> SluiceClient {
        SluiceClient(session: session, deadline: deadline)
    }

    /// Connects, runs `body`, and closes whatever way `body` ends. Throws `connection_failed` when nobody is there.
    public static func withClient<Value>(
        _ configuration: SluiceClientConfiguration,
        group: (any EventLoopGroup)? = nil,
        _ body: (SluiceClient) async throws -> Value
    ) async throws -> Value {
        let group = group ?? MultiThreadedEventLoopGroup.singleton
        let session = Session(configuration, on: group.any())
        try await session.open()
        let value: Value
        do {
            value = try await body(SluiceClient(session: session))
        } catch {
            await session.close()
            throw error
        }
        await session.close()
        return value
    }

    /// As above, with the defaults of ``SluiceClientConfiguration``.
    public static func withClient<Value>(
        socketPath: String, _ body: (SluiceClient) async throws -> Value
    ) async throws -> Value {
        try await withClient(SluiceClientConfiguration(socketPath: socketPath), body)
    }

    /// Any method of the wire; `params` must be an object.
    ///
    /// An explicit `deadline` also travels to the sidecar, which does not execute a call that comes too late.
    @discardableResult
    public func call(
        _ method: String, _ params: JSONValue = [:], deadline: Duration? = nil
    ) async throws(SluiceClientError) -> JSONValue {
        try await view(method, params, deadline: deadline).value()
    }

    /// As ``call(_:_:deadline:)``, from text to text, for those who have their own JSON: the result's bytes as they came.
    public func callRaw(
        _ method: String, paramsText: [UInt8], deadline: Duration? = nil
    ) async throws(SluiceClientError) -> [UInt8] {
        let params: JSONView
        do throws(JSONError) {
            params = try JSONDocument(parsing: paramsText).root
        } catch {
            throw SluiceClientError(.invalidParams, "The params are no JSON: \(error).")
        }
        guard params.kind == .object else { throw Self.noObject }
        let hasID = params["transaction"]?["transaction_id"] != nil || params["transaction_id"] != nil
        return Array(try await send(method, Array(params.rawBytes), hasTransactionID: hasID, deadline).rawBytes)
    }

    /// The result, not decoded yet.
    func view(
        _ method: String, _ params: JSONValue, deadline: Duration? = nil
    ) async throws(SluiceClientError) -> JSONView {
        guard var members = params.object else { throw Self.noObject }
        let hasID = members["transaction"]?["transaction_id"] != nil || members["transaction_id"] != nil
        if let deadline, members["_meta"] == nil {
            members["_meta"] = ["deadline_ms": .integer(max(0, deadline.wholeMilliseconds))]
        }
        return try await send(method, JSONValue.object(members).bytes, hasTransactionID: hasID, deadline)
    }

    private func send(
        _ method: String, _ params: [UInt8], hasTransactionID: Bool, _ deadline: Duration?
    ) async throws(SluiceClientError) -> JSONView {
        let traits = MethodTraits(of: method, hasTransactionID: hasTransactionID)
        let deadline = deadline ?? self.deadline
        return try await session.call(method, params: params, traits: traits, deadline: deadline).get()
    }

    private static let noObject = SluiceClientError(.invalidParams, "The params must be a JSON object.")
}

extension Duration {
    var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
