// SPDX-License-Identifier: MIT
import EmbeddedKeyspace
import JSON
import Keyspace
import MainDatabase
import SeededRandom
import Synchronization
import Testing
import TransactionBuffering
import TransactionModel

@testable import BackgroundProcessing

/// The processor with a database that lets several batches in.
@Suite(.timeLimit(.minutes(10))) struct LaneProcessingTests {
    @Test(
        "so many batches run beside each other as are configured and allowed",
        arguments: [(4, 4, 4), (4, 2, 2), (2, 8, 2), (3, 64, 3)])
    func lanes(entry: (configured: Int, allowed: Int, lanes: Int)) async throws {
        let meeting = Meeting(entry.lanes)
        let database = FakeDatabase(Fixture.schema, lanesMax: entry.allowed) { _ in await meeting.arrive() }
        let fixture = try await Fixture(Self.configuration(lanes: entry.configured), database: database)
        for index in 0..<entry.lanes { try await fixture.accept("t\(index)", "r\(index)") }
        try await fixture.run(until: ["committed": Int64(entry.lanes)])
        #expect(database.state.withLock { $0.mostInFlight } == entry.lanes)
        #expect(fixture.processor.withLock { $0?.report.lanes } == entry.lanes)
    }

    @Test func `one slow lane keeps nobody else, not even those that come later`() async throws {
        let gate = Meeting(2)
        let fixture = try await Self.fixture(lanes: 2, transactions: 8) { names in
            if names.contains("slow") { await gate.arrive() }
        }
        try await fixture.accept("slow", "x")
        try await fixture.accept("behind", "x")
        let accepted = Mutex(0)
        try await fixture.run { fixture in
            guard fixture.database.state.withLock({ $0.begun }) > 0 else { return false }
            let committed = try await fixture.counters()["committed"] ?? 0
            // The next ten come only when those before them are through.
            let from = accepted.withLock { $0 }
            if committed == from, from < 30 {
                accepted.withLock { $0 += 10 }
                for index in from..<(from + 10) { try await fixture.accept("t\(index)", "r\(index)") }
            }
            if committed == 30 { gate.pass() }
            return committed == 32
        }
        let applied = fixture.database.applied
        #expect(applied.suffix(2) == ["slow", "behind"])
        #expect(Set(applied).count == 32 && applied.count == 32)
    }

    @Test func `a final failure beside an earlier one that came due meanwhile is tried once more`() async throws {
        let meeting = Meeting(2)
        let hasBegun = Atomic<Bool>(false)
        let fixture = try await Self.fixture(lanes: 2) { names in
            if names.contains("w") { await meeting.arrive() }
            guard names.contains("x") else { return }
            if !isFirst(hasBegun) { await meeting.arrive() }
        }
        fixture.database.fail { name, attempt in
            if name == "x" { return attempt == 1 ? .odd : nil }
            return attempt == 1 ? .constraint : nil
        }
        try await fixture.accept("x", "x")
        let isGiven = Atomic<Bool>(false)
        try await fixture.run { fixture in
            let counters = try await fixture.counters()
            if counters["retrying"] == 1, isFirst(isGiven) { try await fixture.accept("w", "y") }
            return (counters["committed"] ?? 0) + (counters["dead_letter"] ?? 0) == 2
        }
        #expect(try await fixture.counters()["committed"] == 2)
    }

    @Test func `a claim that failed half-way is given back while others are planned`() async throws {
        let hasBegun = Atomic<Bool>(false)
        var configuration = Self.configuration(lanes: 4)
        configuration.batchTransactionsMax = 2
        let database = FakeDatabase(Fixture.schema, lanesMax: 64) { inFlight in
            guard inFlight.last?.contains("x") == true else { return }
            if isFirst(hasBegun) { try? await Task.sleep(for: .milliseconds(300)) }
        }
        database.fail { name, attempt in name == "x" && attempt == 1 ? .odd : nil }
        // The store refuses to bury what can't be read, once.
        let fixture = try await Fixture(configuration, database: database, failsAdvances: 1)
        try await fixture.accept("x", "a")
        try await fixture.accept("y", "a")
        let hash = try #require(ContentHash(bytes: Array(repeating: 1, count: 32)))
        let unreadable = Accept(
            transactionID: try #require(TransactionID("m")), contentHash: hash, payload: Array("{}".utf8), changes: [],
            acceptedAt: fixture.clock.time)
        _ = try await fixture.keyspace.perform([.accept(unreadable)])
        try await fixture.accept("n", "k")
        let isGiven = Atomic<Bool>(false)
        try await fixture.run { fixture in
            let counters = try await fixture.counters()
            if counters["committed"] == 2, isFirst(isGiven) { try await fixture.accept("z", "k") }
            return counters["committed"] == 4
        }
        let applied = fixture.database.applied
        #expect(applied.filter { $0 == "n" || $0 == "z" } == ["n", "z"])
    }

    @Test func `claims stop when a window is in hand`() async throws {
        let gate = Meeting(2)
        let fixture = try await Self.fixture(lanes: 2, transactions: 4) { names in
            if names.contains("slow") { await gate.arrive() }
        }
        try await fixture.accept("slow", "x")
        for index in 0..<40 { try await fixture.accept("t\(index)", "x") }
        let most = Mutex<Int64>(0)
        let looks = Mutex(0)
        try await fixture.run { fixture in
            let counters = try await fixture.counters()
            let processing = counters["processing"] ?? 0
            most.withLock { $0 = max($0, processing) }
            // Long enough for whoever would claim more.
            if processing >= 8,
                looks.withLock({
                    $0 += 1; return $0
                }) == 20
            {
                gate.pass()
            }
            return counters["committed"] == 41
        }
        // A window is a batch of four for each lane; a claim begins with less and may go beyond.
        #expect((8...11).contains(most.withLock { $0 }))
        #expect(fixture.database.applied == ["slow"] + (0..<40).map { "t\($0)" })
    }

    @Test func `who lacks what an earlier one in another lane brings runs again after it`() async throws {
        let gate = Meeting(2)
        let fixture = try await Self.fixture(lanes: 2) { names in if names.contains("a") { await gate.arrive() } }
        let mayBe = Mutex(false)
        fixture.database.fail { name, _ in name == "b" && !mayBe.withLock { $0 } ? .constraint : nil }
        try await fixture.accept("a", "x")
        try await fixture.accept("b", "y")
        try await fixture.accept("c", "y")
        try await fixture.run { fixture in
            if fixture.database.state.withLock({ $0.attempts["b"] ?? 0 }) > 0 {
                mayBe.withLock { $0 = true }
                gate.pass()
            }
            let counters = try await fixture.counters()
            return ["committed", "dead_letter", "parked"].reduce(0) { $0 + (counters[$1] ?? 0) } == 3
        }
        #expect(fixture.database.applied == ["a", "b", "c"])
    }

    @Test func `what waits behind a failed one does not overtake it when its retry is due at once`() async throws {
        let fixture = try await Self.fixture(lanes: 2)
        try await fixture.accept("failed", "x")
        try await fixture.accept("behind", "x", "y")
        try await fixture.accept("last", "y")
        try await fixture.accept("free", "z")
        try await fixture.run { _ in true }
        let processor = try #require(fixture.processor.withLock { $0 })
        let lease = Lease(site: "test", token: 100)
        let works = try await processor.claim(lease)
        // The failed one retried, and its time came: it holds nothing any more, and waits in the buffer.
        _ = try await fixture.manager.advance([.returned(works[0].id)], token: lease.token)
        var failed = HeldKeys()
        failed.hold(works[0].transaction.conflictKeys(in: Fixture.schema), blocker: works[0].id)
        let batches = BatchRun(processor, lease)
        let runs = try await batches.plan(Array(works[1...]), needsKeys: true, behind: failed)
        #expect(runs.map(\.id.string) == ["free"])
        #expect(try await fixture.counters()["pending"] == 3)
        #expect(try await processor.claim(lease).map(\.id.string) == ["failed", "behind", "last"])
    }

    @Test func `a retry and a dead letter hold only what conflicts with them`() async throws {
        let fixture = try await Self.fixture(lanes: 4)
        fixture.database.fail { name, attempt in
            name == "bad" ? .constraint : name == "again" && attempt < 3 ? .odd : nil
        }
        try await fixture.accept("bad", "x")
        try await fixture.accept("again", "y")
        try await fixture.accept("held", "x")
        try await fixture.accept("waits", "y")
        for index in 0..<8 { try await fixture.accept("t\(index)", "r\(index)") }
        try await fixture.run(until: ["committed": 10, "dead_letter": 1, "parked": 1])
        let applied = fixture.database.applied
        #expect(applied.suffix(2) == ["again", "waits"])
        #expect(try await fixture.status("held")["held_by"]?.string == "bad")
        #expect(try await fixture.heldKeys() > 0)
        _ = try await DeadLetters(manager: fixture.manager).discard(.matching(.init()))
        try await fixture.run(until: ["committed": 11])
        #expect(fixture.database.applied.last == "held")
        #expect(try await fixture.heldKeys() == 0)
    }

    @Test(
        "an outage or a lost lease in one lane ends all, and nothing is left behind",
        arguments: [DatabaseError.outage, .fenced, .contention])
    func endsAll(error: DatabaseError) async throws {
        let meeting = Meeting(3)
        let fixture = try await Self.fixture(lanes: 3, transactions: 2) { _ in await meeting.arrive() }
        for index in 0..<30 { try await fixture.accept("t\(index)", "r\(index % 10)") }
        let isSet = Mutex(false)
        // The three first batches are under way when the first of them fails.
        meeting.whenMet {
            if isSet.withLock({
                let was = $0; $0 = true; return !was
            }) {
                fixture.database.state.withLock { $0.outages = [error] }
            }
        }
        try await fixture.run(until: ["committed": 30])
        #expect(Set(fixture.database.applied).count == 30 && fixture.database.applied.count == 30)
        let counters = try await fixture.counters()
        #expect(counters["processing"] == 0 && isConserved(counters))
        #expect(try await fixture.status("t0")["attempts"]?.int64 == 0)
        meeting.whenMet {}
    }

    @Test func `a successor that takes the token fences off every lane`() async throws {
        let meeting = Meeting(3)
        let fixture = try await Self.fixture(lanes: 3) { _ in await meeting.arrive() }
        for index in 0..<9 { try await fixture.accept("t\(index)", "r\(index)") }
        let isTaken = Mutex(false)
        meeting.whenMet {
            if isTaken.withLock({
                let was = $0; $0 = true; return !was
            }) {
                fixture.database.state.withLock { $0.token += 1 }
            }
        }
        try await fixture.run(until: ["committed": 9])
        #expect(Set(fixture.database.applied).count == 9 && fixture.database.applied.count == 9)
        #expect(fixture.database.state.withLock { $0.leases } == 2)
        meeting.whenMet {}
    }

    @Test func `a pause finishes the batches at hand and gives back the rest`() async throws {
        let meeting = Meeting(2)
        let fixture = try await Self.fixture(lanes: 2, transactions: 2) { _ in await meeting.arrive() }
        for index in 0..<20 { try await fixture.accept("t\(index)", "r\(index)") }
        meeting.whenMet { fixture.processor.withLock { $0?.pause() } }
        try await fixture.run { fixture in
            let counters = try await fixture.counters()
            return (counters["committed"] ?? 0) >= 2 && counters["processing"] == 0
        }
        #expect(fixture.database.batches.count == 2)
        let counters = try await fixture.counters()
        #expect(counters["pending"] == 20 - Int64(fixture.database.applied.count) && isConserved(counters))
        meeting.whenMet {}
    }

    @Test func `a store that fails while lanes run costs nothing but time`() async throws {
        let database = FakeDatabase(Fixture.schema, lanesMax: 64)
        let fixture = try await Fixture(Self.configuration(lanes: 3), database: database, failsAdvances: 5)
        for index in 0..<9 { try await fixture.accept("t\(index)", "r\(index % 5)") }
        try await fixture.run(until: ["committed": 9])
        #expect(database.applied.count == 9 && Set(database.applied).count == 9)
        #expect(database.state.withLock { $0.attempts.values.allSatisfy { $0 == 1 } }, "the ledger knows them")
        #expect(database.state.withLock { $0.leases } == 1)
        #expect(fixture.store.failuresLeft == 0)
        #expect(isConserved(try await fixture.counters()))
    }

    @Test func `who takes the process down runs alone in all lanes`() async throws {
        let fixture = try await Self.fixture(lanes: 4)
        for name in ["first", "suspect", "last"] { try await fixture.accept(name, name) }
        for token in 1...3 {
            _ = try await fixture.access.claim(
                Claim(token: Int64(token), transactionsMax: 100, bytesMax: 1 << 20, at: Timestamp(microseconds: 0)))
        }
        fixture.database.state.withLock { $0.token = 4 }
        try await fixture.run(until: ["committed": 3])
        #expect(fixture.database.batches == [["first"], ["suspect"], ["last"]])
        #expect(fixture.database.state.withLock { $0.mostInFlight } == 1)
    }

    @Test func `of those who may have taken the process down one is claimed at a time`() async throws {
        let fixture = Mutex<Fixture?>(nil)
        let claimed = Mutex<[Int64]>([])
        let made = try await Self.fixture(lanes: 4) { _ in
            let counters = try? await fixture.withLock { $0 }?.counters()
            claimed.withLock { $0.append(counters?["processing"] ?? -1) }
        }
        fixture.withLock { $0 = made }
        for number in 0..<6 { try await made.accept("t\(number)", "r\(number)") }
        for token in 1...3 {
            _ = try await made.access.claim(
                Claim(token: Int64(token), transactionsMax: 100, bytesMax: 1 << 20, at: Timestamp(microseconds: 0)))
        }
        made.database.state.withLock { $0.token = 4 }
        try await made.run(until: ["committed": 6])
        #expect(claimed.withLock { $0 } == Array(repeating: 1, count: 6))
    }

    @Test(
        "in several lanes too each record's order is kept under random failures, and counters add up",
        arguments: [DeadLetterPolicy.hold, .continue], 1...6 as ClosedRange<UInt64>)
    func order(policy: DeadLetterPolicy, seed: UInt64) async throws {
        print("processing in lanes: seed \(seed)")
        let random = Mutex(SeededGenerator(seed: seed))
        var configuration = Self.configuration(lanes: random.withLock { $0.integer(2...5) })
        configuration.batchTransactionsMax = random.withLock { $0.integer(1...6) }
        configuration.retry.attemptsMax = 1000
        // Due before anybody has heard of the failure.
        if seed % 2 == 1 { configuration.retry.delay = .zero }
        configuration.deadLetterPolicy = policy
        let faults = Mutex<[String]>([])
        let records = Mutex<[String: Set<String>]>([:])
        let observed = Mutex<Fixture?>(nil)
        let database = FakeDatabase(Fixture.schema, lanesMax: 64) { inFlight in
            // Nobody beside a batch may touch what it touches.
            var touched = Set<String>()
            for names in inFlight {
                let theirs = records.withLock { all in Set(names.flatMap { all[$0] ?? [] }) }
                if !touched.isDisjoint(with: theirs) { faults.withLock { $0.append("\(inFlight)") } }
                touched.formUnion(theirs)
            }
            for _ in 0..<random.withLock({ $0.integer(0...20) }) { await Task.yield() }
            guard let fixture = observed.withLock({ $0 }), let counters = try? await fixture.counters() else { return }
            if !isConserved(counters) { faults.withLock { $0.append("\(counters)") } }
        }
        let fixture = try await Fixture(configuration, database: database)
        observed.withLock { $0 = fixture }
        var expected: [String: [String]] = [:]
        for index in 0..<100 {
            let names = Set(
                (0..<random.withLock { $0.integer(1...3) }).map { _ in "r\(random.withLock { $0.integer(0...20) })" })
            for name in names { expected[name, default: []].append("t\(index)") }
            records.withLock { $0["t\(index)"] = names }
            try await fixture.accept("t\(index)", records: names.sorted())
        }
        database.fail { _, _ in random.withLock { $0.chance(10) ? .odd : $0.chance(2) ? .outage : nil } }
        database.state.withLock { state in
            state.outages = (0..<200).map { _ in
                random.withLock { $0.chance(10) ? $0.pick([.outage, .fenced, .contention]) : nil }
            }
        }
        try await fixture.run(until: ["committed": 100])
        for (record, expected) in expected {
            #expect(database.applied.filter { expected.contains($0) } == expected, "record \(record), seed \(seed)")
        }
        #expect(database.applied.count == 100 && Set(database.applied).count == 100)
        #expect(faults.withLock { $0.isEmpty }, "\(faults.withLock { $0.prefix(2) })")
        #expect(database.state.withLock { $0.mostInFlight } > 1)
        #expect(isConserved(try await fixture.counters()))
        observed.withLock { $0 = nil }
    }

    // MARK: Fixtures

    static func configuration(lanes: Int) -> ProcessorConfiguration {
        var configuration = ProcessorConfiguration()
        configuration.lanes = lanes
        return configuration
    }

    /// `inBatch`: while a batch of these is under way.
    private static func fixture(
        lanes: Int, transactions: Int = 512, inBatch: @escaping @Sendable (_ names: [String]) async -> Void = { _ in }
    ) async throws -> Fixture {
        var configuration = configuration(lanes: lanes)
        configuration.batchTransactionsMax = transactions
        let database = FakeDatabase(Fixture.schema, lanesMax: 64) { inFlight in
            if let names = inFlight.last { await inBatch(names) }
        }
        return try await Fixture(configuration, database: database)
    }
}

/// Whether nobody has asked before.
private func isFirst(_ flag: borrowing Atomic<Bool>) -> Bool { !flag.exchange(true, ordering: .relaxed) }
