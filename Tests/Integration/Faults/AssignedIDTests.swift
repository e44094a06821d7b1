// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

extension Integration {
    @Suite struct AssignedIDTests {
        @Test func `an id that the database assigns is usable as a reference before the commit and after it`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            try client.pause()
            let receipt = try client.buffer("made", .create("e", "exposure", ["label": "raw"]))
            let reference: JSONValue = ["$ref": "made#e.id"]
            #expect(receipt["generated_ids"]?["e"] == reference)
            try client.buffer("early", .update("s", "exposure", reference, ["observation_id": "o7"]))
            let pending = try client.get("exposure", reference)
            #expect(pending["record"]?["label"] == "raw")
            #expect(pending["record"]?["observation_id"] == "o7")
            #expect(pending["pending"] == ["made", "early"])
            try client.resume()
            #expect(try client.wait("early")["status"] == "replicated")

            let id = try client.status("made")["generated_ids"]?["e"]
            #expect(id == .integer(Int64(try sidecar.main.integer("SELECT id FROM exposure"))))
            try client.buffer("late", .update("s", "exposure", reference, ["label": "flat"]))
            #expect(try client.get("exposure", id ?? .null)["record"]?["label"] == "flat")
            #expect(try client.get("exposure", reference)["record"]?["label"] == "flat")
            #expect(try client.wait("late")["status"] == "replicated")
            #expect(try sidecar.main.rows("SELECT observation_id, label FROM exposure") == [["o7", "flat"]])
            // A duplicate now knows the id.
            #expect(try client.buffer("made", .create("e", "exposure", ["label": "raw"]))["generated_ids"]?["e"] == id)
        }

        @Test func `a reference to a step that no transaction has is refused or dies, never applied`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            do {
                try client.buffer("tx", .update("s", "exposure", ["$ref": "nobody#e.id"], ["label": "x"]))
                let status = try client.wait("tx")
                #expect(status["last_error"]?["code"] == "reference_unresolved")
            } catch let error as RemoteError {
                #expect(error.kind == "validation_failed")
            }
            #expect(try sidecar.main.integer("SELECT count(*) FROM exposure") == 0)
        }
    }
}
