// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

extension Integration {
    @Suite struct ReadYourWritesTests {
        private func write(_ client: FrameClient) throws {
            try client.buffer(
                "made", .create("o", "observation", ["id": "o1", "telescope_id": "t1", "note": "first"]))
            try client.buffer(
                "changed", .update("o", "observation", "o1", ["note": "second"]),
                .increment("t", "telescope", "t1", ["shots": 3]), .delete("d", "telescope", "t3"))
        }

        private func expectVisible(_ client: FrameClient, _ phase: Comment) throws {
            #expect(try client.get("observation", "o1")["record"]?["note"] == "second", phase)
            #expect(try client.get("telescope", "t1")["record"]?["shots"] == 3, phase)
            #expect(try client.get("telescope", "t3")["record"] == nil, phase)
            let found = try client.query("telescope", ["order_by": ["id"], "count": true])
            #expect(found["records"]?.array?.map { $0["id"] } == ["t1", "t2"], phase)
            #expect(found["count"] == 2, phase)
            let notes = try client.query("observation", ["where": ["note": "second"]])
            #expect(notes["records"]?.array?.count == 1, phase)
        }

        @Test func `a write is visible while it waits, after a crash, during an outage and after the commit`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["main.timeout": "50ms"])
            var client = try sidecar.client()
            try client.pause()
            try write(client)
            try expectVisible(client, "paused")
            #expect(try client.get("observation", "o1")["pending"] == ["made", "changed"])
            #expect(try client.get("observation", "o1")["sources"] == ["buffered"])

            let lock = try sidecar.main.locked("BEGIN IMMEDIATE")
            sidecar.kill()
            try sidecar.start()
            client = try sidecar.client()
            try expectVisible(client, "after a crash, the database locked")
            lock.release()
            #expect(try client.wait("changed")["status"] == "replicated")
            try expectVisible(client, "committed")
            let settled = try client.get("observation", "o1")
            #expect(settled["pending"] == [])
            #expect(settled["sources"] == ["database"])
        }

        @Test func `no reader ever sees a record older than its last acknowledged write`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let socketPath = sidecar.socketPath
            let rounds = Effort.count(short: 150, full: 3000)
            try Threads.run(3) { index in
                let client = try FrameClient(socketPath)
                let id = "t\(index + 1)"
                for round in 1...rounds {
                    try client.buffer("\(id)-\(round)", .increment("s", "telescope", .string(id), ["shots": 1]))
                    let record = try client.get("telescope", .string(id))["record"]
                    try #require(record?["shots"]?.int64 == Int64(round))
                    guard round % 10 == 0 else { continue }
                    let found = try client.query("telescope", ["where": ["id": .string(id)]])["records"]?.array
                    try #require(found?.first?["shots"]?.int64 == Int64(round))
                }
            }
        }

        @Test func `columns that only the database can know are named as unknown`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            try client.pause()
            try client.buffer("tx", .create("r", "reading", ["id": "r1", "raw": 21]))
            let pending = try client.get("reading", "r1")
            #expect(pending["unknown"] == ["doubled", "token"])
            #expect(pending["record"]?["raw"] == 21)
            #expect(try client.query("reading")["unknown"] == ["doubled", "token"])
            try client.resume()
            try client.wait("tx")
            let settled = try client.get("reading", "r1")
            #expect(settled["unknown"] == [])
            #expect(settled["record"]?["doubled"] == 42)
            #expect(settled["record"]?["token"]?.string?.count == 8)
        }

        @Test func `an update of a stored record makes its generated column unknown until it is applied`() throws {
            let sidecar = try Sidecar.started(
                schema: SampleSchema.text + "INSERT INTO reading (id, raw) VALUES ('r1', 1);")
            let client = try sidecar.client()
            try client.pause()
            try client.buffer("tx", .update("r", "reading", "r1", ["raw": 5]))
            let pending = try client.get("reading", "r1")
            #expect(pending["record"]?["raw"] == 5)
            #expect(pending["unknown"] == ["doubled"])
        }
    }
}
