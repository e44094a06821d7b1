// SPDX-License-Identifier: MIT
import InMemoryKeyspace
import Keyspace
import ReentrantTransactions
import Testing

@Suite("Transactions")
struct TransactionTests {
    @Test("a block travels as one and answers each operation")
    func whole() async throws {
        let fixture = Fixture()
        var future: Future?
        let result = try await fixture.core.execute { connection in
            future = try await connection("SET", "key1", "value1")
            try await connection("INCR", "counter")
        }.result()
        #expect(result.successful && !result.aborted)
        #expect(result.results == [.status("OK"), .integer(1)])
        #expect(fixture.arrivals == [["SET key1 value1", "INCR counter"]])
        #expect(try future?.value == .status("OK"))
    }

    @Test("nested blocks share one MULTI/EXEC, in the order of the program")
    func nested() async throws {
        let fixture = Fixture()
        let core = fixture.core
        var part: Submission?
        let result = try await core.execute { outer in
            try await outer("SET", "a", "1")
            part = try await core.execute { inner in
                try await inner("SET", "b", "2")
                try await core.execute { innermost in try await innermost("INCR", "c") }
            }
            try await outer("SET", "d", "4")
        }.result()
        #expect(fixture.arrivals == [["SET a 1", "SET b 2", "INCR c", "SET d 4"]])
        #expect(result.replies.count == 4)
        #expect(try part?.result() == MultiResult([.status("OK"), .integer(1)]))
    }

    @Test("the result of a nested block is not known before EXEC")
    func nestedResultBeforeExec() async throws {
        let core = Fixture().core
        try await core.execute { _ in
            let part = try await core.execute { inner in try await inner("INCR", "a") }
            #expect(throws: TransactionError.self) { try part.result() }
            guard case .queued(let queued) = part else {
                Issue.record("a nested block is queued")
                return
            }
            #expect(queued.futures.map(\.index) == [0])
            #expect(!queued.futures[0].isResolved)
        }
    }

    @Test("single commands and ready lists inside a block are queued in it")
    func adHocInside() async throws {
        let fixture = Fixture()
        let core = fixture.core
        var future: Future?
        let result = try await core.execute { _ in
            future = try await core.perform(Command("INCR", "a"))
            #expect { try future?.value } throws: { ($0 as? TransactionError)?.code == .futureUnresolved }
            guard case .queued(let part) = try await core.run([accept("t1"), set("b", "1")]) else {
                Issue.record("inside a block, a list is queued")
                return
            }
            #expect(part.futures.map(\.index) == [1, 2])
        }.result()
        #expect(fixture.arrivals == [["INCR a", "accept", "SET b 1"]])
        #expect(result.replies == [.integer(1), .accept(.accepted), .status("OK")])
        #expect(try future?.value == .integer(1))
    }

    @Test("a throw that leaves the block discards everything, from whatever depth", arguments: [1, 2, 3])
    func thrown(depth: Int) async throws {
        let fixture = Fixture()
        let core = fixture.core
        func nest(_ depth: Int) async throws {
            try await core.execute { connection in
                try await connection("INCR", "a")
                if depth == 1 { throw Oops() }
                try await nest(depth - 1)
            }
        }
        await #expect(throws: Oops.self) { try await nest(depth) }
        #expect(fixture.arrivals.isEmpty)
        // The scope is gone: the next command runs on its own.
        #expect(try await core.perform(Command("INCR", "a")).value == .integer(1))
    }

    @Test("a throw that the outer body catches discards nothing")
    func caught() async throws {
        let fixture = Fixture()
        let core = fixture.core
        try await core.execute { outer in
            try await outer("INCR", "a")
            _ = try? await core.execute { inner in
                try await inner("INCR", "b")
                throw Oops()
            }
        }
        #expect(fixture.arrivals == [["INCR a", "INCR b"]])
    }

