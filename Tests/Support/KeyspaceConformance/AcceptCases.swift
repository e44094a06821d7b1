// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

extension KeyspaceConformance {
    static let acceptCases = [
        Case("an accepted transaction is visible everywhere at once") { site in
            let record = RecordKey(model: "telescope", encodedID: "t1")
            try expectEqual(
                try await site.accept("a", Subject.step("create", "telescope", "t1", "{\"state\":\"busy\"}")), .accepted
            )
            try expectEqual(try await site.command("LLEN", site.keys.transactionBuffer), .integer(1))
            try expectEqual(try await site.buffer(), ["a"])
            let status = try await site.status("a")
            try expectEqual(status?["status"], "pending")
            try expectEqual(status?["transaction_id"], "a")
            try expectEqual(status?["attempts"], 0)
            try expectEqual(status?["created_at"], .string(site.time(0).description))
            try expect(status?["sequence"]?.int64 != nil)
            for absent in [
                "next_attempt_at", "last_error", "position", "held_by", "processing_at", "committed_at", "dead_at",
            ] {
                try expect(status?[absent] == nil, absent)
            }
            for key in [site.keys.cachedIDs(record), site.keys.buffered(record)] {
                try expectEqual(try await site.json(key), ["state": "busy"])
            }
            let pending = try await site.texts("LRANGE", site.keys.recordPending(record), 0, -1)
            try expectEqual(pending.count, 1)
            let change = try JSONValue(parsing: pending[0])
            try expectEqual(change["transaction_id"], "a")
            try expectEqual(change["step_id"], "s")
            try expectEqual(change["operation"], "create")
            try expectEqual(change["changes"], ["state": "busy"])
            try expectEqual(change["sequence"], status?["sequence"])
            try expectEqual(try await site.texts("SMEMBERS", site.keys.bufferedIndex(model: "telescope")), ["t1"])
            try expectEqual(try await site.texts("HGETALL", site.keys.readBuffer(record)), ["state", "\"busy\""])
            try expectEqual(try await site.command("LLEN", site.keys.readBufferUpdates(record)), .integer(1))
            try expectEqual(
                try await site.texts("SMEMBERS", site.keys.affectedRecords(Subject.id("a"))), ["telescope:t1"])
            try expectEqual(try await site.texts("ZRANGE", site.keys.transactionRecent, 0, -1), ["a"])
            try expectEqual(try await site.counter("accepted"), 1)
            try expectEqual(try await site.counter("pending"), 1)
        },
        Case("the same id with the same content is a duplicate and changes nothing") { site in
            try await site.accept("a", Subject.step("create", "m", "1"))
            try expectEqual(
                try await site.accept("a", Subject.step("create", "m", "1"), at: 9),
                .duplicate(status: .pending, generatedIDs: nil))
            try expectEqual(try await site.buffer(), ["a"])
            try expectEqual(try await site.counter("accepted"), 1)
            _ = try await site.claim()
            try expectEqual(try await site.accept("a"), .duplicate(status: .processing, generatedIDs: nil))
            try await site.advance(
                .committed(Subject.id("a"), position: Position(7), generatedIDs: Array("{\"s\":9}".utf8)))
            try expectEqual(
                try await site.accept("a"), .duplicate(status: .committed, generatedIDs: Array("{\"s\":9}".utf8)))
        },
        Case("the same id with other content is a conflict and changes nothing") { site in
            try await site.accept("a", Subject.step("create", "m", "1"))
            try expectEqual(try await site.accept("a", Subject.step("create", "m", "2"), hash: 2), .conflict)
            try expectEqual(try await site.counter("accepted"), 1)
            try expectEqual(try await site.texts("SMEMBERS", site.keys.bufferedIndex(model: "m")), ["1"])
        },
        Case(
            "beyond the limit of transactions accepts are full, repeats are not", configure: { $0.transactionsMax = 2 }
        ) { site in
            try await site.accept("a")
            try await site.accept("b")
            try expectEqual(try await site.accept("c"), .full)
            try expectEqual(try await site.accept("a"), .duplicate(status: .pending, generatedIDs: nil))
            try expectEqual(try await site.accept("b", hash: 2), .conflict)
            _ = try await site.claim(1)
            try await site.advance(.committed(Subject.id("a"), position: Position(1), generatedIDs: nil))
            try expectEqual(try await site.accept("c"), .accepted)
        },
        Case("beyond the limit of bytes accepts are full", configure: { $0.bytesMax = 200 }) { site in
            try await site.accept("a", Subject.step("create", "m", "1"))
            try expectEqual(try await site.accept("b", Subject.step("create", "m", "2")), .full)
            try expectEqual(try await site.accept("c"), .accepted)
        },
        Case("a hundred repeats at once make one transaction") { site in
            let accept = Operation.accept(
                Subject.transaction("a", [Subject.step("create", "m", "1")], at: site.time(0)))
            let outcomes = try await withThrowingTaskGroup(of: [Reply].self) { group in
                for _ in 0..<100 { group.addTask { try await site.keyspace.perform([accept]) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            try expectEqual(outcomes.filter { $0 == .accept(.accepted) }.count, 1)
            try expectEqual(
                outcomes.filter { $0 == .accept(.duplicate(status: .pending, generatedIDs: nil)) }.count, 99)
            try expectEqual(try await site.counter("accepted"), 1)
        },
    ]
}
