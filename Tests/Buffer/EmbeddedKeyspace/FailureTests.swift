// SPDX-License-Identifier: MIT
import Glibc
import JSON
import Keyspace
import KeyspaceConformance
import SQLiteConnection
import Synchronization
import Testing
import TransactionModel

@testable import EmbeddedKeyspace

@Suite struct FailureTests {
    let fixture = Fixture()

    @Test(arguments: [Fault.fsync, Fault.fsyncWithoutSpace, Fault.write])
    func `after a failed commit nothing is acknowledged any more, until a restart`(_ fault: SQLiteError) async throws {
        let keyspace = try fixture.open()
        let subject = Subject(keyspace, settings: SiteSettings(site: "test"))
        try await subject.accept("a")
        fixture.fault.withLock { $0 = fault }
        let first = await #expect(throws: KeyspaceError.self) { try await subject.accept("b") }
        #expect(first?.code == .outcomeUnknown)
        #expect(keyspace.isFailed)
        fixture.fault.withLock { $0 = nil }
        let second = await #expect(throws: KeyspaceError.self) { try await subject.accept("c") }
        #expect(second?.code == .unavailable)
        let read = await #expect(throws: KeyspaceError.self) { _ = try await subject.command("GET", "k") }
        #expect(read?.code == .unavailable)
        #expect(fixture.failures.withLock(\.count) == 1)
        await keyspace.close()
    }

    @Test func `after the restart what was acknowledged is there and the store works again`() async throws {
        let keyspace = try fixture.open()
        let subject = Subject(keyspace, settings: SiteSettings(site: "test"))
        try await subject.accept("a")
        fixture.fault.withLock { $0 = Fault.fsync }
        _ = try? await subject.accept("b")
        await keyspace.close()
        fixture.fault.withLock { $0 = nil }
        try await Self.reopened(fixture) { subject async throws in
            #expect(try await subject.buffer() == ["a"])
            #expect(try await subject.accept("b") == .accepted)
        }
    }

    private static func reopened(_ fixture: Fixture, _ body: (Subject) async throws -> Void) async throws {
        try await fixture.with { subject, _ async throws in try await body(subject) }
    }

