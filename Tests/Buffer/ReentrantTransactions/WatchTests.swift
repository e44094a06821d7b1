// SPDX-License-Identifier: MIT
import InMemoryKeyspace
import Keyspace
import Synchronization
import Testing

@testable import ReentrantTransactions

@Suite("Watch")
struct WatchTests {
    @Test("reads now, queues for EXEC, on one connection of its own", arguments: [Fixture.Last.provider, .create])
    func optimistic(_ last: Fixture.Last) async throws {
        let fixture = Fixture(last)
        fixture.keyspace["balance"] = "5"
        let result = try await fixture.core.watch([WatchedKey("balance")]) { transaction in
            let balance = try await transaction.read(Command("GET", "balance"))
            #expect(balance == .bulk(Array("5".utf8)))
            let future = try await transaction("SET", "balance", "4")
            #expect(!future.isResolved)
        }
        #expect(result.successful && result.results == [.status("OK")])
        let used = fixture.keyspace.journal.filter { [.watch, .perform, .execute].contains($0.way) }
        #expect(used.map(\.way) == [.watch, .perform, .execute])
        #expect(used.allSatisfy { $0.connection == 1 })
    }

    @Test("begins again exactly three times, after 1, 2 and 4 ms, then is aborted")
    func retries() async throws {
        let fixture = Fixture()
        fixture.keyspace.beforeExecute { $0.set("a", "other") }
        var bodies = 0
        let result = try await fixture.core.watch([WatchedKey("a")]) { transaction in
            bodies += 1
            try await transaction("INCR", "b")
        }
        #expect(result.aborted && !result.successful)
        #expect(result.results.isEmpty && result.errors.isEmpty)
        #expect(result.abortReason == .watchedKeyChanged)
        #expect(bodies == 4)
        #expect(fixture.clock.slept == [.milliseconds(1), .milliseconds(2), .milliseconds(4)])
        #expect(fixture.keyspace["b"] == nil)
        #expect(Set(fixture.keyspace.journal.map(\.connection)) == [1])
    }

    @Test("stops beginning again once it succeeds")
    func succeedsLater() async throws {
        let fixture = Fixture()
        let aborts = Mutex(2)
        fixture.keyspace.beforeExecute { store in
            let isAbort = aborts.withLock { left in
                left -= 1
                return left >= 0
            }
            if isAbort { store.set("a", "other") }
        }
        let result = try await fixture.core.watch([WatchedKey("a")]) { try await $0("INCR", "b") }
        #expect(result.successful)
        #expect(fixture.clock.slept == [.milliseconds(1), .milliseconds(2)])
        #expect(fixture.keyspace["b"] == "1")
    }

    @Test(
        "the retry table",
        arguments: [
            (nil, WatchRetry.Action.finish), (.expectationFailed, .finish), (.connectionLost, .finish),
            (.watchedKeyChanged, .retry(after: .milliseconds(1))),
        ] as [(MultiResult.AbortReason?, WatchRetry.Action)])
    func retryTable(reason: MultiResult.AbortReason?, action: WatchRetry.Action) {
        var retry = WatchRetry(retriesMax: 3, delay: .milliseconds(1))
        #expect(retry.next(after: reason) == action)
    }

    struct Expecting: Sendable {
        let stored: String?
        let expectation: WatchedKey.Expectation
        let isMet: Bool
    }

    @Test(
        "an expectation is checked after WATCH; unmet, it aborts without retry",
        arguments: [
            Expecting(stored: "1", expectation: .string([0x31]), isMet: true),
            Expecting(stored: nil, expectation: .missing, isMet: true),
            Expecting(stored: "1", expectation: .anything, isMet: true),
            Expecting(stored: "2", expectation: .string([0x31]), isMet: false),
            Expecting(stored: nil, expectation: .string([0x31]), isMet: false),
            Expecting(stored: "", expectation: .missing, isMet: false),
        ])
    func expectations(_ row: Expecting) async throws {
        let fixture = Fixture()
        fixture.keyspace["a"] = row.stored
        let result = try await fixture.core.watch([WatchedKey("a", expecting: row.expectation)]) {
            try await $0("INCR", "b")
        }
        #expect(result.successful == row.isMet)
        #expect(result.abortReason == (row.isMet ? nil : .expectationFailed))
        #expect(fixture.clock.slept.isEmpty)
        #expect(fixture.keyspace["b"] == (row.isMet ? "1" : nil))
        // Nothing stays watched on a connection that goes back to the pool.
        #expect(fixture.keyspace.ways.contains(.unwatch) == !row.isMet)
    }

