// SPDX-License-Identifier: MIT
import Foundation
import Keyspace
import RedisKeyspace
import RedisServer
import Testing

/// The server dies and comes back: as it was, empty, or older.
@Suite(.enabled(if: Fixture.hasRedis, Fixture.noRedis), .timeLimit(.minutes(10))) struct RestartTests {
    @Test func `after kill -9 and a restart it goes on by itself, and nothing synced is missing`() async throws {
        let server = try RedisServer("--appendonly", "yes", "--appendfsync", "always")
        try await Fixture.with(server) { keyspace, log in
            #expect(try await keyspace.perform([Fixture.accept("a")]) == [.accept(.accepted)])
            let before = keyspace.report.runID
            server.kill()
            _ = await log.first { $0.isDisconnected }
            await expectCode(.unavailable) { _ = try await keyspace.command("PING") }
            await expectCode(.unavailable) { _ = try await keyspace.connect() }
            try server.start()
            await log.connections(2)
            #expect(try await keyspace.perform([Fixture.accept("b")]) == [.accept(.accepted)])
            #expect(keyspace.report.setBack == nil)
            #expect(keyspace.report.reconnects == 1)
            #expect(keyspace.report.runID != before)
        }
    }

    /// A failover: the address leads to another server, and the old one hangs up on all but one.
    @Test func `a connection to the server of before is not used again`() async throws {
        let (old, new) = (try RedisServer(), try RedisServer())
        let address = old.directory + "/address"
        try FileManager.default.createSymbolicLink(atPath: address, withDestinationPath: old.socketPath)
        let log = EventLog()
        let keyspace = try await RedisKeyspace.open(
            try Fixture.settings("redis+unix://" + address), on: Fixture.loop, onEvent: { log.add($0) })
        let idle = try await keyspace.connect()
        let blocked = try await keyspace.connect()
        for connection in [idle, blocked] {
            #expect(try await connection.perform([.command(Command("INCR", "here"))]).count == 1)
        }
        try await blocked.watch([Array("w".utf8)])
        try FileManager.default.removeItem(atPath: address)
        try FileManager.default.createSymbolicLink(atPath: address, withDestinationPath: new.socketPath)
        guard case .text(let list) = try old.run("CLIENT", "LIST") else { return }
        for line in list.split(separator: "\n") where line.contains("name=sluice") {
            let fields = line.split(separator: " ")
            // Both others have just said these.
            if fields.contains("cmd=incr") || fields.contains("cmd=watch") { continue }
            let id = fields.first { $0.hasPrefix("id=") }?.dropFirst(3) ?? ""
            #expect(try old.run("CLIENT", "KILL", "ID", String(id)) == .integer(1))
        }
        await log.connections(2)
        #expect(!idle.isAlive && !blocked.isAlive)
        await expectCode(.unavailable) { _ = try await idle.perform([Fixture.accept("a")]) }
        await expectCode(.unavailable) { _ = try await blocked.execute([Fixture.accept("b")]) }
        #expect(try old.run("EXISTS", "site:test:transaction_buffer") == .integer(0))
        let fresh = try await keyspace.connect()
        #expect(try await fresh.perform([Fixture.accept("a")]) == [.accept(.accepted)])
        #expect(try new.run("LLEN", "site:test:transaction_buffer") == .integer(1))
        await fresh.close()
        await keyspace.close()
    }

    @Test func `a short outage is waited out`() async throws {
        let server = try RedisServer("--appendonly", "yes")
        try await Fixture.with(server, { $0.patience = .seconds(20) }) { keyspace, log in
            server.kill()
            _ = await log.first { $0.isDisconnected }
            async let reply = keyspace.command("ECHO", "patient")
            try server.start()
            #expect(try await reply == .bulk(Array("patient".utf8)))
        }
    }

    @Test func `a server that comes back empty is reported, and not taken for drained`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, log in
            for id in ["a", "b", "c"] { _ = try await keyspace.perform([Fixture.accept(id)]) }
            server.kill()
            try server.start()
            let event = await log.first { $0.isSetBack }
            guard case .setBack(let setBack) = event else { return }
            #expect(setBack.kind == .replaced)
            #expect(setBack.expected.sequence == 3)
            #expect(setBack.found.sequence == 0)
            #expect(keyspace.report.setBack == setBack)
            // It stays said, however often one looks again.
            try await keyspace.maintain()
            #expect(keyspace.report.setBack == setBack)
            #expect(log.events.count { $0.isSetBack } == 1)
        }
    }

    @Test func `a keyspace that was flushed meanwhile is noticed at the next look`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, _ in
            _ = try await keyspace.perform([Fixture.accept("a")])
            try server.run("FLUSHALL")
            try await keyspace.maintain()
            #expect(keyspace.report.setBack?.kind == .replaced)
        }
    }

    @Test func `a server that comes back from an older file is reported with what it lacks`() async throws {
        let server = try RedisServer("--appendonly", "yes", "--appendfsync", "always")
        let (file, older) = (server.directory + "/appendonlydir", server.directory + "/older")
        try await Fixture.with(server) { keyspace, log in
            for id in ["a", "b"] { _ = try await keyspace.perform([Fixture.accept(id)]) }
            try FileManager.default.copyItem(atPath: file, toPath: older)
            for id in ["c", "d", "e"] { _ = try await keyspace.perform([Fixture.accept(id)]) }
            server.kill()
            try FileManager.default.removeItem(atPath: file)
            try FileManager.default.moveItem(atPath: older, toPath: file)
            try server.start()
            guard case .setBack(let setBack) = await log.first(matches: { $0.isSetBack }) else { return }
            #expect(setBack.kind == .older)
            #expect(setBack.expected.sequence == 5)
            #expect(setBack.found.sequence == 2)
            #expect(setBack.message.contains("at least 3 "))
        }
    }

    @Test func `what was seen before a restart of ours is compared with what is there now`() async throws {
        let server = try RedisServer()
        var seen: EpochMark?
        try await Fixture.with(server) { keyspace, _ in
            _ = try await keyspace.perform([Fixture.accept("a")])
            seen = keyspace.report.mark
        }
        try await Fixture.with(server, { $0.lastSeen = seen }) { keyspace, _ in #expect(keyspace.report.setBack == nil)
        }
        try server.run("FLUSHALL")
        try await Fixture.with(server, { $0.lastSeen = seen }) { keyspace, _ in
            #expect(keyspace.report.setBack?.kind == .replaced)
        }
    }

    @Test func `a server that loads its data is waited for at the start, or named when there is no time`() async throws
    {
        let server = try RedisServer()
        try server.run("DEBUG", "POPULATE", "4000")
        try server.run("SAVE")
        server.kill()
        // Eight seconds, in which it looks up every 25 ms.
        server.setArguments("--key-load-delay", "2000", "--loading-process-events-interval-bytes", "1024")
        try server.start(.answering)
        #expect(await RedisGate.inspect(try Fixture.settings(server.url)).first?.code == .loading)
        let error = await #expect(throws: KeyspaceError.self) {
            try await Fixture.with(server, { $0.openTimeout = .zero }) { _, _ in }
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("loading") == true)
        try await Fixture.with(server, { $0.openTimeout = .seconds(60) }) { keyspace, _ async throws in
            #expect(try await keyspace.command("GET", "key:3999") == .bulk(Array("value:3999".utf8)))
        }
    }
}
