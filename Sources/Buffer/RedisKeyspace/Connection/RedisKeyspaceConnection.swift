// SPDX-License-Identifier: MIT
import Keyspace
import NIOCore
import Synchronization

/// A connection of the caller's own: the scope of WATCH. Used by one task at a time.
final class RedisKeyspaceConnection: KeyspaceConnection {
    private let exchange: OperationExchange<ConnectionRoute>
    private let server: SameServer
    private let isWatching = Atomic<Bool>(false)

    init(_ route: ConnectionRoute, _ server: SameServer, codec: OperationCodec, epoch: EpochCount) {
        exchange = OperationExchange(route: route, codec: codec, epoch: epoch)
        self.server = server
    }

    var isAlive: Bool { exchange.route.life.isAlive && server.isSame }

    func perform(_ operations: [Operation]) async throws(KeyspaceError) -> [Reply] {
        try server.check(exchange.route)
        return try await exchange.perform(operations)
    }

    func watch(_ keys: [[UInt8]]) async throws(KeyspaceError) {
        guard !keys.isEmpty else { return }
        isWatching.store(true, ordering: .relaxed)
        try await tell([Array("WATCH".utf8)] + keys)
    }

    func unwatch() async throws(KeyspaceError) {
        isWatching.store(false, ordering: .relaxed)
        try await tell([Array("UNWATCH".utf8)])
    }

    func execute(_ operations: [Operation]) async throws(KeyspaceError) -> Execution {
        let watches = isWatching.exchange(false, ordering: .relaxed)
        try server.check(exchange.route)
        let execution = try await exchange.execute(operations, watches: watches)
        // It never came to an EXEC, which would have forgotten them.
        if watches, case .refused = execution, isAlive { try? await unwatch() }
        return execution
    }

    func close() async { exchange.route.abandon(because: "The keyspace connection is closed.") }

    private func tell(_ command: [[UInt8]]) async throws(KeyspaceError) {
        try server.check(exchange.route)
        switch await exchange.route.send(command) {
        case .success(let replies):
            guard case .error(let bytes)? = replies.first else { return }
            throw ServerError(bytes).procedureError
        case .failure(let failure):
            throw failure.keyspaceError(mayWrite: false, isOwn: true)
        }
    }
}

/// Whether a connection still leads to the server that passed the gate last. After a failover an old one may live on, and
/// what is written there nobody ever reads.
struct SameServer: Sendable {
    private let status: LinkStatus
    private let runID: String

    init(_ status: LinkStatus, runID: String) {
        self.status = status
        self.runID = runID
    }

    var isSame: Bool { status.isServer(runID) }

    /// Ends the connection, and throws `unavailable`, if it does not.
    func check(_ route: ConnectionRoute) throws(KeyspaceError) {
        guard !isSame else { return }
        let reason = "The connection led to another Redis server than the one that is used now."
        route.abandon(because: reason)
        throw KeyspaceError(.unavailable, reason)
    }
}

/// One connection that nobody shares, as operations use it.
struct ConnectionRoute: RequestRoute {
    /// Readable from any thread.
    final class Life: Sendable {
        private let ended = Atomic<Bool>(false)

        var isAlive: Bool { !ended.load(ordering: .relaxed) }

        func end() { ended.store(true, ordering: .relaxed) }
    }

    let connection: NIOLoopBound<RedisConnection>
    let life: Life

    /// On the event loop.
    init(_ connection: NIOLoopBound<RedisConnection>) {
        let life = Life()
        connection.value.whenDead { _ in life.end() }
        self.connection = connection
        self.life = life
    }

    var isOwn: Bool { true }

    func send(_ request: OperationRequest) async -> RedisConnection.Answer {
        await withUnsafeContinuation { continuation in
            connection.eventLoop.executeNow {
                connection.value.send(to: .task(.task(continuation)), limit: request.replyLimit) {
                    request.write(into: &$0)
                }
            }
        }
    }

    func send(_ command: [[UInt8]]) async -> RedisConnection.Answer {
        await withUnsafeContinuation { continuation in
            connection.eventLoop.executeNow {
                connection.value.send(to: .task(.task(continuation))) { buffer in
                    buffer.writeCommand(command)
                    return 1
                }
            }
        }
    }

    func abandon(because reason: String) {
        life.end()
        connection.eventLoop.executeNow { connection.value.close(because: reason) }
    }
}
