// SPDX-License-Identifier: MIT
import BackgroundProcessing
import EmbeddedKeyspace
import Keyspace
public import Logging
import MainDatabase
import NIOCore
import NIOPosix
import RedisKeyspace
import ReentrantTransactions
import ReplicationTracking
import RequestDispatch
import ServiceLifecycle
import SmartQueries
import SocketServer
import Synchronization
import TransactionBuffering
import TransactionModel

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

    /// Serves until SIGTERM, SIGINT or SIGHUP. Throws what kept it from starting, or made it stop.
    ///
    /// - Parameter onListening: Called once, when clients can connect.
    public func run(onListening: @escaping @Sendable () -> Void = {}) async throws {
        LargeBlocks.returnToSystem()
        try StateDirectory.prepare(configuration.stateDirectory)
        let failStop = FailStop()
        let now: @Sendable () -> Timestamp = { WallClock.now }
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: Self.eventLoops)
        let result: Result<Void, any Error>
        do {
            let keyspace = try await store(failStop, now, loops)
            do {
                try await serve(keyspace, failStop, now, loops, onListening)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            await keyspace.close()
        } catch {
            result = .failure(error)
        }
        try await loops.shutdownGracefully()
        try result.get()
    }

    private func store(
        _ failStop: FailStop, _ now: @escaping @Sendable () -> Timestamp, _ loops: MultiThreadedEventLoopGroup
    ) async throws -> any SiteStore {
        switch configuration.keyspace {
        case .embedded(let settings):
            return try EmbeddedKeyspace(settings, now: now) { failStop.fail($0) }
        case .redis(let settings):
            // Its callers run on this loop: then nothing changes threads between the two sockets.
            return try await RedisStore.open(
                settings, stateDirectory: configuration.stateDirectory, on: loops.next(), logger: logger)
        }
    }

    private func serve(
        _ keyspace: any SiteStore, _ failStop: FailStop, _ now: @escaping @Sendable () -> Timestamp,
        _ loops: MultiThreadedEventLoopGroup, _ onListening: @escaping @Sendable () -> Void
    ) async throws {
        let pool = ConnectionPool(keyspace: keyspace)
        let core = TransactionCore(
            keyspace: keyspace, chain: .standard(ProviderConnectionHandler(keyspace: keyspace, provider: pool)),
            transactionMode: configuration.transactionMode, pipelineMode: configuration.transactionMode, logger: logger)
        let access = KeyspaceAccess(core: core, keyspace: keyspace)

        let keys = configuration.keyspace.site.keys
        let databases = Databases(
            timeout: configuration.mainTimeout, lanes: configuration.processor.lanes, now: now)
        let main = try databases.main(
            configuration.main,
            mayCreate: configuration.mayCreateMain(hasSeenSchema: try await access.integer("EXISTS", keys.schema) > 0))
        let replicas = try configuration.replicas.map { try databases.reader($0) }
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
            manager: manager, access: access, main: main, replicas: replicas,
            configuration: configuration.tracker, standing: { processor.standing }, logger: logger)
        manager.setExecutor(processor)
        manager.setPositionTracker(tracker)

        let overview = Overview(
            configuration: configuration, manager: manager, access: access, keyspace: keyspace, processor: processor,
            tracker: tracker, main: main, startedAt: now(), now: now)
        let openTransactions = OpenTransactions(limits: .init(timeout: configuration.scopeTimeout))
        let dispatcher = RequestDispatcher(
            services: Services(
                transactions: manager, deadLetters: DeadLetters(manager: manager),
                queries: SmartQueryManager(
                    manager: manager, buffer: ReadBufferManager(access: access, keys: manager.keys), base: base),
                core: core, openTransactions: openTransactions,
                waiting: WaitingRequests(countMax: configuration.waitingMax),
                processor: ProcessorOperations(processor: processor, overview: overview),
                server: ServerOperations(overview: overview), description: overview.description))

        let listening = AsyncStream.makeStream(of: Void.self)
        let server = SocketServer(
            configuration.socket, group: loops, handler: DispatchHandler(dispatcher: dispatcher), logger: logger,
            onListening: {
                listening.continuation.finish()
                CodePages.release()
                onListening()
            })
        overview.load.withLock { $0 = server.load }
        // Stopped in reverse: first waits end, then there are no more requests, then the processor after its batch, the store last.
        // Its debug lines describe whole services.
        var groupLogger = logger
        groupLogger.logLevel = max(logger.logLevel, .info)
        var group = ServiceGroupConfiguration(
            services: [
                .init(service: failStop, failureTerminationBehavior: .gracefullyShutdownGroup),
                .init(
                    service: Maintenance(
                        keyspace: keyspace, manager: manager, openTransactions: openTransactions, logger: logger)),
                .init(service: AfterListening(service: processor, listening: listening.stream)),
                .init(service: tracker),
                .init(service: server),
                .init(service: WaitEnder(events: manager.events)),
            ], gracefulShutdownSignals: StopSignals.current, logger: groupLogger)
        if let redis = keyspace as? RedisStore {
            group.services.insert(.init(service: WorkWatcher(watch: redis.workWatch(), processor: processor)), at: 1)
        }
        group.maximumGracefulShutdownDuration = .seconds(20)
        let result: Result<Void, any Error>
        do {
            try await ServiceGroup(configuration: group).run()
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await main.close()
        for replica in replicas { await replica.close() }
        try result.get()
    }
}
