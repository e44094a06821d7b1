// SPDX-License-Identifier: MIT
import MainDatabase
import Testing
import TransactionModel

@testable import TransactionExecution

@Suite struct BatchPlanTests {
    private static let unique = DatabaseError(.uniqueViolation, code: "2067", "")
    private static let away = DatabaseError(.unavailable, code: "14", "")

    private func now(_ position: UInt64) -> BatchOutcome.Applied { .now(Position(position), generatedIDs: nil) }

    private func applied(_ position: UInt64) -> TransactionResult { .applied(Position(position), generatedIDs: nil) }

    @Test func aGoodBatchIsAppliedAtOnce() {
        var plan = BatchPlan(count: 3) { _, _ in true }
        #expect(plan.start() == .apply([0, 1, 2]))
        #expect(plan.applied([now(1), .before(Position(9), generatedIDs: [1]), .conflict]) == .finished)
        #expect(plan.results == [applied(1), .before(Position(9), generatedIDs: [1]), .conflict])
        #expect(plan.stoppedBy == nil)
    }

    @Test func anEmptyBatchIsFinished() {
        var plan = BatchPlan(count: 0) { _, _ in false }
        #expect(plan.start() == .finished)
    }

    @Test func afterAFaultEachRunsAloneInOrder() {
        var plan = BatchPlan(count: 3) { _, _ in false }
        #expect(plan.start() == .apply([0, 1, 2]))
        #expect(plan.failed(Self.unique) == .apply([0]))
        #expect(plan.applied([now(1)]) == .apply([1]))
        #expect(plan.failed(Self.unique) == .apply([2]))
        #expect(plan.applied([now(2)]) == .finished)
        #expect(plan.results == [applied(1), .failed(Self.unique), applied(2)])
    }

    @Test func theFaultOfASingleOneIsItsOwn() {
        var plan = BatchPlan(count: 1) { _, _ in false }
        _ = plan.start()
        #expect(plan.failed(Self.unique) == .finished)
        #expect(plan.results == [.failed(Self.unique)])
    }

    @Test func whoWaitsForOneThatFailedDoesNotRunNorWhoWaitsForIt() {
        // 2 waits for 1, 3 waits for 2, 4 for none.
        var plan = BatchPlan(count: 5) { later, earlier in (later, earlier) == (2, 1) || (later, earlier) == (3, 2) }
        _ = plan.start()
        #expect(plan.failed(Self.unique) == .apply([0]))
        #expect(plan.applied([now(1)]) == .apply([1]))
        #expect(plan.failed(Self.unique) == .apply([4]))
        #expect(plan.applied([now(2)]) == .finished)
        #expect(plan.results == [applied(1), .failed(Self.unique), .notRun, .notRun, applied(2)])
    }

    @Test func whatCouldNotBePreparedHoldsItsFollowersToo() {
        var plan = BatchPlan(count: 3, rejected: [0: Self.unique]) { later, _ in later == 1 }
        #expect(plan.start() == .apply([2]))
        #expect(plan.applied([now(1)]) == .finished)
        #expect(plan.results == [.failed(Self.unique), .notRun, applied(1)])
    }

    @Test(arguments: [DatabaseError.Kind.unavailable, .contention, .leaseLost])
    func anOutageOrALostLeaseStopsWithTheRestNotRun(kind: DatabaseError.Kind) {
        let error = DatabaseError(kind, code: "", "")
        var whole = BatchPlan(count: 2) { _, _ in false }
        _ = whole.start()
        #expect(whole.failed(error) == .finished)
        #expect(whole.results == [.notRun, .notRun] && whole.stoppedBy == error)

        var single = BatchPlan(count: 3) { _, _ in false }
        _ = single.start()
        _ = single.failed(Self.unique)
        _ = single.applied([now(1)])
        #expect(single.failed(error) == .finished)
        #expect(single.results == [applied(1), .notRun, .notRun] && single.stoppedBy == error)
    }

    @Test func anUnknownOutcomeIsSaidOfThoseInFlightOnly() {
        let unknown = DatabaseError(.outcomeUnknown, code: "10", "")
        var whole = BatchPlan(count: 2) { _, _ in false }
        _ = whole.start()
        #expect(whole.failed(unknown) == .finished)
        #expect(whole.results == [.unknown, .unknown])

        var single = BatchPlan(count: 2) { _, _ in false }
        _ = single.start()
        _ = single.failed(Self.unique)
        #expect(single.failed(unknown) == .finished)
        #expect(single.results == [.unknown, .notRun])
    }
}
