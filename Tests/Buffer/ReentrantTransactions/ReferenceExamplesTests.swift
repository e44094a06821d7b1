// SPDX-License-Identifier: MIT
import InMemoryKeyspace
import Keyspace
import Logging
import ReentrantTransactions
import Testing

/// Each example of the reference document, as it reads here, in the order of the document.
@Suite("The examples of the reference document")
struct ReferenceExamplesTests {
    /// A model of its own on top of the objects, as the examples have it.
    struct Customer {
        let core: TransactionCore
        let key: ObjectKey
        var email: String

        init(_ core: TransactionCore, id: Int = 1, email: String) {
            self.core = core
            key = ObjectKey("customer", id)
            self.email = email
        }

        private var objects: ObjectStore { ObjectStore(core: core) }
        private var fields: ObjectFields { ["email": email] }

        func save() async throws { try await objects.save(key, fields, unique: ["email"]) }
        func create() async throws { try await objects.create(key, fields, unique: ["email"]) }
        func saveIfNotExists() async throws { try await objects.saveIfNotExists(key, fields, unique: ["email"]) }

        /// Usage in transaction methods.
        @discardableResult
        func transaction(_ body: (ScopedConnection) async throws -> Void) async throws -> Submission {
            try await core.execute(body)
        }
    }

    // MARK: The rules

