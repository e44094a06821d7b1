// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

private let keyA = ConflictKey(name: "r:m:1", use: .exclusive)
private let keyB = ConflictKey(name: "o:x", use: .refers)

extension KeyspaceConformance {
    static let advanceCases = [
        Case("a commit leaves the buffer and waits for the replicas") { site in
            try await site.accept("a", Subject.step("create", "m", "1"))
            _ = try await site.claim()
            let change = Advance.Change.committed(
                Subject.id("a"), position: Position(0x1_0000_00A0, timeline: 3), generatedIDs: Array("{\"s\":42}".utf8))
            try expectEqual(try await site.advance(change), [.advanced(unparked: 0)])
            try expectEqual(try await site.buffer(), [])
            let status = try await site.status("a")
            try expectEqual(status?["status"], "committed")
            try expectEqual(status?["position"], "1/A0")
            try expectEqual(status?["generated_ids"], ["s": 42])
            try expectEqual(status?["committed_at"], .string(site.time(20).description))
            try expectEqual(
                try await site.texts("ZRANGE", site.keys.replicationPending, 0, -1, "WITHSCORES"), ["a", "4294967456"])
            try expect(try await site.json(site.keys.buffered(RecordKey(model: "m", encodedID: "1"))) != nil)
            try expectEqual(try await site.counter("bytes_unfinished"), 0)
        },
        Case("a retry leaves the buffer, holds its keys and returns when it is due") { site in
            for id in ["a", "b"] { try await site.accept(id) }
            _ = try await site.claim()
            let due = site.time(60)
            try await site.advance(
                .retrying(Subject.id("a"), attempts: 1, due: due, error: Subject.error, held: [keyA]),
                .parked(Subject.id("b"), behind: Subject.id("a"), held: [keyB]))
            try expectEqual(try await site.buffer(), [])
            let status = try await site.status("a")
            try expectEqual(status?["status"], "retrying")
            try expectEqual(status?["attempts"], 1)
            try expectEqual(status?["next_attempt_at"], .string(due.description))
            try expectEqual(status?["last_error"]?["code"], "constraint_unique")
            try expectEqual(
                try await site.texts("ZRANGE", site.keys.transactionRetry, 0, -1, "WITHSCORES"),
                ["a", String(due.microseconds / 1000)])
            try expectEqual(
                try await site.texts("ZRANGEBYSCORE", site.keys.transactionRetry, "-inf", due.microseconds / 1000),
                ["a"])
            try expectEqual(
                try await site.texts("ZRANGEBYSCORE", site.keys.transactionRetry, "-inf", due.microseconds / 1000 - 1),
                [])
            try expectEqual(try await site.advance(.due(Subject.id("a"))), [.advanced(unparked: 1)])
            try expectEqual(try await site.buffer(), ["b", "a"])
            try expectEqual(try await site.claim().map(\.attempts), [1, 0])
            try expectEqual(
                try await site.command("EXISTS", site.keys.heldRecords, site.keys.transactionRetry), .integer(0))
        },
        Case("what is parked shows who holds it, and returns in order with those behind it") { site in
            for id in ["a", "b", "c", "d"] { try await site.accept(id) }
            _ = try await site.claim()
            try await site.advance(
                .dead(Subject.id("a"), error: Subject.error, held: [keyA], released: []),
                .parked(Subject.id("c"), behind: Subject.id("a"), held: [keyA]),
                .parked(Subject.id("b"), behind: Subject.id("a"), held: [keyB]),
                .parked(Subject.id("d"), behind: Subject.id("c"), held: []))
            try expectEqual(try await site.status("b")?["held_by"], "a")
            try expectEqual(try await site.status("b")?["status"], "pending")
            try expectEqual(
                try await site.texts("LRANGE", site.keys.parked(behind: Subject.id("a")), 0, -1), ["b", "c"])
            try expectEqual(try await site.command("HGET", site.keys.heldRecords, "x:r:m:1"), .bulk(Array("a".utf8)))
            try expectEqual(try await site.command("HLEN", site.keys.heldRecords), .integer(2))
            try expectEqual(try await site.counter("parked"), 3)
            try expectEqual(try await site.counter("pending"), 3)
            try expect(try await site.claim().isEmpty)
            try expectEqual(try await site.advance(.requeued(Subject.id("a"), revised: nil)), [.advanced(unparked: 3)])
            try expectEqual(try await site.counter("parked"), 0)
            try expectEqual(try await site.claim().map(\.transactionID.string), ["a", "b", "c", "d"])
            try expect(try await site.status("b")?["held_by"] == nil)
        },
        Case("nobody is parked behind what no longer blocks: it waits again") { site in
            for id in ["a", "b"] { try await site.accept(id) }
            _ = try await site.claim()
            try await site.advance(.committed(Subject.id("a"), position: Position(1), generatedIDs: nil))
            try await site.advance(.parked(Subject.id("b"), behind: Subject.id("a"), held: [keyA]))
            try expectEqual(try await site.claim().map(\.transactionID.string), ["b"])
            try expectEqual(try await site.command("EXISTS", site.keys.heldRecords), .integer(0))
        },
        Case("a dead letter waits for its operator, who may revise it") { site in
            try await site.accept("a", Subject.step("create", "m", "1", "{\"x\":1}"))
            _ = try await site.claim()
            try await site.advance(.dead(Subject.id("a"), error: Subject.error, held: [], released: []))
            try expectEqual(try await site.status("a")?["dead_at"], .string(site.time(20).description))
            try expectEqual(try await site.texts("ZRANGE", site.keys.transactionDeadLetter, 0, -1), ["a"])
            try expect(try await site.json(site.keys.buffered(RecordKey(model: "m", encodedID: "1"))) != nil)
            let revised = Subject.transaction("a", [Subject.step("create", "m", "2", "{\"x\":2}")], at: site.time(0))
            let revision = Advance.Revision(
                payload: revised.payload, previous: [RecordKey(model: "m", encodedID: "1")], changes: revised.changes)
            try await site.advance(.requeued(Subject.id("a"), revised: revision))
            try expect(try await site.json(site.keys.buffered(RecordKey(model: "m", encodedID: "1"))) == nil)
            try expectEqual(try await site.json(site.keys.buffered(RecordKey(model: "m", encodedID: "2"))), ["x": 2])
            try expectEqual(try await site.claim().first?.payload, revised.payload)
            try expectEqual(try await site.counter("bytes_unfinished"), Int64(revised.payload.count))
            try expect(try await site.status("a")?["dead_at"] == nil)
        },
        Case("the ids of a revision are in the status and the answer to a repeat, also after a takeover") { site in
            func transaction(_ name: String) -> Accept {
                var accept = Subject.transaction("a", [Subject.step("create", "m", name)], at: site.time(0))
                accept.payload = accept.payload.dropLast() + Array(",\"generated_ids\":{\"s\":\"\(name)\"}}".utf8)
                return accept
            }
            _ = try await site.one(.accept(transaction("1")))
            let revised = transaction("2")
            let ids = Array("{\"s\":\"2\"}".utf8)
            let repeated = { try await site.one(.accept(transaction("1"))) }
            let previous = transaction("1").changes + revised.changes
            // The second time as an operator does who changes nothing more.
            for generatedIDs in [ids, nil] {
                _ = try await site.claim()
                try await site.advance(.dead(Subject.id("a"), error: Subject.error, held: [], released: []))
                let revision = Advance.Revision(
                    payload: revised.payload, previous: previous.map(\.record), changes: revised.changes,
                    generatedIDs: generatedIDs)
                try await site.advance(.requeued(Subject.id("a"), revised: revision))
                try expectEqual(try await site.status("a")?["generated_ids"], ["s": "2"])
                try expectEqual(try await repeated(), .accept(.duplicate(status: .pending, generatedIDs: ids)))
            }
            try expectEqual(try await site.claim().first?.payload, revised.payload)
            try await site.advance(
                .committed(Subject.id("a"), position: Position(1), generatedIDs: Array("{\"s\":3}".utf8)))
            try expectEqual(try await site.status("a")?["generated_ids"], ["s": 3])
            try await site.advance(.reverted(Subject.id("a")))
            try expectEqual(try await site.status("a")?["generated_ids"], ["s": "2"])
            try expectEqual(try await repeated(), .accept(.duplicate(status: .pending, generatedIDs: ids)))
            try expectEqual(try await site.claim().first?.payload, revised.payload)
            try await site.advance(.committed(Subject.id("a"), position: Position(2), generatedIDs: nil))
            try expectEqual(try await repeated(), .accept(.duplicate(status: .committed, generatedIDs: ids)))
        },
        Case("what is discarded or cancelled lets go of its records") { site in
            let record = RecordKey(model: "m", encodedID: "1")
            for id in ["a", "b"] { try await site.accept(id, Subject.step("update", "m", "1", "{\"by\":\"\(id)\"}")) }
            _ = try await site.claim(1)
            try await site.advance(.dead(Subject.id("a"), error: Subject.error, held: [keyA], released: []))
            try expectEqual(
                try await site.advance(.discarded(Subject.id("a"), released: [record])), [.advanced(unparked: 0)])
            try expectEqual(try await site.status("a")?["status"], "discarded")
            try expectEqual(try await site.json(site.keys.buffered(record)), ["by": "b"])
            try await site.advance(.cancelled(Subject.id("b"), released: [record]))
            try expectEqual(try await site.status("b")?["status"], "cancelled")
            try expectEqual(try await site.command("EXISTS", site.keys.buffered(record)), .integer(0))
            try expectEqual(try await site.command("EXISTS", site.keys.heldRecords), .integer(0))
            guard case .integer(let left) = try await site.command("TTL", site.keys.transaction(Subject.id("b"))) else {
                throw ConformanceFailure(description: "no TTL")
            }
            try expect(left != -1 && left != -2, "a terminal status expires")
        },
        Case("cancelling what is parked lets those behind it wait again") { site in
            for id in ["a", "b", "c"] { try await site.accept(id) }
            _ = try await site.claim()
            try await site.advance(
                .dead(Subject.id("a"), error: Subject.error, held: [], released: []),
                .parked(Subject.id("b"), behind: Subject.id("a"), held: []),
                .parked(Subject.id("c"), behind: Subject.id("b"), held: []))
            try expectEqual(try await site.advance(.cancelled(Subject.id("b"), released: [])), [.advanced(unparked: 1)])
            try expectEqual(try await site.claim().map(\.transactionID.string), ["c"])
        },
        Case("cancelling what is parked frees those who were parked only because of it") { site in
            for id in ["a", "before", "b", "c", "after"] { try await site.accept(id) }
            _ = try await site.claim()
            try await site.advance(
                .dead(Subject.id("a"), error: Subject.error, held: [keyA], released: []),
                .parked(Subject.id("before"), behind: Subject.id("a"), held: []),
                .parked(Subject.id("b"), behind: Subject.id("a"), held: [keyB]),
                .parked(Subject.id("c"), behind: Subject.id("b"), held: []),
                .parked(Subject.id("after"), behind: Subject.id("a"), held: []))
            try expectEqual(try await site.advance(.cancelled(Subject.id("b"), released: [])), [.advanced(unparked: 2)])
            try expectEqual(
                try await site.texts("LRANGE", site.keys.parked(behind: Subject.id("a")), 0, -1), ["before"])
            try expectEqual(try await site.counter("parked"), 1)
            try expectEqual(try await site.command("HLEN", site.keys.heldRecords), .integer(1))
            try expectEqual(try await site.claim().map(\.transactionID.string), ["c", "after"])
        },
        Case("a change that does not start from where the transaction is, is stale") { site in
            let id = Subject.id("a")
            try expectEqual(try await site.advance(.returned(id)), [.unknown])
            try await site.accept("a")
            for change: Advance.Change in [
                .committed(id, position: Position(1), generatedIDs: nil), .returned(id), .due(id),
                .retrying(id, attempts: 1, due: site.time(1), error: Subject.error, held: []),
                .dead(id, error: Subject.error, held: [], released: []), .parked(id, behind: id, held: []),
                .requeued(id, revised: nil), .discarded(id, released: []),
            ] { try expectEqual(try await site.advance(change), [.stale(.pending)]) }
            _ = try await site.claim()
            try expectEqual(try await site.advance(.cancelled(id, released: [])), [.stale(.processing)])
            try await site.advance(.committed(id, position: Position(1), generatedIDs: nil))
            try expectEqual(
                try await site.advance(
                    .committed(id, position: Position(2), generatedIDs: nil), .returned(Subject.id("b"))),
                [.stale(.committed), .unknown])
            try expectEqual(try await site.status("a")?["position"], "1")
        },
    ]
}
