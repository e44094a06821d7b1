// SPDX-License-Identifier: MIT
import DaemonHarness
import Foundation
import JSON
import Testing

extension Integration {
    @Suite struct SchemaChangeTests {
        @Test func `a column added at run time is used by the next transaction`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            try client.buffer("before", .update("s", "telescope", "t1", ["state": "busy"]))
            try client.wait("before")
            try sidecar.main.rows("ALTER TABLE telescope ADD COLUMN mirror REAL")
            try client.buffer("after", .update("s", "telescope", "t1", ["mirror": 8.2]))
            #expect(try client.get("telescope", "t1")["record"]?["mirror"]?.double == 8.2)
            #expect(try client.wait("after")["status"] == "replicated")
            #expect(try sidecar.main.text("SELECT mirror FROM telescope WHERE id = 't1'") == "8.2")
        }

        @Test func `a column dropped at run time does not stop reads`() throws {
            let sidecar = try Sidecar.started(
                schema: SampleSchema.text
                    + "CREATE TABLE plate (id TEXT PRIMARY KEY, n INTEGER, old TEXT); INSERT INTO plate VALUES ('a', 1, 'x');"
            )
            let client = try sidecar.client()
            #expect(try client.get("plate", "a")["record"] == ["id": "a", "n": 1, "old": "x"])
            try sidecar.main.rows("ALTER TABLE plate DROP COLUMN old")
            #expect(try client.get("plate", "a")["record"] == ["id": "a", "n": 1])
            try sidecar.main.rows("ALTER TABLE plate RENAME COLUMN n TO number")
            let found = try client.call("record.query", ["model": "plate", "order_by": ["id"]])
            #expect(found["records"] == [["id": "a", "number": 1]])
        }

        @Test func `a default that was filled in goes with its column`() throws {
            let sidecar = try Sidecar.started(
                schema: SampleSchema.text
                    + "CREATE TABLE plate (id TEXT PRIMARY KEY, n INTEGER, old TEXT DEFAULT 'x', older TEXT DEFAULT 'y');"
            )
            let client = try sidecar.client()
            try client.pause()
            try client.buffer("made", .create("s", "plate", ["id": "a", "n": 1]))
            let upsert: JSONValue = [
                "step_id": "s", "operation": "upsert", "model": "plate", "data": ["id": "b", "n": 2],
            ]
            try client.buffer("met", upsert)
            try client.buffer("given", .create("s", "plate", ["id": "c", "n": 3, "old": "mine"]))
            try sidecar.main.rows("ALTER TABLE plate DROP COLUMN old")
            try client.resume()
            // Accepted before anybody looked again, or after: all the same.
            try client.buffer("late", .create("s", "plate", ["id": "d", "n": 4]))
            for id in ["made", "met", "late"] {
                if try client.wait(id)["status"] == "dead_letter" {
                    _ = try client.call("dead_letter.retry", ["transaction_ids": [.string(id)]])
                }
                #expect(try client.wait(id)["status"] == "replicated")
            }
            #expect(try client.wait("given")["last_error"]?["code"] == "schema_mismatch")
            #expect(
                try sidecar.main.rows("SELECT id, n, older FROM plate ORDER BY id") == [
                    ["a", "1", "y"], ["b", "2", "y"], ["d", "4", "y"],
                ])
        }

        @Test func `many clients that use a new column at once are all accepted`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            _ = try sidecar.client().get("telescope", "t1")
            try sidecar.main.rows("CREATE TABLE plate (id TEXT PRIMARY KEY, n INTEGER)")
            let socketPath = sidecar.socketPath
            try Threads.run(8) { thread in
                let client = try FrameClient(socketPath)
                let requests = try (0..<10).map { number in
                    let step = JSONValue.create("s", "plate", ["id": .string("\(thread)-\(number)")])
                    let transaction = FrameClient.transaction("p\(thread)-\(number)", [step])
                    return try client.post("transaction.buffer", ["transaction": transaction])
                }
                for request in requests { _ = try client.result(of: request) }
            }
            #expect(try sidecar.client().drain())
            #expect(try sidecar.main.integer("SELECT count(*) FROM plate") == 80)
        }

        @Test func `a new sidecar refuses what its database does not have, from the first request on`() throws {
            for _ in 0..<Effort.count(short: 5, full: 50) {
                let sidecar = try Sidecar.started(schema: SampleSchema.text)
                let client = try sidecar.client()
                let error = #expect(throws: RemoteError.self) {
                    try client.buffer("tx", .create("s", "nowhere", ["id": "x"]))
                }
                #expect(error?.path == "steps[0].model")
            }
        }

        /// Tries until somebody listens.
        private static func connected(_ path: String) -> FrameClient {
            while true {
                if let client = try? FrameClient(path) { return client }
                usleep(1000)
            }
        }

        @Test func `whoever connects first to a new sidecar may update and delete`() throws {
            // Several times: between the socket and the first look at the database is only a moment.
            for _ in 0..<Effort.count(short: 5, full: 50) {
                let sidecar = try Sidecar(schema: SampleSchema.text)
                let socketPath = sidecar.socketPath
                let crew = Threads.start(4) { thread in
                    let client = Self.connected(socketPath)
                    let requests = try (0..<32).map { number in
                        let step = JSONValue.increment("s", "telescope", "t1", ["shots": 1])
                        let transaction = FrameClient.transaction("tx\(thread)-\(number)", [step])
                        return try client.post("transaction.buffer", ["transaction": transaction])
                    }
                    for request in requests { _ = try client.result(of: request) }
                }
                try sidecar.launch()
                try crew.join()
            }
        }
    }
}
