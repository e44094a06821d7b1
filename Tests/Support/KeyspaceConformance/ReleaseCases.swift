// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

extension KeyspaceConformance {
    static let releaseCases = [
        Case("a release drops one transaction's changes and keeps those of others") { site in
            let record = RecordKey(model: "m", encodedID: "1")
            try await site.accept("a", Subject.step("create", "m", "1", "{\"x\":1,\"y\":1}"))
            try await site.accept("b", Subject.step("update", "m", "1", "{\"x\":2}"))
            _ = try await site.claim(1)
            try expectEqual(try await site.release("a", record), 0)
            try await site.advance(.committed(Subject.id("a"), position: Position(1), generatedIDs: nil))
            try expectEqual(try await site.json(site.keys.buffered(record)), ["x": 2, "y": 1])
            try expectEqual(try await site.release("a", record), 1)
            try expectEqual(try await site.release("a", record), 0)
            try expectEqual(try await site.json(site.keys.buffered(record)), ["x": 2])
            try expectEqual(try await site.command("EXISTS", site.keys.cachedIDs(record)), .integer(0))
            try expectEqual(try await site.command("EXISTS", site.keys.affectedRecords(Subject.id("a"))), .integer(0))
            let status = try await site.status("a")
            try expectEqual(status?["status"], "replicated")
            try expectEqual(status?["replicated_at"], .string(site.time(30).description))
            try expectEqual(try await site.command("EXISTS", site.keys.replicationPending), .integer(0))
            try expectEqual(try await site.counter("committed"), 1)
            try expectEqual(try await site.counter("replicated"), 1)
        },
        Case("commit and release in one execution make it replicated") { site in
            try await site.accept("a", Subject.step("create", "m", "1"))
            _ = try await site.claim()
            let execution = try await site.keyspace.execute([
                .advance(
                    Advance([.committed(Subject.id("a"), position: Position(1), generatedIDs: nil)], at: site.time(20))),
                .release(
                    Release(
                        [.init(Subject.id("a"), records: [RecordKey(model: "m", encodedID: "1")])], at: site.time(20))),
            ])
            try expectEqual(
                execution, .executed([.advance([.advanced(unparked: 0)]), .release(ReleaseOutcome(released: 1))]))
            try expectEqual(try await site.status("a")?["status"], "replicated")
            try expectEqual(try await site.command("EXISTS", site.keys.bufferedIndex(model: "m")), .integer(0))
        },
        Case("commits and their release in one call, whatever their order, and what has no part in it") { site in
            for id in ["a", "b", "c", "d"] { try await site.accept(id, Subject.step("create", "m", id)) }
            _ = try await site.claim()
            try await site.advance(.committed(Subject.id("d"), position: Position(1), generatedIDs: nil))
            func committed(_ id: String) -> Advance.Change {
                .committed(Subject.id(id), position: Position(2), generatedIDs: nil)
            }
            func released(_ ids: String...) -> Release {
                Release(
                    ids.map { .init(Subject.id($0), records: [RecordKey(model: "m", encodedID: $0)]) },
                    at: site.time(40))
            }
            let failure = FailureRecord(code: "x", message: "y", at: site.time(20))
            let replies = try await site.keyspace.perform([
                .advance(
                    Advance(
                        [
                            committed("a"), .dead(Subject.id("b"), error: failure, held: [], released: []),
                            committed("c"), committed("d"),
                        ], at: site.time(20))),
                .release(released("a", "d", "c", "b")),
            ])
            try expectEqual(
                replies,
                [
                    .advance([
                        .advanced(unparked: 0), .advanced(unparked: 0), .advanced(unparked: 0), .stale(.committed),
                    ]), .release(ReleaseOutcome(released: 3)),
                ])
            for id in ["a", "c", "d"] {
                let status = try await site.status(id)
                try expectEqual(status?["status"], "replicated")
                try expectEqual(status?["replicated_at"], .string(site.time(40).description))
                try expect(status?["committed_at"] != nil)
                let key = site.keys.buffered(RecordKey(model: "m", encodedID: id))
                try expectEqual(try await site.command("EXISTS", key), .integer(0))
            }
            try expectEqual(try await site.status("b")?["status"], "dead_letter")
            let counters = ["committed", "replicated", "dead_letter", "pending", "processing"]
            for (name, value) in zip(counters, [3, 3, 1, 0, 0] as [Int64]) {
                try expectEqual(try await site.counter(name), value)
            }
            try expectEqual(try await site.command("EXISTS", site.keys.replicationPending), .integer(0))
        },
    ]
}
