// SPDX-License-Identifier: MIT
import MainDatabase
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

    private static let one = DatabaseOrigin(system: 7, timeline: 1)
    private static let two = DatabaseOrigin(system: 7, timeline: 2)

    @Test(
        arguments: [
            (.settled(Self.one), Self.one, Self.one, Self.one),
            (.settled(Self.one), nil, Self.one, Self.one),
            // The main database is away.
            (.settled(Self.one), Self.one, nil, Self.one),
            // It failed over, and nothing was compared yet.
            (.settled(Self.one), Self.one, Self.two, nil),
            // Another process has compared with another one meanwhile.
            (.settled(Self.one), Self.two, Self.one, nil),
            (.due, Self.one, Self.one, nil),
            (.others, Self.one, Self.one, Self.one),
            (.others, Self.one, Self.two, nil),
            (.others, nil, Self.one, nil),
            // Of a file it says nothing unless it was compared here.
            (.others, DatabaseOrigin.unnamed, DatabaseOrigin.unnamed, nil),
            (.settled(.unnamed), DatabaseOrigin.unnamed, DatabaseOrigin.unnamed, DatabaseOrigin.unnamed),
        ] as [(Reconciliation, DatabaseOrigin?, DatabaseOrigin?, DatabaseOrigin?)])
    func `positions count only in a history with which everything was compared`(
        standing: Reconciliation, known: DatabaseOrigin?, found: DatabaseOrigin?, expected: DatabaseOrigin?
    ) {
        #expect(TrackerStateMachine.origin(standing, known: known, found: found) == expected)
    }

    @Test func `what was remembered of one history is not known of another`() {
        var machine = TrackerStateMachine()
        machine.counts(by: Self.one)
        machine.remembered = Position(5, timeline: 1, system: 7)
        machine.counts(by: Self.one)
        #expect(machine.remembered != nil)
        machine.counts(by: Self.two)
        #expect(machine.remembered == nil)
    }
}
