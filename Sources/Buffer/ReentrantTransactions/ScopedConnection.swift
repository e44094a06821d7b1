// SPDX-License-Identifier: MIT
public import Keyspace

/// The connection as a block's body sees it: what it is given is queued, and answered with a future.
///
/// Where a handler blocks and the mode falls back, it runs at once and the future has its value.
public struct ScopedConnection: Sendable {
    let scope: TransactionScope

    /// Queues any operation, a procedure or a command.
    ///
    /// Throws ``TransactionError``: `scopeClosed` after the block's end, `blockFull`. `KeyspaceError` under the fallback.
    @discardableResult
    public func queue(_ operation: Operation) async throws -> Future { try await scope.queue(operation) }

    /// Queues a command: `try await connection("SET", "key1", "value1")`.
    @discardableResult
    public func callAsFunction(_ arguments: any CommandArgument...) async throws -> Future {
        try await scope.queue(.command(Command(arguments.map(\.commandBytes))))
    }
}
