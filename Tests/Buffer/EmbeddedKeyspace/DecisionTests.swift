// SPDX-License-Identifier: MIT
import Keyspace
import Testing
import TransactionModel

@testable import EmbeddedKeyspace

@Suite struct DecisionTests {
    @Test func `a touch breaks the watches of its key, once for all`() {
        var table = WatchTable()
        table.watch([1], by: 1, existed: true)
        table.watch([2], by: 2, existed: true)
        table.touch([1])
        #expect(table.isBroken(1))
        #expect(!table.isBroken(2))
        table.forget(1)
        #expect(!table.isBroken(1))
        table.touch([1])
        #expect(!table.isBroken(1))
    }

    @Test func `an expiry is news only for those who saw the key`() {
        var table = WatchTable()
        table.watch([1], by: 1, existed: true)
        table.watch([1], by: 2, existed: false)
        table.expire([1])
        #expect(table.isBroken(1))
        #expect(!table.isBroken(2))
    }

    @Test func `a table that everyone has forgotten is empty`() {
        var table = WatchTable()
        table.watch([1], by: 1, existed: true)
        table.watch([1], by: 2, existed: true)
        table.forget(1)
        #expect(!table.isEmpty)
        table.forget(2)
        #expect(table.isEmpty)
    }

    @Test func `the checkpoint plan learns what an operation costs`() {
        var plan = CheckpointPlan(logBytesMax: 4096 * 1000, pageBytes: 4096)
        func operationsUntilDue() -> Int {
            for count in 1... where plan.committed(operations: 10, bytes: 0) { return count * 10 }
            return 0
        }
        let first = operationsUntilDue()
        // The log held ten times what was expected.
        plan.checkpointed(frames: 10_000)
        let second = operationsUntilDue()
        #expect(second < first)
        plan.checkpointed(frames: 100)
        #expect(operationsUntilDue() > second)
    }

    @Test func `a large payload brings the checkpoint nearer`() {
        var small = CheckpointPlan(logBytesMax: 4096 * 100, pageBytes: 4096)
        var large = small
        let isSmallDue = small.committed(operations: 1, bytes: 100)
        let isLargeDue = large.committed(operations: 1, bytes: 4096 * 100)
        #expect(!isSmallDue && isLargeDue)
    }

    @Test(arguments: [
        (Position(0), Position(1)), (Position(1), Position(1 << 63)), (Position(1 << 63), Position(.max)),
    ])
    func `positions keep their order in the file`(_ lower: Position, _ higher: Position) {
        #expect(lower.orderedBits < higher.orderedBits)
        #expect(Position(timeline: 0, orderedBits: higher.orderedBits) == higher)
    }
}
