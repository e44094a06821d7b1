// SPDX-License-Identifier: MIT
public import Keyspace

/// The connection that everybody shares: single commands only.
public struct DefaultConnectionHandler: ConnectionHandler {
    public let name = "DefaultConnectionHandler"
    public let capabilities = HandlerCapabilities(
        transaction: .blocked, pipeline: .blocked, adHoc: .allowed)

    private let keyspace: any Keyspace

    public init(keyspace: any Keyspace) { self.keyspace = keyspace }

    public func resolve(_ context: TaskContext, watching: Bool) -> ConnectionRoute? { .shared(keyspace) }
}
