// SPDX-License-Identifier: MIT
import Keyspace
import MainDatabase
import SeededRandom
import Testing
import TransactionModel

@testable import BackgroundProcessing

@Suite struct DecisionTests {
    // MARK: RetryPolicy

    @Test func `delays double, jitter over their whole length and stop at the cap`() {
        var random = SeededGenerator(seed: 5)
        let policy = RetryPolicy()
        for (attempts, ceiling) in [(1, 5), (2, 10), (3, 20), (6, 160), (7, 300), (60, 300), (10_000, 300)] {
            let delays = (0..<2000).map { _ in policy.delay(afterAttempts: attempts, using: &random) }
            let limit = Duration.seconds(ceiling)
            #expect(delays.allSatisfy { $0 >= .zero && $0 <= limit }, "attempt \(attempts)")
            #expect(
                delays.contains { $0 < limit / 10 } && delays.contains { $0 > limit * 9 / 10 }, "attempt \(attempts)")
        }
    }

    @Test func `no delay is no wait`() {
        var random = SeededGenerator(seed: 5)
        #expect(RetryPolicy.backoff(base: .zero, cap: .seconds(1), step: 5, using: &random) == .zero)
        #expect(RetryPolicy.backoff(base: .seconds(1), cap: .zero, step: -3, using: &random) == .zero)
    }

    // MARK: FailureJudge

    private static let earlier = TransactionID("earlier")

    @Test(
        "what a failure leads to",
        arguments: [
            (DatabaseError.Kind.unavailable, 0, false, "again"), (.contention, 99, true, "again"),
            (.outcomeUnknown, 0, true, "again"),
            (.leaseLost, 0, false, "again"), (.uniqueViolation, 0, false, "dead"), (.uniqueViolation, 0, true, "park"),
            (.recordMissing, 2, true, "park"), (.checkViolation, 0, false, "dead"), (.schemaMismatch, 0, false, "dead"),
            (.referenceUnresolved, 0, true, "park"), (.unclassified, 0, false, "retry"),
            (.unclassified, 1, true, "retry"),
            (.unclassified, 2, false, "dead"), (.unclassified, 50, true, "dead"),
        ])
    func judge(entry: (kind: DatabaseError.Kind, attempts: Int, hasEarlier: Bool, verdict: String)) throws {
        var random = SeededGenerator(seed: 1)
        let verdict = FailureJudge(policy: RetryPolicy()).judge(
            DatabaseError(entry.kind, code: "x", "x"), of: try work("t", attempts: entry.attempts),
            earlier: entry.hasEarlier ? Self.earlier : nil, using: &random)
        switch verdict {
        case .again: #expect(entry.verdict == "again")
        case .follow: Issue.record("nothing ran beside it")
        case .park(let behind): #expect(entry.verdict == "park" && behind == Self.earlier)
        case .retry(let attempts, _): #expect(entry.verdict == "retry" && attempts == entry.attempts + 1)
        case .dead: #expect(entry.verdict == "dead")
        }
    }

    @Test func `what failed beside something earlier follows it, unless it waits for a retry anyway`() throws {
        var random = SeededGenerator(seed: 1)
        func verdict(_ kind: DatabaseError.Kind, earlier: TransactionID?) throws -> FailureJudge.Verdict {
            FailureJudge(policy: RetryPolicy()).judge(
                DatabaseError(kind, code: "x", "x"), of: try work("t", attempts: 9), earlier: earlier,
                ranBesideEarlier: true, using: &random)
        }
        let earlier = try #require(Self.earlier)
        #expect(try verdict(.foreignKeyViolation, earlier: nil) == .follow)
        #expect(try verdict(.foreignKeyViolation, earlier: earlier) == .park(behind: earlier))
        #expect(try verdict(.unclassified, earlier: nil) == .dead, "attempts are attempts")
        #expect(try verdict(.unavailable, earlier: nil) == .again)
    }

    // MARK: BatchPlanner

    private func work(_ id: String, _ keys: [ConflictKey] = [], attempts: Int = 0, claims: Int = 0) throws -> Work {
        let payload = Array(#"{"format":1,"transaction_id":"\#(id)","steps":[]}"#.utf8)
        let transaction = try #require(StoredTransaction(payload: payload))
        return Work(
            claimed: ClaimedTransaction(
                transactionID: transaction.transactionID, sequence: 1, payload: payload,
                contentHash: SHA256.hash(payload),
                attempts: attempts, unresolvedClaims: claims), transaction: transaction, keys: keys)
    }

    private func record(_ name: String, _ use: ConflictKey.Use = .exclusive) -> ConflictKey {
        ConflictKey(name: name, use: use)
    }

    @Test func `what conflicts with a held key is parked and holds its own`() throws {
        var held = HeldKeys()
        let blocker = try #require(TransactionID("blocker"))
        held.hold([record("r:a")], blocker: blocker)
        let plan = BatchPlanner.plan(
            [
                try work("1", [record("r:a"), record("r:b")]), try work("2", [record("r:b")]),
                try work("3", [record("r:c")]),
                try work("4", [record("r:a", .refers)]), try work("5", [record("r:d", .refers)]),
            ], held: held)
        #expect(plan.parked.map(\.work.id.string) == ["1", "2", "4"])
        #expect(plan.parked.allSatisfy { $0.behind == blocker })
        #expect(plan.batch.map(\.id.string) == ["3", "5"])
    }

    @Test func `who was accepted later holds nobody up`() throws {
        var held = HeldKeys()
        let (later, first) = (try #require(TransactionID("later")), try #require(TransactionID("first")))
        held.hold([record("r:a")], blocker: later)
        held.hold([record("r:b")], blocker: first)
        var works = [
            try work("1", [record("r:a")]), try work("2", [record("r:a"), record("r:b")]),
            try work("3", [record("r:a")]),
        ]
        for (index, sequence) in [5, 6, 8].enumerated() { works[index].claimed.sequence = Int64(sequence) }
        #expect(held.blockers(of: works[1].keys) == [later, first])
        held.place([later: 7, first: 1])
        let plan = BatchPlanner.plan(works, held: held)
        #expect(plan.batch.map(\.id.string) == ["1"])
        #expect(plan.parked.map(\.work.id.string) == ["2", "3"] && plan.parked.map(\.behind) == [first, later])
    }

    @Test(
        "suspects",
        arguments: [
            ([0, 0], ["1", "2"], [], []), ([3, 0], ["1"], ["2"], []), ([0, 3, 0], ["1"], ["2", "3"], []),
            ([12, 0], ["1"], ["2"], []), ([13, 0], [], ["2"], ["1"]), ([0, 13, 0], ["1"], ["3"], ["2"]),
            ([2, 2], ["1", "2"], [], []),
        ] as [([Int], [String], [String], [String])])
    func suspects(entry: (claims: [Int], batch: [String], returned: [String], dead: [String])) throws {
        let works = try entry.claims.enumerated().map { try work("\($0 + 1)", claims: $1) }
        let plan = BatchPlanner.plan(works, held: HeldKeys())
        #expect(plan.batch.map(\.id.string) == entry.batch)
        #expect(plan.returned.map(\.id.string) == entry.returned)
        #expect(plan.dead.map(\.id.string) == entry.dead)
    }

    // MARK: ProcessorStateMachine

    @Test func `the processor goes on while there is progress, sleeps while there is none`() {
        var machine = ProcessorStateMachine()
        var random = SeededGenerator(seed: 1)
        let (time, configuration) = (Timestamp(microseconds: 1), ProcessorConfiguration())
        #expect(machine.next() == .cycle)
        #expect(machine.finished(.progressed, at: time, configuration, using: &random) == .cycle)
        #expect(machine.lastProgress == time)
        #expect(machine.finished(.idle(due: nil), at: time, configuration, using: &random) == .sleep(.seconds(1)))
        #expect(
            machine.finished(.idle(due: .milliseconds(5)), at: time, configuration, using: &random)
                == .sleep(.milliseconds(5)))
        #expect(
            machine.finished(.idle(due: .seconds(60)), at: time, configuration, using: &random) == .sleep(.seconds(1)))
    }

    @Test func `an outage is shown, backs off within its cap and is over with the first answer`() {
        var machine = ProcessorStateMachine()
        var random = SeededGenerator(seed: 1)
        let (time, configuration) = (Timestamp(microseconds: 1), ProcessorConfiguration())
        let failure = FailureRecord(code: "unavailable", message: "away", at: time)
        for step in 0..<50 {
            let cycle: ProcessorStateMachine.Cycle = step % 2 == 0 ? .outage(failure) : .storeFailed(failure)
            guard case .sleep(let delay) = machine.finished(cycle, at: time, configuration, using: &random) else {
                Issue.record("an outage is a reason to wait")
                return
            }
            #expect(delay <= .seconds(5))
        }
        #expect(machine.state == .outage && machine.lastError == failure)
        _ = machine.finished(.idle(due: nil), at: time, configuration, using: &random)
        #expect(machine.state == .running && machine.lastError == nil)
    }

    @Test func `pausing, draining and stopping`() {
        var machine = ProcessorStateMachine()
        machine.beginDrain()
        machine.beginDrain()
        machine.endDrain()
        #expect(machine.state == .draining)
        machine.pause()
        #expect(machine.state == .paused && machine.next() == .rest)
        machine.resume()
        machine.endDrain()
        #expect(machine.state == .running && machine.next() == .cycle)
        machine.stop()
        #expect(machine.state == .stopped && machine.next() == .stop)
    }
}