    @Test("a cancellation discards everything, whether the body notices or not", arguments: [true, false])
    func cancelled(notices: Bool) async throws {
        let fixture = Fixture()
        let core = fixture.core
        let task = Task {
            try await core.execute { outer in
                try await outer("INCR", "a")
                try await core.execute { inner in
                    try await inner("INCR", "b")
                    withUnsafeCurrentTask { $0?.cancel() }
                    if notices { try Task.checkCancellation() }
                }
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(fixture.arrivals.isEmpty)
        // The core is as good as new.
        #expect(try await core.perform(Command("INCR", "a")).value == .integer(1))
    }

    @Test("a cancelled task sends no ready list either")
    func cancelledRun() async {
        let fixture = Fixture()
        let core = fixture.core
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try await core.run([set("a", "1")])
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(fixture.arrivals.isEmpty)
    }

    @Test("child tasks of an open block queue in it")
    func childrenInside() async throws {
        let fixture = Fixture()
        let core = fixture.core
        let result = try await core.execute { _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<100 { group.addTask { _ = try await core.perform(Command("INCR", "a")) } }
                try await group.waitForAll()
            }
        }.result()
        #expect(result.replies == (1...100).map { .integer(Int64($0)) })
        #expect(fixture.arrivals.count == 1)
    }

    @Test("a failed command fails alone: committed with errors")
    func commandError() async throws {
        let core = Fixture().core
        let result = try await core.run([set("a", "x"), .command(Command("INCR", "a")), set("b", "1")]).result()
        #expect(!result.successful && !result.aborted)
        #expect(result.results == [.status("OK"), .null, .status("OK")])
        #expect(result.errors == [MultiResult.Failure(index: 1, kind: .keyspaceError, detail: "ERR")])
        #expect(result.replies[1] == .error(CommandError("ERR", "value is not an integer")))
    }

    @Test("an empty answer to EXEC is never a success")
    func emptyAnswer() async {
        let fixture = Fixture()
        fixture.keyspace.answerNothing()
        let isUnknown: (any Error) -> Bool = { ($0 as? KeyspaceError)?.code == .outcomeUnknown }
        await #expect { try await fixture.core.run([set("a", "1")]) } throws: { isUnknown($0) }
        await #expect { try await fixture.core.execute { try await $0("INCR", "a") } } throws: { isUnknown($0) }
    }

    @Test("a block the store refuses names the operation, and nothing ran")
    func refused() async throws {
        let fixture = Fixture()
        fixture.keyspace.refuse(1, CommandError("ERR", "wrong number of arguments"))
        var future: Future?
        let isRefusal: (any Error) -> Bool = { ($0 as? TransactionError)?.code == .commandRefused(index: 1) }
        await #expect {
            try await fixture.core.execute { connection in
                future = try await connection("SET", "a", "1")
                try await connection("SET", "a")
            }
        } throws: { isRefusal($0) }
        #expect(fixture.keyspace["a"] == nil)
        #expect { try future?.value } throws: { isRefusal($0) }
    }

    @Test("an outage is the keyspace's own error, and the futures say so")
    func outage() async {
        let fixture = Fixture()
        fixture.keyspace.fail(with: KeyspaceError(.unavailable, "down"))
        var future: Future?
        await #expect(throws: KeyspaceError.self) {
            try await fixture.core.execute { future = try await $0("INCR", "a") }
        }
        #expect { try future?.value } throws: { ($0 as? TransactionError)?.code == .failed(.unavailable) }
    }

    @Test("an empty block sends nothing and is successful")
    func empty() async throws {
        let fixture = Fixture()
        #expect(try await fixture.core.execute { _ in }.result() == MultiResult([]))
        #expect(try await fixture.core.run([]).result() == MultiResult([]))
        #expect(fixture.keyspace.journal.isEmpty)
    }

    @Test("a block is bounded")
    func bounded() async {
        var limits = TransactionCore.Limits()
        limits.blockOperationsMax = 2
        let fixture = Fixture(limits: limits)
        await #expect {
            try await fixture.core.execute { for _ in 0..<3 { try await $0("INCR", "a") } }
        } throws: { ($0 as? TransactionError)?.code == .blockFull }
        #expect(fixture.arrivals.isEmpty)
    }

    @Test("transactions of two stores don't see each other")
    func twoStores() async throws {
        let one = Fixture()
        let two = Fixture()
        try await one.core.execute { outer in
            try await outer("INCR", "a")
            let inner = try await two.core.execute { try await $0("INCR", "b") }
            #expect(try inner.result().successful)
            try await one.core.perform(Command("INCR", "c"))
        }
        #expect(one.arrivals == [["INCR a", "INCR c"]])
        #expect(two.arrivals == [["INCR b"]])
    }
}
