// SPDX-License-Identifier: MIT
import Foundation
import Keyspace
import Testing
import TransactionModel

@testable import EmbeddedKeyspace

/// The same random commands go to a real redis-server and to the engine, and every reply is compared.
///
/// `SLUICE_TEST_SEED` repeats a run, `SLUICE_TEST_COMMANDS` makes it longer.
@Suite(.serialized, .enabled(if: RedisServer.path != nil, "redis-server is not installed"))
struct RedisDifferentialTests {
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test func randomCommandsAreAnsweredAsRedisAnswersThem() throws {
        let seed = Self.number("SLUICE_TEST_SEED") ?? UInt64.random(in: 1...UInt64.max)
        let count = Self.number("SLUICE_TEST_COMMANDS") ?? 30_000
        print("differential test: SLUICE_TEST_SEED=\(seed), \(count) commands")
        let redis = try RedisServer()
        let bench = try Bench()
        var commands = RandomCommands(seed: seed)
        let everyKey = RandomCommands.keys.joined(separator: " ")
        var recent: [String] = []
        var answered = 0
        for number in 0..<count {
            let line = commands.next()
            let command = Command(line: line)
            // Redis counts an expired key until somebody looks at it; we do not.
            if command.name == "DBSIZE" { _ = try redis.run(Command(line: "EXISTS " + everyKey)) }
            let expected = comparable(try redis.run(command), command)
            bench.now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
            let reply = comparable(try bench.engine.run(command, now: bench.now), command)
            recent = recent.suffix(8) + ["\(line) -> \(expected.text)"]
            guard reply == expected else {
                let history = recent.joined(separator: "\n").replacing("\0", with: "\\0")
                Issue.record("seed \(seed), command \(number): we say \(reply.text)\n\(history)")
                return
            }
            if case .error = reply {} else { answered += 1 }
        }
        #expect(answered > Int(count) / 3, "most commands make sense")
    }

    @Test func everyCommandOfTheTableIsDrawnOrNamedHere() {
        let checkedElsewhere: Set = ["RANDOMKEY", "TIME"]
        #expect(RandomCommands.names.union(checkedElsewhere) == Set(CommandTable.specifications.keys))
    }

    /// One seed, no server: whether chance reaches every command must not itself be left to chance.
    @Test func everyDrawnCommandSucceedsSoonerOrLater() throws {
        let bench = try Bench()
        bench.engine.random = SplitMix64(state: 1)
        var commands = RandomCommands(seed: 1)
        var waiting = RandomCommands.names
        for _ in 0..<30_000 {
            let command = Command(line: commands.next())
            if case .error = try bench.engine.run(command, now: bench.now) { continue }
            waiting.remove(command.name)
        }
        #expect(waiting.isEmpty)
    }

    /// Arity and the positions of keys are the server's own.
    @Test func theCommandTableAgreesWithTheServers() throws {
        let redis = try RedisServer()
        for specification in CommandTable.specifications.values {
            guard case .array(let infos) = try redis.run(Command("COMMAND", "INFO", specification.name)),
                case .array(let info)? = infos.first, case .array(let flags) = info[2]
            else {
                Issue.record("\(specification.name) is unknown to the server")
                continue
            }
            #expect(info[1] == .integer(Int64(specification.arity)), "\(specification.name)")
            #expect(flags.contains(.status("write")) == specification.isWrite, "\(specification.name)")
            let arguments = [specification.name] + (1..<max(7, abs(specification.arity))).map { "argument\($0)" }
            let length = specification.arity > 0 ? specification.arity : specification.name.hasPrefix("MSET") ? 7 : 6
            let command = Command(arguments.prefix(length).map { Array($0.utf8) })
            let keys: Reply = .array(specification.keys(of: command).map { .bulk($0) })
            let expected = try redis.run(Command([Array("COMMAND".utf8), Array("GETKEYS".utf8)] + command.arguments))
            if case .error = expected { #expect(keys == .array([])) } else { #expect(keys == expected) }
        }
    }

    // MARK: What need not be equal

    private static let unordered: Set = [
        "KEYS", "HKEYS", "HVALS", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "SPOP", "SRANDMEMBER",
    ]

    /// Sorts what has no order, rounds what depends on the clock, and drops the word that our error does not repeat.
    private func comparable(_ reply: Reply, _ command: Command) -> Reply {
        switch (command.name, reply) {
        case (let name, .array(let items)) where Self.unordered.contains(name): sorted(items, by: 1)
        case ("HGETALL", .array(let items)): sorted(items, by: 2)
        case ("SCAN", .array(let page)), ("SSCAN", .array(let page)): scanned(page, by: 1)
        case ("HSCAN", .array(let page)), ("ZSCAN", .array(let page)): scanned(page, by: 2)
        case ("TTL", .integer(let seconds)) where seconds > 0: .integer((seconds + 500) / 1000)
        case ("PTTL", .integer(let time)) where time > 0: .integer((time + 50_000) / 100_000)
        case ("EXPIRETIME", .integer(let time)) where time > 0: .integer((time + 5000) / 10_000)
        case ("PEXPIRETIME", .integer(let time)) where time > 0: .integer((time + 5_000_000) / 10_000_000)
        default: reply
        }
    }

    private func scanned(_ page: [Reply], by width: Int) -> Reply {
        guard page.count == 2, case .array(let items) = page[1] else { return .array(page) }
        return .array([page[0], sorted(items, by: width)])
    }

    private func sorted(_ items: [Reply], by width: Int) -> Reply {
        let groups = stride(from: 0, to: items.count, by: width).map { Array(items[$0..<min($0 + width, items.count)]) }
        return .array(groups.sorted { $0.map(\.text).joined() < $1.map(\.text).joined() }.flatMap(\.self))
    }
}
