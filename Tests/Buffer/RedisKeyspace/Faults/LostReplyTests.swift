// SPDX-License-Identifier: MIT
import Keyspace
import NIOCore
import RedisServer
import Synchronization
import Testing

@testable import RedisKeyspace

/// Requests whose replies never come, or come late.
@Suite(.enabled(if: Fixture.hasRedis, Fixture.noRedis), .timeLimit(.minutes(10))) struct LostReplyTests {
    @Test func `a connection killed in the middle leaves writes unknown and reads undone, and is made again`()
        async throws
    {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, log in
            try server.run("CLIENT", "PAUSE", "60000", "WRITE")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addImmediateTask {
                    await expectCode(.outcomeUnknown) { _ = try await keyspace.perform([Fixture.accept("a")]) }
                }
                group.addImmediateTask {
                    await expectCode(.unavailable) { _ = try await keyspace.command("ECHO", "x") }
                }
                group.addImmediateTask {
                    let block = [Operation.command(Command("SET", "a", "1")), .command(Command("GET", "a"))]
                    await expectCode(.outcomeUnknown) { _ = try await keyspace.execute(block) }
                }
                try await Fixture.written()
                try await server.until("clients", contains: "blocked_clients:1")
                try server.killClients()
                try await group.waitForAll()
            }
            try server.run("CLIENT", "UNPAUSE")
            await log.connections(2)
            #expect(try await keyspace.perform([Fixture.accept("a")]) == [.accept(.accepted)])
        }
    }

    @Test func `what waited to be sent together keeps its place when the connection is lost`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server, { $0.patience = .seconds(5) }) { keyspace, log in
            let left = Mutex(2)
            let (first, second) = (try Fixture.accept("a"), try Fixture.accept("b"))
            try await Fixture.loop.submit {
                keyspace.submit(first) { _ in left.withLock { $0 -= 1 } }
                keyspace.link.value.abandon(because: "the test wants it")
                keyspace.submit(second) { _ in left.withLock { $0 -= 1 } }
            }.get()
            await log.connections(2)
            while left.withLock({ $0 }) > 0 { try await Task.sleep(for: .milliseconds(10)) }
            let reply = try await keyspace.command("LINDEX", "site:test:transaction_buffer", -1)
            guard case .bulk(let oldest) = reply else {
                Issue.record("the buffer is empty")
                return
            }
            #expect(String(decoding: oldest, as: UTF8.self).contains(#""transaction_id":"a""#))
        }
    }

    @Test func `a late reply reaches nobody, and the same id tells what became of it`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server, { $0.replyTimeout = .seconds(4) }) { keyspace, log in
            server.freeze()
            await expectCode(.outcomeUnknown) { _ = try await keyspace.perform([Fixture.accept("a")]) }
            _ = await log.first { $0.isDisconnected }
            server.thaw()
            await log.connections(2)
            // Replies to a hundred others: each its own, although the late one is somewhere.
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let reply = try? await keyspace.command("ECHO", "\(number)")
                        #expect(reply == .bulk(Array("\(number)".utf8)))
                    }
                }
            }
            // The server had the request in its socket and executed it.
            guard case .accept(.duplicate) = try await keyspace.perform([Fixture.accept("a")])[0] else {
                Issue.record("the late one was not executed")
                return
            }
        }
    }

    @Test func `a lost EXEC is unknown, and resolved by the same id`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server, { $0.replyTimeout = .seconds(4) }) { keyspace, log async throws in
            let block = [try Fixture.accept("a"), .command(Command("SET", "beside", "1"))]
            server.freeze()
            await expectCode(.outcomeUnknown) { _ = try await keyspace.execute(block) }
            server.thaw()
            await log.connections(2)
            // Whether the server had read all of it before it noticed that we were gone, only it knows. All or nothing.
            let hasRun = try await keyspace.command("EXISTS", "beside") == .integer(1)
            guard case .executed(let replies) = try await keyspace.execute(block), replies.count == 2 else {
                Issue.record("it can't be repeated")
                return
            }
            if case .accept(.duplicate) = replies[0] { #expect(hasRun) } else { #expect(!hasRun) }
            #expect(try server.run("HGET", "site:test:counters", "accepted") == .text("1"))
        }
    }

    @Test func `a connection of one's own that is killed aborts what it watched, and says so`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, log in
            let connection = try await keyspace.connect()
            try await connection.watch([Array("k".utf8)])
            #expect(connection.isAlive)
            try server.killClients()
            await expectCode(.connectionLost) { _ = try await connection.perform([.command(Command("GET", "k"))]) }
            #expect(!connection.isAlive)
            await expectCode(.connectionLost) { _ = try await connection.execute([.command(Command("SET", "k", "1"))]) }
            await connection.close()
            await log.connections(2)
            #expect(try await keyspace.command("GET", "k") == .null)
        }
    }

    @Test func `after close everybody is answered unavailable`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, _ in
            await keyspace.close()
            await expectCode(.unavailable) { _ = try await keyspace.command("PING") }
            await expectCode(.unavailable) { _ = try await keyspace.connect() }
            await expectCode(.unavailable) { try await keyspace.maintain() }
            #expect(!keyspace.report.isConnected)
        }
    }
}
