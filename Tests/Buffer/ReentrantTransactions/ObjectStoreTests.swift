// SPDX-License-Identifier: MIT
import InMemoryKeyspace
import Keyspace
import Synchronization
import Testing

@testable import ReentrantTransactions

@Suite("Objects")
struct ObjectStoreTests {
    let fixture = Fixture()
    var objects: ObjectStore { ObjectStore(core: fixture.core) }
    let one = ObjectKey("customer", 1)
    let two = ObjectKey("customer", 2)

    @Test("create, get, save, delete")
    func life() async throws {
        #expect(try await objects.get(one) == nil)
        #expect(try await objects.create(one, ["email": "a@b", "visits": 1]).outcome == .created)
        #expect(try await objects.save(one, ["visits": 2, "name": "Ann"]).outcome == .changed)
        #expect(try await objects.get(one) == ["email": "a@b", "name": "Ann", "visits": 2])
        #expect(try await objects.save(one, ["name": nil]).outcome == .changed)
        #expect(try await objects.get(one) == ["email": "a@b", "visits": 2])
        #expect(try await objects.delete(one).outcome == .deleted)
        #expect(try await objects.delete(one).outcome == .absent)
        #expect(try await objects.get(one) == nil)
    }

    @Test("create and save_if_not_exists of one that exists write nothing")
    func exists() async throws {
        try await objects.create(one, ["a": 1])
        await #expect(throws: ObjectError(.exists)) { try await objects.create(one, ["a": 2]) }
        #expect(try await objects.saveIfNotExists(one, ["a": 3]).outcome == .existed)
        #expect(try await objects.get(one) == ["a": 1])
        #expect(try await objects.saveIfNotExists(two, ["a": 3]).outcome == .created)
    }

    @Test("no two objects of a kind have the same unique value; other kinds don't matter")
    func unique() async throws {
        try await objects.create(one, ["email": "a@b"], unique: ["email"])
        let taken = ObjectError(.valueTaken(field: Array("email".utf8)))
        await #expect(throws: taken) { try await objects.create(two, ["email": "a@b"], unique: ["email"]) }
        // Once declared, it needs no mention.
        await #expect(throws: taken) { try await objects.save(two, ["email": "a@b"]) }
        await #expect(throws: taken) { try await objects.saveIfNotExists(two, ["email": "a@b"]) }
        #expect(try await objects.get(two) == nil)
        try await objects.create(ObjectKey("supplier", 2), ["email": "a@b"], unique: ["email"])
    }

    @Test("changing, removing and deleting free the old value", arguments: ["change", "remove", "delete"])
    func frees(how: String) async throws {
        try await objects.create(one, ["email": "a@b", "n": 1], unique: ["email"])
        switch how {
        case "change": try await objects.save(one, ["email": "c@d"])
        case "remove": try await objects.save(one, ["email": nil])
        default: try await objects.delete(one)
        }
        #expect(try await objects.create(two, ["email": "a@b"]).outcome == .created)
        if how == "change" {
            await #expect(throws: ObjectError.self) { try await objects.save(two, ["email": "c@d"]) }
        }
    }

    @Test("an object may be saved with its own unique value again")
    func ownValue() async throws {
        try await objects.create(one, ["email": "a@b"], unique: ["email"])
        #expect(try await objects.save(one, ["email": "a@b", "n": 1], unique: ["email"]).outcome == .changed)
    }

    /// Each with a store of its own: what the stores of one program share does not protect them from each other.
    @Test(
        "of many that create the same unique value at once, one wins and the others find it there", arguments: [2, 8])
    func race(clients: Int) async throws {
        let core = fixture.core
        let outcomes = await withTaskGroup(of: String.self) { group in
            for client in 0..<clients {
                group.addTask {
                    let store = ObjectStore(core: core)
                    for _ in 0..<100 {
                        do {
                            try await store.create(ObjectKey("c", client), ["email": "a@b"], unique: ["email"])
                            return "created"
                        } catch let error as ObjectError where error.code == .contended {
                            continue
                        } catch {
                            return "\((error as? ObjectError)?.code == .valueTaken(field: Array("email".utf8)))"
                        }
                    }
                    return "contended"
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == "created" }.count == 1)
        #expect(outcomes.filter { $0 == "true" }.count == clients - 1)
    }

    @Test("a value taken between the check and EXEC is found by the next attempt")
    func takenInBetween() async throws {
        let isFirst = Mutex(true)
        fixture.keyspace.beforeExecute { store in
            guard
                isFirst.withLock({ first in
                    defer { first = false }
                    return first
                })
            else { return }
            _ = store.run(Command("HSET", "object_unique:customer:email", "a@b", "2"))
        }
        await #expect(throws: ObjectError(.valueTaken(field: Array("email".utf8)))) {
            try await objects.create(one, ["email": "a@b"], unique: ["email"])
        }
        #expect(fixture.clock.slept == [.milliseconds(1)])
        #expect(try await objects.get(one) == nil)
        // WATCH and EXEC always on one connection.
        let used = fixture.keyspace.journal.filter { [.watch, .execute].contains($0.way) }
        #expect(Set(used.map(\.connection)).count == 1)
    }

