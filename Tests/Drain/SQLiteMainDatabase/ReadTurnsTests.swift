// SPDX-License-Identifier: MIT
import Testing

@testable import SQLiteMainDatabase

@Suite struct ReadTurnsTests {
    @Test func onlyTheReadThatRunsIsInterrupted() {
        var turns = ReadTurns()
        let (a, b) = (turns.enter(), turns.enter())
        let aBegins = turns.begin(a)
        let (interruptsForB, interruptsForA) = (turns.cancel(b), turns.cancel(a))
        turns.end(a)
        let bBegins = turns.begin(b)
        #expect(aBegins && interruptsForA)
        #expect(!interruptsForB, "it waits: no interrupt may hit the other one")
        #expect(!bBegins, "cancelled before it began")
    }

    @Test func whatEndedLeavesNothingBehind() {
        var turns = ReadTurns()
        let a = turns.enter()
        let begins = turns.begin(a)
        turns.end(a)
        let interrupts = turns.close()
        let next = turns.enter()
        let nextBegins = turns.begin(next)
        #expect(begins && !interrupts)
        #expect(!nextBegins, "none begins after the end")
    }

    @Test func closingInterruptsTheOneThatRuns() {
        var turns = ReadTurns()
        let turn = turns.enter()
        let begins = turns.begin(turn)
        let interrupts = turns.close()
        #expect(begins && interrupts && turns.isClosed)
    }
}
