// SPDX-License-Identifier: MIT
import Testing

@testable import ReentrantTransactions

@Suite("Deciding about a block")
struct BlockDecisionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let kind: BlockKind
        var open: BlockKind?
        var isClosed = false
        let capability: HandlerCapabilities.Block?
        var mode = FallbackMode.strict
        let expected: BlockDecision
        var testDescription: String {
            "\(kind) inside \(String(describing: open)), \(String(describing: capability)), \(mode)"
        }
    }

    @Test(
        "follows the order: conflict, capability, mode",
        arguments: [
            Row(kind: .transaction, capability: .full, expected: .begin),
            Row(kind: .transaction, capability: nil, expected: .begin),
            Row(kind: .pipeline, capability: nil, expected: .begin),
            Row(kind: .transaction, open: .transaction, capability: .reentrant, expected: .reenter),
            Row(kind: .pipeline, open: .pipeline, capability: .reentrant, expected: .reenter),
            Row(kind: .transaction, open: .pipeline, capability: .conflicting, expected: .conflict(with: .pipeline)),
            // A chain without the task's own handlers: the rule holds all the same.
            Row(kind: .transaction, open: .pipeline, capability: .full, expected: .conflict(with: .pipeline)),
            Row(kind: .transaction, open: .pipeline, capability: nil, expected: .conflict(with: .pipeline)),
            Row(
                kind: .transaction, open: .pipeline, capability: .blocked, mode: .permissive,
                expected: .conflict(with: .pipeline)),
            Row(kind: .pipeline, open: .transaction, capability: .conflicting, expected: .conflict(with: .transaction)),
            Row(kind: .transaction, capability: .blocked, mode: .strict, expected: .blocked),
            Row(kind: .transaction, capability: .blocked, mode: .warn, expected: .oneByOne(warning: true)),
            Row(kind: .transaction, capability: .blocked, mode: .permissive, expected: .oneByOne(warning: false)),
            Row(kind: .pipeline, capability: .blocked, mode: .strict, expected: .blocked),
            Row(kind: .pipeline, capability: .blocked, mode: .warn, expected: .oneByOne(warning: true)),
            Row(kind: .pipeline, capability: .blocked, mode: .permissive, expected: .oneByOne(warning: false)),
            Row(kind: .transaction, open: .transaction, isClosed: true, capability: .reentrant, expected: .closed),
            Row(kind: .transaction, open: .pipeline, isClosed: true, capability: .conflicting, expected: .closed),
        ])
    func decides(_ row: Row) {
        let decision = BlockDecision.decide(
            row.kind, inside: row.open, isClosed: row.isClosed, capability: row.capability, mode: row.mode)
        #expect(decision == row.expected)
    }
}
