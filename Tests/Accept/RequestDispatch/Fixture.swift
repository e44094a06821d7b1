// SPDX-License-Identifier: MIT
import EmbeddedKeyspace
import Foundation
import JSON
import Keyspace
import Logging
import MainDatabase
import ReentrantTransactions
import RequestDispatch
import SmartQueries
import Synchronization
import Testing
import TransactionBuffering
import TransactionModel

/// All methods over a real keyspace; nothing is applied, and the main database can't be read.
final class Fixture: Sendable {
    static let moment = Timestamp(microseconds: 1_790_000_000_000_000)

    let directory: String
    let keyspace: EmbeddedKeyspace
    let manager: TransactionManager
    let source: GatedSource
    let openTransactions: OpenTransactions
    let pool: ConnectionPool
    /// What the open transactions take for the time.
    let time: TestTime
    let pushed = Mutex<[[UInt8]]>([])
    private let dispatcher: RequestDispatcher

    init(_ limits: OpenTransactions.Limits = .init(), frameBytesMax: Int64 = 4 << 20) async throws {
        directory = NSTemporaryDirectory() + "dispatch-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var settings = EmbeddedSettings(path: directory + "/keyspace.db", site: SiteSettings(site: "test"))
        settings.reserveBytes = 64 << 10
        keyspace = try EmbeddedKeyspace(settings, now: { Self.moment }) { _ in }
        pool = ConnectionPool(keyspace: keyspace)
        let core = TransactionCore(
            keyspace: keyspace, chain: .standard(ProviderConnectionHandler(keyspace: keyspace, provider: pool)),
            logger: Logger(label: "test"))
        let clock = TestTime()
        openTransactions = OpenTransactions(limits: limits, now: { clock.now })
        time = clock
        let access = KeyspaceAccess(core: core, keyspace: keyspace)
        source = GatedSource()
        manager = TransactionManager(
            site: try #require(SiteConfiguration(name: "test")), keys: settings.site.keys, access: access,
            schemaSource: source, now: { Self.moment },
            newID: { time in
                var generator = SystemRandomNumberGenerator()
                return TransactionID(at: time, using: &generator)
            })
        dispatcher = RequestDispatcher(
            services: Services(
                transactions: manager, deadLetters: DeadLetters(manager: manager),
                queries: SmartQueryManager(
                    manager: manager, buffer: ReadBufferManager(access: access, keys: settings.site.keys),
                    base: AwayDatabase()), core: core, openTransactions: openTransactions,
                processor: NoControl(), server: NoControl(),
                description: ServerDescription(
                    name: "sluice", version: "test", limits: ["frame_bytes_max": .integer(frameBytesMax)],
                    capabilities: ["x"])))
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// The tables `t` and, once the gate is open, `late`.
    static func schema(withLate: Bool) -> Schema {
        let columns = [Column(name: "id", type: .text, isNullable: false), Column(name: "v", type: .integer)]
        let names = withLate ? ["t", "late"] : ["t"]
        return Schema(tables: names.map { Table(name: $0, columns: columns, primaryKey: ["id"]) })
    }

    func session() -> ClientSession {
        ClientSession(dispatcher: dispatcher) { [self] frame in
            pushed.withLock { $0.append(frame) }
            return true
        }
    }

    /// Sends a request and gives the reply's JSON, wherever it came out.
    func call(_ session: ClientSession, _ method: String, _ params: String = "{}") async throws -> JSONView {
        let request = #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#
        let frame = await session.respond(to: ClientRequest(Array(request.utf8))) ?? pushed.withLock { $0.first } ?? []
        return try Self.payload(frame)
    }

    /// The result of a call; records an issue where it is an error.
    func result(_ session: ClientSession, _ method: String, _ params: String = "{}") async throws -> JSONValue {
        let reply = try await call(session, method, params)
        if let error = reply["error"] { Issue.record("\(method): \(error["data"]?["kind"]?.string ?? "?")") }
        return reply["result"]?.value() ?? .null
    }

    /// The kind of the error that a call is answered with; nil for a result.
    func kind(_ session: ClientSession, _ method: String, _ params: String = "{}") async throws -> String? {
        try await call(session, method, params)["error"]?["data"]?["kind"]?.string
    }

    static func payload(_ frame: [UInt8]) throws -> JSONView {
        let length = frame.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        #expect(length == frame.count - 4)
        return try JSONDocument(parsing: Array(frame.dropFirst(4))).root
    }
}

/// A time that only tests move.
final class TestTime: Sendable {
    private let offset = Mutex(Duration.zero)
    private let start = ContinuousClock.now

    var now: ContinuousClock.Instant { start + offset.withLock { $0 } }

    func advance(by duration: Duration) { offset.withLock { $0 += duration } }
}

/// A schema source that first knows one table; a second look waits for the gate and finds another one.
final class GatedSource: SchemaSource {
    private let gate = AsyncStream.makeStream(of: Void.self)
    private let entered = AsyncStream.makeStream(of: Void.self)

    func open() { gate.continuation.finish() }

    func somebodyWaits() async { for await _ in entered.stream { return } }

    func introspect() async -> Schema? {
        entered.continuation.yield()
        for await _ in gate.stream {}
        return Fixture.schema(withLate: true)
    }
}

private struct AwayDatabase: DatabaseReader {
    private let away = DatabaseError(.unavailable, code: "away", "It is away.")

    func introspect() async throws(DatabaseError) -> Schema { throw away }
    func position() async throws(DatabaseError) -> Position { throw away }
    func close() async {}

    func read<R: Sendable>(
        _ body: @escaping @Sendable (any DatabaseSnapshot) throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        throw away
    }
}

private struct NoControl: ProcessorControl, ServerControl {
    func report() async throws(BufferingError) -> JSONValue { ["state": "running"] }
    func pause() {}
    func resume() {}
    func drain(timeout: Duration) async throws(BufferingError) -> Int64 { 0 }
    func health() async -> JSONValue { ["status": "ok"] }
    func stats() async throws(BufferingError) -> JSONValue { [:] }
    func configuration() -> JSONValue { [:] }
    func backup(to path: String) async throws(BufferingError) -> Int64 { 0 }
}
