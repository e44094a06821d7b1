// SPDX-License-Identifier: MIT
public import Keyspace

/// A fresh connection for each block and each single command, closed afterwards.
public struct CreateConnectionHandler: ConnectionHandler {
    public let name = "CreateConnectionHandler"
    public let capabilities = HandlerCapabilities(transaction: .full, pipeline: .full, adHoc: .allowed, watch: true)

    private let source: FreshConnections

    public init(keyspace: any Keyspace) { source = FreshConnections(keyspace: keyspace) }

    public func resolve(_ context: TaskContext, watching: Bool) -> ConnectionRoute? { .leased(source) }

    private struct FreshConnections: ConnectionSource {
        let keyspace: any Keyspace

        func checkout() async throws -> any KeyspaceConnection { try await keyspace.connect() }

        func giveBack(_ connection: any KeyspaceConnection) async { await connection.close() }
    }
}
