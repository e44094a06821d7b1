// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import KeyspaceConformance
import Testing
import TransactionModel

@testable import EmbeddedKeyspace

@Suite struct ExpiryTests {
    let fixture = Fixture()

    private func finish(_ id: String, _ subject: Subject) async throws {
        _ = try await subject.claim(1)
        try await subject.advance(
            .committed(Subject.id(id), position: Position(1), generatedIDs: Array("{\"s\":1}".utf8)))
        try await subject.release(id, at: 0)
    }

    @Test func `a terminal status expires, its id is remembered`() async throws {
        try await fixture.with { subject, keyspace async throws in
            try await subject.accept("a")
            try await finish("a", subject)
            let key = subject.keys.transaction(Subject.id("a"))
            #expect(try await subject.command("TTL", key) == .integer(3600))
            #expect(try await subject.command("EXPIRETIME", key) == .integer(1_780_003_600))
            fixture.advanceClock(by: .seconds(3601))
            #expect(try await subject.command("GET", key) == .null)
            try await keyspace.maintain()
            #expect(try await subject.command("EXISTS", key) == .integer(0))
            #expect(
                try await subject.accept("a") == .duplicate(status: .replicated, generatedIDs: Array("{\"s\":1}".utf8)))
            #expect(try await subject.accept("a", hash: 2) == .conflict)
            #expect(try await subject.counter("accepted") == 1)
            #expect(try await subject.counter("replicated") == 1)
            fixture.advanceClock(by: .seconds(31 * 86_400))
            try await keyspace.maintain()
            #expect(try await subject.accept("a") == .accepted)
        }
    }

    @Test func `a pending status never expires`() async throws {
        try await fixture.with { subject, keyspace async throws in
            try await subject.accept("a")
            fixture.advanceClock(by: .seconds(10_000_000))
            try await keyspace.maintain()
            #expect(try await subject.status("a")?["status"] == "pending")
        }
    }

    @Test func `the oldest statuses and memories go when there are too many`() async throws {
        var settings = fixture.settings()
        settings.terminalMax = 2
        settings.rememberedMax = 2
        try await fixture.with(settings) { subject, keyspace async throws in
            for number in 0..<6 {
                try await subject.accept("t\(number)")
                try await finish("t\(number)", subject)
            }
            try await keyspace.maintain()
            for (number, isThere) in [(3, false), (4, true), (5, true)] {
                let status = try await subject.status("t\(number)")
                #expect((status != nil) == isThere)
            }
            #expect(
                try await subject.accept("t3") == .duplicate(status: .replicated, generatedIDs: Array("{\"s\":1}".utf8))
            )
            #expect(try await subject.accept("t0") == .accepted)
        }
    }

    @Test func `ordinary keys expire, and break the watch of who saw them`() async throws {
        try await fixture.with { subject, keyspace async throws in
            _ = try await subject.command("SET", "k", "v", "EX", 10)
            let connection = try await keyspace.connect()
            try await connection.watch([Array("k".utf8)])
            fixture.advanceClock(by: .seconds(11))
            #expect(try await connection.execute([.command(Command("PING"))]) == .aborted)
            try await connection.watch([Array("k".utf8)])
            try await keyspace.maintain()
            #expect(try await connection.execute([.command(Command("PING"))]) == .executed([.status("PONG")]))
            await connection.close()
        }
    }

    @Test func `a command that comes across an expired key breaks no watch of who saw it expired`() async throws {
        try await fixture.with { subject, keyspace async throws in
            _ = try await subject.command("SET", "k", "v", "PX", 1)
            fixture.advanceClock(by: .seconds(1))
            let connection = try await keyspace.connect()
            try await connection.watch([Array("k".utf8)])
            #expect(try await subject.command("LPUSHX", "k", "v") == .integer(0))
            #expect(try await connection.execute([.command(Command("PING"))]) == .executed([.status("PONG")]))
            await connection.close()
        }
    }
}
