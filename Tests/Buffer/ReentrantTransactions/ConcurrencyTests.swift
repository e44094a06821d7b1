// SPDX-License-Identifier: MIT
import InMemoryKeyspace
import Keyspace
import ReentrantTransactions
import Testing

@Suite("Many tasks")
struct ConcurrencyTests {
    @Test(
        "10,000 concurrent tasks: no block holds another's operation",
        arguments: [
            Fixture.Last.provider, .coalescing, .create,
        ])
    func neverInterleave(_ last: Fixture.Last) async throws {
        let fixture = Fixture(last)
        let core = fixture.core
        let tasks = 10_000
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    let result = try await core.execute { outer in
                        try await outer("SET", "a\(task)", task)
                        await Task.yield()
                        try await core.execute { inner in
                            try await inner("INCR", "sum")
                            await Task.yield()
                        }
                        try await core.perform(Command("SET", "b\(task)", task))
                    }.result()
                    #expect(result.successful && result.replies.count == 3)
                }
            }
            try await group.waitForAll()
        }
        let expected = Set((0..<tasks).map { ["SET a\($0) \($0)", "INCR sum", "SET b\($0) \($0)"] })
        #expect(fixture.arrivals.count == tasks)
        #expect(Set(fixture.arrivals) == expected)
        #expect(fixture.keyspace["sum"] == String(tasks))
    }

    /// `Task.immediate` returns at the first suspension: what has arrived by then was submitted before it.
    @Test(
        "a block is submitted before the first suspension, in the order of the calls",
        arguments: [
            Fixture.Last.provider, .coalescing,
        ])
    func submittedAtOnce(_ last: Fixture.Last) async throws {
        let fixture = Fixture(last)
        let core = fixture.core
        let gate = Gate()
        let tasks = (0..<100).map { number in
            Task.immediate {
                if number.isMultiple(of: 2) {
                    _ = try await core.run([set("run", "\(number)")])
                } else {
                    try await core.execute { try await $0("SET", "execute", number) }
                }
                await gate.passed()
            }
        }
        let arrivals = fixture.arrivals
        gate.open()
        #expect(arrivals == (0..<100).map { [$0.isMultiple(of: 2) ? "SET run \($0)" : "SET execute \($0)"] })
        for task in tasks { try await task.value }
    }

    @Test("a task that outlived the block can't use it, in any way")
    func leaked() async throws {
        let fixture = Fixture()
        let core = fixture.core
        let gate = Gate()
        var leaked: Task<[TransactionError.Code?], Never>?
        try await core.execute { connection in
            try await connection("INCR", "a")
            leaked = Task {
                await gate.passed()
                return [
                    await code { try await connection("INCR", "b") },
                    await code { try await core.perform(Command("INCR", "b")) },
                    await code { try await core.run([set("b", "1")]) },
                    await code { try await core.execute { try await $0("INCR", "b") } },
                    await code { try await core.pipeline { try await $0("INCR", "b") } },
                    await code { try await core.watch([WatchedKey("b")]) { try await $0("INCR", "b") } },
                ]
            }
        }
        gate.open()
        let codes = try #require(await leaked?.value)
        #expect(codes == Array(repeating: .scopeClosed, count: 6))
        #expect(fixture.arrivals == [["INCR a"]])
    }

    @Test("a task that outlived a discarded block can't use it either")
    func leakedFromDiscarded() async throws {
        let fixture = Fixture()
        let core = fixture.core
        let gate = Gate()
        var leaked: Task<TransactionError.Code?, Never>?
        await #expect(throws: Oops.self) {
            try await core.execute { _ in
                leaked = Task {
                    await gate.passed()
                    return await code { try await core.perform(Command("INCR", "b")) }
                }
                throw Oops()
            }
        }
        gate.open()
        #expect(await leaked?.value == .scopeClosed)
        #expect(fixture.arrivals.isEmpty)
    }
}

/// The code of the ``TransactionError`` that `body` throws.
private func code<R>(_ body: () async throws -> R) async -> TransactionError.Code? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? TransactionError)?.code
    }
}
