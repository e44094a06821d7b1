// SPDX-License-Identifier: MIT
import InMemoryKeyspace
import Keyspace
import Logging
import Testing

@testable import ReentrantTransactions

@Suite("A client's transaction")
struct InteractiveTransactionTests {
    @Test("begin nests, commands queue, the outermost commit sends one block")
    func nests() async throws {
        let fixture = Fixture()
        let client = InteractiveTransaction(fixture.core)
        #expect(try await client.begin() == 1)
        let first = try await client.perform(set("a", "1"))
        #expect(try await client.begin() == 2)
        let second = try await client.perform(set("b", "2"))
        #expect([first.index, second.index] == [0, 1] && !second.isResolved)
        #expect(try await client.commit() == .nested(depth: 1))
        #expect(fixture.keyspace.journal.isEmpty)
        #expect(try await client.commit() == .completed(MultiResult([.status("OK"), .status("OK")])))
        #expect(fixture.arrivals == [["SET a 1", "SET b 2"]])
        #expect(client.depth == 0)
        #expect(try await client.perform(set("c", "3")).isResolved)
    }

    @Test("whoever asks the core within the client's block is queued in it")
    func within() async throws {
        let fixture = Fixture()
        let client = InteractiveTransaction(
            fixture.core.with(chain: fixture.core.chain, transactionMode: .strict, pipelineMode: .strict))
        _ = try await client.begin()
        // As the transaction manager does, with a core of its own on the same store.
        guard case .queued(let part) = try await client.within({ try await fixture.core.run([accept("t1")]) }) else {
            Issue.record("inside the client's block, an accept is queued")
            return
        }
        #expect(try await client.commit() == .completed(MultiResult([.accept(.accepted)])))
        #expect(try part.futures[0].value == .accept(.accepted))
    }

    @Test("discard forgets everything at any depth, and may come twice", arguments: [1, 2])
    func discard(depth: Int) async throws {
        let fixture = Fixture()
        let client = InteractiveTransaction(fixture.core)
        for _ in 0..<depth { _ = try await client.begin() }
        let future = try await client.perform(set("a", "1"))
        await client.discard()
        await client.discard()
        #expect(client.depth == 0 && fixture.keyspace.journal.isEmpty)
        #expect { try future.value } throws: { ($0 as? TransactionError)?.code == .discarded }
        await #expect { try await client.commit() } throws: { ($0 as? TransactionError)?.code == .operationMode }
    }

    @Test("begin with watch pins a connection until the end, whatever the end is")
    func watches() async throws {
        for end in ["commit", "discard", "change", "lose"] {
            let fixture = Fixture()
            let client = InteractiveTransaction(fixture.core)
            #expect(try await client.begin(watching: [WatchedKey("a")]) == 1)
            _ = try await client.perform(set("b", "1"))
            switch end {
            case "commit": #expect(try await client.commit() == .completed(MultiResult([.status("OK")])))
            case "discard": await client.discard()
            case "change":
                fixture.keyspace["a"] = "other"
                #expect(try await client.commit() == .completed(MultiResult(aborted: .watchedKeyChanged)))
            default:
                fixture.keyspace.fail(with: KeyspaceError(.connectionLost, "reset"))
                #expect(try await client.commit() == .completed(MultiResult(aborted: .connectionLost)))
            }
            // Given back: the next one gets the same connection.
            fixture.keyspace.fail(with: nil)
            let again = try await fixture.pool.checkout()
            #expect((again as? InMemoryConnection)?.number == 1)
            #expect(fixture.keyspace["b"] == (end == "commit" ? "1" : nil))
        }
    }

    @Test("an unmet expectation lets begin succeed and commit abort")
    func expectation() async throws {
        let fixture = Fixture()
        let client = InteractiveTransaction(fixture.core)
        #expect(try await client.begin(watching: [WatchedKey("a", expecting: .string([1]))]) == 1)
        _ = try await client.perform(set("b", "1"))
        #expect(try await client.commit() == .completed(MultiResult(aborted: .expectationFailed)))
        #expect(fixture.keyspace["b"] == nil)
    }

