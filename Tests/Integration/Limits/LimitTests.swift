// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing
import WireProtocol

extension Integration {
    @Suite struct LimitTests {
        private func fill(_ client: FrameClient, _ number: Int) throws {
            try client.buffer("tx\(number)", .increment("s", "telescope", "t1", ["shots": 1]))
        }

        @Test func `a full buffer says so, accepts nothing, and empties itself`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["buffer.transactions_max": "10"])
            let client = try sidecar.client()
            try client.pause()
            for number in 0..<10 { try fill(client, number) }
            let error = #expect(throws: RemoteError.self) { try fill(client, 10) }
            #expect(error?.kind == "buffer_full")
            #expect(error?.isRetryable == true)
            #expect(error?.retryAfterMS ?? 0 > 0)
            let health = try client.call("server.health")
            #expect(health["status"] == "failing")
            #expect(health["reasons"]?.array?.contains { $0["code"] == "buffer_full" } == true)
            // What was accepted is still answered, and reads go on.
            #expect(try client.get("telescope", "t1")["record"]?["shots"] == 10)
            let again = try client.buffer("tx3", .increment("s", "telescope", "t1", ["shots": 1]))
            #expect(again["duplicate"] == true)
            #expect(try client.counters()["accepted"] == 10)
            try client.resume()
            #expect(try client.drain())
            try fill(client, 10)
            try client.wait("tx10")
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 11)
        }

        @Test func `a reply that fits into no frame is an error that says so`() throws {
            let sidecar = try Sidecar.started(
                schema: SampleSchema.text
                    + "INSERT INTO observation(id, telescope_id, note) VALUES ('o', 't1', printf('%.*c', 70000, 'x'));",
                settings: ["frame.bytes_max": "64KiB"])
            let client = try sidecar.client()
            for (method, params): (String, JSONValue) in [
                ("record.get", ["model": "observation", "id": "o"]), ("record.query", ["model": "observation"]),
            ] {
                let error = #expect(throws: RemoteError.self) { try client.call(method, params) }
                #expect(error?.kind == "result_too_large")
            }
            #expect(try client.get("telescope", "t1")["record"]?["name"] == "north")
        }

        @Test func `a command whose reply is longer than a frame is answered so, and hinders nobody`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let (client, other) = (try sidecar.client(), try sidecar.client())
            try client.pause()
            _ = try client.call(
                "keyspace.command", ["command": ["SET", "k", .string(String(repeating: "x", count: 1 << 20))]])
            let many = JSONValue.array(["MGET"] + Array(repeating: "k", count: 700))
            let waiting = try (0..<3).map { _ in try client.post("keyspace.command", ["command": many]) }
            for number in 0..<50 { try other.buffer("t\(number)", .increment("s", "telescope", "t1", ["shots": 1])) }
            for request in waiting {
                let error = #expect(throws: RemoteError.self) { try client.result(of: request) }
                #expect(error?.kind == "result_too_large")
            }
            // In a block the others' results come, and what they wrote is written.
            _ = try client.call("keyspace.begin")
            for command in [["SET", "a", "1"], many, ["GET", "a"]] as [JSONValue] {
                _ = try client.call("keyspace.command", ["command": command])
            }
            let result = try client.call("keyspace.commit")
            #expect(result["results"] == ["OK", .null, "1"])
            #expect(result["errors"]?.array?.map { $0["detail"] } == ["TOOLARGE"])
        }

        @Test func `more requests at once than the limit are answered busy, and none is lost`() throws {
            let sidecar = try Sidecar.started(
                schema: SampleSchema.text, settings: ["in_flight_max": "4", "site.type": "main", "main.timeout": "2s"])
            let client = try sidecar.client()
            try client.pause()
            // Each waits for its commit, and occupies a place.
            let waits = try (0..<8).map { number in
                let step: JSONValue = .increment("s", "telescope", "t1", ["shots": 1])
                return try client.post(
                    "transaction.buffer", ["transaction": FrameClient.transaction("tx\(number)", [step])])
            }
            let error = #expect(throws: RemoteError.self) { try client.call("server.health") }
            #expect(error?.kind == "busy")
            #expect(error?.retryAfterMS ?? 0 > 0)
            var busy = 0
            for wait in waits.suffix(4) {
                do { _ = try client.result(of: wait) } catch let error as RemoteError where error.kind == "busy" {
                    busy += 1
                }
            }
            #expect(busy == 4)
            // Nobody could resume: the limit is the daemon's, not the connection's. The time frees the places.
            for wait in waits.prefix(4) { #expect(try client.result(of: wait)["status"] == "pending") }
            sidecar.kill()
            try sidecar.start()
            for id in ["tx0", "tx1", "tx2", "tx3"] {
                #expect(try sidecar.client().wait(id)["status"] == "replicated")
            }
        }

        @Test func `requests that wait leave room for those that work`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["in_flight_max": "8"])
            let client = try sidecar.client()
            try client.pause()
            try fill(client, 0)
            var waits: [Int64] = []
            for _ in 0..<4 {
                waits.append(try client.post("transaction.wait", ["transaction_id": "tx0", "timeout_ms": 30_000]))
                waits.append(try client.post("processor.drain", ["timeout_ms": 30_000]))
            }
            var refused: [Int64] = []
            for wait in waits.suffix(4) {
                let error = #expect(throws: RemoteError.self) { try client.result(of: wait) }
                #expect(error?.kind == "busy" && error?.detail == "waiting_max" && error?.retryAfterMS ?? 0 > 0)
                refused.append(wait)
            }
            // The same connection and others go on.
            try fill(client, 1)
            try fill(try sidecar.client(), 2)
            #expect(try client.call("server.health")["status"] == "degraded")
            try client.resume()
            for wait in waits where !refused.contains(wait) { _ = try client.result(of: wait) }
            #expect(try client.wait("tx2")["status"] == "replicated")
        }

        @Test func `more connections than the limit are answered busy and closed`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["connections_max": "3"])
            let clients = try (0..<3).map { _ in try sidecar.client() }
            for client in clients { _ = try client.call("server.health") }
            let fourth = try sidecar.client()
            #expect(try fourth.receive()["error"]?["data"]?["kind"] == "busy")
            #expect(fourth.isEnded())
            for client in clients { #expect(try client.call("server.health")["status"] == "ok") }
        }

        @Test func `a request whose deadline is over is not executed`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            let transaction = FrameClient.transaction("late", [.increment("s", "telescope", "t1", ["shots": 1])])
            let error = #expect(throws: RemoteError.self) {
                try client.call("transaction.buffer", ["transaction": transaction, "_meta": ["deadline_ms": 0]])
            }
            #expect(error?.kind == "deadline_exceeded")
            #expect(error?.isRetryable == true)
            #expect(try client.counters()["accepted"] == 0)
            let unknown = #expect(throws: RemoteError.self) { try client.status("late") }
            #expect(unknown?.kind == "not_found")
        }

        @Test func `a frame beyond a smaller limit is refused, one at the limit is not`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["frame.bytes_max": "2048"])
            let request = #"{"jsonrpc":"2.0","id":5,"method":"server.health"}"#
            let client = try sidecar.client()
            #expect(try client.call("session.open")["limits"]?["frame_bytes_max"] == 2048)
            let padding = [UInt8](repeating: 0x20, count: 2048 - request.utf8.count)
            try client.send(frame: Array(request.utf8) + padding)
            #expect(try client.receive()["result"]?["status"] == "ok")
            try client.send(frame: Array(request.utf8) + padding + [0x20])
            #expect(try client.receive()["error"]?["data"]?["kind"] == "frame_error")
            #expect(client.isEnded())
        }

        @Test func `a frame as large as the limit is a transaction like any other`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            let note = String(repeating: "x", count: 4_000_000)
            try client.buffer(
                "big", .create("s", "observation", ["id": "o", "telescope_id": "t1", "note": .string(note)]))
            #expect(try client.get("observation", "o")["record"]?["note"]?.string?.utf8.count == note.utf8.count)
            #expect(try client.wait("big")["status"] == "replicated")
            #expect(try sidecar.main.integer("SELECT length(note) FROM observation") == note.utf8.count)
        }

        @Test func `what does not fit into a frame comes in pages, and a record without its steps`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["frame.bytes_max": "16KiB"])
            let client = try sidecar.client()
            try client.pause()
            func transaction(_ id: String, _ bytes: Int) -> JSONValue {
                [
                    "transaction_id": .string(id), "metadata": ["note": .string(String(repeating: "x", count: bytes))],
                    "steps": [.increment("s", "telescope", "t1", ["shots": 1])],
                ]
            }
            for number in 0..<5 {
                _ = try client.call("transaction.buffer", ["transaction": transaction("t\(number)", 6000)])
            }
            var ids: [String] = []
            var cursor: JSONValue?
            repeat {
                var params: JSONObject = ["status": "pending"]
                params["cursor"] = cursor
                let page = try client.call("transaction.list", .object(params))
                let transactions = page["transactions"]?.array ?? []
                #expect((1...2).contains(transactions.count))
                ids += transactions.compactMap { $0["transaction_id"]?.string }
                cursor = page["cursor"]
            } while cursor != nil
            #expect(ids == (0..<5).map { "t\($0)" })

            _ = try client.call("transaction.buffer", ["transaction": transaction("large", 16_000)])
            let record = try client.status("large")
            #expect(record["status"] == "pending" && record["abridged"] == true && record["steps"] == nil)
            try client.resume()
            let done = try client.wait("large")
            #expect(done["status"] == "replicated" && done["abridged"] == true)
        }

        @Test func `stats tell the connections and the requests in flight`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let (first, second) = (try sidecar.client(), try sidecar.client())
            try first.pause()
            try first.buffer("tx", .increment("s", "telescope", "t1", ["shots": 1]))
            let waiting = try second.post("transaction.wait", ["transaction_id": "tx", "timeout_ms": 10_000])
            try eventually { try first.call("server.stats")["in_flight"] == 2 }
            #expect(try first.call("server.stats")["connections"] == 2)
            try first.resume()
            #expect(try second.result(of: waiting)["status"] == "replicated")
            try eventually { try first.call("server.stats")["in_flight"] == 1 }
        }
    }
}