    @Test("what others change again and again is given up after three retries")
    func contended() async throws {
        fixture.keyspace.beforeExecute { $0.touch("object:customer:1") }
        await #expect(throws: ObjectError(.contended)) { try await objects.save(one, ["a": 1]) }
        #expect(fixture.clock.slept == [.milliseconds(1), .milliseconds(2), .milliseconds(4)])
    }

    @Test("many writes of one kind through one program don't abort each other")
    func line() async throws {
        let objects = objects
        try await withThrowingTaskGroup(of: Void.self) { group in
            for id in 0..<200 {
                group.addTask {
                    try await objects.create(ObjectKey("c", id), ["email": "\(id)@b"], unique: ["email"])
                }
            }
            try await group.waitForAll()
        }
        #expect(fixture.clock.slept.isEmpty)
        #expect(try await objects.get(ObjectKey("c", 199))?.text("email") == "199@b")
    }

    @Test("a cancelled writer leaves the line")
    func cancelledInLine() async throws {
        let line = KeyedLine()
        let gate = Gate()
        let first = Task.immediate { try await line.run([1]) { await gate.passed() } }
        let second = Task.immediate { try await line.run([1]) { Issue.record("it was cancelled while it waited") } }
        let third = Task.immediate { try await line.run([1]) { "third" } }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        // Other keys don't wait.
        #expect(try await line.run([2]) { "other" } == "other")
        gate.open()
        try await first.value
        #expect(try await third.value == "third")
    }

    @Test("a request with an id is done once, and only once, whatever happened since")
    func repeats() async throws {
        let request = ObjectRequestID("r1", content: "x")
        #expect(try await objects.create(one, ["a": 1], request: request) == ObjectResult(outcome: .created))
        try await objects.save(one, ["a": 2])
        #expect(
            try await objects.create(one, ["a": 1], request: request)
                == ObjectResult(outcome: .created, isDuplicate: true))
        #expect(try await objects.get(one) == ["a": 2])
        await #expect(throws: ObjectError(.requestConflict)) {
            try await objects.save(two, ["a": 1], request: ObjectRequestID("r1", content: "y"))
        }
        #expect(try await objects.delete(one, request: ObjectRequestID("r2", content: "z")).outcome == .deleted)
        #expect(try await objects.delete(one, request: ObjectRequestID("r2", content: "z")).isDuplicate)
    }

    @Test("inside a block every method throws, and nothing is written", arguments: [BlockKind.transaction, .pipeline])
    func insideBlocks(_ kind: BlockKind) async throws {
        let (objects, one) = (objects, one)
        let methods: [@Sendable () async throws -> Void] = [
            { try await objects.save(one, ["a": 1]) }, { try await objects.create(one, ["a": 1]) },
            { try await objects.saveIfNotExists(one, ["a": 1]) }, { try await objects.delete(one) },
            { _ = try await objects.get(one) },
        ]
        for method in methods {
            await #expect {
                switch kind {
                case .transaction: try await fixture.core.execute { _ in try await method() }
                case .pipeline: try await fixture.core.pipeline { _ in try await method() }
                }
            } throws: { ($0 as? TransactionError)?.code == .operationMode }
        }
        #expect(fixture.keyspace.journal.isEmpty)
    }

    @Test("inside a block an object is read by its command, and its fields from the future")
    func futureObject() async throws {
        try await objects.save(one, ["a": 1])
        var future: Future?
        let core = fixture.core
        try await core.execute { _ in future = try await core.perform(ObjectStore.reading(one)) }
        #expect(try (future?.value).flatMap { ObjectFields($0) } == ["a": 1])
    }

    @Test("a handler that can't hold a connection refuses", arguments: [Fixture.Last.default, .coalescing])
    func refusedByHandler(_ last: Fixture.Last) async throws {
        let objects = ObjectStore(core: Fixture(last, mode: .permissive).core)
        await #expect {
            try await objects.save(one, ["a": 1])
        } throws: { ($0 as? TransactionError)?.code == .operationMode }
        #expect(try await objects.get(one) == nil)
    }

    @Test("a key that holds something else is the command's own error")
    func wrongType() async throws {
        fixture.keyspace["object:customer:1"] = "text"
        await #expect { try await objects.save(one, ["a": 1]) } throws: { ($0 as? CommandError)?.prefix == "WRONGTYPE" }
        await #expect { try await objects.get(one) } throws: { ($0 as? CommandError)?.prefix == "WRONGTYPE" }
    }

    @Test(
        "a store that fails at EXEC is told, and the next write is as good as any",
        arguments: [
            KeyspaceError.Code.connectionLost, .outcomeUnknown, .unavailable,
        ])
    func outage(_ code: KeyspaceError.Code) async throws {
        fixture.keyspace.failExecute(with: KeyspaceError(code, "it fails"))
        await #expect {
            try await objects.save(one, ["a": 1])
        } throws: { ($0 as? KeyspaceError)?.code == code }
        fixture.keyspace.failExecute(with: nil)
        #expect(try await objects.save(one, ["a": 1]).outcome == .created)
    }
}
