// SPDX-License-Identifier: MIT
import JSON
public import Keyspace
import TransactionModel

extension KeyspaceConformance {
    static let adoptionCases = [
        Case("a claim stops before what another program pushed, and reports it") { site in
            try await site.accept("a")
            for element in ["first", "second"] { try await site.push(Array(element.utf8)) }
            try await site.accept("b")
            let (claimed, foreign) = try await site.claimWithForeign()
            try expectEqual(claimed.map(\.transactionID.string), ["a"])
            try expectEqual(foreign.map { String(decoding: $0, as: UTF8.self) }, ["first", "second"])
            try expectEqual(try await site.command("LLEN", site.keys.transactionBuffer), .integer(4))
            let again = try await site.claimWithForeign()
            try expect(again.claimed.isEmpty)
            try expectEqual(again.foreign, foreign)
        },
        Case("a claim reports at most 64 of them") { site in
            for number in 0..<70 { try await site.push(Array("x\(number)".utf8)) }
            try expectEqual(try await site.claimWithForeign().foreign.count, 64)
        },
        Case("what is adopted is like any other, and keeps its place among its like") { site in
            let elements = ["f", "g"].map { Array("{ \"transaction_id\" : \"\($0)\" }".utf8) }
            try await site.accept("a")
            for element in elements { try await site.push(element) }
            let record = RecordKey(model: "m", encodedID: "1")
            for (element, id) in zip(elements, ["f", "g"]) {
                let accept = Subject.transaction(
                    id, [Subject.step("create", "m", "1", "{\"by\":\"\(id)\"}")], at: site.time(5))
                try expectEqual(try await site.adopt(element, .accepted(accept)), .adopted)
                try expectEqual(try await site.adopt(element, .accepted(accept)), .gone)
            }
            try expectEqual(try await site.buffer(), ["g", "f", "a"])
            try expectEqual(try await site.json(site.keys.buffered(record)), ["by": "g"])
            try expectEqual(try await site.status("f")?["status"], "pending")
            try expectEqual(try await site.counter("accepted"), 3)
            try expectEqual(try await site.counter("pending"), 3)
            let claimed = try await site.claimWithForeign()
            try expectEqual(claimed.claimed.map(\.transactionID.string), ["a", "f", "g"])
            try expectEqual(claimed.foreign, [])
            try expectEqual(claimed.claimed.map(\.sequence), claimed.claimed.map(\.sequence).sorted())
        },
        Case("what is adopted after something newer was accepted stands behind it") { site in
            let element = Array("foreign".utf8)
            try await site.push(element)
            try await site.accept("b")
            let accept = Subject.transaction("f", [Subject.step("update", "m", "1")], at: site.time(5))
            try expectEqual(try await site.adopt(element, .accepted(accept)), .adopted)
            try expectEqual(try await site.buffer(), ["f", "b"])
            try expectEqual(try await site.claim().map(\.transactionID.string), ["b", "f"])
        },
        Case("a repeat of an accepted transaction is removed, also when the bytes are its own") { site in
            let accept = Subject.transaction("a", [Subject.step("create", "m", "1")], at: site.time(0))
            try await site.accept("a", Subject.step("create", "m", "1"))
            try await site.push(Array("again".utf8))
            try expectEqual(try await site.adopt(Array("again".utf8), .accepted(accept)), .duplicate)
            try expectEqual(try await site.buffer(), ["a"])
            try await site.push(accept.payload)
            try expectEqual(try await site.claimWithForeign().claimed.map(\.transactionID.string), ["a"])
            try expectEqual(try await site.adopt(accept.payload, .accepted(accept)), .gone)
            try await site.advance(.committed(Subject.id("a"), position: Position(1), generatedIDs: nil))
            let (claimed, foreign) = try await site.claimWithForeign()
            try expect(claimed.isEmpty)
            try expectEqual(foreign, [accept.payload])
            try expectEqual(try await site.adopt(accept.payload, .accepted(accept)), .duplicate)
            try expectEqual(try await site.command("EXISTS", site.keys.transactionBuffer), .integer(0))
            try expectEqual(try await site.counter("accepted"), 1)
        },
        Case("a foreign transaction under a used id becomes a dead letter of its own") { site in
            try await site.accept("a", Subject.step("create", "m", "1"))
            let element = Array("other content".utf8)
            try await site.push(element)
            let accept = Subject.transaction("a", [Subject.step("create", "m", "2")], hash: 2, at: site.time(0))
            try expectEqual(try await site.adopt(element, .accepted(accept)), .conflict)
            try expectEqual(try await site.buffer(), ["a"])
            let id = "malformed-" + SHA256.hash(element).hexadecimal
            try expectEqual(try await site.texts("ZRANGE", site.keys.transactionDeadLetter, 0, -1), [id])
            try expectEqual(try await site.status(id)?["last_error"]?["code"], "transaction_conflict")
            try expectEqual(try await site.status("a")?["status"], "pending")
        },
        Case("a malformed element becomes a dead letter with its bytes, once, and can be discarded") { site in
            let element: [UInt8] = [0xFF, 0, 10, 34]
            let id = Subject.id("malformed-" + SHA256.hash(element).hexadecimal)
            for outcome in [AdoptionOutcome.adopted, .duplicate] {
                try await site.push(element)
                try expectEqual(try await site.adopt(element, .malformed(id, Subject.error)), outcome)
            }
            try expectEqual(try await site.adopt(element, .malformed(id, Subject.error)), .gone)
            let status = try await site.status(id.string)
            try expectEqual(status?["status"], "dead_letter")
            try expectEqual(status?["transaction_id"], .string(id.string))
            try expectEqual(status?["last_error"]?["code"], "constraint_unique")
            try expectEqual(
                try await site.command("GET", site.keys.prefix + "dead_letter_raw:" + id.string), .bulk(element))
            try expectEqual(try await site.counter("dead_letter"), 1)
            try expectEqual(try await site.advance(.discarded(id, released: [])), [.advanced(unparked: 0)])
            try expectEqual(try await site.counter("bytes_unfinished"), 0)
            try expectEqual(try await site.counter("accepted"), 1)
        },
    ]
}

extension Subject {
    public func adopt(_ element: [UInt8], _ verdict: Adoption.Verdict) async throws -> AdoptionOutcome {
        guard case .adopt(let outcome) = try await one(.adopt(Adoption(raw: element, verdict, at: time(5)))) else {
            throw ConformanceFailure(description: "an adoption was not answered as one")
        }
        return outcome
    }
}
