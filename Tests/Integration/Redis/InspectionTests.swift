// SPDX-License-Identifier: MIT
import DaemonHarness
import Foundation
import JSON
import RedisServer
import Testing

extension Integration {
    /// The documented keys, read with a client that is not ours.
    @Suite(.enabled(if: RedisServer.program != nil)) struct InspectionTests {
        let server: RedisServer
        let sidecar: Sidecar

        init() throws {
            server = try RedisServer("--appendonly", "yes", "--appendfsync", "always")
            sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["keyspace.url": server.url])
        }

        private func text(_ command: String...) throws -> String? {
            guard case .text(let text) = try RedisClient(path: server.socketPath).run(command) else { return nil }
            return text
        }

        private func integer(_ command: String...) throws -> Int64? {
            guard case .integer(let value) = try RedisClient(path: server.socketPath).run(command) else { return nil }
            return value
        }

        private func json(_ command: String...) throws -> JSONValue {
            guard case .text(let text) = try RedisClient(path: server.socketPath).run(command) else { return .null }
            return try JSONDocument(parsing: text).root.value()
        }

        @Test func `a waiting transaction shows in every documented key, with its type and without an expiry`() throws {
            let client = try sidecar.client()
            try client.pause()
            try client.buffer(
                "tx-1", .create("o", "observation", ["id": "o1", "telescope_id": "t1", "note": "n"]),
                .update("t", "telescope", "t1", ["state": "busy"]))

            #expect(try text("TYPE", "site:s:transaction_buffer") == "list")
            #expect(try integer("LLEN", "site:s:transaction_buffer") == 1)
            #expect(try json("LINDEX", "site:s:transaction_buffer", "-1")["transaction_id"] == "tx-1")

            #expect(try text("TYPE", "site:s:transaction:tx-1") == "string")
            #expect(try integer("TTL", "site:s:transaction:tx-1") == -1)
            let status = try json("GET", "site:s:transaction:tx-1")
            #expect(status["status"] == "pending")
            #expect(status["steps"]?.array?.count == 2)
            #expect(status["generated_ids"]?["o"] == "o1")

            for key in ["site:s:cache:ids:observation:o1", "site:s:buffered:observation:o1"] {
                #expect(try text("TYPE", key) == "string", "\(key)")
                #expect(try integer("TTL", key) == -1, "\(key)")
                #expect(try json("GET", key)["note"] == "n", "\(key)")
            }
            #expect(try json("GET", "site:s:buffered:telescope:t1")["state"] == "busy")
            #expect(try text("TYPE", "site:s:record_pending:telescope:t1") == "list")
            let pending = try json("LINDEX", "site:s:record_pending:telescope:t1", "0")
            #expect(pending["transaction_id"] == "tx-1")
            #expect(pending["changes"]?["state"] == "busy")
            #expect(try text("TYPE", "site:s:read_buffer:telescope:t1") == "hash")
            #expect(try text("TYPE", "site:s:read_buffer:telescope:t1:updates") == "list")
            #expect(
                try text("TYPE", "site:s:read_buffer:transaction:tx-1:affected_records") == "set")
            #expect(try text("TYPE", "site:s:buffered_index:observation") == "set")
            #expect(try text("TYPE", "site:s:transaction_recent") == "zset")
            #expect(try text("TYPE", "site:s:counters") == "hash")
            #expect(try text("HGET", "site:s:counters", "accepted") == "1")
        }

        @Test func `what was applied leaves its status for an hour, and nothing else`() throws {
            let client = try sidecar.client()
            try client.buffer("tx-1", .create("o", "observation", ["id": "o1", "telescope_id": "t1"]))
            #expect(try client.wait("tx-1", until: "replicated")["status"] == "replicated")
            #expect(try json("GET", "site:s:transaction:tx-1")["status"] == "replicated")
            let life = try #require(try integer("TTL", "site:s:transaction:tx-1"))
            #expect((3500...3600).contains(life))
            for key in [
                "site:s:transaction_buffer", "site:s:cache:ids:observation:o1", "site:s:buffered:observation:o1",
                "site:s:record_pending:observation:o1", "site:s:buffered_index:observation",
                "site:s:read_buffer:transaction:tx-1:affected_records",
            ] {
                #expect(try integer("EXISTS", key) == 0, "\(key)")
            }
        }

        @Test func `a dead transaction is in the dead letter, and its records are held`() throws {
            let client = try sidecar.client()
            try client.buffer("bad", .create("o", "observation", ["id": "o1", "telescope_id": "none"]))
            #expect(try client.wait("bad")["status"] == "dead_letter")
            #expect(try text("TYPE", "site:s:transaction_dead_letter") == "zset")
            #expect(try text("ZSCORE", "site:s:transaction_dead_letter", "bad") != nil)
            #expect(try text("TYPE", "site:s:held_records") == "hash")
            try client.buffer("after", .update("o", "observation", "o1", ["note": "x"]))
            #expect(try !client.drain())
            #expect(try text("TYPE", "site:s:parked:bad") == "list")
        }
    }
}
