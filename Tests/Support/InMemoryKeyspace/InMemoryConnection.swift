// SPDX-License-Identifier: MIT
public import Keyspace
import Synchronization

/// One connection to an ``InMemoryKeyspace``, which a test can lose.
public final class InMemoryConnection: KeyspaceConnection {
    public let number: Int

    private struct State {
        var isAlive = true
        var reconnects = false
        var watched: [[UInt8]: Int] = [:]
    }

    private let keyspace: InMemoryKeyspace
    private let state = Mutex(State())

    init(number: Int, keyspace: InMemoryKeyspace) {
        self.number = number
        self.keyspace = keyspace
    }

    /// The server closed it, or the network did. With `reconnects` it works on, as a careless driver would have it: only
    /// what it watched is lost.
    public func lose(reconnects: Bool = false) {
        state.withLock { $0 = State(isAlive: false, reconnects: reconnects) }
    }

    public var isAlive: Bool { state.withLock { $0.isAlive } }

    public func perform(_ operations: [Operation]) async throws(KeyspaceError) -> [Reply] {
        try check()
        return try keyspace.perform(operations, connection: number)
    }

    public func watch(_ keys: [[UInt8]]) async throws(KeyspaceError) {
        try check()
        let versions = try keyspace.versions(of: keys, connection: number)
        state.withLock { $0.watched.merge(versions) { first, _ in first } }
    }

    public func unwatch() async throws(KeyspaceError) {
        try check()
        keyspace.note(.unwatch, connection: number)
        state.withLock { $0.watched = [:] }
    }

    public func execute(_ operations: [Operation]) async throws(KeyspaceError) -> Execution {
        try check()
        let watched = state.withLock { state in
            defer { state.watched = [:] }
            return state.watched
        }
        return try keyspace.execute(operations, connection: number, watched: watched)
    }

    public func close() async {
        let wasAlive = state.withLock { state in
            defer { state.isAlive = false }
            return state.isAlive
        }
        if wasAlive { keyspace.note(.close, connection: number) }
    }

    private func check() throws(KeyspaceError) {
        if !state.withLock({ $0.isAlive || $0.reconnects }) {
            throw KeyspaceError(.connectionLost, "The connection was lost.")
        }
    }
}
