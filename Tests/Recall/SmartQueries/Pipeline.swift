// SPDX-License-Identifier: MIT
import BackgroundProcessing
import EmbeddedKeyspace
import Foundation
import JSON
import Keyspace
import Logging
import MainDatabase
import ReentrantTransactions
import SQLiteConnection
import SQLiteMainDatabase
import SeededRandom
import SmartQueries
import Synchronization
import Testing
import TransactionBuffering
import TransactionModel

/// Accept, keyspace, processor, main database and recall, put together as the daemon does it; the processor runs only
/// when a test says so. `replica` is a copy of the main database's file, made when a test says so.
final class Pipeline: Sendable {
    static let moment = Timestamp(microseconds: 1_790_000_000_000_000)

    let directory: String
    let keyspace: EmbeddedKeyspace
    let access: KeyspaceAccess
    let manager: TransactionManager
    let main: SQLiteMainDatabase
    let replica: SQLiteReader
    let configuration: ProcessorConfiguration
    /// Over the main database.
    let queries: SmartQueryManager
    /// Over the replica.
    let replicaQueries: SmartQueryManager

    var mainPath: String { directory + "/main.db" }
    var replicaPath: String { directory + "/replica.db" }

    init(
        schema sql: String, batch: Int = 512, hasReplica: Bool = false, policy: DeadLetterPolicy = .continue
    ) async throws {
        directory = NSTemporaryDirectory() + "pipeline-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try SQLiteConnection(path: directory + "/main.db", mode: .create).execute(sql)
        var settings = EmbeddedSettings(path: directory + "/keyspace.db", site: SiteSettings(site: "test"))
        settings.reserveBytes = 64 << 10
        keyspace = try EmbeddedKeyspace(settings, now: { Self.moment }) { _ in }
        let core = TransactionCore(
            keyspace: keyspace, chain: .standard(CreateConnectionHandler(keyspace: keyspace)),
            logger: Logger(label: "test"))
        access = KeyspaceAccess(core: core, keyspace: keyspace)
        main = SQLiteMainDatabase(.init(path: directory + "/main.db"), now: { Self.moment })
        replica = SQLiteReader(path: directory + "/replica.db")
        guard let site = SiteConfiguration(name: "test") else { preconditionFailure("a name of a site") }
        let generator = Mutex(SeededGenerator(seed: 1))
        manager = TransactionManager(
            site: site, keys: settings.site.keys, access: access, schemaSource: Source(main: main),
            now: { Self.moment },
            newID: { time in generator.withLock { TransactionID(at: time, using: &$0) } })
        var configuration = ProcessorConfiguration()
        configuration.batchTransactionsMax = batch
        configuration.deadLetterPolicy = policy
        configuration.releasesAtCommit = !hasReplica
        self.configuration = configuration
        let buffer = ReadBufferManager(access: access, keys: settings.site.keys)
        queries = SmartQueryManager(manager: manager, buffer: buffer, base: main)
        replicaQueries = SmartQueryManager(manager: manager, buffer: buffer, base: replica)
        try await manager.schema.refresh()
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func close() async {
        await keyspace.close()
        await main.close()
        await replica.close()
    }

    @discardableResult
    func buffer(_ transaction: JSONValue) async throws -> Receipt {
        try await manager.buffer(try JSONDocument(parsing: transaction.bytes).root)
    }

    /// Runs the processor until no more than `remaining` transactions are unfinished; where each is a batch of its own, until
    /// exactly so many are.
    func drain(downTo remaining: Int64 = 0) async throws {
        let (events, continuation) = AsyncStream.makeStream(of: Void.self)
        let subscription = manager.events.subscribe(.init()) { _ in continuation.yield() }
        defer { manager.events.unsubscribe(subscription) }
        let started = try await unfinished()
        guard started > remaining else { return }
        let batches = configuration.batchTransactionsMax == 1 ? Int(started - remaining) : .max
        let processor = BackgroundProcessor(
            manager: manager, access: access, database: RationedDatabase(main, batches: batches),
            configuration: configuration, now: { Self.moment },
            logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await processor.run() }
            for await _ in events where try await unfinished() <= remaining { break }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    func unfinished() async throws -> Int64 {
        let counters = try await keyspace.statistics().counters
        return ["pending", "processing", "retrying"].reduce(0) { $0 + (counters[$1] ?? 0) }
    }

    func counter(_ name: String) async throws -> Int64 { try await keyspace.statistics().counters[name] ?? 0 }

    /// The replica gets what the main database has at this moment.
    func copyToReplica() throws {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: replicaPath + suffix) }
        try SQLiteConnection(path: mainPath, mode: .readWrite).backup(to: replicaPath)
    }
}

private struct Source: SchemaSource {
    let main: SQLiteMainDatabase

    func introspect() async -> Schema? { try? await main.introspect() }
}

/// A view of a value.
func view(_ value: JSONValue) throws -> JSONView { try JSONDocument(parsing: value.bytes).root }
