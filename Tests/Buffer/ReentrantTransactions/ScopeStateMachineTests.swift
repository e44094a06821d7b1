// SPDX-License-Identifier: MIT
import Keyspace
import Testing

@testable import ReentrantTransactions

@Suite("The life of a block")
struct ScopeStateMachineTests {
    private func machine(_ style: ScopeStateMachine.Style = .together, max: Int = 10) -> ScopeStateMachine {
        ScopeStateMachine(style: style, operationsMax: max)
    }

    private func sent(_ count: Int) -> ScopeStateMachine {
        var machine = machine()
        for _ in 0..<count { _ = machine.queue(set("a", "1")) }
        _ = machine.commit()
        return machine
    }

    @Test("operations are numbered as they are queued, and sent once")
    func queuesAndSends() {
        var machine = machine()
        #expect(machine.queue(set("a", "1")) == .queued(index: 0))
        #expect(machine.queue(accept("t1")) == .queued(index: 1))
        guard case .send(let operations) = machine.commit() else {
            Issue.record("an open block is sent")
            return
        }
        #expect(operations.count == 2)
        guard case .refuse(.closed) = machine.commit() else {
            Issue.record("a block is sent once")
            return
        }
        #expect(machine.queue(set("b", "1")) == .refuse(.closed))
    }

    @Test("the last operation that fits is queued, the next is refused")
    func bounded() {
        var machine = machine(max: 2)
        #expect(machine.queue(set("a", "1")) == .queued(index: 0))
        #expect(machine.queue(set("a", "1")) == .queued(index: 1))
        #expect(machine.queue(set("a", "1")) == .refuse(.full(2)))
    }

    struct Answer: Sendable {
        let execution: Execution
        let action: ScopeStateMachine.FinishAction
        /// What a future of the block says afterwards.
        let future: Result<Reply, TransactionError>
    }

    @Test(
        "each answer of the store has one meaning",
        arguments: [
            Answer(
                execution: .executed([.status("OK"), .integer(1)]),
                action: .finish(MultiResult([.status("OK"), .integer(1)])), future: .success(.status("OK"))),
            Answer(
                execution: .aborted, action: .finish(MultiResult(aborted: .watchedKeyChanged)),
                future: .failure(TransactionError(.aborted, "The transaction was aborted; nothing ran."))),
            Answer(
                execution: .executed([]), action: .outcomeUnknown,
                future: .failure(.failed(.outcomeUnknown))),
            Answer(
                execution: .refused(index: 1, CommandError("ERR", "x")),
                action: .refuse(.refused(1, CommandError("ERR", "x"))),
                future: .failure(.refused(1, CommandError("ERR", "x")))),
        ])
    func answers(_ row: Answer) {
        var machine = sent(2)
        #expect(machine.executed(row.execution) == row.action)
        let future = Result { () throws(TransactionError) in try machine.reply(at: 0) }
        #expect(future == row.future)
    }

    @Test("a future is unresolved until the answer is there")
    func unresolved() throws {
        var machine = machine()
        _ = machine.queue(set("a", "1"))
        #expect(throws: TransactionError.unresolved) { try machine.reply(at: 0) }
        _ = machine.commit()
        #expect(throws: TransactionError.unresolved) { try machine.reply(at: 0) }
        _ = machine.executed(.executed([.integer(7)]))
        #expect(try machine.reply(at: 0) == .integer(7))
    }

    @Test("a discarded block takes nothing and gives nothing")
    func discarded() {
        var machine = machine()
        _ = machine.queue(set("a", "1"))
        machine.discard()
        #expect(!machine.isOpen)
        #expect(machine.queue(set("b", "1")) == .refuse(.closed))
        #expect(throws: TransactionError(.discarded, "The block was discarded; nothing ran.")) {
            try machine.reply(at: 0)
        }
    }

    @Test("what was sent can no longer be discarded")
    func sentIsNotDiscarded() {
        var machine = sent(1)
        machine.discard()
        #expect(machine.executed(.executed([.integer(1)])) == .finish(MultiResult([.integer(1)])))
    }

    @Test(
        "a doomed block takes operations and sends none of them",
        arguments: [
            MultiResult.AbortReason.expectationFailed, .connectionLost,
        ])
    func doomed(_ reason: MultiResult.AbortReason) {
        var machine = machine()
        machine.doom(reason)
        #expect(machine.queue(set("a", "1")) == .queued(index: 0))
        guard case .finish(let result) = machine.commit() else {
            Issue.record("a doomed block is never sent")
            return
        }
        #expect(result == MultiResult(aborted: reason))
    }

    @Test("one by one, each operation runs now and its value is there at once")
    func oneByOne() throws {
        var machine = machine(.oneByOne)
        #expect(machine.queue(set("a", "1")) == .perform(index: 0))
        #expect(throws: TransactionError.unresolved) { try machine.reply(at: 0) }
        machine.answered(.status("OK"), at: 0)
        #expect(try machine.reply(at: 0) == .status("OK"))
        guard case .finish(let result) = machine.commit() else {
            Issue.record("there is nothing to send")
            return
        }
        #expect(result.replies == [.status("OK")])
        #expect(machine.queue(set("a", "1")) == .refuse(.closed))
    }
}