    @Test func `a commit that finds the disk full is undone, and nothing has failed`() async throws {
        try await fixture.with { subject, keyspace async throws in
            fixture.fault.withLock { $0 = Fault.full }
            #expect(try await subject.accept("a") == .full)
            let error = await #expect(throws: KeyspaceError.self) {
                _ = try await keyspace.execute([
                    .command(Command("DEL", "k"))
                ])
            }
            #expect(error?.code == .full)
            fixture.fault.withLock { $0 = nil }
            #expect(try await subject.counter("accepted") == 0)
            #expect(!keyspace.isFailed)
            try await keyspace.maintain()
            #expect(try await subject.accept("a") == .accepted)
        }
    }

    @Test func `a full file refuses accepts, keeps draining, and takes in again when there is room`() async throws {
        var settings = fixture.settings()
        settings.fileBytesMax = 1 << 20
        try await fixture.with(settings) { subject, keyspace async throws in
            var accepted: [String] = []
            let data = "{\"x\":\"" + String(repeating: "y", count: 2000) + "\"}"
            for number in 0..<1000 {
                let outcome = try await subject.accept("t\(number)", Subject.step("create", "m", "\(number)", data))
                guard outcome == .accepted else {
                    #expect(outcome == .full)
                    break
                }
                accepted.append("t\(number)")
            }
            #expect((100..<1000).contains(accepted.count))
            #expect(try await keyspace.statistics().isFull)
            #expect(access(fixture.directory + "/keyspace.reserve", F_OK) != 0)
            #expect(try await subject.accept("t0") == .duplicate(status: .pending, generatedIDs: nil))
            #expect(
                try await subject.command("SET", "k", "v")
                    == .error(CommandError("OOM", "command not allowed while the keyspace is full")))
            #expect(try await subject.command("SET", subject.keys.processorLease, "1") == .status("OK"))
            for claimed in try await subject.claim(1000) {
                let records = StoredTransaction(payload: claimed.payload)?.records ?? []
                try await subject.advance(.committed(claimed.transactionID, position: Position(1), generatedIDs: nil))
                _ = try await subject.one(
                    .release(Release([.init(claimed.transactionID, records: records)], at: subject.time(0))))
            }
            #expect(try await subject.counter("replicated") == Int64(accepted.count))
            try await keyspace.maintain()
            #expect(try await subject.accept("late") == .full)
            fixture.advanceClock(by: .seconds(4000))
            try await keyspace.maintain()
            try await keyspace.maintain()
            #expect(try await subject.accept("late") == .accepted)
        }
    }

    @Test func `of a group that fails only the one that fails is told so`() async throws {
        try await fixture.with { _, _ async throws in }
        let connection = try SQLiteConnection(path: fixture.path, mode: .readWrite)
        try connection.execute(
            "CREATE TRIGGER fails BEFORE INSERT ON txn WHEN new.id LIKE 'bad%' BEGIN SELECT raise(ABORT, 'no'); END")
        connection.close()
        try await fixture.with { subject, keyspace async throws in
            @Sendable func accept(_ id: String) -> Operation {
                .accept(Subject.transaction(id, [], at: subject.time(0)))
            }
            let tasks = ["a", "bad1", "b"].map { id in Task.immediate { try await keyspace.perform([accept(id)]) } }
            let first = await tasks[0].result
            let second = await tasks[1].result
            let third = await tasks[2].result
            #expect(try first.get() == [.accept(.accepted)])
            #expect(throws: KeyspaceError.self) { try second.get() }
            #expect(try third.get() == [.accept(.accepted)])
            // In one call, the others have run all the same.
            let replies = try await keyspace.perform([accept("c"), accept("bad2"), accept("d")])
            #expect(replies[0] == .accept(.accepted))
            #expect(replies[2] == .accept(.accepted))
            guard case .error = replies[1] else {
                Issue.record("what can't be stored was answered \(replies[1])")
                return
            }
            // As one transaction, none has.
            await #expect(throws: KeyspaceError.self) { _ = try await keyspace.execute([accept("e"), accept("bad3")]) }
            #expect(try await subject.counter("accepted") == 4)
            #expect(try await subject.buffer() == ["d", "c", "b", "a"])
            #expect(try await subject.status("d")?["sequence"]?.int64 == 4)
            #expect(try await keyspace.statistics().groupsRepeated >= 2)
            #expect(!keyspace.isFailed)
        }
    }

    @Test func `more operations than may wait are refused at once`() async throws {
        var settings = fixture.settings()
        settings.operationsMax = 4
        try await fixture.with(settings) { subject, keyspace async throws in
            let five = Array(repeating: Operation.command(Command("PING")), count: 5)
            let error = await #expect(throws: KeyspaceError.self) { _ = try await keyspace.perform(five) }
            #expect(error?.code == .busy)
            #expect(try await keyspace.perform(Array(five.dropLast())).count == 4)
        }
    }

    @Test func `more bytes than may wait are refused at once, one request is not`() throws {
        var queue = SubmissionQueue(operationsMax: 100, bytesMax: 1000)
        func submit(_ bytes: Int) -> Bool {
            let command = Command("SET", "k", Array(repeating: 1, count: bytes - 4))
            guard case .queued = queue.submit(Job(work: .perform([.command(command)]), recipient: .closure { _ in }))
            else { return false }
            return true
        }
        #expect(submit(5000), "nothing waits")
        #expect(!submit(10))
        #expect(queue.bytes == 5000)
        #expect(queue.next(room: 1, isFirst: true) != nil)
        let taken = (0..<3).map { _ in submit(400) }
        #expect(taken == [true, true, false])
        #expect(queue.next(room: 0, isFirst: false) == nil, "there is no room")
        #expect(queue.next(room: 1, isFirst: false) != nil)
        #expect(queue.bytes == 400)
    }

    @Test func `large requests share no group beyond its bytes`() async throws {
        try await fixture.with { subject, keyspace async throws in
            let text = String(repeating: "x", count: 1 << 20)
            let accepts = (0..<40).map { number in
                Operation.accept(
                    Subject.transaction(
                        "t\(number)", [Subject.step("create", "m", "\(number)", "{\"text\":\"\(text)\"}")],
                        at: subject.time(0)))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for accept in accepts { group.addTask { _ = try await keyspace.perform([accept]) } }
                try await group.waitForAll()
            }
            // None takes more than 4 MiB, and one request.
            #expect(try await keyspace.statistics().groups >= 8)
        }
    }
}
