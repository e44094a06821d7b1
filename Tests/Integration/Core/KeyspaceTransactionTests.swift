// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import RedisServer
import Testing

extension Integration {
    @Suite struct KeyspaceTransactionTests {
        private func command(_ client: FrameClient, _ words: JSONValue...) throws -> JSONValue {
            try client.call("keyspace.command", ["command": .array(words)])
        }

        private func kind(_ body: () throws -> Void) -> String? {
            do {
                try body()
                return nil
            } catch {
                return (error as? RemoteError)?.kind
            }
        }

        @Test func `a transaction of many requests runs as one, and nobody sees half of it`() throws {
            let sidecar = try Sidecar.started()
            let (writers, blocks) = (16, 25)
            let path = sidecar.socketPath
            try Threads.run(writers + 4) { index in
                let client = try FrameClient(path)
                guard index < writers else {
                    // Readers: two keys that are only ever changed together.
                    for _ in 0..<200 {
                        let pair = try client.call("keyspace.command", ["command": ["MGET", "left", "right"]])
                        #expect(pair.array?[0] == pair.array?[1])
                    }
                    return
                }
                for block in 0..<blocks {
                    _ = try client.call("keyspace.begin")
                    for words in [["INCR", "left"], ["RPUSH", "log", "\(index).\(block)"]] as [JSONValue] {
                        _ = try client.call("keyspace.command", ["command": words])
                    }
                    _ = try client.call("keyspace.begin")
                    for words in [["RPUSH", "log", "\(index).\(block)"], ["INCR", "right"]] as [JSONValue] {
                        _ = try client.call("keyspace.command", ["command": words])
                    }
                    #expect(try client.call("keyspace.commit")["depth"] == 1)
                    let result = try client.call("keyspace.commit")
                    #expect(result["successful"] == true && result["results"]?.array?.count == 4)
                    // The two counters move together, whoever else commits meanwhile.
                    #expect(result["results"]?.array?[0] == result["results"]?.array?[3])
                }
            }
            let client = try sidecar.client()
            #expect(try command(client, "GET", "left").string == "\(writers * blocks)")
            let log = try command(client, "LRANGE", "log", 0, -1).array ?? []
            #expect(log.count == 2 * writers * blocks)
            for at in stride(from: 0, to: log.count, by: 2) { #expect(log[at] == log[at + 1]) }
        }

        @Test func `pipelined without waiting, requests keep their order`() throws {
            let sidecar = try Sidecar.started()
            let client = try sidecar.client()
            let requests: [(String, JSONValue)] = [
                ("keyspace.command", ["command": ["SET", "a", "1"]]),
                ("keyspace.begin", ["watch": [["key": "a", "expect": "1"]]]),
                ("keyspace.command", ["command": ["INCR", "a"]]), ("keyspace.commit", [:]),
                ("keyspace.transaction", ["commands": [["INCR", "a"]], "watch": [["key": "a", "expect": "2"]]]),
                ("object.save", ["kind": "k", "id": 1, "fields": ["n": 1], "unique": ["n"]]),
                ("keyspace.command", ["command": ["HINCRBY", "object:k:1", "m", 7]]),
                ("object.get", ["kind": "k", "id": 1]), ("keyspace.command", ["command": ["GET", "a"]]),
            ]
            for _ in 0..<20 {
                let ids = try requests.map { try client.post($0.0, $0.1) }
                let results = try ids.map { try client.result(of: $0) }
                #expect(results[2] == ["future": 0])
                #expect(results[3]["results"] == [2] && results[4]["results"] == [3])
                #expect(results[7] == ["fields": ["n": "1", "m": "7"]])
                #expect(results[8] == "3")
                _ = try client.call("object.delete", ["kind": "k", "id": 1])
            }
        }

        @Test func `a transaction of the database joins, and is applied once the commit has accepted it`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            let other = try sidecar.client()
            _ = try client.call("keyspace.begin")
            _ = try command(client, "INCR", "sent")
            let queued = try client.buffer("t", .increment("s", "telescope", "t1", ["shots": 1]))
            #expect(queued["status"] == "queued" && queued["future"] == 1)
            #expect(kind { _ = try other.status("t") } == "not_found")
            #expect(try other.get("telescope", "t1")["record"]?["shots"] == 0)
            let result = try client.call("keyspace.commit")
            #expect(result["successful"] == true && result["results"]?.array?[0] == 1)
            #expect(result["results"]?.array?[1]["transaction_id"] == "t")
            #expect(try other.get("telescope", "t1")["record"]?["shots"] == 1)
            #expect(try other.wait("t")["status"] != "pending")
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 1)
            // The same again is a duplicate, another content a conflict: elements both, beside what succeeds.
            _ = try client.call("keyspace.begin")
            try client.buffer("t", .increment("s", "telescope", "t1", ["shots": 1]))
            try client.buffer("t", .increment("s", "telescope", "t1", ["shots": 2]))
            _ = try command(client, "INCR", "sent")
            let second = try client.call("keyspace.commit")
            #expect(second["results"]?.array?[0]["duplicate"] == true)
            #expect(second["results"]?.array?[1] == .null && second["results"]?.array?[2] == 2)
            #expect(second["errors"] == [["index": 1, "kind": "transaction_conflict"]])
            #expect(try client.drain())
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 1)
        }

        @Test func `at a site of type main the commit answers when they are applied`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["site.type": "main"])
            let client = try sidecar.client()
            _ = try client.call("keyspace.begin")
            for id in ["a", "b"] { try client.buffer(id, .increment("s", "telescope", "t1", ["shots": 1])) }
            let result = try client.call("keyspace.commit")
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 2)
            let statuses = result["results"]?.array?.map { $0["status"]?.string }
            #expect(statuses?.allSatisfy { $0 == "committed" || $0 == "replicated" } == true)
        }

        @Test func `a request inside that is refused makes the commit run nothing`() throws {
            let sidecar = try Sidecar.started(
                schema: SampleSchema.text,
                settings: ["in_flight_max": "2", "site.type": "main", "main.timeout": "2s"])
            let client = try sidecar.client()
            try client.pause()
            func commit() throws -> String? {
                let error = #expect(throws: RemoteError.self) { try client.call("keyspace.commit") }
                return error?.detail
            }
            // Answered busy: others have all the places.
            _ = try client.call("keyspace.begin")
            _ = try command(client, "SET", "a", "1")
            let other = try sidecar.client()
            let waits = try (0..<2).map { number in
                let step: JSONValue = .increment("s", "telescope", "t1", ["shots": 1])
                return try other.post(
                    "transaction.buffer", ["transaction": FrameClient.transaction("tx\(number)", [step])])
            }
            #expect(kind { _ = try other.call("server.health") } == "busy")
            #expect(kind { _ = try command(client, "SET", "b", "1") } == "busy")
            for wait in waits { #expect(try other.result(of: wait)["status"] == "pending") }
            #expect(try commit() == "EXECABORT")
            // No such method, and no request at all.
            for (method, params) in [("keyspace.comand", ["command": ["SET", "b", "1"]]), ("", [:])]
                as [(String, JSONValue)]
            {
                _ = try client.call("keyspace.begin")
                _ = try command(client, "SET", "a", "1")
                #expect(throws: RemoteError.self) { try client.call(method, params) }
                #expect(try commit() == "EXECABORT")
            }
            #expect(try command(client, "EXISTS", "a") == 0)
        }

        @Test func `at a site of type main one deadline counts for all that a commit accepted`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["site.type": "main"])
            let client = try sidecar.client()
            try client.pause()
            let started = ContinuousClock.now
            let step = JSONValue.increment("s", "telescope", "t1", ["shots": 1])
            let receipt = try client.call(
                "transaction.buffer",
                ["transaction": ["steps": [step]], "_meta": ["deadline_ms": 300]])
            #expect(receipt["status"] == "pending")
            _ = try client.call("keyspace.begin")
            for id in ["a", "b", "c"] { try client.buffer(id, step) }
            let result = try client.call("keyspace.commit", ["_meta": ["deadline_ms": 300]])
            #expect(result["results"]?.array?.map { $0["status"] } == ["pending", "pending", "pending"])
            // Each would wait for half a minute.
            #expect(ContinuousClock.now - started < .seconds(25))
            try client.resume()
            #expect(try client.drain())
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 4)
        }

        @Test func `an aborted transaction accepts nothing`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            let other = try sidecar.client()
            _ = try client.call("keyspace.begin", ["watch": [["key": "w"]]])
            try client.buffer("t", .increment("s", "telescope", "t1", ["shots": 1]))
            _ = try command(other, "SET", "w", "1")
            #expect(try client.call("keyspace.commit")["aborted"] == true)
            #expect(kind { _ = try client.status("t") } == "not_found")
            #expect(try client.counters()["accepted"] == 0)
            try client.buffer("t", .increment("s", "telescope", "t1", ["shots": 1]))
            #expect(try client.wait("t")["transaction_id"] == "t")
        }

        @Test func `clients that vanish leave nothing behind, and give back what they held`() throws {
            let sidecar = try Sidecar.started()
            // More often than there are connections to hold.
            for number in 0..<40 {
                let client = try sidecar.client()
                _ = try client.call("keyspace.begin", ["watch": [["key": "w"]]])
                _ = try command(client, "SET", "gone", .integer(Int64(number)))
                if number.isMultiple(of: 2) {
                    client.endInput()
                    #expect(client.isEnded())
                }
            }
            let client = try sidecar.client()
            _ = try client.call("keyspace.begin", ["watch": [["key": "w"]]])
            #expect(try command(client, "EXISTS", "gone") == ["future": 0])
            #expect(try client.call("keyspace.commit")["results"] == [0])
        }

        @Test func `a transaction whose time is over is discarded, and what was meant for it never runs`() throws {
            let sidecar = try Sidecar.started(settings: ["scope.timeout": "50ms"])
            let client = try sidecar.client()
            #expect(try client.call("session.open")["limits"]?["scope_timeout_ms"] == 50)
            _ = try client.call("keyspace.begin")
            _ = try command(client, "SET", "a", "1")
            var error: RemoteError?
            while error == nil {
                do { _ = try command(client, "INCR", "b") } catch let thrown as RemoteError { error = thrown }
            }
            #expect(error?.kind == "operation_mode_error" && error?.detail == "discarded")
            #expect(kind { _ = try command(client, "SET", "a", "1") } == "operation_mode_error")
            #expect(kind { _ = try client.call("keyspace.commit") } == "operation_mode_error")
            #expect(try command(client, "EXISTS", "a", "b") == 0)
        }

        @Test(.enabled(if: !KeyspaceUnderTest.isEmbedded, "the embedded keyspace has no connection to lose"))
        func `a connection of the keyspace that is lost inside a transaction aborts it`() throws {
            let sidecar = try Sidecar.started()
            let client = try sidecar.client()
            let redis = try #require(sidecar.redis)
            _ = try client.call("keyspace.begin", ["watch": [["key": "w"]]])
            _ = try command(client, "SET", "a", "1")
            _ = try redis.run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            let result = try client.call("keyspace.commit")
            #expect(result["aborted"] == true && result["results"] == [])
            // The shared connection was killed as well, and is being made anew.
            while let kind = kind({ _ = try client.call("keyspace.begin", ["watch": [["key": "w"]]]) }) {
                #expect(kind == "store_unavailable")
            }
            _ = try command(client, "EXISTS", "a")
            #expect(try client.call("keyspace.commit")["results"] == [0])
        }

        @Test func `what is held when the daemon is killed never happened`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            _ = try client.call("keyspace.begin")
            _ = try command(client, "SET", "a", "1")
            try client.buffer("t", .increment("s", "telescope", "t1", ["shots": 1]))
            sidecar.kill()
            try sidecar.start()
            let next = try sidecar.client()
            #expect(try command(next, "GET", "a") == .null)
            #expect(kind { _ = try next.status("t") } == "not_found")
        }

        @Test func `each handler holds what it can, in each mode`() throws {
            let sidecar = try Sidecar.started()
            let blocked = ["default", "task_connection"]
            for handler in ["provider", "default", "create", "task_connection", "coalescing"] {
                for mode in ["strict", "warn", "permissive"] {
                    let client = try sidecar.client()
                    _ = try client.call(
                        "session.open", ["handler": .string(handler), "transaction_mode": .string(mode)])
                    let refused = blocked.contains(handler) && mode == "strict" ? "operation_mode_error" : nil
                    let commands: JSONValue = ["commands": [["SET", "k", "1"], ["INCR", "k"]]]
                    for method in ["keyspace.transaction", "keyspace.pipeline"] {
                        #expect(kind { _ = try client.call(method, commands) } == refused, "\(handler) \(mode)")
                    }
                    let begin = kind { _ = try client.call("keyspace.begin") }
                    #expect(begin == (handler == "coalescing" ? "operation_mode_error" : refused), "\(handler) \(mode)")
                    if begin == nil {
                        let runsAtOnce = blocked.contains(handler)
                        #expect(try command(client, "PING") == (runsAtOnce ? "PONG" : ["future": 0]))
                        #expect(try client.call("keyspace.commit")["results"] == ["PONG"])
                    }
                }
            }
        }
    }
}
