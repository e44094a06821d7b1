// SPDX-License-Identifier: MIT

/// The handlers that a client may choose for its connection.
public enum SessionHandler: String, Sendable, CaseIterable {
    /// A pooled connection where one must be held, the shared ones otherwise. The usual choice.
    case provider
    /// The connection that everybody shares: single commands; transactions and pipelines by the fallback mode.
    case `default`
    /// A fresh connection for each block and each single command.
    case create
    /// One connection of the client's own, as long as it is connected: single commands; blocks by the fallback mode.
    case taskConnection = "task_connection"
    /// Whole blocks on the shared connections: nothing can be watched or kept open.
    case coalescing
}

extension TransactionCore {
    /// The same store as a client has chosen to use it. Both cores see each other's blocks.
    ///
    /// - Parameters:
    ///   - handler: `provider` keeps this core's own chain. With `taskConnection` the caller pins the client's connection
    ///     with ``withConnection(_:_:)``.
    ///   - mode: for transactions and pipelines; nil keeps this core's.
    public func choosing(_ handler: SessionHandler, mode: FallbackMode? = nil) -> TransactionCore {
        let last: any ConnectionHandler
        switch handler {
        case .provider:
            return with(
                chain: chain, transactionMode: mode ?? transactionMode, pipelineMode: mode ?? pipelineMode)
        case .default, .taskConnection: last = DefaultConnectionHandler(keyspace: keyspace)
        case .create: last = CreateConnectionHandler(keyspace: keyspace)
        case .coalescing: last = CoalescingConnectionHandler(keyspace: keyspace)
        }
        return with(
            chain: .standard(last), transactionMode: mode ?? transactionMode, pipelineMode: mode ?? pipelineMode)
    }

    /// The mode for transactions, as it is in force.
    public var mode: FallbackMode { transactionMode }
}
