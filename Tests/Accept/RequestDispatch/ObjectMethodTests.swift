// SPDX-License-Identifier: MIT
import JSON
import Testing

@testable import RequestDispatch

@Suite struct ObjectMethodTests {
    @Test func `save, create, save_if_not_exists, get, delete`() async throws {
        let fixture = try await Fixture()
        let session = fixture.session()
        func outcome(_ method: String, _ rest: String = "") async throws -> JSONValue? {
            try await fixture.result(session, method, #"{"kind":"k","id":1\#(rest)}"#)["outcome"]
        }
        #expect(try await fixture.result(session, "object.get", #"{"kind":"k","id":1}"#) == [:])
        let first = #","fields":{"a":"x","n":1.50,"b":{"$bytes":"/w=="},"gone":"y"}"#
        #expect(try await outcome("object.create", first) == "created")
        #expect(try await outcome("object.save", #","fields":{"gone":null,"n":2}"#) == "changed")
        #expect(try await outcome("object.save_if_not_exists", #","fields":{"n":3}"#) == "existed")
        #expect(
            try await fixture.result(session, "object.get", #"{"kind":"k","id":"1"}"#)
                == ["fields": ["a": "x", "n": "2", "b": ["$bytes": "/w=="]]])
        #expect(
            try await fixture.kind(session, "object.create", #"{"kind":"k","id":1,"fields":{"a":1}}"#)
                == "record_exists")
        #expect(try await outcome("object.delete") == "deleted")
        #expect(try await outcome("object.delete") == "absent")
    }

    @Test func `two clients create the same unique value at once: one wins, the other gets record_exists`() async throws
    {
        let fixture = try await Fixture()
        let clients = 20
        let kinds = try await withThrowingTaskGroup(of: String.self) { group in
            for client in 0..<clients {
                group.addTask {
                    let params =
                        #"{"kind":"c","id":\#(client),"fields":{"email":"a@b"},"unique":["email"]}"#
                    let reply = try await fixture.call(fixture.session(), "object.create", params)
                    let data = reply["error"]?["data"]
                    #expect(data == nil || data?["path"]?.string == "fields.email")
                    return data?["kind"]?.string ?? "created"
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(kinds.filter { $0 == "created" }.count == 1)
        #expect(kinds.filter { $0 == "record_exists" }.count == clients - 1)
    }

    @Test func `deleting and changing free the old value`() async throws {
        let fixture = try await Fixture()
        let session = fixture.session()
        func create(_ id: Int, _ email: String) async throws -> String? {
            let params = #"{"kind":"c","id":\#(id),"fields":{"email":"\#(email)"},"unique":["email"]}"#
            return try await fixture.kind(session, "object.create", params)
        }
        #expect(try await create(1, "a@b") == nil)
        #expect(try await create(2, "a@b") == "record_exists")
        _ = try await fixture.result(session, "object.save", #"{"kind":"c","id":1,"fields":{"email":"c@d"}}"#)
        #expect(try await create(2, "a@b") == nil)
        #expect(try await create(3, "c@d") == "record_exists")
        _ = try await fixture.result(session, "object.delete", #"{"kind":"c","id":1}"#)
        #expect(try await create(3, "c@d") == nil)
    }

    @Test func `a repeat under the same transaction_id is answered as the first time`() async throws {
        let fixture = try await Fixture()
        let session = fixture.session()
        let create = #"{"kind":"k","id":1,"fields":{"a":"x","b":1},"transaction_id":"r"}"#
        #expect(
            try await fixture.result(session, "object.create", create) == ["outcome": "created", "duplicate": false])
        // Members in another order are the same content.
        let again = #"{"transaction_id":"r","fields":{"b":1,"a":"x"},"id":1,"kind":"k"}"#
        #expect(
            try await fixture.result(session, "object.create", again) == ["outcome": "created", "duplicate": true])
        for (method, params) in [
            ("object.save", create), ("object.create", create.replacing("\"x\"", with: "\"y\"")),
            ("object.delete", #"{"kind":"k","id":1,"transaction_id":"r"}"#),
        ] {
            let data = try await fixture.call(session, method, params)["error"]?["data"]
            #expect(data?["kind"]?.string == "transaction_conflict" && data?["path"]?.string == "transaction_id")
        }
    }

    @Test func `a key that holds something else is a keyspace error`() async throws {
        let fixture = try await Fixture()
        let session = fixture.session()
        _ = try await fixture.result(session, "keyspace.command", #"{"command":["SET","object:k:1","text"]}"#)
        for (method, rest) in [("object.get", ""), ("object.save", #","fields":{"a":1}"#), ("object.delete", "")] {
            let data = try await fixture.call(session, method, #"{"kind":"k","id":1\#(rest)}"#)["error"]?["data"]
            #expect(data?["kind"]?.string == "keyspace_error" && data?["detail"]?.string == "WRONGTYPE", "\(method)")
        }
    }

    @Test func `a reply that fits into no frame says so`() async throws {
        let fixture = try await Fixture(frameBytesMax: 8192)
        let session = fixture.session()
        let text = String(repeating: "x", count: 5000)
        _ = try await fixture.result(session, "keyspace.command", #"{"command":["SET","a","\#(text)"]}"#)
        #expect(try await fixture.kind(session, "keyspace.command", #"{"command":["GET","a"]}"#) == nil)
        let twice = #"{"commands":[["GET","a"],["GET","a"]]}"#
        for method in ["keyspace.pipeline", "keyspace.transaction"] {
            let result = try await fixture.result(session, method, twice)
            #expect(result["results"] == [.string(text), .null])
            #expect(result["errors"] == [["index": 1, "kind": "keyspace_error", "detail": "TOOLARGE"]])
        }
        let both = #"{"command":["MGET","a","a"]}"#
        #expect(try await fixture.kind(session, "keyspace.command", both) == "result_too_large")
        // In a frame it would take more room than it has.
        let quotes = String(repeating: #"\""#, count: 5000)
        _ = try await fixture.result(session, "keyspace.command", #"{"command":["SET","q","\#(quotes)"]}"#)
        #expect(
            try await fixture.kind(session, "keyspace.pipeline", #"{"commands":[["GET","q"]]}"#) == "result_too_large")
    }
}
