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
    ]
}
