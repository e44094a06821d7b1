// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

extension Integration {
    /// The replica is a file that only the test brings up to date.
    @Suite struct ReplicaTests {
        private func scene() throws -> Sidecar {
            let sidecar = try Sidecar(schema: SampleSchema.text)
            try copy(sidecar)
            try sidecar.launch(["replica.urls": "sqlite:" + sidecar.folder + "/replica.db"])
            try sidecar.waitUntilReady()
            return sidecar
        }

        private func copy(_ sidecar: Sidecar) throws { try sidecar.main.rows(".backup '\(sidecar.folder)/replica.db'") }

        private func cached(_ client: FrameClient, _ record: String) throws -> JSONValue {
            try client.call("keyspace.command", ["command": ["GET", .string("site:s:cache:ids:\(record)")]])
        }

        @Test func `what is committed and not replicated stays visible, and is released when the replica has it`()
            throws
        {
            let sidecar = try scene()
            let client = try sidecar.client()
            try client.buffer(
                "tx", .create("o", "observation", ["id": "o1", "telescope_id": "t1", "note": "new"]),
                .increment("t", "telescope", "t1", ["shots": 2]))
            #expect(try client.wait("tx")["status"] == "committed")
            #expect(try sidecar.main.integer("SELECT count(*) FROM observation") == 1)
            let early = try client.wait("tx", until: "replicated", timeoutMS: 100)
            #expect(early["timed_out"] == true)
            #expect(early["status"] == "committed")

            // The replica, from which reads come, has nothing of it; the overlay has.
            #expect(try client.get("observation", "o1")["record"]?["note"] == "new")
            #expect(try client.get("telescope", "t1")["record"]?["shots"] == 2)
            #expect(try client.query("observation", ["count": true])["count"] == 1)
            #expect(try cached(client, "observation:o1").string?.contains("new") == true)
            // A second write on top of one that is committed but not replicated.
            try client.buffer("more", .increment("t", "telescope", "t1", ["shots": 5]))
            #expect(try client.wait("more")["status"] == "committed")
            #expect(try client.get("telescope", "t1")["record"]?["shots"] == 7)

            try copy(sidecar)
            #expect(try client.wait("more", until: "replicated")["status"] == "replicated")
            #expect(try client.status("tx")["status"] == "replicated")
            #expect(try cached(client, "observation:o1") == .null)
            let settled = try client.get("telescope", "t1")
            #expect(settled["record"]?["shots"] == 7)
            #expect(settled["pending"] == [])
            #expect(try client.counters()["conserved"] == true)
        }

        @Test func `a replica that can't be read is told before anything waits for it`() throws {
            let sidecar = try Sidecar(schema: SampleSchema.text)
            try sidecar.launch(["replica.urls": "sqlite:" + sidecar.folder + "/replica.db"])
            try sidecar.waitUntilReady()
            let client = try sidecar.client()
            func isTold() throws -> Bool {
                try client.call("server.health")["reasons"]?.array?.contains { $0["code"] == "replica_unavailable" }
                    ?? false
            }
            while try !isTold() {}
            #expect(try client.call("server.health")["replicas"]?.array?.first?["state"] == "unavailable")
            try copy(sidecar)
            while try isTold() {}
            #expect(try client.get("telescope", "t1")["record"]?["name"] == "north")
        }

        @Test func `a crash between commit and replication forgets nothing`() throws {
            let sidecar = try scene()
            let first = try sidecar.client()
            try first.buffer("tx", .increment("t", "telescope", "t1", ["shots": 2]))
            #expect(try first.wait("tx")["status"] == "committed")
            sidecar.kill()
            try sidecar.launch(["replica.urls": "sqlite:" + sidecar.folder + "/replica.db"])
            try sidecar.waitUntilReady()
            let client = try sidecar.client()
            #expect(try client.status("tx")["status"] == "committed")
            #expect(try client.get("telescope", "t1")["record"]?["shots"] == 2)
            try copy(sidecar)
            #expect(try client.wait("tx", until: "replicated")["status"] == "replicated")
            #expect(try client.get("telescope", "t1")["record"]?["shots"] == 2)
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 2)
        }

        @Test func `what a restored main database lacks is applied again, before what was accepted later`() throws {
            let sidecar = try scene()
            let first = try sidecar.client()
            // The backup knows this lease, so its token does not tell.
            try first.buffer("kept", .update("t", "telescope", "t1", ["shots": 1]))
            #expect(try first.wait("kept")["status"] == "committed")
            try sidecar.main.rows(".backup '\(sidecar.folder)/backup.db'")
            try first.buffer("lost", .update("t", "telescope", "t1", ["shots": 2]))
            #expect(try first.wait("lost")["status"] == "committed")
            try first.pause()
            try first.buffer("later", .update("t", "telescope", "t1", ["shots": 3]))
            #expect(sidecar.stop() == .code(0))
            try sidecar.main.rows(".restore '\(sidecar.folder)/backup.db'")
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 1)
            try sidecar.launch(["replica.urls": "sqlite:" + sidecar.folder + "/replica.db"])
            try sidecar.waitUntilReady()
            let client = try sidecar.client()
            #expect(try client.wait("later")["status"] == "committed")
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 3)
            #expect(
                try sidecar.main.rows("SELECT transaction_id FROM sluice_ledger ORDER BY sequence").flatMap(\.self)
                    == ["kept", "lost", "later"])
            try copy(sidecar)
            #expect(try client.wait("lost", until: "replicated")["status"] == "replicated")
        }

        @Test func `a delete and a database-assigned id hold until the replica has them`() throws {
            let sidecar = try scene()
            let client = try sidecar.client()
            try client.buffer(
                "tx", .create("e", "exposure", ["label": "raw"]), .delete("d", "telescope", "t3"))
            let id = try client.wait("tx")["generated_ids"]?["e"] ?? .null
            #expect(id.int64 != nil)
            #expect(try client.get("exposure", id)["record"]?["label"] == "raw")
            #expect(try client.get("exposure", ["$ref": "tx#e.id"])["record"]?["label"] == "raw")
            #expect(try client.get("telescope", "t3")["record"] == nil)
            #expect(try client.query("telescope", ["count": true])["count"] == 2)
            try copy(sidecar)
            try client.wait("tx", until: "replicated")
            #expect(try client.get("exposure", id)["record"]?["label"] == "raw")
            #expect(try client.get("telescope", "t3")["record"] == nil)
        }
    }
}
