// SPDX-License-Identifier: MIT
import Keyspace
import RedisKeyspace
import RedisServer
import Synchronization
import Testing

@Suite(.enabled(if: Fixture.hasRedis, Fixture.noRedis), .timeLimit(.minutes(10))) struct ManyCallersTests {
    static let callers = 10_000
    static let kills = 8

    @Test func `ten thousand tasks get their own replies while connections are killed under them`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server, { $0.patience = .seconds(10) }) { keyspace, log async throws in
            let (wrong, lost, done) = (Count(), Count(), Count())
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    // As long as somebody asks, and each time when the connection is there again.
                    for count in 1...Self.kills where done.value == 0 {
                        await log.connections(count)
                        try? server.killClients()
                    }
                }
                await withTaskGroup(of: Void.self) { callers in
                    for number in 0..<Self.callers {
                        callers.addTask { await Self.ask(keyspace, number, wrong, lost) }
                    }
                }
                done.increment()
            }
            #expect(wrong.value == 0)
            #expect(keyspace.report.reconnects > 0)
            #expect(lost.value > 0, "no connection was killed with somebody on it")
            // Each wrote its own, whole, although it may have had to write it again.
            #expect(try server.run("DBSIZE") == .integer(Int64(Self.callers) * 2 + 1))
        }
    }

    /// A read, a block and a write, each repeated until it is answered.
    private static func ask(
        _ keyspace: RedisKeyspace, _ number: Int, _ wrong: Count, _ lost: Count
    ) async {
        let text = "value \(number)"
        let value = Reply.bulk(Array(text.utf8))
        while true {
            do throws(KeyspaceError) {
                let echo = try await keyspace.command("ECHO", text)
                let block = try await keyspace.execute([
                    .command(Command("SET", "a\(number)", text)), .command(Command("GET", "a\(number)")),
                ])
                let pair = try await keyspace.perform([
                    .command(Command("SET", "b\(number)", text)), .command(Command("GET", "b\(number)")),
                ])
                if echo != value || block != .executed([.status("OK"), value]) || pair != [.status("OK"), value] {
                    wrong.increment()
                }
                return
            } catch {
                lost.increment()
                guard error.code == .unavailable || error.code == .outcomeUnknown else {
                    wrong.increment()
                    return
                }
            }
        }
    }

    @Test func `calls made one after the other from one place run in that order`() async throws {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, _ async throws in
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addImmediateTask { _ = try? await keyspace.command("RPUSH", "order", "\(number)") }
                }
            }
            let expected = (0..<200).map { Reply.bulk(Array("\($0)".utf8)) }
            #expect(try await keyspace.command("LRANGE", "order", 0, -1) == .array(expected))
        }
    }

    @Test func `beyond the limit of waiting operations callers are busy at once, and nothing of theirs is done`()
        async throws
    {
        let server = try RedisServer()
        try await Fixture.with(server, { $0.operationsMax = 10 }) { keyspace, _ in
            server.freeze()
            let outcomes = await withTaskGroup(of: KeyspaceError.Code?.self) { group in
                for number in 0..<30 {
                    group.addImmediateTask {
                        do throws(KeyspaceError) {
                            _ = try await keyspace.command("SET", "k\(number)", "1")
                            return nil
                        } catch {
                            return error.code
                        }
                    }
                }
                var outcomes: [KeyspaceError.Code?] = []
                for await outcome in group {
                    outcomes.append(outcome)
                    // The refused ones come first; then the server may answer the others.
                    if outcomes.count == 20 { server.thaw() }
                }
                return outcomes
            }
            #expect(outcomes.count { $0 == .busy } == 20)
            #expect(outcomes.count { $0 == nil } == 10)
        }
    }
}

private final class Count: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func increment() { count.add(1, ordering: .relaxed) }
}
