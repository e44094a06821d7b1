// SPDX-License-Identifier: MIT
import Keyspace
import KeyspaceConformance
import RedisServer
import Testing

@Suite(.enabled(if: Fixture.hasRedis, Fixture.noRedis)) struct RedisConformanceTests {
    @Test("the Redis keyspace does what every keyspace must", arguments: KeyspaceConformance.cases)
    func conforms(_ testCase: KeyspaceConformance.Case) async throws {
        let server = try RedisServer()
        try await Fixture.with(server, { testCase.configure(&$0.site) }) { keyspace, _ async throws in
            var site = try Fixture.settings(server.url).site
            testCase.configure(&site)
            try await testCase.run(Subject(keyspace, settings: site))
        }
    }
}
