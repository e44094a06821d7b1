// SPDX-License-Identifier: MIT
import Keyspace
import Testing
import TransactionModel

@testable import BackgroundProcessing

@Suite struct LaneSchedulerTests {
    /// `keys`: names of keys; a suffix after `/` is the use.
    static func work(_ sequence: Int, _ keys: String = "", claims: Int = 0, bytes: Int = 0) throws -> Work {
        var payload = Array(#"{"format":1,"transaction_id":"\#(sequence)","steps":[]}"#.utf8)
        let transaction = try #require(StoredTransaction(payload: payload))
        payload += Array(repeating: UInt8(ascii: " "), count: max(0, bytes - payload.count))
        let list = keys.split(separator: " ").map { key in
            let parts = key.split(separator: "/")
            return ConflictKey(
                name: String(parts[0]),
                use: parts.count > 1 ? .init(rawValue: String(parts[1])) ?? .exclusive : .exclusive)
        }
        return Work(
            claimed: ClaimedTransaction(
                transactionID: transaction.transactionID, sequence: Int64(sequence), payload: payload,
                contentHash: SHA256.hash([]), attempts: 0, unresolvedClaims: claims), transaction: transaction,
            keys: list)
    }

    static func scheduler(lanes: Int = 4, transactions: Int = 100, bytes: Int = 1 << 20) -> LaneScheduler {
        LaneScheduler(lanesMax: lanes, transactionsMax: transactions, bytesMax: bytes)
    }

    /// Batches as sequences, by lane.
    static func started(_ scheduler: inout LaneScheduler) -> [Int: [Int]] {
        Dictionary(uniqueKeysWithValues: scheduler.start().map { ($0.lane, $0.works.map { Int($0.claimed.sequence) }) })
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var keys: [String]
        /// What two idle lanes get at first.
        var batches: [Int: [Int]]
        var testDescription: String { name }
    }

    @Test(
        "what goes first",
        arguments: [
            Case(name: "nothing", keys: [], batches: [:]), Case(name: "one", keys: ["a"], batches: [0: [0]]),
            Case(name: "free ones are spread", keys: ["a", "b", "c", "d"], batches: [0: [0, 1], 1: [2, 3]]),
            Case(name: "without keys too", keys: ["", "", ""], batches: [0: [0, 1], 1: [2]]),
            Case(name: "a chain stays together", keys: ["a", "b", "a", "b"], batches: [0: [0, 2], 1: [1, 3]]),
            Case(name: "a chain over two keys", keys: ["a", "a b", "b", "c"], batches: [0: [0, 1], 1: [3]]),
            Case(name: "shared uses are free", keys: ["p/s", "p/s", "p/s", "p/s"], batches: [0: [0, 1], 1: [2, 3]]),
            Case(name: "writers of a model are free", keys: ["m/w", "m/w"], batches: [0: [0], 1: [1]]),
            Case(name: "a query and a writer", keys: ["m/r", "m/w", "x", "y"], batches: [0: [0, 1], 1: [2, 3]]),
            Case(name: "a parent and its children", keys: ["p", "p/s", "p/s", "x"], batches: [0: [0, 1], 1: [3]]),
            Case(name: "one hot key", keys: ["a", "a", "a", "a"], batches: [0: [0, 1]]),
            Case(
                name: "a hot key and others", keys: ["a", "a", "a", "a", "b", "c"],
                batches: [0: [0, 1, 2], 1: [4, 5]]),
            Case(
                name: "a chain is not cut to fill a batch", keys: ["b", "a", "a", "a"], batches: [0: [0], 1: [1, 2]]),
        ])
    func first(entry: Case) throws {
        var scheduler = Self.scheduler(lanes: 2)
        scheduler.add(try entry.keys.enumerated().map { try Self.work($0, $1) })
        #expect(Self.started(&scheduler) == entry.batches)
    }

    @Test func `a lane that is done goes on, whatever the others do`() throws {
        var scheduler = Self.scheduler(lanes: 2)
        scheduler.add([try Self.work(1, "slow"), try Self.work(2, "a")])
        #expect(Self.started(&scheduler) == [0: [1], 1: [2]])
        scheduler.add([try Self.work(3, "slow"), try Self.work(4, "a"), try Self.work(5, "b")])
        #expect(Self.started(&scheduler) == [:], "no lane is idle")
        scheduler.finished(1, again: [])
        #expect(Self.started(&scheduler) == [1: [4]], "half of what is ready: another lane may ask")
        scheduler.finished(1, again: [])
        #expect(Self.started(&scheduler) == [1: [5]])
        scheduler.finished(0, again: [])
        #expect(Self.started(&scheduler) == [0: [3]])
    }

    @Test func `what waits for a waiting one waits too`() throws {
        var scheduler = Self.scheduler(lanes: 2)
        scheduler.add([try Self.work(1, "a")])
        _ = scheduler.start()
        scheduler.add([try Self.work(2, "a b"), try Self.work(3, "b c"), try Self.work(4, "c"), try Self.work(5, "d")])
        #expect(Self.started(&scheduler) == [1: [5]])
    }

    @Test func `a batch keeps its limits, and takes at least one`() throws {
        var scheduler = Self.scheduler(lanes: 2, transactions: 3, bytes: 1000)
        scheduler.add(try (1...10).map { try Self.work($0, "", bytes: 100) })
        #expect(Self.started(&scheduler) == [0: [1, 2, 3], 1: [4, 5, 6]])
        scheduler = Self.scheduler(lanes: 2, bytes: 1000)
        scheduler.add(try (1...8).map { try Self.work($0, "", bytes: $0 == 1 ? 5000 : 400) })
        #expect(Self.started(&scheduler) == [0: [1], 1: [2, 3]])
    }

    @Test func `a window is a full batch for each lane`() throws {
        var scheduler = Self.scheduler(lanes: 2, transactions: 3, bytes: 1000)
        scheduler.add(try (1...5).map { try Self.work($0) })
        #expect(scheduler.hasRoom)
        scheduler.add([try Self.work(6)])
        #expect(!scheduler.hasRoom)
        for batch in scheduler.start() { scheduler.finished(batch.lane, again: []) }
        #expect(scheduler.hasRoom && scheduler.transactionsInHand == 0 && scheduler.bytesInHand == 0)
        scheduler.add([try Self.work(7, bytes: 2000)])
        #expect(!scheduler.hasRoom)
    }

    @Test func `a suspect runs alone, after those before it and before those behind it`() throws {
        var scheduler = Self.scheduler(lanes: 2)
        scheduler.add([
            try Self.work(1), try Self.work(2, claims: BatchPlanner.suspectClaims), try Self.work(3), try Self.work(4),
        ])
        #expect(Self.started(&scheduler) == [0: [1]])
        scheduler.finished(0, again: [])
        #expect(Self.started(&scheduler) == [0: [2]])
        #expect(Self.started(&scheduler) == [:])
        scheduler.finished(0, again: [])
        #expect(Self.started(&scheduler) == [0: [3], 1: [4]])
    }

    @Test func `what failed beside something earlier runs when that is done, and holds its keys until then`() throws {
        var scheduler = Self.scheduler(lanes: 2)
        scheduler.add([try Self.work(1, "a"), try Self.work(2, "b")])
        let batches = scheduler.start()
        #expect(batches.map(\.oldestElsewhere) == [2, 1])
        var work = batches[1].works[0]
        work.followsAll = true
        scheduler.finished(1, again: [work])
        scheduler.add([try Self.work(3, "b"), try Self.work(4, "c")])
        #expect(Self.started(&scheduler) == [1: [4]])
        scheduler.finished(0, again: [])
        let next = scheduler.start()
        #expect(next.map { $0.works.map(\.claimed.sequence) } == [[2]])
        #expect(next[0].oldestElsewhere == 3, "nothing earlier")
    }

    @Test func `what waits can be taken back, what runs stays`() throws {
        var scheduler = Self.scheduler(lanes: 1, transactions: 2)
        scheduler.add([try Self.work(3, "a"), try Self.work(1, "b"), try Self.work(2, "c")])
        #expect(Self.started(&scheduler) == [0: [1, 2]])
        #expect(scheduler.takeWaiting().map(\.claimed.sequence) == [3])
        #expect(scheduler.transactionsInHand == 2)
        #expect(scheduler.abandoned(0).map(\.string) == ["1", "2"])
        #expect(!scheduler.isBusy && scheduler.transactionsInHand == 0)
    }
}
