// SPDX-License-Identifier: MIT
import JSON
import ReentrantTransactions
import Testing
import TransactionBuffering

@testable import RequestDispatch

/// What each handler of a session allows, in each mode.
@Suite struct SessionHandlerTests {
    private static let blocked: Set<SessionHandler> = [.default, .taskConnection]

    private func open(
        _ fixture: Fixture, _ handler: SessionHandler, _ mode: FallbackMode
    ) async throws -> ClientSession {
        let session = fixture.session()
        let params = #"{"handler":"\#(handler.rawValue)","transaction_mode":"\#(mode.rawValue)"}"#
        let result = try await fixture.result(session, "session.open", params)
        #expect(result["handler"] == .string(handler.rawValue))
        #expect(result["transaction_mode"] == .string(mode.rawValue))
        return session
    }

    @Test(arguments: SessionHandler.allCases, FallbackMode.allCases)
    func `answers as the table says`(handler: SessionHandler, mode: FallbackMode) async throws {
        let fixture = try await Fixture()
        let session = try await open(fixture, handler, mode)
        let commands = #"{"commands":[["SET","a","1"],["INCR","a"]]}"#
        let refused = Self.blocked.contains(handler) && mode == .strict ? "operation_mode_error" : nil
        #expect(try await fixture.result(session, "keyspace.command", #"{"command":["SET","b","1"]}"#) == "OK")
        #expect(try await fixture.kind(session, "keyspace.transaction", commands) == refused)
        #expect(try await fixture.kind(session, "keyspace.pipeline", commands) == refused)
        if refused == nil {
            let result = try await fixture.result(session, "keyspace.transaction", commands)
            #expect(result == ["successful": true, "aborted": false, "results": ["OK", 2], "errors": []])
        }
        // A block that stays open: coalescing sends whole ones only.
        let begin = try await fixture.kind(session, "keyspace.begin")
        #expect(begin == (handler == .coalescing ? "operation_mode_error" : refused))
        _ = try await fixture.result(session, "keyspace.discard")
        // A watch needs a connection to hold, in every mode; and so does the write of an object.
        let canHold = handler == .provider || handler == .create
        let watch = #"{"commands":[["GET","a"]],"watch":[{"key":"a"}]}"#
        let isHeld = canHold ? nil : "operation_mode_error"
        #expect(try await fixture.kind(session, "keyspace.transaction", watch) == isHeld)
        #expect(try await fixture.kind(session, "object.save", #"{"kind":"k","id":1,"fields":{"a":1}}"#) == isHeld)
        #expect(try await fixture.kind(session, "object.get", #"{"kind":"k","id":1}"#) == nil)
        await session.close()
    }

