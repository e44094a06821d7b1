// SPDX-License-Identifier: MIT
import BackgroundProcessing
import EmbeddedKeyspace
import Keyspace
public import Logging
import MainDatabase
import NIOCore
import NIOPosix
import ReentrantTransactions
import ReplicationTracking
import RequestDispatch
import SQLiteMainDatabase
import ServiceLifecycle
import SmartQueries
import SocketServer
import TransactionBuffering
import TransactionModel
import UnixSignals

/// The sidecar, put together: the one place that knows which room stands behind which port.
public struct Daemon: Sendable {
    /// Version of the program.
    public static let version = "0.1.0"
    /// Everything that waits is parsed, validated and answered on one event loop; the stores have threads of their own.
    static let eventLoops = 1

    private let configuration: DaemonConfiguration
    private let logger: Logger

    public init(_ configuration: DaemonConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Serves until SIGTERM or SIGINT. Throws what kept it from starting, or made it stop.
    ///
    /// - Parameter onListening: Called once, when clients can connect.
    public func run(onListening: @escaping @Sendable () -> Void = {}) async throws {
        try StateDirectory.prepare(configuration.stateDirectory)
        let failStop = FailStop()
        let now: @Sendable () -> Timestamp = { WallClock.now }
        let keyspace = try EmbeddedKeyspace(configuration.keyspace, now: now) { failStop.fail($0) }
        do {
            try await serve(keyspace, failStop, now, onListening)
        } catch {
            await keyspace.close()
            throw error
        }
        await keyspace.close()
    }

    private func serve(
        _ keyspace: EmbeddedKeyspace, _ failStop: FailStop, _ now: @escaping @Sendable () -> Timestamp,
        _ onListening: @escaping @Sendable () -> Void
    ) async throws {
        let pool = ConnectionPool(keyspace: keyspace)
        let core = TransactionCore(
            keyspace: keyspace, chain: .standard(ProviderConnectionHandler(keyspace: keyspace, provider: pool)),
            transactionMode: configuration.transactionMode, pipelineMode: configuration.transactionMode, logger: logger)
        let access = KeyspaceAccess(core: core, keyspace: keyspace)

        let keys = configuration.keyspace.site.keys
        var mainSettings = SQLiteMainDatabase.Configuration(path: configuration.mainPath)
        mainSettings.timeout = configuration.mainTimeout
        // A database that was seen before and is missing now is away; a new, empty one in its place would fail everything.
        mainSettings.createsFile = try await access.integer("EXISTS", keys.schema) == 0
        let main = SQLiteMainDatabase(mainSettings, now: now)
        let replicas = configuration.replicaPaths.map { SQLiteReader(path: $0, timeout: configuration.mainTimeout) }
        let base: any DatabaseReader = replicas.first ?? main

        let manager = TransactionManager(
            site: configuration.site, keys: keys, access: access,
            schemaSource: DatabaseSchema(main: main, replicas: replicas), now: now,
            newID: { time in
                var generator = SystemRandomNumberGenerator()
                return TransactionID(at: time, using: &generator)
            }, mainTimeout: configuration.mainTimeout)
        try await manager.schema.load()
        // The first start: whoever connects first shall be checked against what is there.
        if manager.schema.schema == nil { try await manager.schema.refresh() }

        let processor = BackgroundProcessor(
            manager: manager, access: access, database: main, configuration: configuration.processor, now: now,
            logger: logger)
        let tracker = LSNTracker(
            manager: manager, access: access, replicas: replicas.isEmpty ? [main] : replicas,
            configuration: configuration.tracker, logger: logger)
        manager.setExecutor(processor)
        manager.setPositionTracker(tracker)

        let overview = Overview(
            configuration: configuration, manager: manager, access: access, keyspace: keyspace, processor: processor,
            tracker: tracker, main: main, startedAt: now(), now: now)
        let dispatcher = RequestDispatcher(
            services: Services(
                transactions: manager, deadLetters: DeadLetters(manager: manager),
                queries: SmartQueryManager(
                    manager: manager, buffer: ReadBufferManager(access: access, keys: manager.keys), base: base),
                core: core, processor: ProcessorOperations(processor: processor, overview: overview),
                server: ServerOperations(overview: overview), description: overview.description))

        let listening = AsyncStream.makeStream(of: Void.self)
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: Self.eventLoops)
        let server = SocketServer(
            configuration.socket, group: loops, handler: DispatchHandler(dispatcher: dispatcher), logger: logger,
            onListening: {
                listening.continuation.finish()
                onListening()
            })
        // Stopped in reverse: first waits end, then there are no more requests, then the processor after its batch, the store last.
        // Its debug lines describe whole services.
        var groupLogger = logger
        groupLogger.logLevel = max(logger.logLevel, .info)
        var group = ServiceGroupConfiguration(
            services: [
                .init(service: failStop, failureTerminationBehavior: .gracefullyShutdownGroup),
                .init(service: Maintenance(keyspace: keyspace, manager: manager, logger: logger)),
                .init(service: AfterListening(service: processor, listening: listening.stream)),
                .init(service: tracker),
                .init(service: server),
                .init(service: WaitEnder(events: manager.events)),
            ], gracefulShutdownSignals: [.sigterm, .sigint], logger: groupLogger)
        group.maximumGracefulShutdownDuration = .seconds(20)
        let result: Result<Void, any Error>
        do {
            try await ServiceGroup(configuration: group).run()
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await loops.shutdownGracefully()
        await main.close()
        for replica in replicas { await replica.close() }
        try result.get()
    }
}
