// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

extension Integration {
    @Suite struct PauseTests {
        @Test func `what is accepted after a pause is not applied before the resume`() throws {
            // Fresh daemons: a pause then meets the processor in the middle of its first look at the database.
            for _ in 0..<Effort.count(short: 5, full: 50) {
                let sidecar = try Sidecar.started(schema: SampleSchema.text)
                let client = try sidecar.client()
                try client.pause()
                try client.buffer("tx", .increment("s", "telescope", "t1", ["shots": 1]))
                #expect(try client.wait("tx", timeoutMS: 50)["status"] == "pending")
                try client.resume()
                #expect(try client.wait("tx")["status"] == "replicated")
            }
        }

        @Test func `a pause in full flow stops after the batch at hand, and loses nothing`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            var next = 0
            for round in 0..<Effort.count(short: 10, full: 200) {
                let requests = try (0..<20).map { _ in
                    next += 1
                    let step = JSONValue.increment("s", "telescope", "t1", ["shots": 1])
                    let transaction = FrameClient.transaction("tx\(next)", [step])
                    return try client.post("transaction.buffer", ["transaction": transaction])
                }
                try client.pause()
                for request in requests { _ = try client.result(of: request) }
                try client.buffer("last\(round)", .increment("s", "telescope", "t2", ["shots": 1]))
                #expect(try client.wait("last\(round)", timeoutMS: 5)["status"] == "pending", "round \(round)")
                try client.resume()
            }
            #expect(try client.drain())
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == next)
        }
    }
}