    @Test("rule 1: no save operations inside transactions", arguments: ["save", "create", "save_if_not_exists"])
    func ruleOne(method: String) async {
        let fixture = Fixture()
        let customer = Customer(fixture.core, email: "test@example.com")
        await #expect {
            try await customer.transaction { _ in
                switch method {
                case "save": try await customer.save()
                case "create": try await customer.create()
                default: try await customer.saveIfNotExists()
                }
            }
        } throws: { error in
            let error = error as? TransactionError
            return error?.code == .operationMode && error?.message.contains(method) == true
        }
        #expect(fixture.keyspace.journal.isEmpty)
    }

    @Test("rule 2: nested calls reuse the connection and create no new MULTI/EXEC")
    func ruleTwo() async throws {
        let fixture = Fixture(.create)
        let core = fixture.core
        try await core.execute { outer in
            try await outer("INCR", "a")
            try await core.execute { middle in
                try await middle("INCR", "a")
                try await core.execute { try await $0("INCR", "a") }
            }
        }
        #expect(fixture.keyspace.ways == [.connect, .execute, .close])
        #expect(fixture.arrivals == [["INCR a", "INCR a", "INCR a"]])
    }

    @Test("rule 3: reads are futures, not to be looked at before the end")
    func ruleThree() async throws {
        let fixture = Fixture()
        fixture.keyspace["email"] = "test@example.com"
        var email: Future?
        try await fixture.core.execute { connection in
            email = try await connection("GET", "email")
            #expect(email?.isResolved == false)
            #expect { try email?.value } throws: { ($0 as? TransactionError)?.code == .futureUnresolved }
        }
        #expect(try email?.value == .bulk(Array("test@example.com".utf8)))
    }

    @Test("rule 3: a condition inside the transaction would be a condition on a future, and throws")
    func conditionInside() async {
        let fixture = Fixture()
        await #expect {
            try await fixture.core.execute { connection in
                let existing = try await connection("GET", "customer:email")
                if try existing.value == .null { try await connection("SET", "customer:email", "test@example.com") }
            }
        } throws: { ($0 as? TransactionError)?.code == .futureUnresolved }
        #expect(fixture.arrivals.isEmpty)
    }

    @Test("rule 4: which handler supports a transaction")
    func ruleFour() async throws {
        for last in [Fixture.Last.provider, .providerAlways, .create, .coalescing] {
            #expect(try await Fixture(last).core.execute { try await $0("INCR", "a") }.result().successful)
        }
        let shared = Fixture(.default)
        let pinned = Fixture(.provider)
        let connection = try await pinned.keyspace.connect()
        let isBlocked: (any Error) -> Bool = { ($0 as? TransactionError)?.code == .operationMode }
        await #expect { try await shared.core.execute { try await $0("INCR", "a") } } throws: { isBlocked($0) }
        await #expect {
            try await pinned.core.withConnection(connection) {
                try await pinned.core.execute { try await $0("INCR", "a") }
            }
        } throws: { isBlocked($0) }
    }

    // MARK: The patterns

    @Test("correct pattern: save before the transaction")
    func saveBeforeTransaction() async throws {
        let customer = Customer(Fixture().core, email: "test@example.com")
        try await customer.save()  // Validates unique constraints here.

        let result = try await customer.transaction { connection in
            try await connection("HINCRBY", customer.key.hash, "login_count", 1)
            try await connection("HSET", customer.key.hash, "last_login", 1_700_000_000)
        }.result()
        #expect(result.results == [.integer(1), .integer(1)])
        #expect(
            try await ObjectStore(core: customer.core).get(customer.key)
                == ["email": "test@example.com", "last_login": 1_700_000_000, "login_count": 1])
    }

    @Test("... where the unique constraint is checked")
    func uniqueConstraint() async throws {
        let core = Fixture().core
        try await Customer(core, id: 1, email: "test@example.com").save()
        await #expect(throws: ObjectError(.valueTaken(field: Array("email".utf8)))) {
            try await Customer(core, id: 2, email: "test@example.com").save()
        }
    }

    @Test("incorrect pattern: save inside the transaction, or a pipeline")
    func saveInside() async {
        let fixture = Fixture()
        let isRefused: (any Error) -> Bool = { ($0 as? TransactionError)?.code == .operationMode }
        await #expect {
            try await fixture.core.execute { _ in
                let customer = Customer(fixture.core, email: "test@example.com")
                try await customer.save()
            }
        } throws: { isRefused($0) }
        await #expect {
            try await fixture.core.pipeline { _ in
                try await Customer(fixture.core, email: "test@example.com").save()
            }
        } throws: { isRefused($0) }
        #expect(fixture.keyspace.journal.isEmpty)
    }

    @Test("reentrant transactions")
    func reentrant() async throws {
        let fixture = Fixture()
        let customer = Customer(fixture.core, email: "test@example.com")
        try await customer.transaction { outer in
            try await outer("SET", "key1", "value1")

            // Joins the outer one: no new MULTI/EXEC.
            try await customer.transaction { inner in
                try await inner("SET", "key2", "value2")
            }
        }
        #expect(fixture.arrivals == [["SET key1 value1", "SET key2 value2"]])
    }

    @Test("usage in transaction methods")
    func ownMethod() async throws {
        let customer = Customer(Fixture().core, email: "test@example.com")
        #expect(try await customer.transaction { try await $0("SET", "a", "1") }.result().successful)
    }

    // MARK: The methods

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

    @Test("basic usage: a failed command makes it unsuccessful, and the others stand")
    func notSuccessful() async throws {
        let core = Fixture().core
        let result = try await core.execute { connection in
            try await connection("SET", "key1", "value1")
            try await connection("INCR", "key1")
        }.result()
        #expect(!result.successful && !result.aborted)
        #expect(result.results == [.status("OK"), .null])
    }

    @Test("a normal transaction: inside a context the body runs in it; the context is gone on every way out")
    func normalTransaction() async throws {
        let fixture = Fixture()
        let core = fixture.core
        await #expect(throws: Oops.self) {
            try await core.execute { connection in
                try await connection("INCR", "a")
                throw Oops()
            }
        }
        #expect(try await core.perform(Command("INCR", "a")).value == .integer(1))
        guard case .completed(let result) = try await core.execute({ try await $0("INCR", "a") }) else {
            Issue.record("nothing is open any more to be joined")
            return
        }
        #expect(result.results == [.integer(2)])
    }

    @Test("thread safety: a task's context is its own")
    func isolated() async throws {
        let fixture = Fixture()
        let core = fixture.core
        let (inside, done) = (Gate(), Gate())
        // Detached, as another thread is: it has no context of its own.
        let other = Task.detached {
            await inside.passed()
            let reply = try await core.perform(Command("INCR", "b")).value
            done.open()
            return reply
        }
        try await core.execute { connection in
            try await connection("INCR", "a")
            inside.open()
            await done.passed()
        }
        #expect(try await other.value == .integer(1))
        #expect(fixture.arrivals == [["INCR b"], ["INCR a"]])
    }

    @Test("the fallback: an error, or one by one with or without a warning", arguments: FallbackMode.allCases)
    func fallback(mode: FallbackMode) async throws {
        let fixture = Fixture(.default, mode: mode)
        let run = { try await fixture.core.execute { try await $0("INCR", "a") }.result() }
        switch mode {
        case .strict:
            await #expect { try await run() } throws: { ($0 as? TransactionError)?.code == .operationMode }
        case .warn, .permissive:
            #expect(try await run() == MultiResult([.integer(1)]))
            #expect(fixture.keyspace.ways == [.perform])
            #expect(fixture.log.levels == (mode == .warn ? [.warning] : []))
        }
    }
}
