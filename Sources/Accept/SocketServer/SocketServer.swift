// SPDX-License-Identifier: MIT
public import Logging
public import NIOCore
internal import NIOPosix
public import ServiceLifecycle
internal import WireProtocol

/// Listens on a Unix domain socket and hands each connection's requests to a session.
///
/// One bad client never ends the server: whatever a peer does, only its own connection pays.
public struct SocketServer<Handler: RequestHandler>: Service {
    private let configuration: SocketServerConfiguration
    private let group: any EventLoopGroup
    private let handler: Handler
    private let logger: Logger
    private let onListening: @Sendable () -> Void
    /// Connections at once that are told why they are sent away; beyond it they are closed without a word.
    private let refusedMax = 64
    /// How much it has to do.
    public let load: ServerLoad

    /// - Parameters:
    ///   - group: a group of POSIX event loops, which the caller shuts down after ``run()``.
    ///   - onListening: called once, when clients can connect.
    public init(
        _ configuration: SocketServerConfiguration, group: any EventLoopGroup, handler: Handler, logger: Logger,
        onListening: @escaping @Sendable () -> Void = {}
    ) {
        self.configuration = configuration
        self.group = group
        self.handler = handler
        self.logger = logger
        self.onListening = onListening
        load = ServerLoad(configuration)
    }

    /// Serves until a graceful shutdown or a cancellation, and removes the socket.
    ///
    /// A graceful shutdown accepts and reads nothing more, and returns when the requests in execution are answered and
    /// their replies read, at the latest after ``SocketServerConfiguration/shutdownTimeout`` if sessions heed their
    /// cancellation. Throws ``SocketServerError`` when the socket cannot be made.
    public func run() async throws {
        let socket = try ListeningSocket(at: configuration.path, mode: configuration.mode)
        let executors = EventLoopExecutors(settle: handler.settle)
        let server = try await ServerBootstrap(group: group)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(socket.descriptor) { channel in connection(on: channel, load.executing, executors) }
        logger.debug("listening", metadata: ["path": "\(configuration.path)"])
        onListening()
        try await withGracefulShutdownHandler {
            try await server.executeThenClose { try await accept($0) }
        } onGracefulShutdown: {
            server.channel.close(promise: nil)
        }
        withExtendedLifetime(socket) {}
    }

    private func accept(_ accepted: NIOAsyncChannelInboundStream<Connection>) async throws {
        let served = load.served
        let refused = BoundedCount(countMax: refusedMax)
        var id: UInt64 = 0
        try await withThrowingDiscardingTaskGroup { group in
            for try await connection in accepted {
                id += 1
                let refusal = refusal(of: connection, served)
                guard refusal == nil || refused.enter() else {
                    connection.close()
                    continue
                }
                group.addTask(executorPreference: connection.executor) { [id] in
                    if let refusal {
                        await connection.refuse(refusal)
                        refused.leave()
                    } else {
                        await connection.serve(handler, id: id)
                        served.leave()
                    }
                }
            }
        }
    }

    /// Nil: the connection is counted and may be served.
    private func refusal(of connection: Connection, _ served: BoundedCount) -> WireError? {
        let peer = connection.credentials
        guard configuration.admits(uid: peer.uid, gid: peer.gid) else {
            return WireError(.permissionDenied, "This user may not connect to this socket.")
        }
        guard served.enter() else {
            return WireError(
                .busy, "The server has as many connections as it may.", retryAfter: configuration.busyRetryAfter,
                detail: "connections_max")
        }
        return nil
    }

    private func connection(
        on channel: any Channel, _ inFlight: BoundedCount, _ executors: EventLoopExecutors
    ) -> EventLoopFuture<Connection> {
        PeerCredentials.read(from: channel).flatMapThrowing { credentials in
            let connection = Connection(
                channel, credentials: credentials, configuration: configuration, inFlight: inFlight,
                executor: executors.executor(of: channel.eventLoop), logger: logger)
            try channel.pipeline.syncOperations.addHandler(ConnectionHandler(connection))
            return connection
        }
    }
}