    @Test("an expectation on a key of another type is unmet")
    func wrongType() async throws {
        let fixture = Fixture()
        try await fixture.core.perform(Command("HSET", "a", "f", "1"))
        let result = try await fixture.core.watch([WatchedKey("a", expecting: .missing)]) { try await $0("INCR", "b") }
        #expect(result.abortReason == .expectationFailed)
    }

    @Test(
        "a connection lost inside the block aborts it, reconnected or not, without retry; the pool replaces it",
        arguments: [true, false])
    func reconnect(reconnects: Bool) async throws {
        let fixture = Fixture()
        let result = try await fixture.core.watch([WatchedKey("a")]) { transaction in
            try await transaction("INCR", "b")
            (transaction.connection as? InMemoryConnection)?.lose(reconnects: reconnects)
        }
        #expect(result.abortReason == .connectionLost)
        #expect(fixture.clock.slept.isEmpty)
        #expect(fixture.keyspace.ways.filter { $0 == .execute }.isEmpty)
        let again = try await fixture.core.watch([WatchedKey("a")]) { try await $0("INCR", "b") }
        #expect(again.successful)
        #expect(fixture.keyspace.journal.last?.connection == 2)
        #expect(fixture.pool.connections == 1)
    }

    @Test("a connection lost on the way to EXEC aborts as well")
    func lostAtExec() async throws {
        let fixture = Fixture()
        var future: Future?
        let result = try await fixture.core.watch([WatchedKey("a")]) { transaction in
            future = try await transaction("INCR", "b")
            fixture.keyspace.fail(with: KeyspaceError(.connectionLost, "reset"))
        }
        #expect(result.abortReason == .connectionLost)
        #expect { try future?.value } throws: { ($0 as? TransactionError)?.code == .aborted }
    }

    @Test("a throw or cancellation in the body sends nothing and leaves nothing watched", arguments: [true, false])
    func thrown(cancels: Bool) async throws {
        let fixture = Fixture()
        let core = fixture.core
        let task = Task {
            try await core.watch([WatchedKey("a")]) { transaction in
                try await transaction("INCR", "b")
                if cancels { withUnsafeCurrentTask { $0?.cancel() } } else { throw Oops() }
            }
        }
        await #expect { try await task.value } throws: { cancels ? $0 is CancellationError : $0 is Oops }
        #expect(fixture.keyspace.ways == [.connect, .watch, .unwatch])
    }

    @Test("an empty watched block still asks whether its keys changed")
    func emptyWatched() async throws {
        let fixture = Fixture()
        fixture.keyspace.beforeExecute { $0.set("a", "other") }
        #expect(try await fixture.core.watch([WatchedKey("a")]) { _ in }.aborted)
    }

    @Test("blocks inside a watched one join it")
    func nested() async throws {
        let fixture = Fixture()
        let core = fixture.core
        let result = try await core.watch([WatchedKey("a")]) { transaction in
            try await transaction("INCR", "b")
            try await core.execute { try await $0("INCR", "c") }
        }
        #expect(result.results == [.integer(1), .integer(1)])
        #expect(fixture.arrivals == [["INCR b", "INCR c"]])
    }

    @Test(
        "a handler that can't hold a connection refuses, in every mode",
        arguments: [
            Fixture.Last.default, .coalescing,
        ])
    func refusedByHandler(_ last: Fixture.Last) async {
        for mode in FallbackMode.allCases {
            let fixture = Fixture(last, mode: mode)
            await #expect {
                try await fixture.core.watch([WatchedKey("a")]) { try await $0("INCR", "b") }
            } throws: { ($0 as? TransactionError)?.code == .operationMode }
            #expect(fixture.keyspace.journal.isEmpty)
        }
    }

    @Test("inside a block it is too late to watch")
    func insideBlocks() async throws {
        let core = Fixture().core
        try await core.execute { _ in
            await #expect {
                try await core.watch([WatchedKey("a")]) { _ in }
            } throws: { ($0 as? TransactionError)?.code == .operationMode }
        }
        try await core.pipeline { _ in
            await #expect {
                try await core.watch([WatchedKey("a")]) { _ in }
            } throws: { ($0 as? TransactionError)?.code == .conflictingContext }
        }
    }
}
