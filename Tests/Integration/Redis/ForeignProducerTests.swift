// SPDX-License-Identifier: MIT
import DaemonHarness
import Foundation
import JSON
import RedisServer
import Testing

extension Integration {
    /// Programs that LPUSH transactions into the buffer themselves.
    @Suite(.enabled(if: RedisServer.program != nil)) struct ForeignProducerTests {
        let server: RedisServer
        let sidecar: Sidecar

        init() throws {
            server = try RedisServer("--appendonly", "yes", "--appendfsync", "always")
            sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["keyspace.url": server.url])
        }

        private func push(_ elements: String...) throws {
            for element in elements { try server.run("LPUSH", "site:s:transaction_buffer", element) }
        }

        @Test func `a transaction in the documented shape is applied once, and has a status`() throws {
            let client = try sidecar.client()
            let text = """
                {"transaction_id": "foreign-1", "endpoint": "POST /observations", "metadata": {"from": "a script"},
                 "steps": [
                  {"step_id": "o", "operation": "create", "model": "observation",
                   "data": {"id": "o1", "telescope_id": "t1", "note": "pushed"}},
                  {"step_id": "t", "operation": "increment", "model": "telescope", "id": "t1", "data": {"shots": 1}}]}
                """
            try push(text)
            try eventually { (try? client.status("foreign-1"))?["status"] == "replicated" }
            // The same again is the same.
            try push(text)
            try eventually { try server.run("LLEN", "site:s:transaction_buffer") == .integer(0) }
            #expect(try sidecar.main.rows("SELECT note FROM observation") == [["pushed"]])
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 1)
            let counters = try client.counters()
            #expect(counters["accepted"] == 1)
            #expect(counters["conserved"] == true)
        }

        @Test func `what is malformed goes to the dead letter with its bytes, and blocks nobody`() throws {
            let client = try sidecar.client()
            try push(
                "no json", #"{"steps": []}"#, #"{"transaction_id": "x", "steps": [{"step_id": "s"}]}"#,
                #"{"transaction_id": "good", "steps": [{"step_id": "s", "operation": "increment", "model": "telescope","#
                    + #" "id": "t1", "data": {"shots": 1}}]}"#
            )
            try client.buffer("ours", .increment("s", "telescope", "t1", ["shots": 10]))
            #expect(try client.wait("ours")["status"] == "replicated")
            #expect(try client.status("good")["status"] == "replicated")
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 11)

            let dead = try client.call("dead_letter.list")["transactions"]?.array ?? []
            #expect(dead.count == 3)
            var raws: [String] = []
            for transaction in dead {
                let id = try #require(transaction["transaction_id"]?.string)
                #expect(id.hasPrefix("malformed-"))
                let letter = try client.call("dead_letter.get", ["transaction_id": .string(id)])
                raws.append(letter["raw"]?.string ?? "")
                #expect(letter["record"]?["last_error"]?["code"] == "malformed")
            }
            #expect(
                raws.sorted()
                    == [
                        "no json", #"{"steps": []}"#, #"{"transaction_id": "x", "steps": [{"step_id": "s"}]}"#,
                    ].sorted())
            // Nothing stands in them that could be applied: a retry leaves them, with their bytes, where they are.
            let retried = try client.call("dead_letter.retry", ["all": true])
            #expect(retried["retried"]?.array?.isEmpty == true)
            #expect(retried["failed"]?.array?.map { $0["kind"] } == ["malformed", "malformed", "malformed"])
            #expect(try client.call("dead_letter.list")["transactions"]?.array?.count == 3)
            #expect(try client.counters()["conserved"] == true)
        }

        @Test func `an element with the id of another transaction is a dead letter of which subscribers hear`() throws {
            let client = try sidecar.client()
            try client.buffer("tx", .increment("s", "telescope", "t1", ["shots": 1]))
            try client.wait("tx")
            let subscriber = try sidecar.client()
            _ = try subscriber.call("transaction.subscribe", ["statuses": ["dead_letter"]])
            try push(
                #"{"transaction_id":"tx","steps":[{"step_id":"s","operation":"delete","model":"telescope","id":"t3"}]}"#
            )
            let id = try #require(try subscriber.event()["params"]?["transaction_id"]?.string)
            #expect(id.hasPrefix("malformed-"))
            #expect(try client.status(id)["last_error"]?["code"] == "transaction_conflict")
        }

        @Test func `a queue from which elements were deleted is told`() throws {
            let client = try sidecar.client()
            try client.pause()
            for number in 0..<5 { try client.buffer("tx\(number)", .increment("s", "telescope", "t1", ["shots": 1])) }
            func damage() throws -> JSONValue? {
                try client.call("server.health")["reasons"]?.array?.first { $0["code"] == "queue_damaged" }
            }
            #expect(try damage() == nil)
            try server.run("RPOP", "site:s:transaction_buffer", "2")
            #expect(try #require(try damage())["message"]?.string?.hasPrefix("2 accepted transactions") == true)
        }

        @Test func `a push wakes the processor, however long it would sleep`() throws {
            let sleeper = try Sidecar.started(
                schema: SampleSchema.text,
                settings: ["keyspace.url": server.url, "site.name": "sleepy", "processing.interval": "60s"])
            let client = try sleeper.client()
            // By now it has looked and found nothing.
            #expect(try client.drain())
            try server.run(
                "LPUSH", "site:sleepy:transaction_buffer",
                #"{"transaction_id":"x","steps":[{"step_id":"s","operation":"delete","model":"telescope","id":"t3"}]}"#)
            try eventually { (try? client.status("x"))?["status"] == "replicated" }
        }

        @Test func `theirs are accepted when they are seen, in their own order`() throws {
            let client = try sidecar.client()
            try client.pause()
            for number in 1...5 {
                let id = "n\(number)"
                let step =
                    #"{"step_id":"s","operation":"update","model":"telescope","id":"t1","data":{"name":"\#(id)"}}"#
                if number.isMultiple(of: 2) {
                    try push(#"{"transaction_id":"\#(id)","steps":[\#(step)]}"#)
                } else {
                    try client.buffer(id, .update("s", "telescope", "t1", ["name": .string(id)]))
                }
            }
            try client.resume()
            try eventually { (try? client.status("n4"))?["status"] == "replicated" }
            let applied = try sidecar.main.rows("SELECT transaction_id FROM sluice_ledger ORDER BY sequence")
            #expect(applied.map { $0[0] } == ["n1", "n3", "n5", "n2", "n4"])
            #expect(try sidecar.main.text("SELECT name FROM telescope WHERE id = 't1'") == "n4")
        }
    }
}

/// Waits until it is so; fails the test when that takes longer than anything on a busy machine.
func eventually(_ condition: () throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let end = Date().addingTimeInterval(20)
    while try !condition() {
        guard Date() < end else {
            Issue.record("it never came to that", sourceLocation: sourceLocation)
            return
        }
        usleep(5000)
    }
}
