// SPDX-License-Identifier: MIT
import DaemonHarness
import Foundation
import JSON
import RedisServer
import Testing

extension Integration {
    @Suite(.enabled(if: RedisServer.program != nil)) struct RedisFaultTests {
        private func scene(_ arguments: String...) throws -> (RedisServer, Sidecar) {
            let server = try RedisServer(arguments: ["--appendonly", "yes", "--appendfsync", "always"] + arguments)
            return (server, try Sidecar.started(schema: SampleSchema.text, settings: ["keyspace.url": server.url]))
        }

        @Test func `at maxmemory accepts are answered buffer_full, and the drain goes on to empty`() throws {
            let (server, sidecar) = try scene()
            let client = try sidecar.client()
            try client.pause()
            let note = JSONValue.string(String(repeating: "n", count: 2000))
            func fill(_ name: String) throws -> Int {
                for number in 0..<20_000 {
                    do {
                        try client.buffer(
                            "\(name)\(number)",
                            .create(
                                "o", "observation",
                                ["id": .string("\(name)\(number)"), "telescope_id": "t1", "note": note]))
                    } catch let error as RemoteError {
                        #expect(error.kind == "buffer_full")
                        #expect(error.retryAfterMS != nil)
                        return number
                    }
                }
                return 20_000
            }
            for number in 0..<50 { try client.buffer("a\(number)", .increment("t", "telescope", "t1", ["shots": 1])) }
            guard case .text(let info) = try server.run("INFO", "memory") else { return }
            let used = info.split(separator: "\r\n").first { $0.hasPrefix("used_memory:") }?.dropFirst(12) ?? "0"
            try server.run("CONFIG", "SET", "maxmemory", "\((Int(used) ?? 0) + 2_000_000)")
            let taken = try fill("b")
            #expect(taken > 0 && taken < 20_000)
            try client.resume()
            #expect(try client.drain(timeoutMS: 20_000))
            #expect(try sidecar.main.integer("SELECT count(*) FROM observation") == taken)
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 50)
            #expect(try client.counters()["conserved"] == true)
        }

        @Test func `while Redis is away nothing is acknowledged; afterwards everything goes on`() throws {
            let (server, sidecar) = try scene()
            let client = try sidecar.client()
            try client.buffer("before", .increment("t", "telescope", "t1", ["shots": 1]))
            #expect(try client.wait("before")["status"] == "replicated")
            server.kill()
            #expect(throws: RemoteError.self) {
                try client.buffer("lost", .increment("t", "telescope", "t1", ["shots": 1]))
            }
            #expect(try client.call("server.health")["status"] == "failing")
            // The processor does not get to the main database: nothing is known of it, least of all that it is away.
            try eventually { try client.call("server.health")["processor"]?["state"] == "outage" }
            #expect(try client.call("server.health")["main_database"]?["state"] == "unknown")
            try server.start()
            try eventually { try client.call("server.health")["status"] == "ok" }
            #expect(try client.call("server.health")["main_database"]?["state"] == "ok")
            try client.buffer("lost", .increment("t", "telescope", "t1", ["shots": 1]))
            #expect(try client.wait("lost")["status"] == "replicated")
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 2)
        }

        @Test func `a choice of session.open that could not be made changes nothing`() throws {
            let (server, sidecar) = try scene()
            let client = try sidecar.client()
            server.kill()
            let error = #expect(throws: RemoteError.self) {
                try client.call("session.open", ["handler": "task_connection"])
            }
            #expect(error?.kind == "store_unavailable")
            try server.start()
            try eventually { try client.call("server.health")["status"] == "ok" }
            #expect(try client.call("keyspace.transaction", ["commands": [["SET", "a", "1"]]])["results"] == ["OK"])
            #expect(try client.call("session.open", ["handler": "task_connection"])["handler"] == "task_connection")
        }

        @Test func `at a site of type main what was accepted is acknowledged, although Redis is lost while it waits`()
            throws
        {
            let server = try RedisServer(arguments: ["--appendonly", "yes", "--appendfsync", "always"])
            let sidecar = try Sidecar.started(
                schema: SampleSchema.text,
                settings: ["keyspace.url": server.url, "site.type": "main", "main.timeout": "2s"])
            let client = try sidecar.client()
            try client.pause()
            let waiting = try client.post(
                "transaction.buffer",
                ["transaction": ["steps": [.increment("s", "telescope", "t1", ["shots": 1])]]])
            let other = try sidecar.client()
            try eventually { try other.counters()["accepted"] == 1 }
            server.kill()
            let receipt = try client.result(of: waiting)
            #expect(receipt["status"] == "pending")
            try server.start()
            try eventually { try other.call("server.health")["status"] != "failing" }
            try other.resume()
            #expect(try other.wait(receipt["transaction_id"]?.string ?? "")["status"] == "replicated")
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 1)
        }

        @Test func `a Redis that came back empty is reported, also when the daemon was away`() throws {
            let (server, sidecar) = try scene()
            let client = try sidecar.client()
            try client.pause()
            try client.buffer("tx", .increment("t", "telescope", "t1", ["shots": 1]))
            #expect(sidecar.stop() == .code(0))
            try server.run("FLUSHALL")
            try sidecar.start()
            let health = try sidecar.client().call("server.health")
            #expect(health["status"] == "degraded")
            #expect(health["reasons"]?.array?.first?["code"] == "keyspace_replaced")
        }

        @Test(arguments: [["site.name": "other"], ["keyspace.hash_tag": "true"]])
        func `under other keys than before it does not start`(settings: [String: String]) throws {
            let (server, sidecar) = try scene()
            defer { server.kill() }
            let client = try sidecar.client()
            try client.pause()
            try client.buffer("tx", .increment("t", "telescope", "t1", ["shots": 1]))
            #expect(sidecar.stop() == .code(0))
            let refusal = try sidecar.refusal(settings)
            #expect(refusal.end == .code(1))
            #expect(refusal.output.contains("site:s:...") && refusal.output.contains("keyspace.hash_tag"))
            try sidecar.start()
            #expect(try sidecar.client().wait("tx")["status"] == "replicated")
        }

        @Test(arguments: [
            (["--maxmemory-policy", "allkeys-lru"], "maxmemory-policy"), (["--requirepass", "secret"], "password"),
        ])
        func `a Redis that is not fit is refused with advice`(arguments: [String], word: String) throws {
            let server = try RedisServer(arguments: arguments, readiness: .answering)
            let sidecar = try Sidecar(schema: SampleSchema.text, settings: ["keyspace.url": server.url])
            let refusal = try sidecar.refusal()
            #expect(refusal.end == .code(1))
            #expect(refusal.output.contains(word), "\(refusal.output)")
            #expect(!refusal.output.contains("secret"))
        }
    }
}
