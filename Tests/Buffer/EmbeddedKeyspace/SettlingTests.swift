// SPDX-License-Identifier: MIT
import Glibc
import Keyspace
import KeyspaceConformance
import Synchronization
import Testing
import TransactionModel

@testable import EmbeddedKeyspace

@Suite("Submissions without a task, and who starts them") struct SettlingTests {
    let fixture = Fixture()

    /// Any commit counts as quick, or none.
    private func settings(quick: Bool) -> EmbeddedSettings {
        var settings = fixture.settings()
        settings.quickCommitMax = quick ? .seconds(3600) : .zero
        return settings
    }

    /// What was answered, and on which thread.
    private final class Answers: Sendable {
        private let list = Mutex<[(result: Result<Reply, KeyspaceError>, isHere: Bool)]>([])
        private let thread = pthread_self()

        func add(_ result: Result<Reply, KeyspaceError>) {
            let isHere = pthread_equal(thread, pthread_self()) != 0
            list.withLock { $0.append((result, isHere)) }
        }

        var count: Int { list.withLock(\.count) }
        var replies: [Reply?] { list.withLock { $0.map { try? $0.result.get() } } }
        var codes: [KeyspaceError.Code] {
            list.withLock { list in
                list.compactMap { answer in
                    guard case .failure(let error) = answer.result else { return nil }
                    return error.code
                }
            }
        }
        var areHere: [Bool] { list.withLock { $0.map(\.isHere) } }

        func wait(for count: Int) {
            while self.count < count { usleep(200) }
        }
    }

    private func accept(_ id: String, _ subject: Subject) -> Operation {
        .accept(Subject.transaction(id, [], at: subject.time(0)))
    }

    @Test("One that comes alone is answered in settle, on its thread, and is durable", .timeLimit(.minutes(10)))
    func alone() async throws {
        try await fixture.with(settings(quick: true)) { subject, keyspace async throws in
            try await subject.accept("first")
            // Nothing here suspends, so that the thread stays the same.
            func submitTen() -> Answers {
                let answers = Answers()
                for number in 0..<10 {
                    keyspace.submit(accept("t\(number)", subject)) { answers.add($0) }
                    #expect(answers.count == number)
                    keyspace.settle()
                    #expect(answers.count == number + 1)
                }
                return answers
            }
            let answers = submitTen()
            #expect(answers.replies == Array(repeating: .accept(.accepted), count: 10))
            #expect(answers.areHere == Array(repeating: true, count: 10))
            let statistics = try await keyspace.statistics()
            #expect(statistics.groups == 11 && statistics.operations == 11)
        }
        try await fixture.with { subject, _ async throws in
            #expect(try await subject.buffer().count == 11)
        }
    }

    @Test("Where commits are slow, the thread is not borrowed", .timeLimit(.minutes(10)))
    func slow() async throws {
        try await fixture.with(settings(quick: false)) { subject, keyspace async throws in
            try await subject.accept("first")
            func submitOne() -> Answers {
                let answers = Answers()
                keyspace.submit(accept("t", subject)) { answers.add($0) }
                keyspace.settle()
                answers.wait(for: 1)
                return answers
            }
            #expect(submitOne().areHere == [false])
        }
    }

    @Test("A second one starts both, also before anybody settles", .timeLimit(.minutes(10)))
    func company() async throws {
        try await fixture.with(settings(quick: true)) { subject, keyspace async throws in
            try await subject.accept("first")
            func submitTwo() -> Answers {
                let answers = Answers()
                keyspace.submit(accept("a", subject)) { answers.add($0) }
                keyspace.submit(accept("b", subject)) { answers.add($0) }
                answers.wait(for: 2)
                keyspace.settle()
                return answers
            }
            #expect(submitTwo().areHere == [false, false])
            #expect(try await subject.buffer() == ["b", "a", "first"])
        }
    }

    @Test("So does an operation of a task, which comes after it", .timeLimit(.minutes(10)))
    func task() async throws {
        try await fixture.with(settings(quick: true)) { subject, keyspace async throws in
            try await subject.accept("first")
            let answers = Answers()
            keyspace.submit(accept("a", subject)) { answers.add($0) }
            #expect(try await subject.buffer() == ["a", "first"])
            #expect(answers.count == 1)
        }
    }

    @Test("A commit that fails here stops the store as anywhere", .timeLimit(.minutes(10)))
    func failure() async throws {
        let keyspace = try fixture.open(settings(quick: true))
        let subject = Subject(keyspace, settings: SiteSettings(site: "test"))
        try await subject.accept("first")
        fixture.fault.withLock { $0 = Fault.fsync }
        func submitTwo() -> Answers {
            let answers = Answers()
            keyspace.submit(accept("a", subject)) { answers.add($0) }
            keyspace.settle()
            answers.wait(for: 1)
            keyspace.submit(accept("b", subject)) { answers.add($0) }
            keyspace.settle()
            answers.wait(for: 2)
            return answers
        }
        #expect(submitTwo().codes == [.outcomeUnknown, .unavailable])
        #expect(keyspace.isFailed)
        #expect(fixture.failures.withLock(\.count) == 1)
        await keyspace.close()
    }

    @Test("Threads and tasks together: all are answered, each once, and the log is moved", .timeLimit(.minutes(10)))
    func together() async throws {
        var settings = settings(quick: true)
        settings.logBytesMax = 256 << 10
        try await fixture.with(settings) { subject, keyspace async throws in
            let answers = Answers()
            await withTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        for number in 0..<300 {
                            keyspace.submit(accept("d\(worker).\(number)", subject)) { answers.add($0) }
                            keyspace.settle()
                            if number % 3 == worker % 3 { _ = try? await subject.accept("t\(worker).\(number)") }
                        }
                    }
                }
            }
            answers.wait(for: 1200)
            #expect(answers.replies == Array(repeating: .accept(.accepted), count: 1200))
            let statistics = try await keyspace.statistics()
            #expect(statistics.counters["accepted"] == 1600)
            #expect(statistics.checkpoints > 0)
        }
    }
}
