// SPDX-License-Identifier: MIT
import Keyspace
import KeyspaceConformance
import Testing
import TransactionModel

@testable import EmbeddedKeyspace

@Suite struct GroupTests {
    let fixture = Fixture()

    @Test func `operations run in the order in which they were submitted`() async throws {
        try await fixture.with { subject, keyspace async throws in
            // An immediate task runs here until it suspends: what it submitted is queued when the next one starts.
            let tasks = (0..<200).map { number in
                Task.immediate { try await keyspace.perform([.command(Command("RPUSH", "list", number))]) }
            }
            for task in tasks { _ = try await task.value }
            #expect(try await subject.texts("LRANGE", "list", 0, -1) == (0..<200).map { String($0) })
        }
    }

    @Test func `what waits together is synced together`() async throws {
        try await fixture.with { subject, keyspace async throws in
            let accepts = (0..<500).map { Subject.transaction("t\($0)", [], at: subject.time(0)) }
            let tasks = accepts.map { accept in Task.immediate { try await keyspace.perform([.accept(accept)]) } }
            for task in tasks {
                let replies = try await task.value
                #expect(replies == [.accept(.accepted)])
            }
            let statistics = try await keyspace.statistics()
            #expect(statistics.operations == 500)
            #expect(statistics.groups < 250)
            #expect(statistics.groupSize > 2)
            #expect(statistics.counters["accepted"] == 500)
        }
    }

    @Test func `the log is moved into the database under load, and stays short`() async throws {
        var settings = fixture.settings()
        settings.logBytesMax = 64 << 10
        try await fixture.with(settings) { subject, keyspace async throws in
            for round in 0..<60 {
                let accepts = (0..<40).map { Subject.transaction("t\(round).\($0)", [], at: subject.time(0)) }
                let tasks = accepts.map { accept in Task.immediate { try await keyspace.perform([.accept(accept)]) } }
                for task in tasks { #expect(try await task.value == [.accept(.accepted)]) }
            }
            let statistics = try await keyspace.statistics()
            #expect(statistics.checkpoints > 0)
            // What was committed is many times as much: each group is a dozen pages at least.
            #expect(statistics.logBytes < 1 << 20, "\(statistics.logBytes)")
            #expect(statistics.groups * 12 * 4096 > 2 << 20, "\(statistics.groups)")
        }
        let again = try fixture.open(settings)
        #expect(try await again.statistics().counters["accepted"] == 2400)
        await again.close()
    }

    @Test func `reads need no commit`() async throws {
        try await fixture.with { subject, keyspace async throws in
            for _ in 0..<10 { _ = try await subject.command("GET", "k") }
            let statistics = try await keyspace.statistics()
            #expect(statistics.groups == 0)
        }
    }

    @Test func `a group takes what has room, and a job that stands alone ends it`() async {
        var queue = SubmissionQueue(operationsMax: 100)
        for work: Job.Work in [
            .perform(Array(repeating: .command(Command("PING")), count: 6)), .watch([], connection: 1),
            .perform(Array(repeating: .command(Command("PING")), count: 5)), .backup(path: ""), .maintain,
        ] {
            let job = Self.job(work)
            guard case .queued = queue.submit(job) else {
                Issue.record("a job was refused")
                return
            }
        }
        #expect(queue.operations == 11)
        #expect(queue.next(room: 4, isFirst: true)?.weight == 6)
        #expect(queue.next(room: 4, isFirst: false)?.weight == 0)
        #expect(queue.next(room: 4, isFirst: false) == nil)
        #expect(queue.next(room: 5, isFirst: false)?.weight == 5)
        #expect(queue.next(room: 5, isFirst: false) == nil)
        #expect(queue.next(room: 5, isFirst: true)?.standsAlone == true)
        let canSleep = queue.sleep()
        #expect(!canSleep)
        let reason = KeyspaceError(.unavailable, "closed")
        #expect(queue.close(reason).count == 1)
        guard case .refused(reason) = queue.submit(Self.job(.maintain)) else {
            Issue.record("a closed queue took a job")
            return
        }
    }

    private static func job(_ work: Job.Work) -> Job { Job(work: work, recipient: .closure { _ in }) }
}