    @Test(arguments: [SessionHandler.default, .taskConnection], [FallbackMode.warn, .permissive])
    func `on a blocked handler begin answers, commands run at once, and commit gives their results`(
        handler: SessionHandler, mode: FallbackMode
    ) async throws {
        let fixture = try await Fixture()
        fixture.source.open()
        try await fixture.manager.schema.refresh()
        let session = try await open(fixture, handler, mode)
        let other = fixture.session()
        #expect(try await fixture.result(session, "keyspace.begin") == ["depth": 1])
        #expect(try await fixture.result(session, "keyspace.command", #"{"command":["SET","a","1"]}"#) == "OK")
        #expect(try await fixture.result(other, "keyspace.command", #"{"command":["GET","a"]}"#) == "1")
        #expect(try await fixture.result(session, "keyspace.begin") == ["depth": 2])
        let inner = #"{"commands":[["INCR","a"]]}"#
        #expect(try await fixture.result(session, "keyspace.transaction", inner)["results"] == [2])
        let create =
            #"{"transaction":{"transaction_id":"t","steps":[{"step_id":"s","operation":"create","model":"t","data":{"id":"x"}}]}}"#
        let receipt = try await fixture.result(session, "transaction.buffer", create)
        #expect(receipt["status"] == "pending" && receipt["future"] == nil)
        #expect(try await fixture.result(session, "object.get", #"{"kind":"k","id":1}"#) == [:])
        #expect(
            try await fixture.kind(session, "keyspace.command", #"{"command":["HGET","a","f"]}"#) == "keyspace_error")
        #expect(try await fixture.result(session, "keyspace.commit") == ["depth": 1])
        let result = try await fixture.result(session, "keyspace.commit")
        #expect(result["results"] == ["OK", 2, receipt, [:], .null])
        #expect(result["errors"] == [["index": 4, "kind": "keyspace_error", "detail": "WRONGTYPE"]])
        #expect(try await fixture.result(session, "keyspace.discard") == ["depth": 0])
        await session.close()
    }

    @Test func `session.open without a choice keeps what is in force, and tells the limits`() async throws {
        let fixture = try await Fixture()
        let session = try await open(fixture, .coalescing, .warn)
        let result = try await fixture.result(session, "session.open", #"{"client":{"name":"x"}}"#)
        #expect(result["handler"] == "coalescing" && result["transaction_mode"] == "warn")
        #expect(result["limits"]?["scope_timeout_ms"] == 30_000)
        #expect(result["limits"]?["scope_commands_max"] == 10_000)
        #expect(result["limits"]?["scope_bytes_max"] == .integer(8 << 20))
        let fresh = try await fixture.result(fixture.session(), "session.open")
        #expect(fresh["handler"] == "provider" && fresh["transaction_mode"] == "strict")
    }

    /// Each waits for nobody, and a write that takes several steps is still where it was sent.
    @Test(arguments: SessionHandler.allCases)
    func `pipelined requests run in the order sent`(handler: SessionHandler) async throws {
        let fixture = try await Fixture()
        let session = try await open(fixture, handler, .permissive)
        let requests: [(String, String)] =
            handler == .provider || handler == .create
            ? [
                ("keyspace.command", #"{"command":["HSET","object:k:1","n","5"]}"#),
                ("object.save", #"{"kind":"k","id":1,"fields":{"m":1}}"#),
                ("keyspace.command", #"{"command":["HINCRBY","object:k:1","m",1]}"#),
                ("keyspace.transaction", #"{"commands":[["HINCRBY","object:k:1","m",1]],"watch":[{"key":"z"}]}"#),
                ("keyspace.begin", "{}"), ("keyspace.command", #"{"command":["HINCRBY","object:k:1","m",1]}"#),
                ("keyspace.commit", "{}"), ("object.get", #"{"kind":"k","id":1}"#),
                ("object.delete", #"{"kind":"k","id":1}"#),
            ]
            : [
                ("keyspace.command", #"{"command":["HSET","object:k:1","n","5","m",3]}"#),
                ("keyspace.pipeline", #"{"commands":[["HINCRBY","object:k:1","m",1]]}"#),
                ("object.get", #"{"kind":"k","id":1}"#), ("keyspace.command", #"{"command":["DEL","object:k:1"]}"#),
            ]
        let replies = await withTaskGroup(of: (Int, [UInt8]?).self) { group in
            for (index, (method, params)) in requests.enumerated() {
                let text = #"{"jsonrpc":"2.0","id":\#(index),"method":"\#(method)","params":\#(params)}"#
                // As the server starts them: one after the other, each up to its first suspension.
                group.addImmediateTask { (index, await session.respond(to: ClientRequest(Array(text.utf8)))) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        let results = try (0..<requests.count).map { index in
            try Fixture.payload(replies[index] ?? [])["result"]?.value()
        }
        let read = results[requests.count - 2]
        #expect(read == ["fields": ["n": "5", "m": "4"]])
        #expect(try await fixture.result(session, "object.get", #"{"kind":"k","id":1}"#) == [:])
        await session.close()
    }
}
