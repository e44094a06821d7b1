// SPDX-License-Identifier: MIT
import InMemoryKeyspace
import Keyspace
import Testing

@testable import ReentrantTransactions

@Suite("The connection pool")
struct ConnectionPoolTests {
    private let keyspace = InMemoryKeyspace()

    private func pool(
        _ connectionsMax: Int, waiters: Int = 10, clock: ManualClock = ManualClock(skips: false)
    ) -> ConnectionPool {
        var limits = ConnectionPool.Limits()
        limits.connectionsMax = connectionsMax
        limits.waitersMax = waiters
        return ConnectionPool(keyspace: keyspace, limits: limits, clock: clock)
    }

    private func number(_ connection: any KeyspaceConnection) -> Int? { (connection as? InMemoryConnection)?.number }

    @Test("keeps connections, and opens no more than it may")
    func keeps() async throws {
        let pool = pool(2)
        let one = try await pool.checkout()
        await pool.giveBack(one)
        #expect(number(try await pool.checkout()) == 1)
        #expect(number(try await pool.checkout()) == 2)
        #expect(pool.connections == 2)
    }

    @Test("a checkout that waits gets the connection that comes back")
    func waits() async throws {
        let clock = ManualClock(skips: false)
        let pool = pool(1, clock: clock)
        let one = try await pool.checkout()
        async let second = pool.checkout()
        await clock.somebodySleeps()
        #expect(pool.waiting == 1)
        await pool.giveBack(one)
        #expect(number(try await second) == 1)
        #expect(pool.waiting == 0)
    }

    @Test("a dead connection frees its slot for whoever waits")
    func deadConnection() async throws {
        let clock = ManualClock(skips: false)
        let pool = pool(1, clock: clock)
        let one = try await pool.checkout()
        async let second = pool.checkout()
        await clock.somebodySleeps()
        await one.close()
        await pool.giveBack(one)
        #expect(number(try await second) == 2)
        #expect(pool.connections == 1)
    }

    @Test("waiting is limited in time")
    func timeLimit() async throws {
        let clock = ManualClock(skips: false)
        let pool = pool(1, clock: clock)
        let one = try await pool.checkout()
        let second = Task { try await pool.checkout() }
        await clock.somebodySleeps()
        clock.advance(by: .milliseconds(999))
        #expect(pool.waiting == 1)
        clock.advance(by: .milliseconds(1))
        await #expect { _ = try await second.value } throws: { ($0 as? KeyspaceError)?.code == .busy }
        #expect(pool.waiting == 0)
        // The one that gave up takes nothing from the next.
        await pool.giveBack(one)
        #expect(number(try await pool.checkout()) == 1)
    }

    @Test("waiters are limited in number: the next is refused at once")
    func waitersLimit() async throws {
        let clock = ManualClock(skips: false)
        let pool = pool(1, waiters: 1, clock: clock)
        let one = try await pool.checkout()
        async let second = pool.checkout()
        await clock.somebodySleeps()
        await #expect { _ = try await pool.checkout() } throws: { ($0 as? KeyspaceError)?.code == .busy }
        await pool.giveBack(one)
        _ = try await second
    }

    @Test("a waiter that is cancelled leaves")
    func cancelled() async throws {
        let clock = ManualClock(skips: false)
        let pool = pool(1, clock: clock)
        _ = try await pool.checkout()
        let second = Task { try await pool.checkout() }
        await clock.somebodySleeps()
        second.cancel()
        await #expect(throws: CancellationError.self) { _ = try await second.value }
        #expect(pool.waiting == 0)
    }

    @Test("a failed connect gives its slot back")
    func failedConnect() async throws {
        let pool = pool(1)
        keyspace.fail(with: KeyspaceError(.unavailable, "down"))
        await #expect(throws: KeyspaceError.self) { _ = try await pool.checkout() }
        keyspace.fail(with: nil)
        #expect(number(try await pool.checkout()) == 1)
    }

    @Test("a connection that died while idle is replaced")
    func diedIdle() async throws {
        let pool = pool(1)
        let one = try await pool.checkout()
        await pool.giveBack(one)
        (one as? InMemoryConnection)?.lose()
        #expect(number(try await pool.checkout()) == 2)
        #expect(pool.connections == 1)
    }

    @Test("closing closes what is idle, refuses what waits, and closes what comes back")
    func closing() async throws {
        let clock = ManualClock(skips: false)
        let pool = pool(1, clock: clock)
        let one = try await pool.checkout()
        let second = Task { try await pool.checkout() }
        await clock.somebodySleeps()
        await pool.close()
        await #expect { _ = try await second.value } throws: { ($0 as? KeyspaceError)?.code == .unavailable }
        await pool.giveBack(one)
        #expect(!one.isAlive && pool.connections == 0)
        await #expect { _ = try await pool.checkout() } throws: { ($0 as? KeyspaceError)?.code == .unavailable }
    }

    @Test("a thousand checkouts share four connections, one at a time each")
    func contended() async throws {
        let pool = pool(4, waiters: 1_000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<1_000 {
                group.addTask {
                    try await pool.withConnection { connection in
                        await Task.yield()
                        _ = try await connection.execute([.command(Command("INCR", "a"))])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(keyspace["a"] == "1000")
        #expect(pool.connections <= 4 && pool.waiting == 0)
    }
}
