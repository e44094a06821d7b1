// SPDX-License-Identifier: MIT
import EmbeddedKeyspace
import JSON
import Keyspace
import KeyspaceConformance
import RedisServer
import Testing
import TransactionModel

@testable import RedisKeyspace

/// The same history on Redis and on the embedded keyspace: every outcome is the same, and every documented key reads
/// the same.
@Suite("procedures beside the embedded keyspace", .enabled(if: Fixture.hasRedis, Fixture.noRedis))
struct ProcedureDifferentialTests {
    static let operationsMax = 400
    static let stepsBetweenLooks = 40

    @Test("answer and show the same in random histories", arguments: [1, 2, 3, 4] as [UInt64])
    func differ(seed: UInt64) async throws {
        let server = try RedisServer()
        let site = SiteSettings(site: "test")
        var embeddedSettings = EmbeddedSettings(path: server.directory + "/keyspace.db", site: site)
        embeddedSettings.reserveBytes = 256 << 10
        let time = Timestamp(microseconds: 1_780_000_000_000_000)
        let embedded = try EmbeddedKeyspace(embeddedSettings, now: { time }, onFailure: { _ in })
        try await Fixture.with(server) { redis, _ in
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
    func run(_ operation: Operation) async throws -> Reply {
        let (first, second) = (try await redis.one(operation), try await embedded.one(operation))
        try #require(first == second, "\(operation) was answered differently")
        return first
    }

    func compare(_ ids: [TransactionID]) async throws {
        let looks = looks(ids)
        let operations = looks.flatMap { look in
            [look.command, Command("TYPE", look.key), Command("TTL", look.key)].map(Operation.command)
        }
        let (first, second) = (
            try await redis.keyspace.perform(operations), try await embedded.keyspace.perform(operations)
        )
        for (index, look) in looks.enumerated() {
            let (shown, expected) = (Shown(first[index * 3], look.command), Shown(second[index * 3], look.command))
            try #require(shown == expected, "\(look.key) reads differently")
            try #require(first[index * 3 + 1] == second[index * 3 + 1], "\(look.key) has another type")
            let lives = [first[index * 3 + 2], second[index * 3 + 2]]
            let areBothFinite = lives.allSatisfy { if case .integer(0...) = $0 { true } else { false } }
            try #require(lives[0] == lives[1] || areBothFinite, "\(look.key) lives differently: \(lives)")
        }
    }

    private struct Look {
        var key: String
        var command: Command

        init(_ key: String, _ name: String, _ rest: any CommandArgument...) {
            self.key = key
            command = Command([name.commandBytes, key.commandBytes] + rest.map(\.commandBytes))
        }
    }

    private func looks(_ ids: [TransactionID]) -> [Look] {
        let keys = redis.keys
        var looks: [Look] = []
        for id in ids {
            looks.append(Look(keys.transaction(id), "GET"))
            looks.append(Look(keys.affectedRecords(id), "SMEMBERS"))
            looks.append(Look(keys.parked(behind: id), "LRANGE", 0, -1))
        }
        for model in ["m0", "m1"] {
            looks.append(Look(keys.bufferedIndex(model: model), "SMEMBERS"))
            for record in (0...4).map({ RecordKey(model: model, encodedID: "r\($0)") }) {
                looks += [keys.cachedIDs(record), keys.buffered(record)].map { Look($0, "GET") }
                looks += [keys.recordPending(record), keys.readBufferUpdates(record)].map { Look($0, "LRANGE", 0, -1) }
                looks.append(Look(keys.readBuffer(record), "HGETALL"))
            }
        }
        looks.append(Look(keys.transactionBuffer, "LRANGE", 0, -1))
        looks += [keys.counters, keys.heldRecords].map { Look($0, "HGETALL") }
        let sets = [keys.transactionRetry, keys.transactionDeadLetter, keys.transactionRecent, keys.replicationPending]
        return looks + sets.map { Look($0, "ZRANGE", 0, -1, "WITHSCORES") }
    }
}

/// A reply as a person reads it: JSON by its meaning, sets and hashes without an order, sorted sets without that of
/// equal scores.
private enum Shown: Equatable, CustomStringConvertible {
    case json(JSONValue)
    case other(Reply)
    case items([Shown])

    init(_ reply: Reply, _ command: Command) {
        switch reply {
        case .bulk(let bytes): self = (try? JSONValue(parsing: bytes)).map(Shown.json) ?? .other(reply)
        case .array(let items):
            var shown = items.map { Shown($0, Command()) }
            if command.name == "SMEMBERS" { shown.sort { $0.description < $1.description } }
            if command.name == "HGETALL" || command.name == "ZRANGE" {
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
