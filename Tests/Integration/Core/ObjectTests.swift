// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Synchronization
import Testing

extension Integration {
    @Suite struct ObjectTests {
        @Test func `of clients that create the same unique value at once, one wins and the others find it there`()
            throws
        {
            let sidecar = try Sidecar.started()
            let (clients, rounds) = (8, 10)
            let created = Mutex<[String]>([])
            let path = sidecar.socketPath
            try Threads.run(clients) { number in
                let client = try FrameClient(path)
                for round in 0..<rounds {
                    let id = "\(round).\(number)"
                    do {
                        let result = try client.call(
                            "object.create",
                            [
                                "kind": "customer", "id": .string(id), "unique": ["email"],
                                "fields": ["email": .string("\(round)@example.com")],
                            ])
                        #expect(result["outcome"] == "created")
                        created.withLock { $0.append("\(round)") }
                    } catch let error as RemoteError {
                        #expect(error.kind == "record_exists" && error.path == "fields.email")
                    }
                }
            }
            #expect(created.withLock { $0 }.sorted() == (0..<rounds).map { "\($0)" }.sorted())
            let client = try sidecar.client()
            // The index names exactly the objects there are.
            let index = try client.call("keyspace.command", ["command": ["HVALS", "object_unique:customer:email"]])
            for id in index.array ?? [] {
                #expect(try client.call("object.get", ["kind": "customer", "id": id])["fields"] != nil)
            }
            #expect(index.array?.count == rounds)
        }

        @Test func `values are freed by change and delete, and objects outlive a crash`() throws {
            let sidecar = try Sidecar.started()
            var client = try sidecar.client()
            func create(_ id: Int64, _ email: String) throws -> String? {
                do {
                    _ = try client.call(
                        "object.create",
                        ["kind": "c", "id": .integer(id), "fields": ["email": .string(email)], "unique": ["email"]])
                    return nil
                } catch let error as RemoteError {
                    return error.kind
                }
            }
            #expect(try create(1, "a") == nil)
            #expect(try create(2, "a") == "record_exists")
            _ = try client.call("object.save", ["kind": "c", "id": 1, "fields": ["email": "b"]])
            #expect(try create(2, "a") == nil)
            sidecar.kill()
            try sidecar.start()
            client = try sidecar.client()
            #expect(try create(3, "b") == "record_exists")
            _ = try client.call("object.delete", ["kind": "c", "id": 1])
            #expect(try create(3, "b") == nil)
            #expect(try client.call("object.get", ["kind": "c", "id": 3]) == ["fields": ["email": "b"]])
        }

        @Test func `an object is a hash under a documented key, and commands work on it`() throws {
            let sidecar = try Sidecar.started()
            let client = try sidecar.client()
            _ = try client.call(
                "object.save", ["kind": "a:b", "id": "x%y", "fields": ["visits": 1], "unique": ["visits"]])
            let key: JSONValue = "object:a%3Ab:x%25y"
            _ = try client.call("keyspace.transaction", ["commands": [["HINCRBY", key, "logins", 2]]])
            #expect(
                try client.call("object.get", ["kind": "a:b", "id": "x%y"])["fields"]
                    == ["visits": "1", "logins": "2"])
            let types = try ["object:a%3Ab:x%25y", "object_unique:a%3Ab:visits", "object_unique_fields:a%3Ab"].map {
                try client.call("keyspace.command", ["command": ["TYPE", .string($0)]])
            }
            #expect(types == ["hash", "hash", "set"])
        }
    }
}
