// SPDX-License-Identifier: MIT
import JSON
import SmartQueries
import Testing
import TransactionBuffering
import TransactionModel

/// Records whose ids the database assigns, from accept until the last replica has them.
@Suite struct AssignedIDTests {
    private static let schema = "CREATE TABLE event (id INTEGER PRIMARY KEY, level INTEGER, doc JSON);"

    private static func create(_ id: String, _ level: Int64) -> JSONValue {
        [
            "transaction_id": .string(id),
            "steps": [["step_id": "e", "operation": "create", "model": "event", "data": ["level": .integer(level)]]],
        ]
    }

    private static func update(_ id: String, of reference: String, _ level: Int64) -> JSONValue {
        [
            "transaction_id": .string(id),
            "steps": [
                [
                    "step_id": "u", "operation": "update", "model": "event", "id": ["$ref": .string(reference)],
                    "data": ["level": .integer(level)],
                ]
            ],
        ]
    }

    @Test func `such a record is found by its reference at once, and by its id as soon as that is known`() async throws
    {
        let pipeline = try await Pipeline(schema: Self.schema, batch: 1, hasReplica: true)
        try pipeline.copyToReplica()
        try await pipeline.buffer(Self.create("a", 1))
        try await pipeline.buffer(Self.update("b", of: "a#e.id", 2))
        let reference: JSONValue = ["$ref": "a#e.id"]

        var answer = try await pipeline.queries.get(model: "event", id: try view(reference))
        #expect(answer.record == ["id": reference, "level": 2, "doc": .null])
        #expect(answer.unknown == ["id"] && answer.pending.map(\.string) == ["a", "b"])
        try await pipeline.drain(downTo: 1)
        for queries in [pipeline.queries, pipeline.replicaQueries] {
            for id in [reference, 1] {
                answer = try await queries.get(model: "event", id: try view(id))
                #expect(answer.record == ["id": 1, "level": 2, "doc": .null] && answer.unknown == [])
            }
            let found = try await queries.query(RecordQuery(model: "event"))
            #expect(found.records == [["id": 1, "level": 2, "doc": .null]] && found.unknown == [])
        }
        try await pipeline.drain()
        answer = try await pipeline.replicaQueries.get(model: "event", id: try view(1))
        #expect(answer.record?["level"] == 2, "the replica has neither of them")
        await pipeline.close()
    }

    @Test(
        "ids that the database will assign order as they were accepted",
        arguments: [
            (["id"], [1, 2, 3]), (["-id"], [3, 2, 1]),
            (["-id", "level"], [3, 2, 1]), (["level", "-id"], [1, 2, 3]),
        ] as [([String], [Int64])])
    func order(entry: (order: [String], levels: [Int64])) async throws {
        let pipeline = try await Pipeline(schema: Self.schema)
        for level in 1...3 { try await pipeline.buffer(Self.create("t\(level)", Int64(level))) }
        var query = RecordQuery(model: "event")
        query.order = try view(.array(entry.order.map { .string($0) }))
        #expect(try await pipeline.queries.query(query).records.compactMap { $0["level"]?.int64 } == entry.levels)
        try await pipeline.drain()
        #expect(try await pipeline.queries.query(query).records.compactMap { $0["level"]?.int64 } == entry.levels)
        await pipeline.close()
    }

    @Test func `an increment of what is no number is the database's affair`() async throws {
        let pipeline = try await Pipeline(
            schema: "CREATE TABLE x (id TEXT PRIMARY KEY, v); INSERT INTO x VALUES ('a', 'text');")
        try await pipeline.buffer(
            ["steps": [["step_id": "i", "operation": "increment", "model": "x", "id": "a", "data": ["v": 1]]]])
        #expect(try await pipeline.queries.get(model: "x", id: try view("a")).unknown == ["v"])
        try await pipeline.drain()
        #expect(try await pipeline.queries.get(model: "x", id: try view("a")).record?["v"] == 1)
        await pipeline.close()
    }
}
