// SPDX-License-Identifier: MIT
public import Keyspace

/// A key to watch, and what it must hold.
public struct WatchedKey: Sendable, Hashable {
    public enum Expectation: Sendable, Hashable {
        case anything
        /// The key does not exist.
        case missing
        /// The key holds this string; a key of another type never does.
        case string([UInt8])
    }

    public var key: [UInt8]
    public var expectation: Expectation

    public init(_ key: any CommandArgument, expecting expectation: Expectation = .anything) {
        self.key = key.commandBytes
        self.expectation = expectation
    }
}

/// The connection as the body of a watched transaction sees it: it reads now, and queues for EXEC.
public struct WatchedTransaction: Sendable {
    let scope: TransactionScope
    let connection: any KeyspaceConnection

    /// Runs a command at once, on the connection that watches.
    ///
    /// Throws `KeyspaceError`, ``TransactionError/Code/scopeClosed`` after the block's end.
    public func read(_ command: Command) async throws -> Reply {
        guard let reply = try await read([command]).first else { throw KeyspaceError.answerMissing }
        return reply
    }

    /// Runs commands at once, in one go, each answered for itself.
    public func read(_ commands: [Command]) async throws -> [Reply] {
        guard scope.isOpen else { throw TransactionError.closed }
        let replies = try await connection.perform(commands.map { .command($0) })
        guard replies.count == commands.count else { throw KeyspaceError.answerMissing }
        return replies
    }

    /// Watches more keys, such as those whose names were read just now. What is to protect must be read after that.
    public func watch(_ keys: [any CommandArgument]) async throws {
        guard scope.isOpen else { throw TransactionError.closed }
        try await connection.watch(keys.map(\.commandBytes))
    }

    /// Queues an operation for EXEC.
    @discardableResult
    public func queue(_ operation: Operation) async throws -> Future { try await scope.queue(operation) }

    /// Queues a command for EXEC.
    @discardableResult
    public func callAsFunction(_ arguments: any CommandArgument...) async throws -> Future {
        try await scope.queue(.command(Command(arguments.map(\.commandBytes))))
    }
}
