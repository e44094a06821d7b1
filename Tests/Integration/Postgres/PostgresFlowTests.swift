// SPDX-License-Identifier: MIT
#if Postgres
import DaemonHarness
import Foundation
import JSON
import PostgresServer
import Testing

extension Integration {
    @Suite(.enabled(if: PostgresServer.isAvailable)) struct PostgresFlowTests {
        @Test func `receipts come one by one: durable, committed, replicated; reads are right in between`() throws {
            let scene = try PostgresScene(PostgresScene.schema)
            let client = try scene.client()
            try scene.replica.pauseReplay()
            let receipt = try client.buffer(
                "tx",
                .create(
                    "o", "observation",
                    [
                        "telescope_id": "t1", "note": "ä|n", "quality": 2, "tags": ["a", "b"],
                        "header": ["k": [1, nothing]],
                    ]),
                .create("e", "exposure", ["observation_id": ["$ref": "o.id"], "label": "raw"]),
                .update("t", "telescope", "t1", ["state": "busy"]),
                .increment("s", "telescope", "t1", ["shots": 2]))
            let id = try #require(receipt["generated_ids"]?["o"]?.string)
            let committed = try client.wait("tx")
            #expect(committed["status"] == "committed")
            #expect(committed["position"]?.string?.contains("/") == true)
            #expect(committed["generated_ids"]?["e"]?.int64 != nil)
            #expect(
                try scene.primary.psql("SELECT note, quality, tags, header FROM observation").hasPrefix(
                    "ä|n|2.00|{a,b}|"))
            #expect(try scene.replica.psql("SELECT count(*) FROM observation") == "0")

            // The replica has nothing of it; the overlay has everything.
            let read = try client.get("observation", .string(id))
            #expect(read["record"]?["note"] == "ä|n")
            #expect(read["pending"] == ["tx"])
            #expect(try client.get("telescope", "t1")["record"]?["shots"] == 2)
            #expect(try client.query("telescope", ["where": ["state": "busy"], "count": true])["count"] == 1)
            #expect(try client.query("observation", ["where": ["telescope_id": "t1"]])["records"]?.array?.count == 1)
            #expect(try client.wait("tx", until: "replicated", timeoutMS: 200)["timed_out"] == true)

            try scene.replica.resumeReplay()
            #expect(try client.wait("tx", until: "replicated")["status"] == "replicated")
            let settled = try client.get("observation", .string(id))
            #expect(settled["pending"] == [])
            #expect(settled["record"]?["note"] == "ä|n")
            #expect(try client.counters()["conserved"] == true)
        }

        @Test func `a constraint fails to the dead letter with its SQLSTATE, and is mended with changes`() throws {
            let scene = try PostgresScene(PostgresScene.schema)
            let client = try scene.client()
            try client.buffer("dup", .create("t", "telescope", ["id": "t9", "name": "north"]))
            let dead = try client.wait("dup")
            #expect(dead["status"] == "dead_letter")
            #expect(dead["last_error"]?["code"] == "unique_violation")
            let message = dead["last_error"]?["message"]?.string ?? ""
            #expect(message.contains("23505") && message.contains("telescope_name_key"), "\(message)")
            _ = try client.call(
                "dead_letter.retry",
                ["transaction_ids": ["dup"], "changes": [["step_id": "t", "data": ["id": "t9", "name": "nine"]]]])
            #expect(try client.wait("dup", until: "replicated")["status"] == "replicated")
            #expect(try scene.primary.psql("SELECT name FROM telescope WHERE id = 't9'") == "nine")
        }

        @Test func `what is wrong is refused at accept, by the types of the catalog`() throws {
            let scene = try PostgresScene(PostgresScene.schema)
            let client = try scene.client()
            for (data, path) in [
                (["id": "no uuid", "telescope_id": "t1"], "steps[0].data.id"),
                (["telescope_id": "t1", "started": "yesterday"], "steps[0].data.started"),
                (["telescope_id": "t1", "nonsense": 1], "steps[0].data.nonsense"),
            ] as [(JSONValue, String)] {
                do {
                    try client.buffer("bad", .create("o", "observation", data))
                    Issue.record("\(path) was accepted")
                } catch let error as RemoteError {
                    #expect(error.kind == "validation_failed")
                    #expect(error.path == path)
                }
            }
        }

        @Test func `both servers restart, and nothing is lost or doubled`() throws {
            let scene = try PostgresScene(PostgresScene.schema)
            let client = try scene.client()
            for number in 0..<10 {
                try client.buffer("a\(number)", .increment("t", "telescope", "t1", ["shots": 1]))
            }
            try scene.primary.restart(.immediate)
            try scene.replica.restart(.immediate)
            for number in 0..<10 {
                try client.buffer("b\(number)", .increment("t", "telescope", "t1", ["shots": 1]))
            }
            #expect(try client.wait("b9", until: "replicated", timeoutMS: 50_000)["status"] == "replicated")
            #expect(try scene.primary.psql("SELECT shots FROM telescope WHERE id = 't1'") == "20")
            #expect(try client.get("telescope", "t1")["record"]?["shots"] == 20)
        }

