// SPDX-License-Identifier: MIT
import Keyspace
import Testing

@testable import RedisKeyspace

/// What facts mean, for servers that a test can't start.
@Suite struct GateRulesTests {
    static let healthy = [
        "redis_version": "7.2.4", "run_id": "abc", "role": "master", "loading": "0", "aof_enabled": "1",
        "aof_last_write_status": "ok", "rdb_last_bgsave_status": "ok", "maxmemory_policy": "noeviction",
        "maxmemory": "0", "used_memory": "1000", "cluster_enabled": "0",
    ]

    static let everySecond = RESPValue.array([.bulk(Array("appendfsync".utf8)), .bulk(Array("everysec".utf8))])

    static func facts(_ changes: [String: String] = [:], _ configuration: RESPValue = everySecond) throws -> GateFacts {
        let fields = healthy.merging(changes) { $1 }
        let text = "# Server\r\n" + fields.map { "\($0.key):\($0.value)\r\n" }.joined() + "# Other\r\nnot a field\r\n"
        return try #require(GateFacts(info: Array(text.utf8), configuration: configuration))
    }

    private func rules(_ configure: (inout RedisSettings) -> Void = { _ in }) throws -> GateRules {
        GateRules(try Fixture.settings("redis://h", configure))
    }

    @Test func `a healthy server has no finding`() throws {
        #expect(try rules().findings(Self.facts()) == [])
        #expect(try rules().durability(of: Self.facts()) == .written)
    }

    @Test(
        "each fact that matters has its finding",
        arguments: [
            (["redis_version": "6.2.14"], GateFinding.Code.version, GateFinding.Level.problem),
            (["redis_version": "nonsense"], .version, .problem),
            (["role": "slave"], .replica, .problem),
            (["loading": "1"], .loading, .problem),
            (["maxmemory_policy": "allkeys-lru"], .eviction, .problem),
            (["maxmemory_policy": ""], .eviction, .problem),
            (["cluster_enabled": "1"], .cluster, .problem),
            (["aof_enabled": "0"], .notPersistent, .warning),
            (["aof_last_write_status": "err"], .saveFailed, .warning),
            (["redis_version": "10.0.0"], nil, .ok),
        ] as [([String: String], GateFinding.Code?, GateFinding.Level)])
    func finds(_ row: (changes: [String: String], code: GateFinding.Code?, level: GateFinding.Level)) throws {
        let findings = try rules().findings(Self.facts(row.changes))
        #expect(findings.map(\.code) == [row.code].compactMap { $0 })
        #expect(findings.allSatisfy { $0.level == row.level && $0.advice?.isEmpty == false })
    }

    @Test func `problems come before warnings`() throws {
        let findings = try rules().findings(
            Self.facts(["aof_enabled": "0", "role": "slave", "rdb_last_bgsave_status": "err"]))
        #expect(findings.map(\.code) == [.replica, .notPersistent, .saveFailed])
    }

    @Test func `eviction can be allowed, and a cluster with a hash tag is none of our problems`() throws {
        #expect(
            try rules { $0.allowsEviction = true }.findings(Self.facts(["maxmemory_policy": "x"])).map(\.level) == [
                .warning
            ])
        #expect(try rules { $0.site.hashTag = true }.findings(Self.facts(["cluster_enabled": "1"])) == [])
    }

    @Test(
        "durability is never more than is known",
        arguments: [
            ("always", Durability.fsynced), ("everysec", .written), ("no", .memory), ("sometimes", .memory),
        ])
    func durability(_ row: (setting: String, durability: Durability)) throws {
        let reply = RESPValue.array([.bulk(Array("appendfsync".utf8)), .bulk(Array(row.setting.utf8))])
        #expect(try rules().durability(of: Self.facts([:], reply)) == row.durability)
        #expect(try rules().durability(of: Self.facts(["aof_enabled": "0"], reply)) == .memory)
        #expect(try rules().durability(of: Self.facts([:], .error(Array("NOPERM".utf8)))) == .memory)
    }

    @Test func `Valkey says its own name and version`() throws {
        let facts = try Self.facts(["server_name": "valkey", "valkey_version": "8.1.0"])
        #expect(facts.server == "valkey")
        #expect(facts.version == "8.1.0")
        #expect(facts.majorVersion == 7)
    }

    @Test func `what is no INFO is no facts`() {
        #expect(GateFacts(info: Array("HTTP/1.1 200 OK\r\n".utf8), configuration: .null) == nil)
    }
}
