// SPDX-License-Identifier: MIT
import EmbeddedKeyspace
import Foundation
import Keyspace
import NIOPosix
import RedisKeyspace
import RedisServer
import Testing
import TransactionModel

/// The same random steps on a real redis-server and on the embedded keyspace, both through the port.
///
/// `SLUICE_SEED` repeats a run, `SLUICE_TORTURE=1` makes it long.
@Suite(
    "Redis and the embedded keyspace", .serialized, .enabled(if: RedisServer.program != nil, "there is no redis-server")
)
struct DifferentialTests {
    private static let isFull = ProcessInfo.processInfo.environment["SLUICE_TORTURE"] == "1"
    private static let commandsMin = isFull ? 300_000 : 20_000
    private static let connections = 3
    private static var seed: UInt64 {
        ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap { UInt64($0) } ?? .random(in: 1...999_999)
    }

    @Test("answer random commands, transactions and expiries alike")
    func answerAlike() async throws {
        let seed = Self.seed
        print("differential: seed \(seed) (SLUICE_SEED repeats it)")
        let server = try RedisServer()
        let site = SiteSettings(site: "test")
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let redis = try await RedisKeyspace.open(RedisSettings(url: try RedisURL(server.url), site: site), on: loop)
        var settings = EmbeddedSettings(path: server.directory + "/keyspace.db", site: site)
        settings.reserveBytes = 256 << 10
        let embedded = try EmbeddedKeyspace(settings, now: { .wallClock }, onFailure: { _ in })
        let sides = [
            try await Side(redis, connections: Self.connections),
            try await Side(embedded, connections: Self.connections),
        ]
        var differential = Differential(redis: sides[0], embedded: sides[1])
        var steps = RandomSteps(seed: seed, connections: Self.connections)
        do {
            while differential.counts.commands < Self.commandsMin { try await differential.run(steps.next()) }
            try await differential.lookAtEverything()
            report(differential.counts)
        } catch {
            Issue.record("seed \(seed), \(error)")
        }
        await embedded.close()
        await redis.close()
    }

    private func report(_ counts: Differential.Counts) {
        print(
            """
            differential: \(counts.steps) steps, \(counts.commands) commands (\(counts.errors) errors); \
            transactions: \(counts.executed) executed, \(counts.aborted) aborted, \(counts.refused) refused; \
            \(counts.perished) short expiries; whole keyspace compared \(counts.looks) times
            """)
        let missing = Set(CommandTable.specifications.keys).subtracting(counts.succeeded)
        #expect(missing.isEmpty, "Chance reaches every command.")
        #expect(min(counts.executed, counts.aborted, counts.refused, counts.perished) > 0)
    }
}

extension Timestamp {
    fileprivate static var wallClock: Timestamp {
        Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }
}
