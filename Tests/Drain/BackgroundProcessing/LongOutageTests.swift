// SPDX-License-Identifier: MIT
import JSON
import Synchronization
import Testing
import TransactionModel

@testable import BackgroundProcessing

@Suite struct LongOutageTests {
    @Test func `half an hour without the database costs few attempts to reach it, none of a transaction, and no work`()
        async throws
    {
        let fixture = try await Fixture()
        for number in 0..<200 { try await fixture.accept("t\(number)", "r\(number % 7)") }
        let start = fixture.clock.time
        let away = 1_000_000
        fixture.database.state.withLock { $0.outages = Array(repeating: .outage, count: away) }
        try await fixture.run { fixture in
            guard fixture.clock.time - start >= .seconds(1800) else {
                // Accepting goes on meanwhile.
                let counters = try await fixture.counters()
                #expect(counters["committed"] == 0)
                return false
            }
            return true
        }
        let tries = away - fixture.database.state.withLock { $0.outages.count }
        // Full jitter under a cap of 5 s: half of it on average, so about 720; never a storm.
        #expect((300...3000).contains(tries), "\(tries) attempts to connect")
        #expect(fixture.database.applied.isEmpty)

        fixture.database.state.withLock { $0.outages = [] }
        try await fixture.run(until: ["committed": 200])
        #expect(fixture.database.state.withLock { $0.attempts.values.allSatisfy { $0 == 1 } })
        #expect(try await fixture.status("t0")["attempts"]?.int64 == 0)
        #expect(isConserved(try await fixture.counters()))
    }
}
