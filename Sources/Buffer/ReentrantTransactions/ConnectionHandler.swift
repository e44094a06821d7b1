// SPDX-License-Identifier: MIT
public import Keyspace

/// A link of the chain of responsibility: knows one way to a connection, and what may be done on it.
public protocol ConnectionHandler: Sendable {
    /// The handler's name in messages.
    var name: String { get }

    /// What may be done there. What is `reentrant` or `queued` must resolve to ``ConnectionRoute/scope(_:)``, the rest not.
    var capabilities: HandlerCapabilities { get }

    /// The way to a connection for this task, or nil: the next link answers.
    ///
    /// - Parameter watching: the connection must be the caller's own between WATCH and EXEC.
    func resolve(_ context: TaskContext, watching: Bool) -> ConnectionRoute?
}

/// Where operations go.
public enum ConnectionRoute: Sendable {
    /// Into the block that is open in this task.
    case scope(TransactionScope)
    /// To the keyspace's shared connections. Submitted before the first suspension.
    case shared(any Keyspace)
    /// To a connection that someone else holds and closes.
    case pinned(any KeyspaceConnection)
    /// To a connection that is checked out for this and given back.
    case leased(any ConnectionSource)
}

/// Lends connections.
public protocol ConnectionSource: Sendable {
    /// A connection that is the caller's until it gives it back.
    ///
    /// Throws `KeyspaceError`: `busy` when a limit is reached, `unavailable`...; `CancellationError`.
    func checkout() async throws -> any KeyspaceConnection

    /// Ends a checkout. The connection watches nothing, or is dead.
    func giveBack(_ connection: any KeyspaceConnection) async
}

extension ConnectionSource {
    func withConnection<R>(_ body: (any KeyspaceConnection) async throws -> R) async throws -> R {
        let connection = try await checkout()
        do {
            let result = try await body(connection)
            await giveBack(connection)
            return result
        } catch {
            await giveBack(connection)
            throw error
        }
    }
}
