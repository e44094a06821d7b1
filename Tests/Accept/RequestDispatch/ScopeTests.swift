// SPDX-License-Identifier: MIT
import Foundation
import JSON
import Keyspace
import ReentrantTransactions
import Synchronization
import Testing
import TransactionBuffering
import TransactionModel

@testable import RequestDispatch

@Suite struct ScopeTests {
    private let create =
        #"{"transaction":{"transaction_id":"a","steps":[{"step_id":"s","operation":"create","model":"t","data":{"id":"x","v":1}}]}}"#

    private func command(_ words: String...) -> String {
        #"{"command":[\#(words.map { "\"\($0)\"" }.joined(separator: ","))]}"#
    }

    @Test func `begin nests, commands queue, and the outermost commit runs them as one`() async throws {
        let fixture = try await Fixture()
        let (session, other) = (fixture.session(), fixture.session())
        #expect(try await fixture.result(session, "keyspace.begin") == ["depth": 1])
        #expect(try await fixture.result(session, "keyspace.command", command("SET", "a", "1")) == ["future": 0])
        #expect(try await fixture.result(session, "keyspace.begin") == ["depth": 2])
        #expect(try await fixture.result(session, "keyspace.command", command("INCR", "a")) == ["future": 1])
        #expect(try await fixture.result(session, "keyspace.commit") == ["depth": 1])
        // Nobody sees anything yet.
        #expect(try await fixture.result(other, "keyspace.command", command("GET", "a")) == .null)
        #expect(
            try await fixture.result(session, "keyspace.commit")
                == ["successful": true, "aborted": false, "results": ["OK", 2], "errors": []])
        #expect(try await fixture.result(other, "keyspace.command", command("GET", "a")) == "2")
        #expect(try await fixture.result(session, "keyspace.command", command("GET", "a")) == "2")
        #expect(fixture.openTransactions.count == 0)
    }

    @Test func `a failed command is null in the results, with its error beside it`() async throws {
        let fixture = try await Fixture()
        let session = fixture.session()
        _ = try await fixture.result(session, "keyspace.begin")
        _ = try await fixture.result(session, "keyspace.command", command("SET", "a", "x"))
        _ = try await fixture.result(session, "keyspace.command", command("INCR", "a"))
        #expect(
            try await fixture.result(session, "keyspace.commit") == [
                "successful": false, "aborted": false, "results": ["OK", .null],
                "errors": [["index": 1, "kind": "keyspace_error", "detail": "ERR"]],
            ])
    }

    @Test func `discard forgets everything, from whatever depth, and may be said when nothing is open`() async throws {
        let fixture = try await Fixture()
        let session = fixture.session()
        for _ in 0..<2 { _ = try await fixture.result(session, "keyspace.begin") }
        _ = try await fixture.result(session, "keyspace.command", command("SET", "a", "1"))
        for _ in 0..<2 { #expect(try await fixture.result(session, "keyspace.discard") == ["depth": 0]) }
        #expect(try await fixture.result(session, "keyspace.command", command("GET", "a")) == .null)
        #expect(fixture.openTransactions.count == 0)
    }

    @Test func `a transaction inside joins, a pipeline inside is a conflict, a watch inside is too late`() async throws
    {
        let fixture = try await Fixture()
        let session = fixture.session()
        let commands = #"{"commands":[["SET","a","1"],["INCR","a"]]}"#
        _ = try await fixture.result(session, "keyspace.begin")
        _ = try await fixture.result(session, "keyspace.command", command("PING"))
        #expect(try await fixture.result(session, "keyspace.transaction", commands) == ["futures": [1, 2]])
        #expect(try await fixture.result(session, "keyspace.commit")["results"] == ["PONG", "OK", 2])
        for (method, params, kind) in [
            ("keyspace.pipeline", commands, "conflicting_context"),
            ("keyspace.transaction", #"{"commands":[],"watch":[{"key":"a"}]}"#, "operation_mode_error"),
            ("keyspace.begin", #"{"watch":[{"key":"a"}]}"#, "operation_mode_error"),
            ("object.save", #"{"kind":"k","id":1,"fields":{"a":1}}"#, "operation_mode_error"),
            ("object.delete", #"{"kind":"k","id":1}"#, "operation_mode_error"),
            ("session.open", #"{"handler":"create"}"#, "operation_mode_error"),
        ] {
            _ = try await fixture.result(session, "keyspace.begin")
            #expect(try await fixture.kind(session, method, params) == kind, "\(method)")
            _ = try await fixture.result(session, "keyspace.discard")
        }
    }

    @Test(arguments: [
        ("keyspace.command", #"{"command":["EXPLODE"]}"#), ("keyspace.command", #"{"command":["GET"]}"#),
        ("keyspace.command", #"{"command":["GET","b"],"_meta":{"deadline_ms":0}}"#),
        ("keyspace.command", #"{"command":["SET","site:test:counters","1"]}"#),
        ("keyspace.pipeline", #"{"commands":[["GET","b"]]}"#),
        ("transaction.buffer", #"{"transaction":{"steps":[]}}"#),
        ("record.update", #"{"model":"t","id":"x","changes":{"v":"no"}}"#),
        ("object.create", #"{"kind":"k","id":1,"fields":{"a":1}}"#),
    ])
    func `when a request of the transaction fails, nothing of it runs`(method: String, params: String) async throws {
        let fixture = try await Fixture()
        fixture.source.open()
        try await fixture.manager.schema.refresh()
        let session = fixture.session()
        _ = try await fixture.result(session, "keyspace.begin")
        _ = try await fixture.result(session, "keyspace.command", command("SET", "a", "1"))
        #expect(try await fixture.kind(session, method, params) != nil)
        _ = try await fixture.result(session, "keyspace.command", command("SET", "b", "1"))
        let error = try await fixture.call(session, "keyspace.commit")["error"]?["data"]
        #expect(error?["kind"]?.string == "keyspace_error" && error?["detail"]?.string == "EXECABORT")
        #expect(try await fixture.result(session, "keyspace.command", command("EXISTS", "a", "b")) == 0)
        #expect(fixture.openTransactions.count == 0)
    }

    @Test func `a watched key that changes aborts; an expectation is checked`() async throws {
        let fixture = try await Fixture()
        let (session, other) = (fixture.session(), fixture.session())
        let aborted: JSONValue = ["successful": false, "aborted": true, "results": [], "errors": []]
        _ = try await fixture.result(session, "keyspace.command", command("SET", "a", "1"))
        for (watch, changes, isAborted) in [
            (#"{"key":"a"}"#, true, true), (#"{"key":"a"}"#, false, false), (#"{"key":"a","expect":"2"}"#, false, true),
            (#"{"key":"a","expect":"1"}"#, false, false), (#"{"key":"a","expect":null}"#, false, true),
            (#"{"key":"none","expect":null}"#, false, false),
        ] {
            _ = try await fixture.result(session, "keyspace.begin", #"{"watch":[\#(watch)]}"#)
            _ = try await fixture.result(session, "keyspace.command", command("INCR", "b"))
            if changes { _ = try await fixture.result(other, "keyspace.command", command("SET", "a", "1")) }
            let result = try await fixture.result(session, "keyspace.commit")
            #expect((result == aborted) == isAborted, "\(watch)")
        }
        #expect(try await fixture.result(session, "keyspace.command", command("GET", "b")) == "3")
        #expect(fixture.pool.connections == 1)
    }

    @Test func `a buffered transaction joins: queued now, its receipt is its element of the result`() async throws {
        let fixture = try await Fixture()
        fixture.source.open()
        try await fixture.manager.schema.refresh()
        let (session, other) = (fixture.session(), fixture.session())
        let heard = Mutex<[String]>([])
        let id = fixture.manager.events.subscribe(.init()) { event in
            heard.withLock { $0.append(event.transactionID.string) }
        }
        _ = try await fixture.result(session, "keyspace.begin")
        _ = try await fixture.result(session, "keyspace.command", command("SET", "k", "v"))
        let queued = try await fixture.result(session, "transaction.buffer", create)
        #expect(queued["status"] == "queued" && queued["future"] == 1 && queued["generated_ids"] == ["s": "x"])
        let update = #"{"model":"t","id":"x","changes":{"v":2},"transaction_id":"b"}"#
        #expect(try await fixture.result(session, "record.update", update)["future"] == 2)
        #expect(try await fixture.kind(other, "transaction.status", #"{"transaction_id":"a"}"#) == "not_found")
        #expect(heard.withLock { $0 }.isEmpty)
        let result = try await fixture.result(session, "keyspace.commit")
        let receipts = result["results"]?.array ?? []
        #expect(result["successful"] == true && receipts.count == 3)
        #expect(receipts[1]["transaction_id"] == "a" && receipts[1]["status"] == "pending")
        #expect(receipts[1]["generated_ids"] == ["s": "x"] && receipts[1]["duplicate"] == false)
        #expect(receipts[2]["transaction_id"] == "b")
        #expect(heard.withLock { $0 } == ["a", "b"])
        #expect(
            try await fixture.result(other, "transaction.status", #"{"transaction_id":"a"}"#)["status"] == "pending")
        fixture.manager.events.unsubscribe(id)
    }

    @Test func `a conflict and a duplicate are elements of the result, and hinder nothing`() async throws {
        let fixture = try await Fixture()
        fixture.source.open()
        try await fixture.manager.schema.refresh()
        let session = fixture.session()
        _ = try await fixture.result(session, "transaction.buffer", create)
        _ = try await fixture.result(session, "keyspace.begin")
        _ = try await fixture.result(session, "transaction.buffer", create)
        let other = create.replacingOccurrences(of: #""v":1"#, with: #""v":2"#)
        #expect(try await fixture.result(session, "transaction.buffer", other)["status"] == "queued")
        _ = try await fixture.result(session, "keyspace.command", command("SET", "k", "v"))
        let result = try await fixture.result(session, "keyspace.commit")
        #expect(result["results"]?.array?[0]["duplicate"] == true)
        #expect(result["results"]?.array?[1] == .null && result["results"]?.array?[2] == "OK")
        #expect(result["errors"] == [["index": 1, "kind": "transaction_conflict"]])
    }

    @Test func `discarded, a queued transaction was never there`() async throws {
        let fixture = try await Fixture()
        fixture.source.open()
        try await fixture.manager.schema.refresh()
        let session = fixture.session()
        _ = try await fixture.result(session, "keyspace.begin")
        _ = try await fixture.result(session, "transaction.buffer", create)
        await session.close()
        let next = fixture.session()
        #expect(try await fixture.kind(next, "transaction.status", #"{"transaction_id":"a"}"#) == "not_found")
        #expect(try await fixture.result(next, "transaction.buffer", create)["duplicate"] == false)
    }

    @Test func `a disconnect discards, and gives the held connection back`() async throws {
        let fixture = try await Fixture()
        let session = fixture.session()
        _ = try await fixture.result(session, "keyspace.begin", #"{"watch":[{"key":"w"}]}"#)
        _ = try await fixture.result(session, "keyspace.command", command("SET", "a", "1"))
        await session.close()
        #expect(fixture.openTransactions.count == 0)
        let next = fixture.session()
        #expect(try await fixture.result(next, "keyspace.command", command("GET", "a")) == .null)
        _ = try await fixture.result(next, "keyspace.begin", #"{"watch":[{"key":"w"}]}"#)
        #expect(fixture.pool.connections == 1)
        await next.close()
    }

    @Test(arguments: [true, false])
    func `when its time is over it is discarded, and every request says so until the client has left`(
        isSwept: Bool
    ) async throws {
        let fixture = try await Fixture()
        let session = fixture.session()
        _ = try await fixture.result(session, "keyspace.begin", #"{"watch":[{"key":"w"}]}"#)
        _ = try await fixture.result(session, "keyspace.command", command("SET", "a", "1"))
        fixture.time.advance(by: .milliseconds(29_900))
        if isSwept { await fixture.openTransactions.discardLapsed() }
        _ = try await fixture.result(session, "keyspace.command", command("SET", "a", "2"))
        fixture.time.advance(by: .milliseconds(100))
        if isSwept { await fixture.openTransactions.discardLapsed() }
        for method in ["keyspace.command", "transaction.buffer", "keyspace.begin", "object.get", "keyspace.commit"] {
            let params =
                switch method {
                case "keyspace.command": command("SET", "a", "3")
                case "transaction.buffer": create
                case "object.get": #"{"kind":"k","id":1}"#
                default: "{}"
                }
            let data = try await fixture.call(session, method, params)["error"]?["data"]
            #expect(data?["kind"]?.string == "operation_mode_error", "\(method)")
            #expect(data?["detail"]?.string == "discarded", "\(method)")
        }
        // The commit was the client's way out.
        #expect(fixture.openTransactions.count == 0)
        #expect(try await fixture.result(session, "keyspace.command", command("GET", "a")) == .null)
        #expect(try await fixture.result(session, "keyspace.begin") == ["depth": 1])
    }

    @Test func `commands and bytes of an open transaction are bounded, for one and for all`() async throws {
        var limits = OpenTransactions.Limits()
        (limits.commandsMax, limits.bytesMax, limits.bytesTotalMax) = (3, 200, 300)
        let fixture = try await Fixture(limits)
        let (session, other) = (fixture.session(), fixture.session())
        func refusal(_ session: ClientSession, _ value: String) async throws -> String? {
            let error = try await fixture.call(session, "keyspace.command", command("SET", "a", value))["error"]
            #expect(error == nil || error?["data"]?["kind"]?.string == "busy")
            #expect(error == nil || error?["data"]?["retryable"]?.bool == false)
            return error?["data"]?["detail"]?.string
        }
        let long = String(repeating: "x", count: 150)
        _ = try await fixture.result(session, "keyspace.begin")
        for _ in 0..<3 { #expect(try await refusal(session, "1") == nil) }
        #expect(try await refusal(session, "1") == "scope_commands_max")
        #expect(try await fixture.result(session, "keyspace.discard") == ["depth": 0])
        _ = try await fixture.result(session, "keyspace.begin")
        #expect(try await refusal(session, long) == nil)
        #expect(try await refusal(session, long) == "scope_bytes_max")
        _ = try await fixture.result(other, "keyspace.begin")
        #expect(try await refusal(other, long) == "scope_bytes_total_max")
        _ = try await fixture.result(session, "keyspace.discard")
        _ = try await fixture.result(other, "keyspace.discard")
        _ = try await fixture.result(other, "keyspace.begin")
        #expect(try await refusal(other, long) == nil)
        // What lapsed holds nothing, although its client has not heard of it.
        fixture.time.advance(by: .seconds(30))
        await fixture.openTransactions.discardLapsed()
        _ = try await fixture.result(session, "keyspace.begin")
        #expect(try await refusal(session, long) == nil)
        _ = try await fixture.result(session, "keyspace.commit")
        _ = try await fixture.result(other, "keyspace.discard")
        _ = try await fixture.result(other, "keyspace.begin")
        #expect(try await refusal(other, long) == nil)
        _ = try await fixture.result(other, "keyspace.commit")
    }

    @Test func `reads queue too: the object is an element of the result`() async throws {
        let fixture = try await Fixture()
        let session = fixture.session()
        _ = try await fixture.result(session, "object.create", #"{"kind":"k","id":1,"fields":{"a":"x"}}"#)
        _ = try await fixture.result(session, "keyspace.begin")
        #expect(try await fixture.result(session, "object.get", #"{"kind":"k","id":1}"#) == ["future": 0])
        #expect(try await fixture.result(session, "object.get", #"{"kind":"k","id":2}"#) == ["future": 1])
        #expect(
            try await fixture.result(session, "keyspace.commit")["results"] == [["fields": ["a": "x"]], [:]])
    }
}