        @Test func `what was committed and lost in a failover is applied to the promoted replica`() throws {
            let scene = try PostgresScene(PostgresScene.schema)
            let client = try scene.client()
            try client.buffer("kept", .increment("t", "telescope", "t1", ["shots": 1]))
            #expect(try client.wait("kept", until: "replicated")["status"] == "replicated")
            try client.buffer("both", .increment("t", "telescope", "t1", ["shots": 10]))
            #expect(try client.wait("both", until: "replicated")["status"] == "replicated")
            scene.replica.stop()
            try client.buffer("lost", .increment("t", "telescope", "t1", ["shots": 100]))
            #expect(try client.wait("lost")["status"] == "committed")
            scene.primary.kill()
            try scene.replica.start()
            #expect(scene.sidecar.stop() == .code(0))
            try scene.replica.promote()
            #expect(try scene.replica.psql("SELECT shots FROM telescope WHERE id = 't1'") == "11")

            try scene.sidecar.launch(["main.url": scene.replica.url, "replica.urls": ""])
            try scene.sidecar.waitUntilReady()
            let after = try scene.client()
            // Never older than it was written, also while it is on its way for the second time.
            #expect(try after.get("telescope", "t1")["record"]?["shots"] == 111)
            #expect(try after.wait("lost", until: "replicated")["status"] == "replicated")
            #expect(try scene.replica.psql("SELECT shots FROM telescope WHERE id = 't1'") == "111")
            #expect(try after.counters()["conserved"] == true)
        }

        /// `isLive`: the sidecar runs on and finds the promoted one by itself; else it is started anew with its address.
        @Test(arguments: [false, true])
        func `what a failover lost is applied before what was accepted after it`(isLive: Bool) throws {
            let scene = try PostgresScene(PostgresScene.schema)
            if isLive {
                #expect(scene.sidecar.stop() == .code(0))
                let hosts = [scene.primary, scene.replica].map {
                    $0.directory.replacingOccurrences(of: "/", with: "%2F")
                }.joined(separator: ",")
                try scene.sidecar.launch([
                    "main.url": "postgres://postgres@\(hosts)/postgres?target_session_attrs=read-write",
                    // So that nobody but who applies can be the first to notice.
                    "lsn.check_interval": "3s",
                ])
                try scene.sidecar.waitUntilReady()
            }
            let client = try scene.client()
            try client.buffer("kept", .update("t", "telescope", "t1", ["shots": 1]))
            #expect(try client.wait("kept", until: "replicated")["status"] == "replicated")
            scene.replica.stop()
            try client.buffer(
                "lost", .update("t", "telescope", "t1", ["shots": 2]),
                .create("n", "telescope", ["id": "t9", "name": "new"]))
            #expect(try client.wait("lost")["status"] == "committed")
            scene.primary.kill()
            try client.buffer("later", .update("t", "telescope", "t1", ["shots": 3]))
            try client.buffer(
                "child", .create("o", "observation", ["telescope_id": "t9", "note": "of what was lost"]))
            try scene.replica.start()
            if !isLive { #expect(scene.sidecar.stop() == .code(0)) }
            try scene.replica.promote()
            if !isLive {
                try scene.sidecar.launch([
                    "main.url": scene.replica.url, "replica.urls": scene.replica.url, "lsn.check_interval": "3s",
                ])
                try scene.sidecar.waitUntilReady()
            }
            let after = isLive ? client : try scene.client()
            for id in ["later", "child"] {
                #expect(try after.wait(id, timeoutMS: 50_000)["status"] == "committed", "\(id)")
            }
            #expect(try scene.replica.psql("SELECT shots FROM telescope WHERE id = 't1'") == "3")
            #expect(
                try scene.replica.psql("SELECT transaction_id FROM sluice_ledger ORDER BY sequence")
                    .hasPrefix("kept\nlost\n"))
            for id in ["lost", "later", "child"] {
                #expect(try after.wait(id, until: "replicated", timeoutMS: 50_000)["status"] == "replicated", "\(id)")
                #expect(try after.status(id)["attempts"] ?? 0 == 0)
            }
            #expect(try after.counters()["conserved"] == true)
        }

        @Test func `after a move to another cluster reads come from its replica, and what waited is confirmed there`()
            throws
        {
            let scene = try PostgresScene(PostgresScene.schema)
            let client = try scene.client()
            // So that the log of the new one is behind this one's.
            for _ in 0..<6 { try scene.primary.psql("SELECT pg_switch_wal(); CREATE TABLE junk(); DROP TABLE junk") }
            try client.buffer("old", .update("t", "telescope", "t1", ["shots": 1]))
            #expect(try client.wait("old", until: "replicated")["status"] == "replicated")
            #expect(try client.get("telescope", "t1")["record"]?["shots"] == 1)
            try scene.replica.pauseReplay()
            try client.buffer("waits", .update("t", "telescope", "t2", ["shots": 2]))
            #expect(try client.wait("waits")["status"] == "committed")
            #expect(scene.sidecar.stop() == .code(0))

            let primary = try scene.primary.restored()
            let replica = try primary.replica()
            let behind =
                "SELECT '\(try scene.primary.psql("SELECT pg_current_wal_lsn()"))' > pg_current_wal_lsn()::text"
            #expect(try primary.psql(behind) == "t")
            try scene.sidecar.launch(["main.url": primary.url, "replica.urls": replica.url])
            try scene.sidecar.waitUntilReady()
            let after = try scene.client()
            try after.buffer("new", .update("t", "telescope", "t3", ["shots": 3]))
            for id in ["new", "waits"] {
                #expect(try after.wait(id, until: "replicated")["status"] == "replicated", "\(id)")
            }
            #expect(try primary.psql("SELECT count(*) FROM sluice_ledger") == "3", "nothing is applied twice")
            for (id, shots) in [("t1", 1), ("t2", 2), ("t3", 3)] as [(JSONValue, JSONValue)] {
                let read = try after.get("telescope", id)
                #expect(read["record"]?["shots"] == shots && read["pending"] == [])
            }
            #expect(try after.query("telescope", ["count": true])["count"] == 3)
            func isTold() throws -> Bool {
                try after.call("server.health")["reasons"]?.array?.contains { $0["code"] == "main_database_changed" }
                    ?? false
            }
            #expect(try isTold())
            try after.resume()
            #expect(try !isTold())
        }
    }
}

private let nothing = JSONValue.null
#endif
