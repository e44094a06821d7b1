// SPDX-License-Identifier: MIT
import Keyspace
import RedisServer
import Testing
import TransactionModel

@testable import RedisKeyspace

/// Accepts of several callers that travel together.
@Suite(.enabled(if: Fixture.hasRedis, Fixture.noRedis), .timeLimit(.minutes(10))) struct AcceptGroupTests {
    @Test func `accepts submitted together travel in few calls, keep their order, and each has its own answer`()
        async throws
    {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, _ async throws in
            _ = try await keyspace.perform([Fixture.accept("a7")])
            try server.run("CONFIG", "RESETSTAT")
            let outcomes = try await submit(100, to: keyspace) { try Fixture.accept("a\($0)") }
            for (number, outcome) in outcomes {
                #expect(number == 7 ? outcome != .accept(.accepted) : outcome == .accept(.accepted), "a\(number)")
            }
            guard case .accept(.duplicate)? = outcomes[7] else {
                Issue.record("the repeat was not told apart")
                return
            }
            let info = try server.run("INFO", "commandstats")
            guard case .text(let statistics) = info, let calls = Self.calls(of: "evalsha", in: statistics) else {
                return
            }
            #expect(calls < 20, "\(calls) calls")
            #expect(try Self.order(server) == ["a7"] + (0..<100).filter { $0 != 7 }.map { "a\($0)" })
        }
    }

    @Test func `whatever comes after an accept runs after it`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, _ async throws in
            let lengths = try await submit(20, to: keyspace) { number in
                number.isMultiple(of: 2)
                    ? try Fixture.accept("a\(number)") : .command(Command("LLEN", "site:test:transaction_buffer"))
            }
            for number in stride(from: 1, to: 20, by: 2) {
                #expect(lengths[number] == .integer(Int64(number + 1) / 2))
            }
        }
    }

    @Test func `a full server and a forgotten script are everybody's`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, _ async throws in
            try server.run("CONFIG", "SET", "maxmemory", "1")
            let full = try await submit(50, to: keyspace) { try Fixture.accept("a\($0)") }
            #expect(full.values.allSatisfy { $0 == .accept(.full) })
            try server.run("CONFIG", "SET", "maxmemory", "0")
            try server.run("SCRIPT", "FLUSH")
            let accepted = try await submit(50, to: keyspace) { try Fixture.accept("a\($0)") }
            #expect(accepted.values.allSatisfy { $0 == .accept(.accepted) })
            #expect(try Self.order(server) == (0..<50).map { "a\($0)" })
        }
    }

    @Test func `scripts that are forgotten again and again cost nobody his place`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, _ async throws in
            let count = 3000
            let operations = try (0..<count).map { try Fixture.accept("a\($0)") }
            let accepted = try await withThrowingTaskGroup(of: Reply?.self) { group in
                for (number, operation) in operations.enumerated() {
                    group.addImmediateTask { try await keyspace.perform([operation]).first }
                    // Lets some travel before the next ones come, and takes the scripts away under them.
                    if number.isMultiple(of: 40) { await Task.yield() }
                    if number.isMultiple(of: 100) { try server.run("SCRIPT", "FLUSH") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(accepted.count == count && accepted.allSatisfy { $0 == .accept(.accepted) })
            #expect(try Self.order(server) == (0..<count).map { "a\($0)" })
        }
    }

    @Test func `a group ends before it keeps the server too long`() throws {
        var group = AcceptGroup<Int>()
        #expect(group.isEmpty)
        var large = AcceptGroup<Int>()
        guard case .accept(var accept) = try Fixture.accept("a") else { return }
        accept.payload = [UInt8](repeating: 32, count: AcceptGroup<Int>.bytesMax)
        large.add(accept, 0)
        #expect(large.isFull)
        for number in 0..<AcceptGroup<Int>.acceptsMax {
            #expect(!group.isFull)
            guard case .accept(let accept) = try Fixture.accept("a\(number)") else { return }
            group.add(accept, number)
        }
        #expect(group.isFull)
        #expect(group.accepts.count == AcceptGroup<Int>.acceptsMax)
    }

    /// Submits so many operations, one after the other and without waiting.
    private func submit(
        _ count: Int, to keyspace: RedisKeyspace, _ operation: (Int) throws -> Operation
    ) async throws -> [Int: Reply] {
        let operations = try (0..<count).map(operation)
        return try await withThrowingTaskGroup(of: (Int, Reply?).self) { group in
            for (number, operation) in operations.enumerated() {
                group.addImmediateTask { (number, try await keyspace.perform([operation]).first) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private static func calls(of command: String, in statistics: String) -> Int? {
        guard let start = statistics.firstRange(of: "cmdstat_\(command):calls=") else { return 0 }
        return Int(statistics[start.upperBound...].prefix { $0.isNumber })
    }

    /// The ids in the buffer, oldest first.
    private static func order(_ server: RedisServer) throws -> [String] {
        guard case .array(let items) = try server.run("LRANGE", "site:test:transaction_buffer", "0", "-1") else {
            return []
        }
        return items.reversed().map { item in
            guard case .text(let payload) = item, let start = payload.firstRange(of: "\"transaction_id\":\"") else {
                return ""
            }
            return String(payload[start.upperBound...].prefix { $0 != "\"" })
        }
    }
}
