// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import KeyspaceConformance
import RedisServer
import Testing
import TransactionModel

@testable import RedisKeyspace

@Suite("procedures", .enabled(if: Fixture.hasRedis, Fixture.noRedis))
struct ProcedureTests {
    private func with(
        _ configure: (inout SiteSettings) -> Void = { _ in }, _ body: (Subject, RedisServer) async throws -> Void
    ) async throws {
        var site = SiteSettings(site: "test")
        configure(&site)
        let settings = site
        let server = try RedisServer()
        try await Fixture.with(server) {
            $0.site = settings
        } _: { keyspace, _ in
            try await body(Subject(keyspace, settings: settings), server)
        }
    }

    @Test(
        "every script has the digest that Redis gives it, and a full server refuses accepts only"
    )
    func scripts() async throws {
        let server = try RedisServer()
        for script in ProcedureCatalog(site: SiteSettings(site: "odd 'name'\n{}\\")).scripts {
            let text = String(decoding: script.text, as: UTF8.self)
            #expect(try server.run("SCRIPT", "LOAD", text) == .text(script.sha1))
            #expect(text.hasPrefix("#!lua flags=allow-oom\n") == (script.name != "accept"))
        }
    }

    @Test("numbers and texts of clients come out as they went in")
    func lossless() async throws {
        try await with { site, server in
            let data = #"{"big":9007199254740993,"exact":1.10,"text":"\u0000\"}{","list":[1,{"a":"]"}]}"#
            try await site.accept("a", Subject.step("create", "m", "1", data))
            try await site.accept("b", Subject.step("update", "m", "1", #"{"exact":2.00,"new":null}"#))
            let expected = #"{"big":9007199254740993,"exact":2.00,"text":"\u0000\"}{","list":[1,{"a":"]"}],"new":null}"#
            #expect(try server.run("GET", "site:test:buffered:m:1") == .text(expected))
            #expect(try server.run("GET", "site:test:cache:ids:m:1") == .text(expected))
            #expect(try server.run("HGET", "site:test:read_buffer:m:1", "exact") == .text("2.00"))
            #expect(try server.run("HGET", "site:test:read_buffer:m:1", "list") == .text(#"[1,{"a":"]"}]"#))
        }
    }

    @Test(
        "increments are exact beyond what a double holds",
        arguments: [
            ("9007199254740993", "2", "9007199254740995"), ("9223372036854775806", "1", "9223372036854775807"),
            ("-9223372036854775807", "-1", "-9223372036854775808"), ("1000000000", "-1", "999999999"),
            ("-1", "1000000000", "999999999"), ("-1000000000", "1", "-999999999"), ("5", "-5", "0"),
            ("-2000000001", "1", "-2000000000"), ("0.1", "0.2", "0.30000000000000004"), ("1.5", "1.5", "3"),
            ("null", "1", "null"), ("\"x\"", "1", "\"x\""), ("9223372036854775807", "1", "9.223372036854776e+18"),
        ])
    func increments(value: String, delta: String, sum: String) async throws {
        try await with { site, server in
            try await site.accept("a", Subject.step("create", "m", "1", "{\"n\":\(value)}"))
            try await site.accept("b", Subject.step("increment", "m", "1", "{\"n\":\(delta)}"))
            #expect(try server.run("HGET", "site:test:read_buffer:m:1", "n") == .text(sum))
        }
    }

    @Test("a transaction leaves nothing behind once its status has expired")
    func leavesNothing() async throws {
        try await with({ $0.statusTimeToLive = .milliseconds(1) }) { site, server in
            let record = RecordKey(model: "m", encodedID: "1")
            for id in ["a", "b"] { try await site.accept(id, Subject.step("create", "m", "1", "{\"x\":1}")) }
            _ = try await site.claim()
            let held = [ConflictKey(name: "r:m:1", use: .exclusive)]
            try await site.advance(
                .committed(Subject.id("a"), position: Position(1), generatedIDs: nil),
                .dead(Subject.id("b"), error: Subject.error, held: held, released: []))
            try await site.release("a", record)
            try await site.advance(.discarded(Subject.id("b"), released: [record]))
            // The server's clock decides; TIME passes with every command.
            while try server.run("EXISTS", "site:test:transaction:a", "site:test:transaction:b") != .integer(0) {}
            guard case .array(let keys) = try server.run("KEYS", "*") else { return }
            let expected = [
                "counters", "epoch", "processor", "transaction_recent", "transaction_state:a", "transaction_state:b",
            ]
            #expect(keys.allSatisfy { key in expected.contains { .text("site:test:" + $0) == key } }, "\(keys)")
            guard case .integer(let left) = try server.run("PTTL", "site:test:transaction_state:a") else { return }
            #expect(left > 86_000_000 && left <= 86_400_000)
            // The repeat is still known, and what can't be advanced any more is unknown.
            #expect(try await site.accept("a") == .duplicate(status: .replicated, generatedIDs: nil))
            #expect(try await site.advance(.reverted(Subject.id("a"))) == [.unknown])
        }
    }

    @Test("nothing that is unfinished expires")
    func keepsUnfinished() async throws {
        try await with({ $0.statusTimeToLive = .milliseconds(1) }) { site, server in
            for id in ["a", "b", "c", "d"] { try await site.accept(id, Subject.step("create", "m", id, "{\"x\":1}")) }
            _ = try await site.claim(3)
            let held = [ConflictKey(name: "o:x", use: .exclusive)]
            try await site.advance(
                .committed(Subject.id("a"), position: Position(1), generatedIDs: nil),
                .dead(Subject.id("b"), error: Subject.error, held: held, released: []),
                .parked(Subject.id("c"), behind: Subject.id("b"), held: held))
            guard case .array(let keys) = try server.run("KEYS", "*") else { return }
            #expect(keys.count > 20)
            for case .text(let key) in keys { #expect(try server.run("PTTL", key) == .integer(-1), "\(key)") }
        }
    }

    @Test("ids that a database assigned and then lost are forgotten, and the payload is whole again")
    func revertedIDs() async throws {
        try await with { site, _ in
            var accept = Subject.transaction("a", [Subject.step("create", "m", "1")], at: site.time(0))
            accept.payload = accept.payload.dropLast() + Array(#","generated_ids":{"s":{"$ref":"a#s.id"}}}"#.utf8)
            _ = try await site.one(.accept(accept))
            _ = try await site.claim()
            try await site.advance(
                .committed(Subject.id("a"), position: Position(1), generatedIDs: Array(#"{"s":7}"#.utf8)))
            #expect(try await site.status("a")?["generated_ids"] == ["s": 7])
            guard
                case .overlay(let page) = try await site.one(
                    .overlay(OverlayRead(model: "m", entriesMax: 9, bytesMax: 9)))
            else { return }
            #expect(page.transactions[1]?.payload == accept.payload)
            try await site.advance(.reverted(Subject.id("a")))
            #expect(try await site.status("a")?["generated_ids"] == ["s": ["$ref": "a#s.id"]])
            #expect(try await site.claim().first?.payload == accept.payload)
        }
    }

    @Test("a lease ends by the server's clock")
    func leaseEnds() async throws {
        try await with { site, _ in
            let request = LeaseRequest(.acquire, holder: "a", timeToLive: .milliseconds(1), at: site.time(0))
            #expect(try await site.one(.lease(request)) == .lease(.granted(lastToken: 0)))
            var other = request
            other.holder = "b \"quoted\""
            other.timeToLive = .seconds(60)
            var outcome = try await site.one(.lease(other))
            while case .lease(.refused) = outcome { outcome = try await site.one(.lease(other)) }
            #expect(outcome == .lease(.granted(lastToken: 0)))
            guard case .lease(.refused("b \"quoted\"", _)) = try await site.one(.lease(request)) else {
                Issue.record("two have the lease")
                return
            }
        }
    }

    @Test("a large overlay is read in byte order, whatever the locale")
    func largeOverlay() async throws {
        try await with { site, _ in
            let count = 2500
            let rows = (0..<count).map { "{\"id\":\"\($0 % 2 == 0 ? "a" : "B")\($0)é\",\"data\":{}}" }
            let step = Subject.bulkStep("bulk_create", "m", rows)
            try await site.accept("a", step)
            var read = OverlayRead(model: "m", entriesMax: 700, bytesMax: 1 << 20)
            var seen: [[UInt8]] = []
            while case .overlay(let page) = try await site.one(.overlay(read)) {
                seen += page.entries.map { Array($0.encodedID.utf8) }
                #expect(page.entries.allSatisfy { rows[$0.row].contains("\"\($0.encodedID)\"") })
                read.after = page.next
                if page.next == nil { break }
            }
            #expect(seen.count == count)
            #expect(seen == seen.sorted { $0.lexicographicallyPrecedes($1) })
        }
    }

    @Test("a long history is not folded for every release, but its views end up right")
    func longHistory() async throws {
        try await with { site, _ in
            let record = RecordKey(model: "m", encodedID: "1")
            let count = RedisStorage.foldMax + 2
            try await site.accept("t0", Subject.step("create", "m", "1", "{\"first\":1}"))
            for number in 1..<count {
                try await site.accept("t\(number)", Subject.step("update", "m", "1", "{\"n\":\(number)}"))
            }
            _ = try await site.claim(3)
            for number in 0..<2 {
                let id = Subject.id("t\(number)")
                try await site.advance(.committed(id, position: Position(1), generatedIDs: nil))
            }
            try await site.release("t0", record)
            #expect(try await site.command("LLEN", site.keys.recordPending(record)) == .integer(Int64(count - 1)))
            #expect(try await site.json(site.keys.buffered(record))?["n"]?.int64 == Int64(count - 1))
            try await site.release("t1", record)
            #expect(try await site.json(site.keys.buffered(record)) == ["n": .number(JSONNumber(Int64(count - 1)))])
            #expect(try await site.command("EXISTS", site.keys.cachedIDs(record)) == .integer(0))
        }
    }

    @Test("with a hash tag all of a site's keys carry it")
    func hashTag() async throws {
        try await with({ $0.hashTag = true }) { site, server in
            try await site.accept("a", Subject.step("create", "m", "brace}", "{\"x\":1}"))
            #expect(try await site.claim().count == 1)
            #expect(try await site.lease(.acquire, "a") == .granted(lastToken: 0))
            guard case .array(let keys) = try server.run("KEYS", "*") else { return }
            #expect(keys.count > 10)
            let tagged = keys.filter { if case .text(let key) = $0 { key.hasPrefix("site:{test}:") } else { false } }
            #expect(tagged == keys)
        }
    }

    @Test(
        "a position's score is never below it",
        arguments: [
            (0, "0"), (1 << 53, "9007199254740992"), ((1 << 53) + 1, "9007199254740994"),
            ((1 << 55) + 8, "36028797018963976"), (UInt64.max, "18446744073709551616"),
        ] as [(UInt64, String)])
    func scores(position: UInt64, score: String) {
        #expect(Position(position).score == score)
    }
}
