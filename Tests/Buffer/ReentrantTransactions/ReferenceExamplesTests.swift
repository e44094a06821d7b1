// SPDX-License-Identifier: MIT
import InMemoryKeyspace
import Keyspace
import ReentrantTransactions
import Testing

/// Each example of the reference document, as it reads here.
@Suite("The examples of the reference document")
struct ReferenceExamplesTests {
    /// A type with methods of its own on top of the core. The object store proper is not part of this room's core.
    struct Customers {
        let core: TransactionCore

        /// Validates, which reads, then writes in a transaction of its own.
        func save(email: String) async throws {
            try core.requireOutsideBlock("save")
            guard try await core.perform(Command("GET", "email:" + email)).value == .null else { throw Oops() }
            try await core.execute { connection in
                try await connection("SET", "email:" + email, "1")
                try await connection("HSET", "customer:1", "email", email)
            }
        }

        func transaction(_ body: (ScopedConnection) async throws -> Void) async throws -> Submission {
            try await core.execute(body)
        }
    }

    @Test("correct pattern: save first, then the transaction")
    func saveBeforeTransaction() async throws {
        let customers = Customers(core: Fixture().core)
        try await customers.save(email: "test@example.com")
        let result = try await customers.transaction { connection in
            try await connection("INCR", "customer:login_count")
            try await connection("HSET", "customer:1", "last_login", 1_700_000_000)
        }.result()
        #expect(result.results == [.integer(1), .integer(1)])
    }

    @Test("incorrect pattern: save inside a block throws, and nothing is written", arguments: [true, false])
    func saveInsideBlock(isTransaction: Bool) async {
        let fixture = Fixture()
        let customers = Customers(core: fixture.core)
        await #expect {
            if isTransaction {
                try await fixture.core.execute { _ in try await customers.save(email: "test@example.com") }
            } else {
                try await fixture.core.pipeline { _ in try await customers.save(email: "test@example.com") }
            }
        } throws: { ($0 as? TransactionError)?.code == .operationMode }
        #expect(fixture.keyspace.journal.isEmpty)
    }

    @Test("incorrect pattern: a check inside the transaction sees a future, and throws")
    func checkInsideTransaction() async {
        let fixture = Fixture()
        await #expect {
            try await fixture.core.execute { connection in
                let existing = try await connection("GET", "customer:email")
                if try existing.value == .null { try await connection("SET", "customer:email", "test@example.com") }
            }
        } throws: { ($0 as? TransactionError)?.code == .futureUnresolved }
        #expect(fixture.arrivals.isEmpty)
    }

    @Test("reentrant transactions")
    func reentrant() async throws {
        let fixture = Fixture()
        let core = fixture.core
        try await core.execute { outer in
            try await outer("SET", "key1", "value1")
            // Joins the outer one: no new MULTI/EXEC.
            try await core.execute { inner in
                try await inner("SET", "key2", "value2")
            }
        }
        #expect(fixture.arrivals == [["SET key1 value1", "SET key2 value2"]])
    }

    @Test("usage in transaction methods")
    func ownMethod() async throws {
        let fixture = Fixture()
        let submission = try await Customers(core: fixture.core).transaction { try await $0("SET", "a", "1") }
        #expect(try submission.result().successful)
    }

    @Test("basic usage: successful and results")
    func basicUsage() async throws {
        let core = Fixture().core
        let result = try await core.execute { connection in
            try await connection("SET", "key1", "value1")
            try await connection("INCR", "counter")
        }.result()
        #expect(result.successful)
        #expect(result.results == [.status("OK"), .integer(1)])
    }
}
