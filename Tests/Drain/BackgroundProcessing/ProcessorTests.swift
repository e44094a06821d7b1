// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import MainDatabase
import SeededRandom
import Synchronization
import Testing
import TransactionBuffering
import TransactionModel

@testable import BackgroundProcessing

@Suite(.timeLimit(.minutes(10))) struct ProcessorTests {
    @Test func `what was accepted is applied in order and released`() async throws {
        let fixture = try await Fixture()
        for index in 0..<20 { try await fixture.accept("t\(index)", "r\(index % 3)") }
        try await fixture.run(until: ["committed": 20])
        #expect(fixture.database.applied == (0..<20).map { "t\($0)" })
        #expect(fixture.database.batches.count == 1, "one batch for all")
        #expect(try await fixture.status("t7")["status"]?.string == "replicated")
    }

    @Test func `an outage backs off, spends no attempts and loses nothing`() async throws {
        let fixture = try await Fixture()
        fixture.database.state.withLock { $0.outages = Array(repeating: .outage, count: 30) }
        try await fixture.accept("a", "x")
        try await fixture.run(until: ["committed": 1])
        #expect(try await fixture.status("a")["attempts"]?.int64 == 0)
        #expect(try await fixture.status("a")["last_error"]?.isNull ?? true)
        #expect(fixture.clock.now.offset > .milliseconds(100), "thirty backoffs take their time")
    }

    @Test(arguments: [1, 3]) func `what a lost reply had claimed is claimed again, before what came later`(
        lanes: Int
    ) async throws {
        let database = FakeDatabase(Fixture.schema, lanesMax: lanes)
        let fixture = try await Fixture(
            LaneProcessingTests.configuration(lanes: lanes), database: database, losesClaims: 2)
        for index in 0..<4 { try await fixture.accept("t\(index)", "x") }
        try await fixture.run(until: ["committed": 4, "processing": 0])
        #expect(fixture.database.applied == ["t0", "t1", "t2", "t3"])
        #expect(isConserved(try await fixture.counters()))
    }

    @Test func `an unclassified failure is retried so often, then dead`() async throws {
        let fixture = try await Fixture()
        fixture.database.fail { name, _ in name == "bad" ? .odd : nil }
        try await fixture.accept("bad", "x")
        try await fixture.accept("good", "y")
        try await fixture.run(until: ["dead_letter": 1, "committed": 1])
        let status = try await fixture.status("bad")
        #expect(status["status"]?.string == "dead_letter")
        #expect(status["last_error"]?["code"]?.string == "unclassified")
        // Once in the batch with the other, then alone, attempt by attempt.
        #expect(fixture.database.state.withLock { $0.batches.filter { $0 == ["bad"] }.count } == 3)
    }

    @Test func `a transaction's own number of attempts wins`() async throws {
        let fixture = try await Fixture()
        fixture.database.fail { _, _ in .odd }
        try await fixture.accept("bad", records: ["x"], rest: #""retry":{"max_attempts":1},"#)
        try await fixture.run(until: ["dead_letter": 1])
        #expect(fixture.database.batches == [["bad"]])
    }

    @Test func `a failure that passes is retried and committed`() async throws {
        let fixture = try await Fixture()
        fixture.database.fail { name, attempt in name == "a" && attempt < 3 ? .odd : nil }
        try await fixture.accept("a", "x")
        try await fixture.accept("b", "x")
        try await fixture.accept("c", "y")
        try await fixture.run(until: ["committed": 3])
        let applied = fixture.database.applied
        #expect(applied.firstIndex(of: "a") ?? 9 < applied.firstIndex(of: "b") ?? 0, "the conflicting one waits")
        #expect(applied.first == "c", "the other one overtakes")
    }

    @Test func `a constraint failure is final at once when nothing earlier is unfinished`() async throws {
        let fixture = try await Fixture()
        fixture.database.fail { name, _ in name == "bad" ? .constraint : nil }
        try await fixture.accept("bad", "x")
        try await fixture.run(until: ["dead_letter": 1])
        #expect(try await fixture.status("bad")["last_error"]?["code"]?.string == "unique_violation")
        #expect(fixture.database.state.withLock { $0.attempts["bad"] } == 1)
    }

    @Test func `a constraint failure with an earlier one retrying runs again behind it`() async throws {
        let fixture = try await Fixture()
        // "b" lacks what "a" brings, although they share no record.
        fixture.database.fail { name, attempt in
            if name == "a" { return attempt < 3 ? .odd : nil }
            return attempt < 2 ? .constraint : nil
        }
        try await fixture.accept("a", "x")
        try await fixture.accept("b", "y")
        try await fixture.run(until: ["committed": 2])
        #expect(fixture.database.applied == ["a", "b"])
        #expect(try await fixture.counters()["dead_letter"] == 0)
    }

    @Test func `a dead transaction holds what conflicts with it, until an operator decides`() async throws {
        let fixture = try await Fixture()
        fixture.database.fail { name, _ in name == "bad" ? .constraint : nil }
        try await fixture.accept("bad", "x")
        try await fixture.accept("held", "x")
        try await fixture.accept("free", "y")
        try await fixture.accept("later", "x", "y")
        try await fixture.run(until: ["dead_letter": 1, "committed": 1, "parked": 2])
        #expect(fixture.database.applied == ["free"])
        #expect(try await fixture.status("held")["held_by"]?.string == "bad")
        #expect(try await fixture.status("held")["status"]?.string == "pending")
        let discarded = try await DeadLetters(manager: fixture.manager).discard(.matching(.init()))
        #expect(discarded.map(\.string) == ["bad"])
        try await fixture.run(until: ["committed": 3])
        #expect(fixture.database.applied == ["free", "held", "later"])
    }

    @Test func `a dead transaction that is retried goes before those it held`() async throws {
        let fixture = try await Fixture()
        fixture.database.fail { name, _ in name == "bad" ? .constraint : nil }
        try await fixture.accept("bad", "x")
        try await fixture.accept("held", "x")
        try await fixture.run(until: ["dead_letter": 1, "parked": 1])
        fixture.database.fail { _, _ in nil }
        let retried = try await DeadLetters(manager: fixture.manager).retry(.matching(.init())).retried
        #expect(retried.map(\.string) == ["bad"])
        try await fixture.run(until: ["committed": 2])
        #expect(fixture.database.applied == ["bad", "held"])
    }

    @Test func `under continue the others go on without the dead one`() async throws {
        var configuration = ProcessorConfiguration()
        configuration.deadLetterPolicy = .continue
        let fixture = try await Fixture(configuration)
        fixture.database.fail { name, _ in name == "bad" ? .constraint : nil }
        try await fixture.accept("bad", "x")
        try await fixture.accept("next", "x")
        try await fixture.run(until: ["dead_letter": 1, "committed": 1])
        #expect(fixture.database.applied == ["next"])
    }

    @Test func `under continue too what conflicts with a retrying one waits for it`() async throws {
        var configuration = ProcessorConfiguration()
        configuration.deadLetterPolicy = .continue
        let fixture = try await Fixture(configuration)
        fixture.database.fail { name, attempt in name == "a" && attempt < 3 ? .odd : nil }
        try await fixture.accept("a", "x")
        try await fixture.accept("b", "x")
        try await fixture.run(until: ["committed": 2])
        #expect(fixture.database.applied == ["a", "b"])
    }

    @Test func `a lost lease is taken again`() async throws {
        let fixture = try await Fixture()
        try await fixture.accept("a", "x")
        try await fixture.run(until: ["committed": 1])
        fixture.database.state.withLock { $0.outages = [.fenced, .fenced] }
        try await fixture.accept("b", "x")
        try await fixture.run(until: ["committed": 2])
        #expect(fixture.database.state.withLock { $0.leases } >= 3)
        #expect(fixture.database.applied == ["a", "b"])
    }

    @Test func `a store that fails in the middle of a batch costs nothing but time`() async throws {
        let fixture = try await Fixture(failsAdvances: 3)
        try await fixture.accept("a", "x")
        try await fixture.accept("b", "y")
        try await fixture.run(until: ["committed": 2])
        #expect(fixture.database.applied == ["a", "b"])
        #expect(fixture.database.state.withLock { $0.attempts } == ["a": 1, "b": 1], "the ledger knows them")
        #expect(fixture.database.state.withLock { $0.leases } == 1)
        #expect(fixture.store.failuresLeft == 0)
    }

    @Test func `what was applied before a crash is committed without running again`() async throws {
        let fixture = try await Fixture()
        fixture.database.state.withLock { $0.applied = ["a"] }
        try await fixture.accept("a", "x")
        try await fixture.run(until: ["committed": 1])
        #expect(fixture.database.state.withLock { $0.attempts["a"] } == nil)
    }

    @Test func `who takes the process down again and again runs alone, then not at all`() async throws {
        let fixture = try await Fixture()
        for name in ["first", "suspect", "last"] { try await fixture.accept(name, name) }
        // A claim that nobody resolves, and a successor with a higher token: what a crash leaves behind.
        for token in 1...3 { _ = try await fixture.access.claim(claim(Int64(token))) }
        let planned = try await fixture.access.claim(claim(4)).transactions
        #expect(planned.map(\.unresolvedClaims) == [3, 3, 3])
        _ = try await fixture.manager.advance(planned.map { .returned($0.transactionID) })
        fixture.database.state.withLock { $0.token = 4 }
        try await fixture.run(until: ["committed": 3])
        #expect(fixture.database.batches == [["first"], ["suspect"], ["last"]])

        try await fixture.accept("fatal", "x")
        for token in 10...22 { _ = try await fixture.access.claim(claim(Int64(token))) }
        fixture.database.state.withLock { $0.token = 22 }
        try await fixture.run(until: ["dead_letter": 1])
        #expect(try await fixture.status("fatal")["last_error"]?["code"]?.string == "crash_suspect")
        #expect(!fixture.database.applied.contains("fatal"))
    }

    private func claim(_ token: Int64) -> Claim {
        Claim(token: token, transactionsMax: 100, bytesMax: 1 << 20, at: Timestamp(microseconds: 0))
    }

    @Test(
        "each record's transactions are applied in order under random failures, and counters add up",
        arguments: [DeadLetterPolicy.hold, .continue], [UInt64(1), 2, 3])
    func order(policy: DeadLetterPolicy, seed: UInt64) async throws {
        print("processing order: seed \(seed)")
        var configuration = ProcessorConfiguration()
        configuration.batchTransactionsMax = 8
        configuration.retry.attemptsMax = 1000
        configuration.deadLetterPolicy = policy
        let random = Mutex(SeededGenerator(seed: seed))
        let isConservedAlways = Mutex(true)
        let observed = Mutex<Fixture?>(nil)
        let database = FakeDatabase(Fixture.schema) { _ in
            guard let fixture = observed.withLock({ $0 }), let counters = try? await fixture.counters() else { return }
            if !isConserved(counters) { isConservedAlways.withLock { $0 = false } }
        }
        let fixture = try await Fixture(configuration, database: database)
        observed.withLock { $0 = fixture }
        var records: [String: [String]] = [:]
        for index in 0..<60 {
            let names = (0..<random.withLock { $0.integer(1...3) }).map { _ in
                "r\(random.withLock { $0.integer(0...5) })"
            }
            let unique = Array(Set(names)).sorted()
            for name in unique { records[name, default: []].append("t\(index)") }
            try await fixture.accept("t\(index)", records: unique)
        }
        database.fail { _, _ in random.withLock { $0.chance(15) } ? .odd : nil }
        database.state.withLock { state in
            state.outages = (0..<20).map { _ in random.withLock { $0.pick([.outage, .fenced, .outage]) } }
        }
        try await fixture.run(until: ["committed": 60])
        for (record, expected) in records {
            let found = database.applied.filter { expected.contains($0) }
            #expect(found == expected, "record \(record)")
        }
        #expect(Set(database.applied).count == 60)
        #expect(isConservedAlways.withLock { $0 })
        #expect(isConserved(try await fixture.counters()))
        observed.withLock { $0 = nil }
    }
}
