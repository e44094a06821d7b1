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

    private func run(_ test: KeyspaceConformance.Case) async throws {
        let server = try RedisServer()
        var site = SiteSettings(site: "test")
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
