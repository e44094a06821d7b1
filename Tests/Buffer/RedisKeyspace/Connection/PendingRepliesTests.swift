// SPDX-License-Identifier: MIT
import NIOCore
import Testing

@testable import RedisKeyspace

@Suite struct PendingRepliesTests {
    private var pending = PendingReplies<String>()

    @Test mutating func `replies go to their requests in order, each as many as it asked for`() {
        pending.append("a", replies: 1, deadline: .uptimeNanoseconds(10))
        pending.append("b", replies: 3, deadline: .uptimeNanoseconds(20))
        pending.append("c", replies: 1, deadline: .uptimeNanoseconds(30))
        pending.markSent()
        #expect(pending.weight == 5)
        expect(pending.receive(.integer(1)), completes: "a", [.integer(1)])
        #expect(pending.deadline == .uptimeNanoseconds(20))
        expect(pending.receive(.integer(2)), completes: nil, [])
        expect(pending.receive(.null), completes: nil, [])
        #expect(pending.weight == 4)
        expect(pending.receive(.array([])), completes: "b", [.integer(2), .null, .array([])])
        expect(pending.receive(.integer(5)), completes: "c", [.integer(5)])
        #expect(pending.isEmpty)
        #expect(pending.deadline == nil)
        #expect(pending.weight == 0)
    }

    @Test mutating func `a reply to nobody, or to what was not sent, is unrequested`() {
        guard case .unrequested = pending.receive(.null) else {
            Issue.record("it found somebody")
            return
        }
        pending.append("a", replies: 1, deadline: .distantFuture)
        guard case .unrequested = pending.receive(.null) else {
            Issue.record("it answered what was not sent")
            return
        }
    }

    @Test mutating func `at the end it is known what was sent and what was not`() {
        pending.append("a", replies: 1, deadline: .distantFuture)
        pending.append("b", replies: 2, deadline: .distantFuture)
        pending.markSent()
        pending.append("c", replies: 1, deadline: .distantFuture)
        _ = pending.receive(.null)
        _ = pending.receive(.null)
        let left = pending.removeAll()
        #expect(left.map(\.receiver) == ["b", "c"])
        #expect(left.map(\.wasSent) == [true, false])
        #expect(pending.isEmpty)
        // What b had received is gone with it.
        pending.append("d", replies: 1, deadline: .distantFuture)
        pending.markSent()
        expect(pending.receive(.integer(4)), completes: "d", [.integer(4)])
    }

    @Test mutating func `one reply may stand for many operations`() {
        pending.append("group", replies: 1, weight: 64, deadline: .distantFuture)
        pending.markSent()
        #expect(pending.weight == 64)
        expect(pending.receive(.null), completes: "group", [.null])
        #expect(pending.weight == 0)
    }

    private func expect(_ receipt: PendingReplies<String>.Receipt, completes receiver: String?, _ replies: [RESPValue])
    {
        switch receipt {
        case .waits: #expect(receiver == nil)
        case .complete(let found, let values):
            #expect(found == receiver)
            #expect(values == replies)
        case .unrequested: Issue.record("unrequested")
        }
    }
}
