// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

extension Integration {
    @Suite struct DeadLetterTests {
        struct Fault: Sendable, CustomTestStringConvertible {
            var code: String
            var step: JSONValue
            var testDescription: String { code }
        }

        private static let faults = [
            Fault(code: "unique_violation", step: .create("s", "telescope", ["id": "t9", "name": "north"])),
            Fault(
                code: "foreign_key_violation", step: .create("s", "observation", ["id": "o", "telescope_id": "none"])),
            Fault(code: "check_violation", step: .update("s", "telescope", "t1", ["state": "lost"])),
            Fault(code: "record_missing", step: .update("s", "telescope", "t404", ["state": "busy"])),
            Fault(code: "record_missing", step: .increment("s", "telescope", "t404", ["shots": 1])),
            Fault(code: "refused", step: .create("s", "guarded", ["id": "forbidden"])),
        ]

        @Test func `what the database refuses for good goes to the dead letter, with the code of its fault`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["dead_letter.policy": "continue"])
            let client = try sidecar.client()
            for (index, fault) in Self.faults.enumerated() {
                let id = "tx\(index)"
                // The first step would succeed: all or nothing.
                try client.buffer(id, .create("good", "parsed", ["id": .string(id)]), fault.step)
                let status = try client.wait(id)
                #expect(status["status"] == "dead_letter", "\(fault.code)")
                #expect(status["last_error"]?["code"]?.string == fault.code)
            }
            let listed = try client.call("dead_letter.list", ["filter": ["code": "record_missing"]])
            #expect(listed["transactions"]?.array?.count == 2)
            #expect(try sidecar.main.integer("SELECT count(*) FROM parsed") == 0)
            #expect(try client.counters()["dead_letter"]?.int64 == Int64(Self.faults.count))
            #expect(try client.counters()["conserved"] == true)
        }

        @Test func `a retry with changes succeeds, and the ledger knows the first content`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            let step = JSONValue.create("s", "telescope", ["id": "t9", "name": "north"])
            try client.buffer("tx", step)
            #expect(try client.wait("tx")["status"] == "dead_letter")
            let answer = try client.call(
                "dead_letter.retry",
                ["transaction_ids": ["tx"], "changes": [["step_id": "s", "data": ["name": "west"]]]])
            #expect(answer["retried"] == ["tx"])
            #expect(try client.wait("tx")["status"] == "replicated")
            #expect(try sidecar.main.text("SELECT name FROM telescope WHERE id = 't9'") == "west")
            #expect(try client.buffer("tx", step)["duplicate"] == true)
        }

        @Test func `a retry with another key takes those along who refer to it`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            let steps: [JSONValue] = [
                .create("tel", "telescope", ["id": "t1", "name": "mine"]),
                .create(
                    "obs", "observation",
                    ["id": "o1", "telescope_id": ["$ref": "tel.id"], "note": ["$ref": "tel.name"]]),
            ]
            try client.buffer("tx", steps[0], steps[1])
            #expect(try client.wait("tx")["last_error"]?["code"] == "unique_violation")
            _ = try client.call(
                "dead_letter.retry",
                ["transaction_ids": ["tx"], "changes": [["step_id": "tel", "data": ["id": "t9", "name": "yours"]]]])
            let status = try client.wait("tx", until: "replicated")
            #expect(status["status"] == "replicated")
            #expect(status["generated_ids"] == ["tel": "t9", "obs": "o1"])
            #expect(
                try sidecar.main.rows("SELECT telescope_id, note FROM observation WHERE id = 'o1'") == [
                    ["t9", "yours"]
                ])
            #expect(try sidecar.main.text("SELECT name FROM telescope WHERE id = 't1'") == "north")
            let repeated = try client.buffer("tx", steps[0], steps[1])
            #expect(repeated["duplicate"] == true)
            #expect(repeated["generated_ids"] == ["tel": "t9", "obs": "o1"])
            #expect(try client.get("observation", "o1")["record"]?["telescope_id"] == "t9")
        }

        @Test func `a failure without a class is tried again, so often as the transaction says`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            let steps: JSONValue = [.create("s", "parsed", ["id": "p", "document": "no JSON"])]
            _ = try client.call(
                "transaction.buffer",
                ["transaction": ["transaction_id": "tx", "retry": ["max_attempts": 2], "steps": steps]])
            let status = try client.wait("tx")
            #expect(status["status"] == "dead_letter")
            #expect(status["last_error"]?["code"] == "unclassified")
            #expect(status["attempts"] == 2)
        }

        @Test func `a discarded transaction leaves the reads`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            try client.buffer("tx", .update("s", "telescope", "t1", ["state": "lost"]))
            try client.wait("tx")
            let failed = try client.get("telescope", "t1")
            #expect(failed["record"]?["state"] == "lost")
            #expect(failed["sources"]?.array?.contains("failed") == true)
            #expect(try client.call("dead_letter.discard", ["all": true])["discarded"] == ["tx"])
            #expect(try client.get("telescope", "t1")["record"]?["state"] == "idle")
            #expect(try client.status("tx")["status"] == "discarded")
        }
    }
}
