// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

extension Integration {
    @Suite struct HoldPolicyTests {
        /// A dead transaction on t1, a follower on the same record, one behind that, and a stranger.
        /// (t2 would be no stranger's: the follower's observation refers to it.)
        private func scene(_ policy: String) throws -> (Sidecar, FrameClient) {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["dead_letter.policy": policy])
            let client = try sidecar.client()
            try client.buffer("dead", .update("s", "telescope", "t1", ["state": "lost"]))
            #expect(try client.wait("dead")["status"] == "dead_letter")
            try client.buffer(
                "follower", .increment("s", "telescope", "t1", ["shots": 1]),
                .create("o", "observation", ["id": "o1", "telescope_id": "t2"]))
            try client.buffer("second", .update("s", "observation", "o1", ["note": "seen"]))
            try client.buffer("stranger", .increment("s", "telescope", "t3", ["shots": 5]))
            return (sidecar, client)
        }

        @Test func `under hold, what conflicts is parked and nothing else; a retry lets it go on`() throws {
            let (sidecar, client) = try scene("hold")
            #expect(try client.wait("stranger")["status"] == "replicated")
            let drained = try client.call("processor.drain")
            #expect(drained["drained"] == false && drained["remaining"] == 2, "what is parked remains")
            for id in ["follower", "second"] {
                let status = try client.status(id)
                #expect(status["status"] == "pending", "\(id)")
                #expect(status["held_by"] == "dead", "\(id)")
            }
            #expect(try client.counters()["parked"] == 2)
            // They are pending, and listed as such, in pages too.
            var listed: [JSONValue] = []
            var cursor: JSONValue?
            repeat {
                var params: JSONObject = ["status": "pending", "limit": 1]
                params["cursor"] = cursor
                let page = try client.call("transaction.list", .object(params))
                listed += page["transactions"]?.array ?? []
                cursor = page["cursor"]
            } while cursor != nil
            #expect(listed.count == 2 && listed.allSatisfy { $0["held_by"] != nil }, "\(listed)")
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 0)
            // Reads see what is parked.
            #expect(try client.get("observation", "o1")["record"]?["note"] == "seen")

            _ = try client.call(
                "dead_letter.retry",
                ["transaction_ids": ["dead"], "changes": [["step_id": "s", "data": ["state": "off"]]]])
            for id in ["dead", "follower", "second"] {
                #expect(try client.wait(id)["status"] == "replicated", "\(id)")
            }
            #expect(try sidecar.main.rows("SELECT state, shots FROM telescope WHERE id = 't1'") == [["off", "1"]])
            #expect(try sidecar.main.text("SELECT note FROM observation") == "seen")
            let order = try sidecar.main.rows("SELECT transaction_id FROM sluice_ledger ORDER BY sequence").map {
                $0[0]
            }
            #expect(order == ["stranger", "dead", "follower", "second"])
            #expect(try client.counters()["parked"] == 0)
        }

        @Test func `under hold, a discard lets the others go on, also after a crash`() throws {
            let (sidecar, first) = try scene("hold")
            #expect(try !first.drain())
            sidecar.kill()
            try sidecar.start()
            let client = try sidecar.client()
            #expect(try client.status("second")["held_by"] == "dead")
            _ = try client.call("dead_letter.discard", ["transaction_ids": ["dead"]])
            for id in ["follower", "second"] { #expect(try client.wait(id)["status"] == "replicated", "\(id)") }
            #expect(try sidecar.main.rows("SELECT state, shots FROM telescope WHERE id = 't1'") == [["idle", "1"]])
        }

        @Test func `under continue, others go on and the dead one's changes leave the reads`() throws {
            let (sidecar, client) = try scene("continue")
            for id in ["follower", "second", "stranger"] {
                #expect(try client.wait(id)["status"] == "replicated", "\(id)")
            }
            #expect(try client.status("dead")["status"] == "dead_letter")
            #expect(try client.get("telescope", "t1")["record"]?["state"] == "idle")
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 1)
        }

        @Test(arguments: ["hold", "continue"])
        func `what conflicts with a transaction that waits for its retry does not overtake it`(policy: String) throws {
            let sidecar = try Sidecar.started(
                schema: SampleSchema.text + "INSERT INTO parsed VALUES ('p', 0, '{}');",
                settings: ["dead_letter.policy": policy, "retry.delay": "20ms", "retry.attempts": "4"])
            let client = try sidecar.client()
            try client.pause()
            // The first fails without a class and is retried; it ends in the dead letter.
            try client.buffer("first", .update("s", "parsed", "p", ["version": 1, "document": "no JSON"]))
            try client.buffer("second", .update("s", "parsed", "p", ["version": 2]))
            try client.resume()
            if policy == "hold" {
                #expect(try client.wait("first")["status"] == "dead_letter")
                #expect(try !client.drain())
                #expect(try client.status("second")["held_by"] == "first")
                return
            }
            let second = try client.wait("second")
            let first = try client.status("first")
            #expect(
                first["status"] == "dead_letter",
                "the second overtook the first, which was \(first["status"]?.string ?? "")")
            #expect(second["status"] == "replicated")
        }

        @Test func `a pending transaction can be cancelled, and only a pending one`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            try client.pause()
            try client.buffer("tx", .update("s", "telescope", "t1", ["state": "busy"]))
            #expect(try client.get("telescope", "t1")["record"]?["state"] == "busy")
            #expect(try client.call("transaction.cancel", ["transaction_id": "tx"])["status"] == "cancelled")
            #expect(try client.get("telescope", "t1")["record"]?["state"] == "idle")
            try client.resume()
            #expect(try client.drain())
            #expect(try sidecar.main.text("SELECT state FROM telescope WHERE id = 't1'") == "idle")
            let error = #expect(throws: RemoteError.self) {
                try client.call("transaction.cancel", ["transaction_id": "tx"])
            }
            #expect(error?.kind == "not_cancellable")
            #expect(try client.counters()["conserved"] == true)
            #expect(try client.counters()["cancelled"] == 1)
        }
    }
}
