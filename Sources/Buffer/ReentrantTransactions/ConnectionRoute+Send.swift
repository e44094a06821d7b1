// SPDX-License-Identifier: MIT
import Keyspace

extension ConnectionRoute {
    /// Sends a whole block. On a shared connection it is submitted before the first suspension.
    func send(_ operations: [Operation], as kind: BlockKind) async throws -> Execution {
        switch kind {
        case .transaction: try await execute(operations)
        case .pipeline: .executed(try await perform(operations))
        }
    }

    func execute(_ operations: [Operation]) async throws -> Execution {
        switch self {
        case .shared(let keyspace): try await keyspace.execute(operations)
        case .pinned(let connection): try await connection.execute(operations)
        case .leased(let source): try await source.withConnection { try await $0.execute(operations) }
        case .scope: preconditionFailure("a block is joined, never sent into another")
        }
    }

    func perform(_ operations: [Operation]) async throws -> [Reply] {
        switch self {
        case .shared(let keyspace): try await keyspace.perform(operations)
        case .pinned(let connection): try await connection.perform(operations)
        case .leased(let source): try await source.withConnection { try await $0.perform(operations) }
        case .scope: preconditionFailure("a block is joined, never sent into another")
        }
    }

    func perform(_ operation: Operation) async throws -> Reply {
        guard let reply = try await perform([operation]).first else { throw KeyspaceError.answerMissing }
        return reply
    }
}

extension KeyspaceError {
    static let answerMissing = Self(.outcomeUnknown, "The store answered fewer operations than were sent.")
}
