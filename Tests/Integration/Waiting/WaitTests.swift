// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

extension Integration {
    @Suite struct WaitTests {
        @Test func `wait answers at the goal, at an end, and when the time is over`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            try client.pause()
            try client.buffer("good", .increment("s", "telescope", "t1", ["shots": 1]))
            try client.buffer("bad", .update("s", "telescope", "t2", ["state": "lost"]))
            for timeout: Int64 in [0, 30] {
                let record = try client.wait("good", timeoutMS: timeout)
                #expect(record["timed_out"] == true)
                #expect(record["status"] == "pending")
            }
            let waits = try ["good", "bad"].map { id in
                try client.post("transaction.wait", ["transaction_id": .string(id), "until": "replicated"])
            }
            try client.resume()
            let good = try client.result(of: waits[0])
            #expect(good["status"] == "replicated")
            #expect(good["timed_out"] == nil)
            #expect(good["position"]?.string?.isEmpty == false)
            #expect(try client.result(of: waits[1])["status"] == "dead_letter")
            let unknown = #expect(throws: RemoteError.self) { try client.wait("nobody") }
            #expect(unknown?.kind == "not_found")
        }

        @Test func `a site of type main answers when the transaction is applied`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["site.type": "main"])
            let client = try sidecar.client()
            let receipt = try client.buffer("tx", .increment("s", "telescope", "t1", ["shots": 1]))
            #expect(["committed", "replicated"].contains(receipt["status"]?.string ?? ""))
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 1)
        }

        @Test func `a wait that the sidecar's stop ends is no timeout`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            try client.pause()
            try client.buffer("tx", .increment("s", "telescope", "t1", ["shots": 1]))
            let wait = try client.post("transaction.wait", ["transaction_id": "tx", "timeout_ms": 30_000])
            _ = try client.call("server.health")
            #expect(sidecar.stop() == .code(0))
            let error = #expect(throws: RemoteError.self) { try client.result(of: wait) }
            #expect(error?.kind == "store_unavailable" && error?.isRetryable == true)
        }

        @Test func `at a site of type main nobody waits for what stands behind a dead letter`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["site.type": "main"])
            let client = try sidecar.client()
            let dead = try client.buffer("dead", .update("s", "telescope", "t2", ["state": "lost"]))
            #expect(dead["status"] == "dead_letter")
            let start = ContinuousClock.now
            let held = try client.buffer("held", .increment("s", "telescope", "t2", ["shots": 1]))
            #expect(held["status"] == "pending")
            #expect(try client.status("held")["held_by"] == "dead")
            // main.timeout is 30 s.
            #expect(ContinuousClock.now - start < .seconds(20))
        }

        @Test func `a site that becomes main applies first what it had buffered`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let before = try sidecar.client()
            try before.pause()
            for number in 0..<50 { try before.buffer("old\(number)", .increment("s", "telescope", "t1", ["shots": 1])) }
            #expect(sidecar.stop() == .code(0))
            try sidecar.launch(["site.type": "main"])
            try sidecar.waitUntilReady()
            let receipt = try sidecar.client().buffer("new", .update("s", "telescope", "t2", ["state": "busy"]))
            #expect(["committed", "replicated"].contains(receipt["status"]?.string ?? ""))
            let order = try sidecar.main.rows("SELECT transaction_id FROM sluice_ledger ORDER BY sequence").map {
                $0[0]
            }
            #expect(order == (0..<50).map { "old\($0)" } + ["new"])
        }
    }
}
