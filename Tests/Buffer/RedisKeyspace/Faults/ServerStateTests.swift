// SPDX-License-Identifier: MIT
import Foundation
import Keyspace
import RedisKeyspace
import RedisServer
import Testing

/// A server that is there and will not, or not now.
@Suite(.enabled(if: Fixture.hasRedis, Fixture.noRedis), .timeLimit(.minutes(10))) struct ServerStateTests {
    @Test func `a master that became a replica is left, and found again when it is one`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server, { $0.patience = .zero }) { keyspace, log in
            try server.run("REPLICAOF", "127.0.0.1", "1")
            let error = await #expect(throws: KeyspaceError.self) {
                _ = try await keyspace.perform([Fixture.accept("a")])
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("replica") == true)
            _ = await log.first {
                if case .unavailable(let error) = $0 { error.message.contains("replica") } else { false }
            }
            await expectCode(.unavailable) { _ = try await keyspace.command("GET", "k") }
            try server.run("REPLICAOF", "NO", "ONE")
            await log.connections(2)
            #expect(try await keyspace.perform([Fixture.accept("a")]) == [.accept(.accepted)])
        }
    }

    @Test func `a server whose script hangs answers busy, and goes on when it is killed`() async throws {
        let server = try RedisServer("--lua-time-limit", "5")
        try await Fixture.with(server) { keyspace, _ in
            let culprit = try RedisClient(path: server.socketPath)
            try culprit.send(["EVAL", "while true do end", "0"])
            while try server.run("PING") == .text("PONG") { await Task.yield() }
            await expectCode(.busy) { _ = try await keyspace.perform([Fixture.accept("a")]) }
            await expectCode(.busy) { _ = try await keyspace.command("GET", "k") }
            await expectCode(.busy) {
                _ = try await keyspace.execute([.command(Command("SET", "k", "1")), .command(Command("GET", "k"))])
            }
            #expect(await RedisGate.inspect(try Fixture.settings(server.url)).first?.code == .busy)
            try server.run("SCRIPT", "KILL")
            _ = try culprit.answer()
            #expect(try await keyspace.command("GET", "k") == .null)
            #expect(try await keyspace.perform([Fixture.accept("a")]) == [.accept(.accepted)])
        }
    }

    @Test func `at maxmemory accepts are answered full, and again accepted when there is room`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, _ in
            try server.run("CONFIG", "SET", "maxmemory", "1")
            #expect(try await keyspace.perform([Fixture.accept("a")]) == [.accept(.full)])
            #expect(try await keyspace.execute([Fixture.accept("a")]) == .executed([.accept(.full)]))
            await expectCode(.full) {
                _ = try await keyspace.execute([Fixture.accept("a"), .command(Command("GET", "k"))])
            }
            guard case .error(let error) = try await keyspace.command("SET", "k", "1") else {
                Issue.record("a write was executed")
                return
            }
            #expect(error.prefix == "OOM")
            // Redis refuses to queue anything then, reads too.
            guard
                case .refused(0, let refusal) = try await keyspace.execute([
                    .command(Command("GET", "k")), .command(Command("SET", "k", "1")),
                ])
            else {
                Issue.record("the block was not refused")
                return
            }
            #expect(refusal.prefix == "OOM")
            try server.run("CONFIG", "SET", "maxmemory", "0")
            #expect(try await keyspace.perform([Fixture.accept("a")]) == [.accept(.accepted)])
        }
    }

    @Test func `a server that can't save refuses writes, and that is said`() async throws {
        let server = try RedisServer("--enable-protected-configs", "yes")
        try await Fixture.with(server) { keyspace, _ in
            let gone = server.directory + "/gone"
            try FileManager.default.createDirectory(atPath: gone, withIntermediateDirectories: false)
            #expect(try server.run("CONFIG", "SET", "dir", gone, "save", "3600 1") == .text("OK"))
            try FileManager.default.removeItem(atPath: gone)
            try server.run("BGSAVE")
            try await server.until("persistence", contains: "rdb_last_bgsave_status:err")
            let error = await #expect(throws: KeyspaceError.self) {
                _ = try await keyspace.perform([Fixture.accept("a")])
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("save") == true)
            await expectCode(.unavailable) {
                _ = try await keyspace.execute([.command(Command("SET", "k", "1")), .command(Command("GET", "k"))])
            }
            #expect(try await keyspace.command("GET", "k") == .null)
            try await keyspace.maintain()
            #expect(keyspace.report.warnings.contains { $0.code == .saveFailed })
            try server.run("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
            #expect(try await keyspace.perform([Fixture.accept("a")]) == [.accept(.accepted)])
        }
    }

    @Test func `scripts that the server forgot are sent again`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, _ in
            try server.run("SCRIPT", "FLUSH")
            #expect(
                try await keyspace.execute([Fixture.accept("x"), .command(Command("SET", "k", "1"))])
                    == .executed([.accept(.accepted), .status("OK")]))
            try server.run("SCRIPT", "FLUSH")
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let replies = try? await keyspace.perform([
                            .command(Command("ECHO", "\(number)")), Fixture.accept("a\(number)"),
                        ])
                        #expect(replies == [.bulk(Array("\(number)".utf8)), .accept(.accepted)])
                    }
                }
            }
        }
    }

    @Test func `a server that has as many clients as it may says so`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, _ in
            let admin = try RedisClient(path: server.socketPath)
            #expect(try admin.run("CONFIG", "SET", "maxclients", "2") == .text("OK"))
            await expectCode(.unavailable) { _ = try await keyspace.connect() }
            #expect(await RedisGate.inspect(try Fixture.settings(server.url)).first?.code == .refused)
            #expect(try await keyspace.command("PING") == .status("PONG"))
        }
    }

    @Test func `a user who lost a permission is told by name, and not as an outcome`() async throws {
        let server = try RedisServer()
        try server.run("ACL", "SETUSER", "u", "on", ">pw", "~*", "+@all")
        try await Fixture.with(
            server,
            {
                $0.url.user = "u"; $0.url.password = "pw"
            }
        ) { keyspace, _ in
            try server.run("ACL", "SETUSER", "u", "-set", "-evalsha")
            guard case .error(let error) = try await keyspace.command("SET", "k", "1") else {
                Issue.record("it was allowed")
                return
            }
            #expect(error.prefix == "NOPERM")
            await expectCode(.incompatible) { _ = try await keyspace.perform([Fixture.accept("a")]) }
            guard
                case .refused(0, let refusal) = try await keyspace.execute([
                    .command(Command("SET", "k", "1")), .command(Command("GET", "k")),
                ])
            else {
                Issue.record("the block was not refused")
                return
            }
            #expect(refusal.prefix == "NOPERM")
        }
    }
}
