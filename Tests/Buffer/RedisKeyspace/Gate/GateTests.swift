// SPDX-License-Identifier: MIT
import Keyspace
import RedisServer
import Testing

@testable import RedisKeyspace

/// What the gate finds on real servers; the same words for a start and for `sluice check`.
@Suite(.enabled(if: Fixture.hasRedis, Fixture.noRedis)) struct GateTests {
    @Test(
        "the append-only file decides what an acknowledgement is worth",
        arguments: [
            (["--appendonly", "yes", "--appendfsync", "always"], Durability.fsynced, [GateFinding.Code.server]),
            (["--appendonly", "yes", "--appendfsync", "everysec"], .written, [.server]),
            (["--appendonly", "yes", "--appendfsync", "no"], .memory, [.server, .notSynced]),
            (["--appendonly", "no"], .memory, [.server, .notPersistent]),
        ])
    func durability(_ row: (arguments: [String], durability: Durability, codes: [GateFinding.Code])) async throws {
        let server = try RedisServer(arguments: row.arguments)
        #expect(await RedisGate.inspect(try Fixture.settings(server.url)).map(\.code) == row.codes)
        try await Fixture.with(server) { keyspace, _ in
            #expect(keyspace.durability == row.durability)
            #expect(keyspace.report.warnings.map(\.code) == Array(row.codes.dropFirst()))
        }
    }

    @Test func `what an acknowledgement is worth follows the configuration at the next look`() async throws {
        let server = try RedisServer("--appendonly", "yes", "--appendfsync", "always")
        try await Fixture.with(server) { keyspace, log in
            try server.run("CONFIG", "SET", "appendfsync", "no")
            try await keyspace.maintain()
            #expect(keyspace.durability == .memory)
            #expect(
                log.events.contains { if case .warning(let finding) = $0 { finding.code == .notSynced } else { false } }
            )
        }
    }

    @Test func `a server that evicts is refused, unless it is allowed`() async throws {
        let server = try RedisServer("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
        try await expectShut(server.url, .eviction, .incompatible)
        try await Fixture.with(server, { $0.allowsEviction = true }) { keyspace, _ in
            #expect(keyspace.report.warnings.first?.code == .eviction)
        }
    }

    @Test func `a policy that changes while connected shuts the gate at the next look`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server, { $0.patience = .zero }) { keyspace, log in
            try server.run("CONFIG", "SET", "maxmemory-policy", "volatile-lru")
            await #expect(throws: KeyspaceError.self) { try await keyspace.maintain() }
            _ = await log.first {
                if case .unavailable(let error) = $0 { error.message.contains("maxmemory-policy") } else { false }
            }
            await expectCode(.unavailable) { _ = try await keyspace.command("PING") }
            try server.run("CONFIG", "SET", "maxmemory-policy", "noeviction")
            await log.connections(2)
            #expect(try await keyspace.command("PING") == .status("PONG"))
        }
    }

    @Test func `a replica is refused by name`() async throws {
        let server = try RedisServer("--replicaof", "127.0.0.1", "1")
        try await expectShut(server.url, .replica, .unavailable)
    }

    @Test func `an absent server is named so`() async throws {
        try await expectShut("redis+unix:///nowhere/at/all", .unreachable, .unavailable)
        try await expectShut("redis://127.0.0.1:1", .unreachable, .unavailable)
    }

    @Test func `passwords that lack, are wrong or too much are told apart`() async throws {
        let server = try RedisServer("--requirepass", "right", readiness: .answering)
        let path = server.socketPath
        try await expectShut(server.url, .passwordNeeded, .incompatible)
        try await expectShut("redis+unix://:wrong@\(path)", .wrongPassword, .incompatible)
        try await expectShut("redis+unix://nobody:right@\(path)", .wrongPassword, .incompatible)
        #expect(await RedisGate.inspect(try Fixture.settings("redis+unix://:right@\(path)")).first?.code == .server)
        let open = try RedisServer()
        try await expectShut("redis+unix://:any@\(open.socketPath)", .wrongPassword, .incompatible)
    }

    @Test func `a user may be named, and a database chosen`() async throws {
        let server = try RedisServer()
        try server.run("ACL", "SETUSER", "sluice", "on", ">pw", "~*", "+@all")
        let settings = try Fixture.settings("redis+unix://sluice:pw@\(server.socketPath)?db=3")
        let keyspace = try await RedisKeyspace.open(settings, on: Fixture.loop)
        #expect(try await keyspace.command("SET", "here", "1") == .status("OK"))
        await keyspace.close()
        let client = try RedisClient(path: server.socketPath)
        #expect(try client.run("GET", "here") == .null)
        #expect(try client.run("SELECT", "3") == .text("OK"))
        #expect(try client.run("GET", "here") == .text("1"))
        try await expectShut(server.url + "?db=99", .noSuchDatabase, .incompatible)
    }

    @Test(
        "a user who may too little is told at the gate",
        arguments: [
            (["+@all", "-info"], GateFinding.Code.noPermission), (["+@all", "-multi"], .noPermission),
            (["+@all", "-script"], .noPermission),
        ])
    func permissions(_ row: (rules: [String], code: GateFinding.Code)) async throws {
        let server = try RedisServer()
        _ = try RedisClient(path: server.socketPath).run(["ACL", "SETUSER", "u", "on", ">pw", "~*"] + row.rules)
        let settings = try Fixture.settings("redis+unix://u:pw@\(server.socketPath)")
        let error = await #expect(throws: KeyspaceError.self) {
            _ = try await RedisKeyspace.open(settings, on: Fixture.loop)
        }
        #expect(error?.code == .incompatible)
        #expect(error?.message.contains("permission") == true)
    }

    @Test func `a user who may not read the configuration gets the weakest durability`() async throws {
        let server = try RedisServer("--appendonly", "yes", "--appendfsync", "always")
        try server.run("ACL", "SETUSER", "u", "on", ">pw", "~*", "+@all", "-config")
        let settings = try Fixture.settings("redis+unix://u:pw@\(server.socketPath)")
        let keyspace = try await RedisKeyspace.open(settings, on: Fixture.loop)
        #expect(keyspace.durability == .memory)
        #expect(keyspace.report.warnings.map(\.code) == [.configurationHidden])
        await keyspace.close()
    }

    @Test func `looking changes nothing`() async throws {
        let server = try RedisServer()
        _ = await RedisGate.inspect(try Fixture.settings(server.url))
        #expect(try server.run("DBSIZE") == .integer(0))
        #expect(
            try server.run("SCRIPT", "EXISTS", ProcedureCatalog(site: SiteSettings(site: "test")).scripts[0].sha1)
                == .array([.integer(0)]))
    }

    @Test func `every problem has one line of advice`() {
        let errors = [
            "NOPERM x", "NOAUTH x", "WRONGPASS x", "LOADING x", "BUSY x", "READONLY x", "MISCONF x", "ERR max",
        ]
        for finding in errors.map({ GateFinding(refusedWith: Array($0.utf8)) }) {
            #expect(finding.advice?.isEmpty == false)
            #expect(finding.advice?.contains("\n") == false)
        }
    }

    private func expectShut(_ url: String, _ code: GateFinding.Code, _ expected: KeyspaceError.Code) async throws {
        let settings = try Fixture.settings(url) { $0.openTimeout = .zero }
        let findings = await RedisGate.inspect(settings)
        #expect(findings.first?.code == code)
        #expect(findings.first?.level == .problem)
        #expect(findings.first?.advice?.isEmpty == false)
        await expectCode(expected) {
            _ = try await RedisKeyspace.open(settings, on: Fixture.loop)
        }
    }
}

func expectCode(
    _ code: KeyspaceError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async {
    let error = await #expect(throws: KeyspaceError.self, sourceLocation: sourceLocation) { try await body() }
    #expect(error?.code == code, "\(error?.message ?? "")", sourceLocation: sourceLocation)
}
