// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import Logging
import NIOCore
import RedisKeyspace
import Synchronization

/// A Redis keyspace as the daemon runs it.
///
/// How far the site's keyspace had come is remembered in the state directory, so that a server which came back empty, or
/// from an older file, is noticed also when both were restarted.
final class RedisStore: SiteStore {
    private let keyspace: RedisKeyspace
    private let memory: EpochFile
    private let remembered: Mutex<EpochMark?>

    private init(_ keyspace: RedisKeyspace, _ memory: EpochFile, _ mark: EpochMark?) {
        self.keyspace = keyspace
        self.memory = memory
        remembered = Mutex(mark)
    }

    static func open(
        _ settings: RedisSettings, stateDirectory: String, on eventLoop: any EventLoop, logger: Logger
    ) async throws -> RedisStore {
        var settings = settings
        let memory = EpochFile(path: stateDirectory + "/redis-epoch.json", keys: settings.site.keys.prefix)
        settings.lastSeen = try memory.read()
        let keyspace = try await RedisKeyspace.open(settings, on: eventLoop) { Self.log($0, logger) }
        return RedisStore(keyspace, memory, settings.lastSeen)
    }

    private static func log(_ event: RedisEvent, _ logger: Logger) {
        switch event {
        case .connected(let server, let durability):
            logger.info("redis connected", metadata: ["server": "\(server)", "durability": "\(durability.rawValue)"])
        case .disconnected(let error): logger.warning("redis connection lost", metadata: ["error": "\(error)"])
        case .unavailable(let error): logger.warning("redis can't be used", metadata: ["error": "\(error)"])
        case .warning(let finding): logger.warning("redis", metadata: ["finding": "\(finding)"])
        case .setBack(let setBack): logger.critical("\(setBack.message)")
        }
    }

    // MARK: The port

    var durability: Durability { keyspace.durability }

    var isShared: Bool { true }

    func perform(_ operations: [Operation]) async throws(KeyspaceError) -> [Reply] {
        try await keyspace.perform(operations)
    }

    func execute(_ operations: [Operation]) async throws(KeyspaceError) -> Execution {
        try await keyspace.execute(operations)
    }

    func connect() async throws(KeyspaceError) -> any KeyspaceConnection { try await keyspace.connect() }

    /// Tells of what other processes push.
    func workWatch() -> RedisWorkWatch { keyspace.workWatch() }

    // MARK: Upkeep

    var problem: HealthReason? {
        keyspace.report.problem.map { HealthReason(code: "redis_unavailable", message: $0.message) }
    }

    var concerns: [HealthReason] {
        let report = keyspace.report
        var reasons = report.warnings.map { HealthReason(code: $0.code.rawValue, message: $0.description) }
        if let setBack = report.setBack {
            reasons.append(HealthReason(code: "keyspace_\(setBack.kind.rawValue)", message: setBack.message))
        }
        return reasons
    }

    func counters() async throws(KeyspaceError) -> [String: Int64] { try await keyspace.statistics().counters }

    func figures() async throws(KeyspaceError) -> JSONObject {
        let statistics = try await keyspace.statistics()
        var object = JSONObject()
        object.append("server", .string(keyspace.report.server))
        object.append("memory_bytes", .integer(statistics.memoryUsed))
        object.append("memory_bytes_max", .integer(statistics.memoryMax))
        object.append("reconnects", .integer(Int64(statistics.reconnects)))
        return object
    }

    func maintain() async throws(KeyspaceError) {
        try await keyspace.maintain()
        guard let mark = keyspace.report.mark else { return }
        let isNew = remembered.withLock { last in
            defer { last = mark }
            return last != mark
        }
        if isNew { memory.write(mark) }
    }

    func backup(to path: String) async throws(KeyspaceError) {
        throw KeyspaceError(
            .unavailable, "The keyspace is a Redis server: save it with its own BGSAVE, and copy its files.")
    }

    func close() async {
        try? await maintain()
        await keyspace.close()
    }
}

extension RedisStore: DirectSubmission {
    func submit(_ operation: Operation, _ completion: @escaping @Sendable (Result<Reply, KeyspaceError>) -> Void) {
        keyspace.submit(operation, completion)
    }
}
