// SPDX-License-Identifier: MIT
import NIOCore
import Testing

@testable import SocketServer

@Suite struct ConnectionDecisionTests {
    enum Event: Sendable { case endInput, peerEnded, drained, flushed, vanished }

    @Test(
        arguments: [
            ([(.peerEnded, .checkDrained), (.drained, .flush), (.flushed, .close)], .flushing(peerHasEnded: true)),
            ([(.endInput, .checkDrained), (.drained, .flush), (.flushed, .linger), (.peerEnded, .close)], .lingering),
            (
                [(.endInput, .checkDrained), (.peerEnded, .checkDrained), (.drained, .flush), (.flushed, .close)],
                .flushing(peerHasEnded: true)
            ),
            (
                [(.endInput, .checkDrained), (.drained, .flush), (.peerEnded, .none), (.flushed, .close)],
                .flushing(peerHasEnded: true)
            ),
            ([(.endInput, .checkDrained), (.endInput, .none)], .draining(peerHasEnded: false)),
            (
                [(.vanished, .none), (.endInput, .none), (.peerEnded, .none), (.drained, .none), (.flushed, .none)],
                .closed
            ),
        ] as [([(Event, ConnectionStateMachine.Action)], ConnectionStateMachine.State)])
    func `each event in each state has one action`(
        steps: [(Event, ConnectionStateMachine.Action)], end: ConnectionStateMachine.State
    ) {
        var machine = ConnectionStateMachine()
        #expect(machine.takesRequests)
        for (event, expected) in steps {
            let action: ConnectionStateMachine.Action
            switch event {
            case .endInput: action = machine.endInput()
            case .peerEnded: action = machine.peerEnded()
            case .drained: action = machine.drained()
            case .flushed: action = machine.flushed()
            case .vanished:
                machine.vanished()
                action = .none
            }
            #expect(action == expected)
            #expect(!machine.takesRequests)
        }
        #expect(machine.state == end)
    }

    private static func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    @Test func `a frame's time runs from its first byte, and anew for the next frame`() {
        var watch = ConnectionWatch(frameTimeout: .seconds(30), readerTimeout: .seconds(10))
        #expect(watch.deadline == nil)
        watch.insideFrame(isNew: true, now: Self.at(1))
        watch.insideFrame(isNew: false, now: Self.at(20))
        #expect(watch.deadline == Self.at(31))
        #expect(watch.expiry(now: Self.at(30)) == nil)
        #expect(watch.expiry(now: Self.at(31)) == .incompleteFrame)
        watch.insideFrame(isNew: true, now: Self.at(25))
        #expect(watch.expiry(now: Self.at(31)) == nil)
        watch.outsideFrame()
        #expect(watch.deadline == nil)
    }

    @Test func `a reader's time runs from its last progress`() {
        var watch = ConnectionWatch(frameTimeout: .seconds(30), readerTimeout: .seconds(8))
        watch.output(waiting: 100, taken: 0, now: Self.at(1))
        #expect(watch.deadline == Self.at(3))
        watch.output(waiting: 100, taken: 0, now: Self.at(3))
        #expect(watch.deadline == Self.at(5))
        #expect(watch.expiry(now: Self.at(9)) == .slowReader)
        watch.output(waiting: 90, taken: 10, now: Self.at(5))
        #expect(watch.expiry(now: Self.at(12)) == nil)
        #expect(watch.expiry(now: Self.at(13)) == .slowReader)
        watch.output(waiting: 0, taken: 100, now: Self.at(6))
        #expect(watch.deadline == nil)
        #expect(watch.expiry(now: Self.at(100)) == nil)
    }
}