    @Test("only the outermost begin may watch")
    func watchInside() async throws {
        let client = InteractiveTransaction(Fixture().core)
        _ = try await client.begin()
        await #expect {
            _ = try await client.begin(watching: [WatchedKey("a")])
        } throws: { ($0 as? TransactionError)?.code == .operationMode }
        #expect(client.depth == 1)
    }

    @Test("coalescing keeps no block open")
    func coalescing() async {
        let client = InteractiveTransaction(Fixture(.coalescing).core)
        await #expect { _ = try await client.begin() } throws: { ($0 as? TransactionError)?.code == .operationMode }
        #expect(client.depth == 0)
    }

    @Test("on a blocked handler the mode decides: refused, or run at once", arguments: FallbackMode.allCases)
    func blocked(mode: FallbackMode) async throws {
        let fixture = Fixture(.default, mode: mode)
        let client = InteractiveTransaction(fixture.core)
        switch mode {
        case .strict:
            await #expect { _ = try await client.begin() } throws: { ($0 as? TransactionError)?.code == .operationMode }
        case .warn, .permissive:
            #expect(try await client.begin() == 1)
            #expect(try await client.perform(set("a", "1")).value == .status("OK"))
            #expect(fixture.keyspace["a"] == "1")
            #expect(try await client.commit() == .completed(MultiResult([.status("OK")])))
            #expect(fixture.log.levels == (mode == .warn ? [.warning] : []))
        }
    }

    @Test("a block discarded while it was being opened is given up")
    func discardedWhileOpening() {
        var machine = InteractiveStateMachine<Int>()
        #expect(machine.begin(watching: true) == .open(attempt: 1))
        #expect(machine.begin(watching: false) == .refuse(.stillOpening))
        #expect(machine.discard() == nil)
        #expect(machine.begin(watching: true) == .open(attempt: 2))
        // The answer of the first attempt comes late: it must not pass for the second.
        let isLateWanted = machine.opened(11, attempt: 1)
        let isWanted = machine.opened(22, attempt: 2)
        #expect(!isLateWanted && isWanted)
        let block = try? machine.block()
        #expect(block == 22)
        #expect(machine.depth == 1)
    }

    @Test("a request that failed makes the outermost commit run nothing, and say EXECABORT", arguments: [1, 2])
    func incomplete(depth: Int) async throws {
        let fixture = Fixture()
        let client = InteractiveTransaction(fixture.core)
        for _ in 0..<depth { _ = try await client.begin(watching: []) }
        let future = try await client.perform(set("a", "1"))
        client.markIncomplete()
        #expect(!(try await client.perform(set("b", "1")).isResolved))
        for level in (1..<depth).reversed() { #expect(try await client.commit() == .nested(depth: level)) }
        await #expect {
            try await client.commit()
        } throws: { ($0 as? TransactionError)?.refusal?.prefix == "EXECABORT" }
        #expect(fixture.keyspace.journal.isEmpty && !client.isEngaged)
        #expect { try future.value } throws: { ($0 as? TransactionError)?.code == .discarded }
        // The next one begins anew.
        _ = try await client.begin()
        #expect(try await client.commit() == .completed(MultiResult([])))
    }

    @Test("where commands run at once, a failed one hinders nothing")
    func incompleteOneByOne() async throws {
        let client = InteractiveTransaction(Fixture(.default, mode: .permissive).core)
        _ = try await client.begin()
        _ = try await client.perform(set("a", "1"))
        client.markIncomplete()
        #expect(try await client.commit() == .completed(MultiResult([.status("OK")])))
    }

    @Test("after its time is over, every request says so until the client has left, and nothing runs on its own")
    func lapsed() async throws {
        let fixture = Fixture()
        let client = InteractiveTransaction(fixture.core)
        _ = try await client.begin(watching: [WatchedKey("a")])
        _ = try await client.begin()
        let future = try await client.perform(set("b", "1"))
        await client.lapse()
        await client.lapse()
        // The pinned connection is free at once.
        #expect(fixture.keyspace.ways == [.connect, .watch, .unwatch])
        #expect(client.isEngaged && client.depth == 2)
        let isLapsed: (any Error) -> Bool = { ($0 as? TransactionError)?.code == .discarded }
        await #expect { _ = try await client.perform(set("b", "1")) } throws: { isLapsed($0) }
        await #expect { try await client.within {} } throws: { isLapsed($0) }
        await #expect { _ = try await client.begin() } throws: { isLapsed($0) }
        await #expect { _ = try await client.commit() } throws: { isLapsed($0) }
        await #expect { _ = try await client.perform(set("b", "1")) } throws: { isLapsed($0) }
        await #expect { _ = try await client.commit() } throws: { isLapsed($0) }
        #expect(!client.isEngaged)
        #expect { try future.value } throws: { isLapsed($0) }
        #expect(fixture.arrivals.isEmpty)
        #expect(try await client.perform(set("b", "1")).isResolved)
    }

    @Test("discard ends a lapsed block at once")
    func discardLapsed() async throws {
        let client = InteractiveTransaction(Fixture().core)
        _ = try await client.begin()
        _ = try await client.begin()
        await client.lapse()
        await client.discard()
        #expect(!client.isEngaged)
        #expect(try await client.begin() == 1)
    }

    @Test("a block is bounded")
    func bounded() async throws {
        let client = InteractiveTransaction(Fixture().core, operationsMax: 1)
        for watched in [[], [WatchedKey("a")]] {
            _ = try await client.begin(watching: watched)
            _ = try await client.perform(set("a", "1"))
            await #expect {
                _ = try await client.perform(set("a", "1"))
            } throws: { ($0 as? TransactionError)?.code == .blockFull }
            #expect(client.count == 1)
            await client.discard()
        }
    }

    @Test("whoever asks the core within a block that runs one by one has the answer at once")
    func withinOneByOne() async throws {
        let fixture = Fixture(.default, mode: .permissive)
        let client = InteractiveTransaction(fixture.core)
        _ = try await client.begin()
        guard case .completed(let result) = try await client.within({ try await fixture.core.run([accept("t1")]) })
        else {
            Issue.record("what ran at once is completed")
            return
        }
        #expect(result.replies == [.accept(.accepted)])
        let block = try await client.within { try await fixture.core.execute { try await $0("INCR", "a") } }
        #expect(try block.result().replies == [.integer(1)])
        #expect(try await client.commit() == .completed(MultiResult([.accept(.accepted), .integer(1)])))
    }

    @Test("a session's choice of handler", arguments: SessionHandler.allCases)
    func choosing(_ handler: SessionHandler) async throws {
        let fixture = Fixture(.provider)
        let core = fixture.core.choosing(handler, mode: .permissive)
        #expect(core.mode == .permissive && fixture.core.mode == .strict)
        let connection = try await core.connect()
        let submission = try await core.withConnection(connection) {
            try await core.run([set("a", "1"), set("b", "1")])
        }
        #expect(try submission.result().successful)
        let ways = fixture.keyspace.journal.filter { [.perform, .execute].contains($0.way) }
        switch handler {
        // The pinned connection comes before what the session chose, and it can't hold a block.
        case .provider, .default, .create, .taskConnection, .coalescing:
            #expect(ways.map(\.way) == [.perform, .perform] && ways.allSatisfy { $0.connection == 1 })
        }
        let free = try? await core.run([set("c", "1"), set("d", "1")]).result()
        #expect(free?.successful == true)
        let last = fixture.keyspace.journal.filter { [.perform, .execute].contains($0.way) }.dropFirst(2)
        switch handler {
        case .provider, .coalescing: #expect(last.map(\.way) == [.execute] && last.first?.connection == 0)
        case .create: #expect(last.map(\.way) == [.execute] && last.first?.connection == 2)
        case .default, .taskConnection: #expect(last.map(\.way) == [.perform, .perform])
        }
    }
}
