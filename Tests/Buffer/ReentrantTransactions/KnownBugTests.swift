// SPDX-License-Identifier: MIT
import InMemoryKeyspace
import Keyspace
import ReentrantTransactions
import Synchronization
import Testing

/// Bugs that transaction cores are known for. Each has a test that would find it; 10,000 tasks that must not get into
/// each other's blocks are in ``ConcurrencyTests``.
@Suite("Known bugs of such cores")
struct KnownBugTests {
    @Test(
        "WATCH is inert because WATCH and MULTI travel on different connections",
        arguments: [Fixture.Last.provider, .providerAlways, .create])
    func inertWatch(_ last: Fixture.Last) async throws {
        var limits = TransactionCore.Limits()
        limits.watchRetriesMax = 0
        let fixture = Fixture(last, limits: limits)
        fixture.keyspace["stock"] = "1"
        // Another client takes the last one between the look and EXEC.
        let result = try await fixture.core.watch([WatchedKey("stock")]) { transaction in
            #expect(try await transaction.read(Command("GET", "stock")) == .bulk(Array("1".utf8)))
            fixture.keyspace["stock"] = "0"
            try await transaction("SET", "sold", "1")
        }
        #expect(result.aborted && fixture.keyspace["sold"] == nil)
        let used = fixture.keyspace.journal.filter { [.watch, .perform, .execute].contains($0.way) }
        #expect(Set(used.map(\.connection)) == [1])
    }

    @Test("an aborted EXEC passes for an empty success")
    func abortedIsNoSuccess() async throws {
        var limits = TransactionCore.Limits()
        limits.watchRetriesMax = 0
        let fixture = Fixture(limits: limits)
        fixture.keyspace.beforeExecute { $0.touch("a") }
        let result = try await fixture.core.watch([WatchedKey("a")]) { try await $0("INCR", "b") }
        #expect(result.aborted && !result.successful && result.results.isEmpty && result.errors.isEmpty)
        fixture.keyspace.beforeExecute(nil)
        fixture.keyspace.answerNothing()
        await #expect(throws: KeyspaceError.self) { try await fixture.core.run([set("b", "1")]) }
    }

    @Test("a future passes for a value, and a condition on it is always met")
    func futureIsNoValue() async throws {
        let core = Fixture().core
        var future: Future?
        await #expect {
            try await core.execute { connection in
                let balance = try await connection("GET", "balance")
                future = balance
                if try balance.value != .null { try await connection("INCR", "rich") }
            }
        } throws: { ($0 as? TransactionError)?.code == .futureUnresolved }
        // Nor later: the throw discarded the block.
        #expect { try future?.value } throws: { ($0 as? TransactionError)?.code == .discarded }
    }

    @Test(
        "the context leaks to what runs next after a throw", arguments: ["transaction", "pipeline", "watch", "client"])
    func leakAfterThrow(way: String) async throws {
        let fixture = Fixture()
        let core = fixture.core
        await #expect(throws: Oops.self) {
            switch way {
            case "transaction": try await core.execute { _ in throw Oops() }
            case "pipeline": try await core.pipeline { _ in throw Oops() }
            case "watch": _ = try await core.watch([WatchedKey("a")]) { _ in throw Oops() }
            default:
                let client = InteractiveTransaction(core)
                _ = try await client.begin()
                try await client.within { throw Oops() }
            }
        }
        // At once and on their own: in this task, and in one that inherits its context.
        #expect(try await core.perform(Command("INCR", "a")).value == .integer(1))
        #expect(try await Task { try await core.perform(Command("INCR", "a")).value }.value == .integer(2))
        #expect(try await core.pipeline { try await $0("INCR", "a") }.result().results == [.integer(3)])
    }

    @Test("a connection goes back to the pool with keys still watched, and the next user's EXEC aborts")
    func leftWatching() async throws {
        let fixture = Fixture()
        await #expect(throws: Oops.self) {
            _ = try await fixture.core.watch([WatchedKey("a")]) { _ in throw Oops() }
        }
        let result = try await fixture.core.watch([WatchedKey("b")]) { transaction in
            fixture.keyspace["a"] = "changed"
            try await transaction("INCR", "c")
        }
        #expect(result.successful)
        #expect(fixture.pool.connections == 1)
    }
}
