// SPDX-License-Identifier: MIT
import Testing

@testable import SluiceClient

@Suite("What becomes of calls when connections come and go")
struct SessionStateMachineTests {
    private let read = MethodTraits(of: "record.get", hasTransactionID: false)
    private let write = MethodTraits(of: "transaction.buffer", hasTransactionID: true)
    private let once = MethodTraits(of: "keyspace.command", hasTransactionID: false)

    @Test("What can be repeated travels again, in order; the rest fails")
    func loss() {
        var machine = SessionStateMachine(reconnects: true)
        for (id, traits) in [(1, read), (2, once), (3, write), (4, read)] as [(Int64, MethodTraits)] {
            #expect(machine.start(id, traits) == [.send([id])])
        }
        #expect(machine.replied(1) == true)
        let actions = machine.lost(nil)
        #expect(actions.count == 2)
        guard case .fail([2], let error)? = actions.first else {
            Issue.record("the call that cannot be repeated must fail first")
            return
        }
        #expect(error.kind == .outcomeUnknown)
        #expect(actions.last == .connectLater(attempt: 1, floor: .zero))
        #expect(machine.start(5, once) == [])
        #expect(machine.backoffEnded() == [.connect])
        #expect(machine.connected() == [.send([3, 4, 5])])
        #expect(machine.callCount == 3)
    }

    @Test("Failed attempts count up, and only a reply resets them")
    func attempts() {
        var machine = SessionStateMachine(reconnects: true)
        _ = machine.start(1, read)
        #expect(machine.lost(nil) == [.connectLater(attempt: 1, floor: .zero)])
        #expect(machine.backoffEnded() == [.connect])
        #expect(machine.connectFailed() == [.connectLater(attempt: 2, floor: .zero)])
        #expect(machine.backoffEnded() == [.connect])
        #expect(machine.connected() == [.send([1])])
        #expect(machine.lost(nil) == [.connectLater(attempt: 3, floor: .zero)])
        #expect(machine.backoffEnded() == [.connect])
        #expect(machine.connected() == [.send([1])])
        #expect(machine.replied(1) == true)
        _ = machine.start(2, read)
        #expect(machine.lost(nil) == [.connectLater(attempt: 1, floor: .zero)])
    }

    @Test("Without calls a lost connection is left alone until the next one")
    func idle() {
        var machine = SessionStateMachine(reconnects: true)
        #expect(machine.lost(nil) == [])
        #expect(machine.state == .idle)
        #expect(machine.start(1, once) == [.connect])
        #expect(machine.connected() == [.send([1])])
    }

    @Test("A sidecar that is busy is left in peace for as long as it asks")
    func busy() {
        var machine = SessionStateMachine(reconnects: true)
        _ = machine.start(1, write)
        let reason = SluiceClientError(.busy, "", retryable: true, retryAfter: .milliseconds(700))
        #expect(machine.lost(reason) == [.connectLater(attempt: 1, floor: .milliseconds(700))])
    }

    @Test("Closing fails what waits, with the truth about what was sent")
    func close() {
        var machine = SessionStateMachine(reconnects: true)
        _ = machine.start(1, write)
        _ = machine.start(2, read)
        let kinds = machine.close().map { action -> SluiceErrorKind? in
            if case .fail(_, let error) = action { error.kind } else { nil }
        }
        #expect(kinds == [.outcomeUnknown, .clientClosed])
        #expect(machine.close() == [])
        guard case .fail([3], let error)? = machine.start(3, read).first else {
            Issue.record("a closed client takes no call")
            return
        }
        #expect(error.kind == .clientClosed)
    }

    @Test("A reply to a call that was given up is nobody's")
    func givenUp() {
        var machine = SessionStateMachine(reconnects: true)
        _ = machine.start(1, read)
        machine.gaveUp(1)
        #expect(machine.replied(1) == false)
        #expect(machine.expired(1) == nil)
    }

    @Test(
        "Waits double up to their cap, and jitter keeps below",
        arguments: [(1, 50), (2, 100), (3, 200), (6, 1600), (7, 2000), (60, 2000)])
    func backoff(attempt: Int, milliseconds: Int) {
        let backoff = Backoff(delay: .milliseconds(50), delayMax: .seconds(2))
        #expect(backoff.ceiling(before: attempt) == .milliseconds(milliseconds))
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            let wait = backoff.wait(before: attempt, using: &generator)
            #expect(wait >= .zero && wait <= .milliseconds(milliseconds))
        }
        #expect(backoff.wait(before: attempt, atLeast: .seconds(9), using: &generator) == .seconds(9))
    }
}
