// SPDX-License-Identifier: MIT
import DaemonHarness
import Foundation
import JSON
import Testing

extension Integration {
    @Suite struct OutageTests {
        /// Accepts `count` transactions and sees that the processor notices the outage.
        private func acceptThroughOutage(_ client: FrameClient, count: Int = 20) throws {
            for number in 0..<count {
                try client.buffer(
                    "tx\(number)", .increment("s", "telescope", "t1", ["shots": 1]),
                    .create("o", "observation", ["telescope_id": "t1", "rank": .integer(Int64(number))]))
            }
            while try client.call("processor.status")["state"] != "outage" {}
            #expect(try client.call("server.health")["status"] == "degraded")
            let counters = try client.counters()
            #expect(counters["accepted"]?.int64 == Int64(count))
            #expect(counters["committed"] == 0)
            #expect(counters["dead_letter"] == 0)
        }

        private func expectAllApplied(_ sidecar: Sidecar, _ client: FrameClient, count: Int = 20) throws {
            #expect(try client.drain())
            for number in 0..<count {
                let status = try client.status("tx\(number)")
                #expect(status["status"] == "replicated")
                #expect(status["attempts"] == 0, "an outage cost an attempt")
            }
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == count)
            let ranks = try sidecar.main.rows("SELECT o.rank FROM observation o ORDER BY o.rowid").compactMap {
                Int($0[0])
            }
            #expect(ranks == Array(0..<count))
        }

        @Test(arguments: ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
        func `a locked main database costs nothing but time`(lock: String) throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["main.timeout": "50ms"])
            let client = try sidecar.client()
            // Whatever needs the schema has to have seen it once.
            _ = try client.get("telescope", "t1")
            let held = try sidecar.main.locked(lock)
            try acceptThroughOutage(client)
            held.release()
            try expectAllApplied(sidecar, client)
        }

        @Test func `a main database that is moved away and back loses nothing`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            _ = try client.get("telescope", "t1")
            let away = sidecar.folder + "/away.db"
            try move(sidecar.mainPath, to: away)
            try acceptThroughOutage(client)
            // Neither an empty database in its place nor a read from nowhere.
            #expect(!FileManager.default.fileExists(atPath: sidecar.mainPath))
            let error = #expect(throws: RemoteError.self) { try client.get("telescope", "t2") }
            #expect(error?.kind == "database_unavailable")
            try move(away, to: sidecar.mainPath)
            try expectAllApplied(sidecar, client)
        }

        @Test func `a main database that was named and never seen is not created, and used once it is there`() throws {
            let sidecar = try Sidecar(settings: [:])
            try sidecar.start()
            let client = try sidecar.client()
            while try client.call("processor.status")["state"] != "outage" {}
            let health = try client.call("server.health")
            #expect(health["status"] == "degraded")
            #expect(health["main_database"]?["state"] == "unavailable")
            #expect(!FileManager.default.fileExists(atPath: sidecar.mainPath))
            try client.buffer("tx", .create("t", "telescope", ["id": "t9", "name": "late"]))
            _ = try sidecar.main.rows(SampleSchema.text)
            #expect(try client.wait("tx", timeoutMS: 20_000)["status"] == "replicated")
            #expect(try sidecar.main.text("SELECT name FROM telescope WHERE id = 't9'") == "late")
        }

        @Test func `another main database than before is told until somebody says that it is meant`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            try sidecar.client().buffer("a", .create("t", "telescope", ["id": "t8", "name": "first"]))
            #expect(try sidecar.client().drain())
            #expect(try healthCodes(sidecar.client()) == [])
            sidecar.stop()
            try move(sidecar.mainPath, to: sidecar.folder + "/away.db")
            _ = try sidecar.main.rows(SampleSchema.text)
            try sidecar.start()
            let client = try sidecar.client()
            try client.buffer("b", .create("t", "telescope", ["id": "t9", "name": "second"]))
            #expect(try client.drain())
            #expect(try healthCodes(client) == ["main_database_changed"])
            _ = try client.call("processor.resume")
            #expect(try healthCodes(client) == [])
            #expect(try sidecar.main.text("SELECT name FROM telescope WHERE id = 't9'") == "second")
        }

        private func healthCodes(_ client: FrameClient) throws -> [String] {
            guard case .array(let reasons)? = try client.call("server.health")["reasons"] else { return ["none"] }
            return reasons.compactMap { $0["code"]?.string }
        }

        @Test func `a start without the main database accepts by the schema it remembers`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            _ = try sidecar.client().get("telescope", "t1")
            #expect(sidecar.stop() == .code(0))
            let away = sidecar.folder + "/away.db"
            try move(sidecar.mainPath, to: away)
            try sidecar.start()
            let client = try sidecar.client()
            try acceptThroughOutage(client)
            let error = #expect(throws: RemoteError.self) {
                try client.buffer("bad", .update("s", "telescope", "t1", ["no_such_column": 1]))
            }
            #expect(error?.path == "steps[0].data.no_such_column")
            try move(away, to: sidecar.mainPath)
            try expectAllApplied(sidecar, client)
        }

        @Test(.enabled(if: getuid() != 0, "the superuser may write into a read-only directory"))
        func `a read-only main database costs nothing but time`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            #expect(try client.drain())
            try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: sidecar.mainPath)
            try acceptThroughOutage(client)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: sidecar.mainPath)
            try expectAllApplied(sidecar, client)
        }

        /// The file and what SQLite keeps beside it.
        private func move(_ path: String, to target: String) throws {
            for suffix in ["", "-wal", "-shm", "-journal"]
            where FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.moveItem(atPath: path + suffix, toPath: target + suffix)
            }
        }
    }
}
