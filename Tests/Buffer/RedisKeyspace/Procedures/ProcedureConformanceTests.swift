// SPDX-License-Identifier: MIT
import Keyspace
import KeyspaceConformance
import RedisServer
import Testing

@testable import RedisKeyspace

@Suite("the procedures on a real server", .enabled(if: Fixture.hasRedis, Fixture.noRedis))
struct ProcedureConformanceTests {
    @Test("do what every keyspace must", arguments: KeyspaceConformance.cases)
    func conforms(_ test: KeyspaceConformance.Case) async throws { try await run(test) }

    @Test("take in what other programs push", arguments: KeyspaceConformance.foreignCases)
    func adopts(_ test: KeyspaceConformance.Case) async throws { try await run(test) }

    /// With a hash tag every key of a site lies in one slot, also those that the scripts make up.
    @Test func `run on a node of a cluster`() async throws {
        let bus = String(Int.random(in: 20_000...60_000))
        let server = try RedisServer("--cluster-enabled", "yes", "--cluster-port", bus, "--bind", "127.0.0.1")
        try server.run("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        while try server.run("SET", "probe", "1") != .text("OK") { try await Task.sleep(for: .milliseconds(20)) }
        for test in KeyspaceConformance.procedureCases {
            try server.run("FLUSHALL")
            try await run(test, on: server, hashTag: true)
        }
        try await Fixture.with(server, { $0.site.hashTag = true }) { keyspace, _ in
            guard case .error(let error) = try await keyspace.command("MSET", "a", "1", "b", "2") else {
                Issue.record("keys of several slots were written together")
                return
            }
            #expect(error.prefix == "CROSSSLOT")
        }
    }

    private func run(_ test: KeyspaceConformance.Case) async throws { try await run(test, on: RedisServer()) }

    private func run(
        _ test: KeyspaceConformance.Case, on server: RedisServer, hashTag: Bool = false
    ) async throws {
        var site = SiteSettings(site: "test")
        site.hashTag = hashTag
        test.configure(&site)
        let settings = site
        try await Fixture.with(server) {
            $0.site = settings
        } _: { keyspace, _ in
            let subject = Subject(keyspace, settings: settings, isInternal: RedisStorage(settings).isInternal) {
                element in
                try server.push(element, to: settings.keys.transactionBuffer)
            }
            try await test.run(subject)
        }
    }
}

extension RedisServer {
    /// As another program would; any bytes.
    func push(_ element: [UInt8], to key: String) throws {
        let script =
            "redis.call('LPUSH', KEYS[1], (ARGV[1]:gsub('..', function(h) return string.char(tonumber(h, 16)) end)))"
        let digits = element.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }
        try run("EVAL", script, "1", key, digits.joined())
    }
}
