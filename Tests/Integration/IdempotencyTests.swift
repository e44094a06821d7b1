// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

extension Integration {
    @Suite struct IdempotencyTests {
        private let steps: [JSONValue] = [
            .create("obs", "observation", ["telescope_id": "t1", "note": "first"]),
            .create("copy", "observation", ["telescope_id": "t1", "note": ["$ref": "obs.id"]]),
        ]

        private func send(_ client: FrameClient, _ id: String = "same") throws -> JSONValue {
            try client.call("transaction.buffer", ["transaction": FrameClient.transaction(id, steps)])
        }

        @Test func `the same content gets the same receipt in every phase, also after a restart and after its status`()
            throws
        {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["status.ttl": "1s"])
            var client = try sidecar.client()
            try client.pause()
            let first = try send(client)
            #expect(first["duplicate"] == false)
            let ids = first["generated_ids"]
            #expect(ids?["obs"]?.string?.isEmpty == false)

            func expectDuplicate(_ phase: Comment) throws {
                let again = try send(client)
                #expect(again["duplicate"] == true, phase)
                #expect(again["generated_ids"] == ids, phase)
            }
            try expectDuplicate("pending")
            sidecar.kill()
            try sidecar.start()
            client = try sidecar.client()
            try expectDuplicate("after a crash")
            #expect(try client.wait("same", until: "replicated")["status"] == "replicated")
            try expectDuplicate("replicated")
            #expect(sidecar.stop() == .code(0))
            try sidecar.start()
            client = try sidecar.client()
            try expectDuplicate("after a restart")
            while (try? client.status("same")) != nil {}
            try expectDuplicate("after its status has expired")
            #expect(try sidecar.main.integer("SELECT count(*) FROM observation") == 2)
        }

        @Test func `the same id with other content is a conflict, pending and applied`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            try client.pause()
            _ = try send(client)
            func expectConflict() throws {
                let error = #expect(throws: RemoteError.self) {
                    try client.buffer("same", .create("obs", "observation", ["telescope_id": "t1", "note": "other"]))
                }
                #expect(error?.kind == "transaction_conflict")
            }
            try expectConflict()
            try client.resume()
            try client.wait("same")
            try expectConflict()
            #expect(try sidecar.main.integer("SELECT count(*) FROM observation") == 2)
        }

        @Test func `member order and whitespace are no content`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            try client.buffer("tx", .create("obs", "observation", ["id": "o1", "telescope_id": "t1"]))
            let text = """
                {"jsonrpc": "2.0", "id": 900, "method": "transaction.buffer", "params": {"transaction": {"steps": [
                  {"data": {"telescope_id": "t1", "id": "o1"}, "model": "observation", "operation": "create",
                   "step_id": "obs"}], "transaction_id": "tx"}}}
                """
            try client.send(frame: Array(text.utf8))
            #expect(try client.result(of: 900)["duplicate"] == true)
        }

        @Test func `100 concurrent duplicates make one row`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let socketPath = sidecar.socketPath
            let transaction = FrameClient.transaction("one", [.increment("shot", "telescope", "t1", ["shots": 1])])
            try Threads.run(10) { _ in
                let client = try FrameClient(socketPath)
                let requests = try (0..<10).map { _ in
                    try client.post("transaction.buffer", ["transaction": transaction])
                }
                for request in requests {
                    #expect(try client.result(of: request)["transaction_id"] == "one")
                }
            }
            let client = try sidecar.client()
            try client.wait("one")
            #expect(try client.counters()["accepted"] == 1)
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 1)
            #expect(try sidecar.main.integer("SELECT count(*) FROM sluice_ledger") == 1)
        }
    }
}
