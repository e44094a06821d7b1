// SPDX-License-Identifier: MIT
import Foundation
import JSON
import Keyspace
import SQLiteConnection
import SmartQueries
import Testing
import TransactionBuffering
import TransactionModel

/// What a read answers over the overlay equals what the database answers after the drain.
@Suite struct OverlayPropertyTests {
    /// With `SLUICE_TORTURE=1` ten times as much; `SLUICE_SEED` repeats a failure.
    static let factor = ProcessInfo.processInfo.environment["SLUICE_TORTURE"] == "1" ? 10 : 1
    static let seeds: [UInt64] = {
        if let text = ProcessInfo.processInfo.environment["SLUICE_SEED"], let seed = UInt64(text) { return [seed] }
        return (0..<UInt64(4 * factor)).map { 20_261_121 + $0 }
    }()

    /// A read with what it answered before the drain.
    struct Answered {
        /// Of the read.
        var index: Int
        var answer: Answer
        var moment: String
    }

    struct Answer {
        var records: [JSONValue]
        var count: Int64?
        var unknown: [String]
    }

    @Test("reads over the overlay equal reads of the drained database", arguments: seeds)
    func readsEqualDrained(seed: UInt64) async throws {
        print("overlay property: SLUICE_SEED=\(seed)")
        let pipeline = try await Pipeline(schema: World.schema, batch: 20, hasReplica: true)
        try pipeline.copyToReplica()
        var world = World(try #require(pipeline.manager.schema.schema), seed: seed)
        for _ in 0..<80 { try await pipeline.buffer(world.transaction()) }
        var reads: [RandomRead] = []
        for _ in 0..<90 { reads.append(RandomRead.random(&world)) }

        var answered: [Answered] = []
        func ask(_ moment: String, _ queries: SmartQueryManager, every step: Int = 3) async throws {
            for index in stride(from: Int.random(in: 0..<step, using: &world.random), to: reads.count, by: step) {
                let read = reads[index]
                answered.append(Answered(index: index, answer: try await Self.answer(read, queries), moment: moment))
            }
        }
        try await ask("nothing applied", pipeline.queries, every: 1)
        try await ask("nothing applied, replica", pipeline.replicaQueries)
        try await pipeline.drain(downTo: 40)
        try await ask("half applied", pipeline.queries)
        try await ask("half applied, replica without any of it", pipeline.replicaQueries)
        try pipeline.copyToReplica()
        try await ask("half applied, replica with all of that", pipeline.replicaQueries)
        try await pipeline.drain()
        try await ask("applied", pipeline.queries)
        try await ask("applied, replica with half of it", pipeline.replicaQueries)
        let dead = try await DeadLetters(manager: pipeline.manager).list(limit: 10, cursor: nil).records
        #expect(dead.map { String(decoding: $0, as: UTF8.self) } == [], "no transaction of the test may fail")
        #expect(try await pipeline.counter("committed") == 80)

        // Everything released: what comes now is the database's word alone.
        let waiting = try await pipeline.access.members("ZRANGE", pipeline.manager.keys.replicationPending, 0, -1)
        #expect(try await pipeline.manager.release(waiting) == 80)
        try pipeline.copyToReplica()
        let database = try SQLiteConnection(path: pipeline.mainPath, mode: .readOnly)
        for (index, read) in reads.enumerated() {
            let last = try await Self.answer(read, pipeline.queries)
            #expect(last.unknown == [])
            try Self.check(last, read, against: database)
            for entry in answered where entry.index == index { Self.check(entry, read, against: last) }
        }
        await pipeline.close()
    }

    private static func answer(_ read: RandomRead, _ queries: SmartQueryManager) async throws -> Answer {
        switch read {
        case .get(let model, let id):
            let answer = try await queries.get(model: model, id: try view(id))
            return Answer(records: answer.record.map { [$0] } ?? [], count: nil, unknown: answer.unknown)
        case .query(let query):
            let answer = try await queries.query(try query.query())
            return Answer(records: answer.records, count: answer.count, unknown: answer.unknown)
        }
    }

    private static func check(_ entry: Answered, _ read: RandomRead, against last: Answer) {
        let difference = difference(entry.answer, last)
        #expect(difference == nil, "\(entry.moment): \(read)")
    }

    /// The first difference, in few words; columns that the earlier answer calls unknown don't count.
    private static func difference(_ answer: Answer, _ last: Answer) -> String? {
        guard answer.count == last.count else { return "count \(answer.count ?? -1), then \(last.count ?? -1)" }
        guard answer.records.count == last.records.count else {
            return "\(answer.records.count) records, then \(last.records.count)"
        }
        for (index, (before, after)) in zip(answer.records, last.records).enumerated() {
            guard let before = before.object, let after = after.object else { return "no objects" }
            for (name, value) in before where !answer.unknown.contains(name) && value != after[name] {
                let then = after[name].map { text($0) } ?? "nothing"
                return "record \(index), \(name): \(text(value)), then \(then)"
            }
        }
        return nil
    }

    private static func text(_ value: JSONValue) -> String { String(decoding: value.bytes, as: UTF8.self) }

    private static func check(_ answer: Answer, _ read: RandomRead, against database: SQLiteConnection) throws {
        guard case .query(let query) = read else { return }
        let comment: Comment = "\(query.keysSQL)"
        #expect(answer.count == (try database.integer(query.countSQL)), comment)
        var keys: [JSONValue] = []
        let statement = try database.statement(query.keysSQL)
        while try statement.step() { keys.append(try JSONValue(parsing: statement.text(0) ?? "")) }
        statement.reset()
        let answered = answer.records.map { record in JSONValue.array(query.key.map { record[$0] ?? .null }) }
        #expect(answered == keys, comment)
    }
}
