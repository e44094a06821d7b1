// SPDX-License-Identifier: MIT

/// The two sorts of block.
public enum BlockKind: String, Sendable, CustomStringConvertible {
    /// MULTI..EXEC: all operations or none, and nobody's in between.
    case transaction
    /// Sent together, run in order, each on its own.
    case pipeline

    public var description: String { rawValue }
}

/// What happens to a block that the connection's handler blocks.
public enum FallbackMode: String, Sendable, CaseIterable {
    /// Throws ``TransactionError/Code/operationMode``. The default.
    case strict
    /// Logs a warning and runs the operations one by one.
    case warn
    /// Runs the operations one by one.
    case permissive
}
