// SPDX-License-Identifier: MIT
import Testing

@testable import RedisKeyspace

@Suite struct LinkStateMachineTests {
    private var machine = LinkStateMachine(delay: .milliseconds(50), delayMax: .seconds(1))

    @Test mutating func `it connects once, and what is opened is kept`() {
        #expect(machine.start() == .connect)
        #expect(machine.start() == .none)
        let kept = machine.opened()
        #expect(kept)
        #expect(machine.state == .open)
    }

    @Test mutating func `a lost connection is made again at once, and callers may wait until patience ends`() {
        open()
        #expect(!machine.isPatient)
        #expect(machine.lost() == .connect)
        #expect(machine.isPatient)
        machine.patienceEnded()
        #expect(!machine.isPatient)
        #expect(machine.state == .connecting)
    }

    @Test mutating func `the longest pause doubles with each failure, up to its limit, and jitter takes a part of it`()
    {
        _ = machine.start()
        var pauses: [LinkStateMachine.Action] = []
        for _ in 0..<7 {
            pauses.append(machine.failed(jitter: 1))
            #expect(machine.pauseEnded() == .connect)
        }
        #expect(pauses == [50, 100, 200, 400, 800, 1000, 1000].map { .pause(.milliseconds($0)) })
        #expect(machine.failed(jitter: 0.25) == .pause(.milliseconds(250)))
        #expect(machine.pauseEnded() == .connect)
        #expect(machine.failed(jitter: 7) == .pause(.seconds(1)))
        #expect(machine.pauseEnded() == .connect)
        #expect(machine.failed(jitter: -1) == .pause(.zero))
    }

    @Test mutating func `success begins the pauses anew`() {
        _ = machine.start()
        for _ in 0..<3 {
            _ = machine.failed(jitter: 1)
            _ = machine.pauseEnded()
        }
        _ = machine.opened()
        _ = machine.lost()
        #expect(machine.failed(jitter: 1) == .pause(.milliseconds(50)))
    }

    @Test mutating func `a thousand failures overflow nothing`() {
        _ = machine.start()
        for _ in 0..<1000 {
            #expect(machine.failed(jitter: 1) != .none)
            _ = machine.pauseEnded()
        }
    }

    @Test mutating func `whatever comes out of turn changes nothing`() {
        #expect(machine.lost() == .none)
        #expect(machine.failed(jitter: 1) == .none)
        #expect(machine.pauseEnded() == .none)
        let early = machine.opened()
        #expect(!early)
        open()
        #expect(machine.failed(jitter: 1) == .none)
        #expect(machine.pauseEnded() == .none)
        #expect(machine.state == .open)
    }

    @Test mutating func `once closed it stays closed, and what was being opened is to be closed`() {
        _ = machine.start()
        machine.close()
        let kept = machine.opened()
        #expect(!kept)
        #expect(machine.start() == .none)
        #expect(machine.lost() == .none)
        #expect(machine.failed(jitter: 1) == .none)
        #expect(machine.state == .closed)
        #expect(!machine.isPatient)
    }

    private mutating func open() {
        _ = machine.start()
        _ = machine.opened()
    }
}
