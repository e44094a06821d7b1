// SPDX-License-Identifier: MIT
public import TransactionModel

/// Where the schema comes from: the main database, or a replica of it. Wired by the daemon.
public protocol SchemaSource: Sendable {
    /// Nil while the database can't be reached.
    func introspect() async -> Schema?
}

/// Applies what was accepted; hears of new work. Wired by the daemon; until then nothing is applied.
public protocol TransactionExecuting: Sendable {
    /// Something became pending. Called on the accepting request's path: must return at once.
    func wake()
}

/// Follows positions until the replicas have them. Wired by the daemon.
public protocol PositionTracking: Sendable {
    /// Transactions were committed and wait for the replicas.
    func committed(upTo position: Position)
}
