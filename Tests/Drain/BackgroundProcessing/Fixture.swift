// SPDX-License-Identifier: MIT
import EmbeddedKeyspace
import Foundation
import JSON
import Keyspace
import Logging
import MainDatabase
import ReentrantTransactions
import SeededRandom
import Synchronization
import Testing
import TransactionBuffering
import TransactionModel

@testable import BackgroundProcessing

/// A real keyspace, a fake database, and a processor on a clock that skips.
final class Fixture: Sendable {
    static let schema = Schema(tables: [
        Table(
            name: "r",
            columns: [Column(name: "id", type: .text, isNullable: false), Column(name: "v", type: .integer)],
            primaryKey: ["id"])
    ])

    let directory: String
    let clock = SkippingClock()
    let database: FakeDatabase
    let keyspace: EmbeddedKeyspace
    let store: FailingKeyspace
    let manager: TransactionManager
    let access: KeyspaceAccess
    let configuration: ProcessorConfiguration
    /// The one that runs or ran last.
    let processor = Mutex<BackgroundProcessor?>(nil)

    init(
        _ configuration: ProcessorConfiguration = ProcessorConfiguration(), database: FakeDatabase? = nil,
        failsAdvances: Int = 0, losesClaims: Int = 0
    ) async throws {
        self.configuration = configuration
        directory = NSTemporaryDirectory() + "processing-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var settings = EmbeddedSettings(path: directory + "/keyspace.db", site: SiteSettings(site: "test"))
        settings.reserveBytes = 64 << 10
        let clock = clock
        keyspace = try EmbeddedKeyspace(settings, now: { clock.time }) { _ in }
        self.database = database ?? FakeDatabase(Self.schema)
        store = FailingKeyspace(keyspace, failsAdvances: failsAdvances, losesClaims: losesClaims)
        let core = TransactionCore(
            keyspace: store, chain: .standard(CreateConnectionHandler(keyspace: store)), logger: Logger(label: "test"))
        access = KeyspaceAccess(core: core, keyspace: store)
        manager = TransactionManager(
            site: try #require(SiteConfiguration(name: "test")), keys: settings.site.keys, access: access,
            schemaSource: Source(schema: Self.schema), now: { clock.time },
            newID: { time in
                var generator = SystemRandomNumberGenerator()
                return TransactionID(at: time, using: &generator)
            })
        try await manager.schema.refresh()
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// A transaction that writes these records.
    func accept(_ id: String, _ records: String...) async throws { try await accept(id, records: records) }

    func accept(_ id: String, records: [String], rest: String = "") async throws {
        let steps = records.enumerated().map { index, record in
            #"{"step_id":"s\#(index)","operation":"upsert","model":"r","data":{"id":"\#(record)","v":1}}"#
        }
        let text = #"{"transaction_id":"\#(id)",\#(rest)"steps":[\#(steps.joined(separator: ","))]}"#
        _ = try await manager.buffer(try JSONDocument(parsing: text).root)
    }

    /// Runs the processor until `isDone`, looked at whenever a transaction changed its status and whenever it sleeps.
    func run(until isDone: @escaping @Sendable (Fixture) async throws -> Bool) async throws {
        let clock = clock
        let processor = BackgroundProcessor(
            manager: manager, access: access, database: database, configuration: configuration, clock: clock,
            now: { clock.time }, logger: Logger(label: "test"))
        self.processor.withLock { $0 = processor }
        let (events, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        clock.listener.withLock { $0 = { continuation.yield() } }
        let subscription = manager.events.subscribe(.init()) { _ in continuation.yield() }
        defer { manager.events.unsubscribe(subscription) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await processor.run() }
            continuation.yield()
            for await _ in events where try await isDone(self) { break }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Until these counters have these values.
    func run(until counters: [String: Int64]) async throws {
        try await run { fixture in
            let found = try await fixture.counters()
            return counters.allSatisfy { found[$0.key] == $0.value }
        }
    }

    /// How many conflict keys are held.
    func heldKeys() async throws -> Int64 { try await access.heldCount(manager.keys) }

    func counters() async throws -> [String: Int64] { try await keyspace.statistics().counters }

    func status(_ id: String) async throws -> JSONView {
        try JSONDocument(parsing: try await manager.status(try #require(TransactionID(id)))).root
    }

    private struct Source: SchemaSource {
        let schema: Schema
        func introspect() async -> Schema? { schema }
    }
}

/// accepted = committed + pending + processing + retrying + dead_letter + cancelled + discarded
func isConserved(_ counters: [String: Int64]) -> Bool {
    ["committed", "pending", "processing", "retrying", "dead_letter", "cancelled", "discarded"]
        .reduce(0) { $0 + (counters[$1] ?? 0) } == counters["accepted"]
}
