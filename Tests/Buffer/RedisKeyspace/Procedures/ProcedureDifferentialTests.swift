// SPDX-License-Identifier: MIT
import EmbeddedKeyspace
import Foundation
import JSON
import Keyspace
import KeyspaceConformance
import RedisServer
import Testing
import TransactionModel

@testable import RedisKeyspace

/// The same history on Redis and on the embedded keyspace: every outcome is the same, and every documented key reads the same.
@Suite("procedures beside the embedded keyspace", .enabled(if: Fixture.hasRedis, Fixture.noRedis))
struct ProcedureDifferentialTests {
    static let operationsMax = 600
    static let stepsBetweenLooks = 40

    @Test("answer and show the same in random histories", arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func differ(seed: UInt64) async throws {
        let directory = NSTemporaryDirectory() + "procedures-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let site = SiteSettings(site: "test")
        var embeddedSettings = EmbeddedSettings(path: directory + "/keyspace.db", site: site)
        embeddedSettings.reserveBytes = 256 << 10
        let time = Timestamp(microseconds: 1_780_000_000_000_000)
        let embedded = try EmbeddedKeyspace(embeddedSettings, now: { time }, onFailure: { _ in })
        try await Fixture.with(try RedisServer()) { redis, _ in
            let both = Both(redis: Subject(redis, settings: site), embedded: Subject(embedded, settings: site))
            var history = SiteHistory(seed: seed)
            for step in 1...Self.operationsMax {
                try await both.run(history.next())
                if step.isMultiple(of: Self.stepsBetweenLooks) { try await both.compare(history.ids) }
            }
            while case .claim(let claimed, _) = try await both.run(history.claimAll()), !claimed.isEmpty {
                try await both.run(history.commitAll(claimed))
            }
            try await both.compare(history.ids)
        }
        await embedded.close()
    }
}

private struct Both {
    let redis: Subject
    let embedded: Subject

    @discardableResult
    func run(_ operation: Keyspace.Operation) async throws -> Reply {
        let (first, second) = (try await redis.one(operation), try await embedded.one(operation))
        try #require(first == second, "\(operation) was answered differently")
        return first
    }

    func compare(_ ids: [TransactionID]) async throws {
        let keys = redis.keys
        for id in ids {
            try await same(keys.transaction(id), "GET")
            try await same(keys.affectedRecords(id), "SMEMBERS")
            try await same(keys.parked(behind: id), "LRANGE", 0, -1)
        }
        for model in ["m0", "m1"] {
            try await same(keys.bufferedIndex(model: model), "SMEMBERS")
            for number in 0...4 {
                let record = RecordKey(model: model, encodedID: "r\(number)")
                for key in [keys.cachedIDs(record), keys.buffered(record)] { try await same(key, "GET") }
                for key in [keys.recordPending(record), keys.readBufferUpdates(record)] { try await same(key, "LRANGE", 0, -1) }
                try await same(keys.readBuffer(record), "HGETALL")
            }
        }
        try await same(keys.transactionBuffer, "LRANGE", 0, -1)
        for key in [keys.counters, keys.heldRecords] { try await same(key, "HGETALL") }
        for key in [
            keys.transactionRetry, keys.transactionDeadLetter, keys.transactionRecent, keys.replicationPending,
        ] { try await same(key, "ZRANGE", 0, -1, "WITHSCORES") }
    }

    private func same(_ key: String, _ name: String, _ rest: any CommandArgument...) async throws {
        let type = Command("TYPE", key)
        let command = Command([name.commandBytes, key.commandBytes] + rest.map(\.commandBytes))
        for command in [type, command] {
            let (first, second) = (
                Shown(try await redis.one(.command(command)), name), Shown(try await embedded.one(.command(command)), name)
            )
            try #require(first == second, "\(key) reads differently")
        }
        let life = [try await redis.command("TTL", key), try await embedded.command("TTL", key)]
        try #require(
            life[0] == life[1] || life.allSatisfy { if case .integer(0...3600) = $0 { true } else { false } },
            "\(key) lives differently: \(life)")
    }
}

/// A reply as a person reads it: JSON by its meaning, sets and hashes without an order.
private enum Shown: Equatable, CustomStringConvertible {
    case json(JSONValue)
    case other(Reply)
    case items([Shown])

    init(_ reply: Reply, _ command: String) {
        switch reply {
        case .bulk(let bytes): self = (try? JSONValue(parsing: bytes)).map(Shown.json) ?? .other(reply)
        case .array(let items):
            var shown = items.map { Shown($0, "") }
            if command == "SMEMBERS" { shown.sort { $0.description < $1.description } }
            if command == "HGETALL" {
                let pairs = stride(from: 0, to: shown.count - 1, by: 2).map { Shown.items([shown[$0], shown[$0 + 1]]) }
                shown = pairs.sorted { $0.description < $1.description }
            }
            self = .items(shown)
        default: self = .other(reply)
        }
    }

    var description: String {
        switch self {
        case .json(let value): String(decoding: value.bytes, as: UTF8.self)
        case .other(.bulk(let bytes)): String(decoding: bytes, as: UTF8.self)
        case .other(let reply): "\(reply)"
        case .items(let items): "\(items)"
        }
    }
}
