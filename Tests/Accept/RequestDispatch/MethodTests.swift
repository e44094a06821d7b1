// SPDX-License-Identifier: MIT
import Foundation
import JSON
import Synchronization
import Testing
import TransactionBuffering
import TransactionModel

@testable import RequestDispatch

@Suite struct MethodTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var method: String
        var params: String
        var kind: String
        var path: String?

        init(_ method: String, _ params: String, _ kind: String, _ path: String?) {
            (self.method, self.params, self.kind, self.path) = (method, params, kind, path)
        }

        var testDescription: String { "\(method) \(params)" }
    }

    static let faults: [Fault] = [
        Fault("no.method", "{}", "method_not_found", nil),
        Fault("transaction.buffer", "{}", "invalid_params", "transaction"),
        Fault("transaction.buffer", #"{"transaction":{"steps":[]}}"#, "validation_failed", "steps"),
        Fault(
            "transaction.buffer", #"{"transaction":{"transaction_id":"a b","steps":[]}}"#, "validation_failed",
            "transaction_id"),
        Fault("transaction.status", "{}", "invalid_params", "transaction_id"),
        Fault("transaction.status", #"{"transaction_id":"a b"}"#, "invalid_params", "transaction_id"),
        Fault("transaction.status", #"{"transaction_id":"nobody"}"#, "not_found", "transaction_id"),
        Fault("transaction.wait", #"{"transaction_id":"a","until":"never"}"#, "invalid_params", "until"),
        Fault("transaction.wait", #"{"transaction_id":"a","timeout_ms":-1}"#, "invalid_params", "timeout_ms"),
        Fault("transaction.wait", #"{"transaction_id":"a","timeout_ms":0}"#, "not_found", "transaction_id"),
        Fault("transaction.cancel", #"{"transaction_id":"nobody"}"#, "not_found", "transaction_id"),
        Fault("transaction.list", #"{"limit":0}"#, "invalid_params", "limit"),
        Fault("transaction.list", #"{"limit":1001}"#, "invalid_params", "limit"),
        Fault("transaction.list", #"{"status":"lost"}"#, "invalid_params", "status"),
        Fault("transaction.list", #"{"cursor":"other.5"}"#, "invalid_params", "cursor"),
        Fault("transaction.subscribe", #"{"statuses":["lost"]}"#, "invalid_params", "statuses"),
        Fault("transaction.subscribe", #"{"transaction_ids":["a b"]}"#, "invalid_params", "transaction_ids[0]"),
        Fault("transaction.unsubscribe", #"{"subscription_id":"77"}"#, "not_found", "subscription_id"),
        Fault("record.get", "{}", "invalid_params", "model"),
        Fault("record.get", #"{"model":"t"}"#, "invalid_params", "id"),
        Fault("record.get", #"{"model":"t","id":1}"#, "validation_failed", "id"),
        Fault("record.get", #"{"model":"t","id":"x"}"#, "database_unavailable", nil),
        Fault("record.query", #"{"model":"t","limit":1001}"#, "invalid_params", "limit"),
        Fault("record.query", #"{"model":"t","where":{"z":1}}"#, "validation_failed", "where.z"),
        Fault("record.query", #"{"model":"t","order_by":["z"]}"#, "validation_failed", "order_by[0]"),
        Fault("record.query", #"{"model":"t","count":1}"#, "invalid_params", "count"),
        Fault("record.update", #"{"model":"t","id":"x"}"#, "invalid_params", "changes"),
        Fault("record.update", #"{"model":"t","id":"x","changes":{"v":"no"}}"#, "validation_failed", "changes.v"),
        Fault("record.update", #"{"model":"t","id":5,"changes":{}}"#, "validation_failed", "id"),
        Fault("id.generate", #"{"model":"t","count":0}"#, "invalid_params", "count"),
        Fault("id.generate", #"{"model":"nowhere"}"#, "validation_failed", "model"),
        Fault("dead_letter.list", #"{"filter":{"z":"x"}}"#, "invalid_params", "filter.z"),
        Fault("dead_letter.list", #"{"filter":{"code":1}}"#, "invalid_params", "filter.code"),
        Fault("dead_letter.get", #"{"transaction_id":"nobody"}"#, "not_found", "transaction_id"),
        Fault("dead_letter.retry", "{}", "invalid_params", "transaction_ids"),
        Fault("dead_letter.retry", #"{"all":true,"transaction_ids":[]}"#, "invalid_params", "transaction_ids"),
        Fault("dead_letter.retry", #"{"all":true,"changes":[]}"#, "invalid_params", "transaction_ids"),
        Fault("dead_letter.retry", #"{"transaction_ids":["a"],"changes":[{}]}"#, "invalid_params", "changes[0]"),
        Fault("dead_letter.discard", #"{"all":false}"#, "invalid_params", "transaction_ids"),
        Fault("dead_letter.discard", #"{"filter":{}}"#, "invalid_params", "filter"),
        Fault("dead_letter.retry", #"{"filter":{}}"#, "invalid_params", "filter"),
        Fault("keyspace.command", "{}", "invalid_params", "command"),
        Fault("keyspace.command", #"{"command":[]}"#, "invalid_params", "command"),
        Fault("keyspace.command", #"{"command":["GET",{}]}"#, "invalid_params", "command[1]"),
        Fault("keyspace.command", #"{"command":["SUBSCRIBE","x"]}"#, "unsupported_command", nil),
        Fault("keyspace.command", #"{"command":["SET","site:test:schema","x"]}"#, "permission_denied", nil),
        Fault("keyspace.command", #"{"command":["INCR","site:test:counters"]}"#, "permission_denied", nil),
        Fault(
            "keyspace.command", #"{"command":["DEL","site:other:transaction_buffer"]}"#, "permission_denied", nil),
        Fault("keyspace.command", #"{"command":["RENAME","a","site:{test}:x"]}"#, "permission_denied", nil),
        Fault("keyspace.transaction", "{}", "invalid_params", "commands"),
        Fault("keyspace.transaction", #"{"commands":[["GET"]]}"#, "keyspace_error", nil),
        Fault("keyspace.transaction", #"{"commands":[],"watch":[{}]}"#, "invalid_params", "watch[0].key"),
        Fault(
            "keyspace.transaction", #"{"commands":[],"watch":[{"key":"k","expect":1}]}"#, "invalid_params",
            "watch[0].expect"),
        Fault("keyspace.pipeline", #"{"commands":[1]}"#, "invalid_params", "commands[0]"),
        Fault("keyspace.begin", #"{"watch":[{}]}"#, "invalid_params", "watch[0].key"),
        Fault("keyspace.begin", #"{"watch":{}}"#, "invalid_params", "watch"),
        Fault("keyspace.commit", "{}", "operation_mode_error", nil),
        Fault("object.save", #"{"id":1,"fields":{}}"#, "invalid_params", "kind"),
        Fault("object.save", #"{"kind":"","id":1,"fields":{}}"#, "invalid_params", "kind"),
        Fault("object.save", #"{"kind":"k","fields":{}}"#, "invalid_params", "id"),
        Fault("object.save", #"{"kind":"k","id":1.5,"fields":{}}"#, "invalid_params", "id"),
        Fault("object.create", #"{"kind":"k","id":1}"#, "invalid_params", "fields"),
        Fault("object.create", #"{"kind":"k","id":1,"fields":[]}"#, "invalid_params", "fields"),
        Fault("object.create", #"{"kind":"k","id":1,"fields":{"a":true}}"#, "invalid_params", "fields.a"),
        Fault("object.create", #"{"kind":"k","id":1,"fields":{"a":null}}"#, "invalid_params", "fields"),
        Fault("object.create", #"{"kind":"k","id":1,"fields":{"a":1},"unique":[1]}"#, "invalid_params", "unique[0]"),
        Fault(
            "object.save_if_not_exists", #"{"kind":"k","id":1,"fields":{"a":1},"transaction_id":"a b"}"#,
            "invalid_params", "transaction_id"),
        Fault("object.get", #"{"kind":"k"}"#, "invalid_params", "id"),
        Fault("object.delete", #"{"kind":"k","id":[]}"#, "invalid_params", "id"),
        Fault("session.open", #"{"handler":"fiber"}"#, "invalid_params", "handler"),
        Fault("session.open", #"{"transaction_mode":"loud"}"#, "invalid_params", "transaction_mode"),
        Fault("processor.drain", #"{"timeout_ms":"1"}"#, "invalid_params", "timeout_ms"),
        Fault("server.backup", #"{"path":"relative"}"#, "invalid_params", "path"),
        Fault("session.open", #"{"protocol":"2"}"#, "unsupported_protocol", "protocol"),
        Fault("session.open", #"{"client":1}"#, "invalid_params", "client"),
        Fault("transaction.status", #"{"transaction_id":"a","_meta":{"deadline_ms":0}}"#, "deadline_exceeded", nil),
    ]

    @Test func `wrong parameters are answered with their kind and place`() async throws {
        let fixture = try await Fixture()
        fixture.source.open()
        try await fixture.manager.schema.refresh()
        let session = fixture.session()
        for fault in Self.faults {
            let reply = try await fixture.call(session, fault.method, fault.params)
            let data = reply["error"]?["data"]
            #expect(data?["kind"]?.string == fault.kind, "\(fault.testDescription)")
            #expect(data?["path"]?.string == fault.path, "\(fault.testDescription)")
        }
    }

    @Test func `a notification is carried out and never answered`() async throws {
        let fixture = try await Fixture()
        let session = fixture.session()
        let text = #"{"jsonrpc":"2.0","method":"keyspace.command","params":{"command":["SET","k","v"]}}"#
        #expect(await session.respond(to: ClientRequest(Array(text.utf8))) == nil)
        let unknown = #"{"jsonrpc":"2.0","method":"no.method"}"#
        #expect(await session.respond(to: ClientRequest(Array(unknown.utf8))) == nil)
        let reply = try await fixture.call(session, "keyspace.command", #"{"command":["GET","k"]}"#)
        #expect(reply["result"]?.string == "v")
    }

    @Test func `a repeat is answered with the first receipt, other content with a conflict`() async throws {
        let fixture = try await Fixture()
        let session = fixture.session()
        let create = { (v: Int) in
            #"{"transaction":{"transaction_id":"a","steps":[{"step_id":"s","operation":"create","model":"t","data":{"id":"x","v":\#(v)}}]}}"#
        }
        fixture.source.open()
        let first = try await fixture.call(session, "transaction.buffer", create(1))
        #expect(first["result"]?["duplicate"]?.bool == false)
        let again = try await fixture.call(session, "transaction.buffer", create(1))
        #expect(again["result"]?["duplicate"]?.bool == true)
        #expect(again["result"]?["generated_ids"]?["s"]?.string == "x")
        let other = try await fixture.call(session, "transaction.buffer", create(2))
        #expect(other["error"]?["data"]?["kind"]?.string == "transaction_conflict")
    }

    @Test func `ordered requests keep their order although one of them must wait`() async throws {
        let fixture = try await Fixture()
        let session = fixture.session()
        let buffer = { (id: String, operation: String, rest: String) in
            ClientRequest(
                Array(
                    #"{"jsonrpc":"2.0","id":1,"method":"transaction.buffer","params":{"transaction":{"transaction_id":"\#(id)","steps":[{"step_id":"s","operation":"\#(operation)",\#(rest)}]}}}"#
                        .utf8))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Nothing is known of any table yet: an update must ask first.
            let first = buffer("first", "update", #""model":"late","id":"x","data":{"v":1}"#)
            let second = buffer("second", "create", #""model":"late","data":{"id":"y"}"#)
            group.addTask { _ = await session.respond(to: first) }
            await fixture.source.somebodyWaits()
            group.addTask { _ = await session.respond(to: second) }
            fixture.source.open()
            try await group.waitForAll()
        }
        var sequences: [Int64] = []
        for id in ["first", "second"] {
            let reply = try await fixture.call(session, "transaction.status", #"{"transaction_id":"\#(id)"}"#)
            sequences.append(try #require(reply["result"]?["sequence"]?.int64))
        }
        #expect(sequences == sequences.sorted())
    }

    @Test func `events follow the reply, in order, and end with the subscription`() async throws {
        let fixture = try await Fixture()
        fixture.source.open()
        try await fixture.manager.schema.refresh()
        let session = fixture.session()
        let reply = try await fixture.call(session, "transaction.subscribe", "{}")
        let subscription = try #require(reply["result"]?["subscription_id"]?.string)
        #expect(fixture.pushed.withLock { $0.count } == 1, "the reply went out through the same door")
        let create =
            #"{"transaction":{"transaction_id":"a","steps":[{"step_id":"s","operation":"create","model":"t","data":{"id":"x"}}]}}"#
        _ = await session.respond(
            to: ClientRequest(
                Array(#"{"jsonrpc":"2.0","id":2,"method":"transaction.buffer","params":\#(create)}"#.utf8)))
        let cancel = #"{"jsonrpc":"2.0","id":3,"method":"transaction.cancel","params":{"transaction_id":"a"}}"#
        _ = await session.respond(to: ClientRequest(Array(cancel.utf8)))
        let events = try fixture.pushed.withLock { $0 }.dropFirst().map { try Fixture.payload($0) }
        #expect(events.compactMap { $0["params"]?["status"]?.string } == ["pending", "cancelled"])
        #expect(events.allSatisfy { $0["params"]?["subscription_id"]?.string == subscription })
        let unsubscribe =
            #"{"jsonrpc":"2.0","id":4,"method":"transaction.unsubscribe","params":{"subscription_id":"\#(subscription)"}}"#
        _ = await session.respond(to: ClientRequest(Array(unsubscribe.utf8)))
        #expect(!fixture.manager.events.isHeard)
    }

    @Test func `what happens before the reply is sent waits for it`() {
        let frames = Recorder()
        let feed = EventFeed { frames.add($0) }
        let id = TransactionEventSample.id
        feed.take(.init(transactionID: id, status: .pending, at: Fixture.moment))
        #expect(frames.count == 0)
        feed.open(subscription: 7)
        feed.take(.init(transactionID: id, status: .committed, at: Fixture.moment))
        #expect(frames.statuses == ["pending", "committed"])
    }

    @Test func `the contract lists exactly the methods there are`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        var url = root.appendingPathComponent("proto-json/openrpc.json")
        // Where the tests are reached by a link, the repository is where the link leads.
        if !FileManager.default.fileExists(atPath: url.path) {
            let real = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            url = (0..<4).reduce(real) { url, _ in url.deletingLastPathComponent() }.appendingPathComponent(
                "proto-json/openrpc.json")
        }
        let document = try JSONDocument(parsing: Array(try Data(contentsOf: url))).root
        let names = document["methods"]?.elements.compactMap { $0["name"]?.string } ?? []
        #expect(Set(names) == Set(RequestDispatcher.methodNames))
        #expect(names.count == RequestDispatcher.methodNames.count)
    }
}
