// SPDX-License-Identifier: MIT
import Testing
import TransactionModel

@testable import ReplicationTracking

@Suite struct TrackerStateMachineTests {
    private let configuration = TrackerConfiguration()

    @Test func `looks are frequent while something moves, rare after the timeout, and never end`() {
        var machine = TrackerStateMachine()
        for _ in 0..<299 {
            #expect(
                machine.finished(.looked(Position(1), released: 0), after: .milliseconds(100), configuration)
                    == .milliseconds(100))
        }
        #expect(machine.finished(.failed, after: .milliseconds(100), configuration) == .seconds(5))
        #expect(machine.isStalled(configuration))
        #expect(machine.finished(.looked(Position(1), released: 0), after: .seconds(5), configuration) == .seconds(5))
        #expect(
            machine.finished(.looked(Position(2), released: 1), after: .seconds(5), configuration) == .milliseconds(100)
        )
        #expect(!machine.isStalled(configuration))
        #expect(machine.replayed == Position(2))
    }

    @Test func `while nothing waits replicas are asked at once and then now and then`() {
        var machine = TrackerStateMachine()
        let asked = (0..<101).map { _ in machine.asksAnyway(after: .milliseconds(100), configuration) }
        #expect(asked.indices.filter { asked[$0] } == [0, 50, 100])
    }

    @Test func `when nothing waits nothing is stalled`() {
        var machine = TrackerStateMachine()
        _ = machine.finished(.failed, after: .seconds(60), configuration)
        #expect(machine.isStalled(configuration))
        #expect(machine.finished(.nothingWaits, after: .seconds(5), configuration) == .milliseconds(100))
        #expect(!machine.isStalled(configuration))
    }
}
