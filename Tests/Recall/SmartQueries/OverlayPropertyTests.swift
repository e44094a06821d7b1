// SPDX-License-Identifier: MIT
import Foundation
import JSON
import SQLiteConnection
import Keyspace
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
        var read: RandomRead
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
        func ask(_ moment: String, _ queries: SmartQueryManager) async throws {
            for read in reads {
                answered.append(Answered(read: read, answer: try await Self.answer(read, queries), moment: moment))
            }
        }
        try await ask("nothing applied", pipeline.queries)
        try await ask("nothing applied, replica", pipeline.replicaQueries)
        try await pipeline.drain(downTo: 40)
        try await ask("half applied", pipeline.queries)
        try await ask("half applied, replica without any of it", pipeline.replicaQueries)
        try pipeline.copyToReplica()
        try await ask("half applied, replica with all of that", pipeline.replicaQueries)
        try await pipeline.drain()
        try await ask("applied", pipeline.queries)
        try await ask("applied, replica with half of it", pipeline.replicaQueries)
        #expect(try await pipeline.counter("dead_letter") == 0, "no transaction of the test may fail")
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
            for entry in stride(from: index, to: answered.count, by: reads.count).map({ answered[$0] }) {
                Self.check(entry, against: last)
            }
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

    private static func check(_ entry: Answered, against last: Answer) {
        let comment: Comment = "\(entry.moment): \(String(describing: entry.read))"
        #expect(entry.answer.count == last.count, comment)
        let before = entry.answer.records.map { masked($0, entry.answer.unknown) }
        let after = last.records.map { masked($0, entry.answer.unknown) }
        #expect(before == after, comment)
    }

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

    private static func masked(_ record: JSONValue, _ unknown: [String]) -> JSONValue {
        guard case .object(var object) = record else { return record }
        for name in unknown { object[name] = nil }
        return .object(object)
    }
}
