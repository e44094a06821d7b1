// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import MainDatabase
import Synchronization
import Testing
import TransactionBuffering
import TransactionModel

@testable import BackgroundProcessing

@Suite(.timeLimit(.minutes(10))) struct ReconciliationTests {
    private static let first = DatabaseOrigin(system: 7, timeline: 1)
    private static let promoted = DatabaseOrigin(system: 7, timeline: 2)
    private static let moved = DatabaseOrigin(system: 8, timeline: 1)

    private func lease(_ token: Int64 = 1, _ origin: DatabaseOrigin, isOlder: Bool = false) -> Lease {
        Lease(site: "s", token: token, isOfOlderDatabase: isOlder, origin: origin)
    }

    @Test func `each lease is due once, and a later one again`() {
        var machine = ReconciliationStateMachine()
        let (one, two) = (lease(1, Self.first), lease(2, Self.first))
        #expect(machine.standing(under: nil) == .others)
        #expect(machine.isDue(under: one) && machine.standing(under: one) == .due)
        machine.settle(under: one)
        #expect(!machine.isDue(under: one) && machine.standing(under: one) == .settled(Self.first))
        #expect(machine.isDue(under: two) && machine.standing(under: two) == .due)
        #expect(machine.standing(under: nil) == .others)
    }

    @Test(
        arguments: [
            (nil, Self.first, false, .compare(movesAll: false)),
            (Self.first, Self.first, false, .settle),
            (Self.first, Self.first, true, .compare(movesAll: false)),
            (Self.first, Self.promoted, false, .compare(movesAll: false)),
            (Self.promoted, Self.first, false, .compare(movesAll: false)),
            (Self.first, Self.moved, false, .compare(movesAll: true)),
            (.unnamed, .unnamed, false, .compare(movesAll: false)),
            (.unnamed, Self.first, false, .compare(movesAll: true)),
        ] as [(DatabaseOrigin?, DatabaseOrigin, Bool, ReconciliationStateMachine.Action)])
    func `what is compared depends on what was compared before`(
        known: DatabaseOrigin?, origin: DatabaseOrigin, isOlder: Bool, expected: ReconciliationStateMachine.Action
    ) {
        let machine = ReconciliationStateMachine()
        #expect(machine.action(under: lease(1, origin, isOlder: isOlder), known: known) == expected)
    }

    // MARK: With a processor

    private func scene(lanes: Int) async throws -> Fixture {
        var configuration = LaneProcessingTests.configuration(lanes: lanes)
        configuration.releasesAtCommit = false
        let database = FakeDatabase(Fixture.schema, lanesMax: lanes)
        database.state.withLock { $0.origin = Self.first }
        return try await Fixture(configuration, database: database)
    }

    @Test(arguments: [1, 3]) func `what a promoted replica lacks is applied before what came later`(
        lanes: Int
    ) async throws {
        let fixture = try await scene(lanes: lanes)
        for id in ["a", "b", "c"] { try await fixture.accept(id, "x") }
        try await fixture.run(until: ["committed": 3])
        fixture.database.fail(over: Self.promoted, keeping: ["a"])
        for id in ["d", "e"] { try await fixture.accept(id, "x") }
        try await fixture.run(until: ["committed": 5])
        #expect(fixture.database.applied == ["a", "b", "c", "d", "e"])
        #expect(isConserved(try await fixture.counters()))
    }

    @Test(arguments: [1, 3]) func `a batch that meets another history applies nothing and spends nothing`(
        lanes: Int
    ) async throws {
        let fixture = try await scene(lanes: lanes)
        for id in ["a", "b"] { try await fixture.accept(id, "x") }
        try await fixture.run(until: ["committed": 2])
        try await fixture.accept("c", "x")
        // It fails over between the look at the lease and the batch.
        fixture.database.failOverAtNextBatch(Self.promoted, keeping: ["a"])
        try await fixture.run(until: ["committed": 3])
        #expect(fixture.database.applied == ["a", "b", "c"])
        #expect(try await fixture.status("c")["attempts"]?.int64 == 0)
    }

    @Test(arguments: [1, 3]) func `what was lost waits for nobody who came later`(lanes: Int) async throws {
        let fixture = try await scene(lanes: lanes)
        fixture.database.fail { name, _ in name == "dead" ? .constraint : nil }
        try await fixture.accept("a", "x")
        try await fixture.accept("dead", "x", "y")
        try await fixture.accept("parked", "y")
        try await fixture.run(until: ["committed": 1, "dead_letter": 1, "parked": 1])
        fixture.database.fail(over: Self.promoted, keeping: [])
        try await fixture.run { fixture in
            try await fixture.counters()["committed"] == 1 && fixture.database.applied == ["a"]
        }
        #expect(try await fixture.status("parked")["held_by"]?.string == "dead")
    }

    @Test func `a restored database of no origin is compared at the next start`() async throws {
        let fixture = try await scene(lanes: 1)
        fixture.database.state.withLock { $0.origin = .unnamed }
        for id in ["a", "b"] { try await fixture.accept(id, "x") }
        try await fixture.run(until: ["committed": 2])
        fixture.database.fail(over: .unnamed, keeping: ["a"])
        try await fixture.accept("c", "x")
        try await fixture.run(until: ["committed": 3])
        #expect(fixture.database.applied == ["a", "b", "c"])
    }

    @Test func `in another cluster everything that waits gets a new position, and nothing is done twice`() async throws
    {
        let fixture = try await scene(lanes: 1)
        let keys = fixture.manager.keys
        for id in ["a", "b"] { try await fixture.accept(id, "x") }
        try await fixture.run(until: ["committed": 2])
        let released = Position(99, timeline: 1, system: Self.first.system)
        _ = try await fixture.access.read([Command("SET", keys.releasedPosition, released.keyspaceText)])
        fixture.database.fail(over: Self.moved, keeping: ["a", "b"])
        fixture.database.state.withLock { $0.offset = 50 }
        try await fixture.accept("c", "y")
        let isTold = Mutex(false)
        try await fixture.run { fixture in
            isTold.withLock { $0 = $0 || fixture.processor.withLock { $0?.report.isDatabaseOlder } == true }
            return try await fixture.counters()["committed"] == 3
        }
        #expect(isTold.withLock { $0 })
        #expect(fixture.database.applied == ["a", "b", "c"])
        for (id, position) in [("a", "0/33"), ("b", "0/34"), ("c", "0/35")] {
            #expect(try await fixture.status(id)["position"]?.string == position)
        }
        let replies = try await fixture.access.read([
            Command("GET", keys.mainOrigin), Command("GET", keys.releasedPosition),
        ])
        #expect(replies == [.bulk(Array("8 1".utf8)), .bulk(Array("1 52 8".utf8))])
    }

    @Test func `what waits for longer than the ledger remembers is left as it is`() async throws {
        let fixture = try await scene(lanes: 1)
        try await fixture.accept("a", "x")
        try await fixture.run(until: ["committed": 1])
        try await fixture.clock.sleep(for: ProcessorConfiguration().ledgerRetention + .seconds(60))
        fixture.database.fail(over: Self.promoted, keeping: [])
        try await fixture.accept("b", "x")
        try await fixture.run(until: ["committed": 2])
        #expect(fixture.database.applied == ["b"])
    }
}
