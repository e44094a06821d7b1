// SPDX-License-Identifier: MIT
public import Keyspace

/// What a task carries for one domain: the block it is in, the connection pinned to it.
public struct TaskContext: Sendable {
    /// The open block. It may be closed already, in a task that outlived it.
    public var scope: TransactionScope?
    /// The connection that ``TransactionCore/withConnection(_:_:)`` pinned.
    public var connection: (any KeyspaceConnection)?

    public init(scope: TransactionScope? = nil, connection: (any KeyspaceConnection)? = nil) {
        self.scope = scope
        self.connection = connection
    }
}

/// The cores that share scopes: those made from one another by ``TransactionCore/with(chain:transactionMode:pipelineMode:)``.
///
/// Blocks of different domains don't see each other: a transaction of one store can't join one of another.
final class TransactionDomain: Sendable {
    private struct Entry: Sendable {
        let domain: TransactionDomain
        let context: TaskContext
    }

    /// Almost always empty or of one entry; a task that is in blocks of two stores has two.
    @TaskLocal private static var entries: [Entry] = []

    var current: TaskContext {
        let entries = Self.entries
        if entries.isEmpty { return TaskContext() }
        return entries.last { $0.domain === self }?.context ?? TaskContext()
    }

    /// Runs `body` with `context`; it is gone on every way out.
    func with<R>(_ context: TaskContext, _ body: () async throws -> R) async rethrows -> R {
        var entries = Self.entries
        entries.removeAll { $0.domain === self }
        entries.append(Entry(domain: self, context: context))
        return try await Self.$entries.withValue(entries, operation: body)
    }
}
