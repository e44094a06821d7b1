// SPDX-License-Identifier: MIT
import JSON
import SmartQueries
import Testing
import TransactionBuffering
import TransactionModel

/// Records that name others by a foreign key whose id the database assigns.
@Suite struct RelatedRecordTests {
    private static let schema = """
        CREATE TABLE event (id INTEGER PRIMARY KEY, level INTEGER);
        CREATE TABLE mark (id TEXT PRIMARY KEY, event INTEGER REFERENCES event(id));
        INSERT INTO event VALUES (1, 0);
        INSERT INTO mark VALUES ('old', 1), ('none', NULL);
        """
    private static let first: JSONValue = ["$ref": "a#e.id"]
    private static let second: JSONValue = ["$ref": "b#e[1].id"]

    /// A condition, and the marks that match it at every moment.
    private static let conditions: [(condition: JSONValue, marks: [String])] = [
        (["event": first], ["m1", "m2"]), (["event": ["eq": second]], ["m3"]),
        (["event": ["in": [first, second, 1]]], ["m1", "m2", "m3", "old"]), (["event": ["ne": first]], ["m3", "old"]),
        (["event": ["gt": 1]], ["m1", "m2", "m3"]),
        (["$or": [["event": second], ["id": "none"]]], ["m3", "none"]), (["event": 1], ["old"]),
        (["event": ["null": false]], ["m1", "m2", "m3", "old"]), (["event": ["$ref": "nobody#e.id"]], []),
        (["$and": [["event": first], ["id": ["ne": "m1"]]]], ["m2"]),
    ]

    private static func marks(_ queries: SmartQueryManager, _ condition: JSONValue) async throws -> [String] {
        var query = RecordQuery(model: "mark")
        query.condition = try view(condition)
        query.wantsCount = true
        let answer = try await queries.query(query)
        #expect(answer.count == Int64(answer.records.count))
        return answer.records.compactMap { $0["id"]?.string }
    }

    private static func buffer(_ pipeline: Pipeline) async throws {
        try await pipeline.buffer([
            "transaction_id": "a",
            "steps": [
                ["step_id": "e", "operation": "create", "model": "event", "data": ["level": 1]],
                [
                    "step_id": "m", "operation": "create", "model": "mark",
                    "data": ["id": "m1", "event": ["$ref": "e.id"]],
                ],
            ],
        ])
        try await pipeline.buffer([
            "transaction_id": "b",
            "steps": [
                [
                    "step_id": "e", "operation": "bulk_create", "model": "event",
                    "rows": [["level": 2], ["level": 3]],
                ]
            ],
        ])
        try await pipeline.buffer([
            "transaction_id": "c",
            "steps": [
                [
                    "step_id": "m", "operation": "bulk_create", "model": "mark",
                    "rows": [["id": "m2", "event": first], ["id": "m3", "event": second]],
                ]
            ],
        ])
    }

    @Test func `they are found by a reference before the id is known, and afterwards by either`() async throws {
        let pipeline = try await Pipeline(schema: Self.schema, batch: 1, hasReplica: true)
        try pipeline.copyToReplica()
        try await Self.buffer(pipeline)
        for applied in [0, 1, 2, 3] {
            try await pipeline.drain(downTo: Int64(3 - applied))
            for queries in [pipeline.queries, pipeline.replicaQueries] {
                for (condition, marks) in Self.conditions {
                    #expect(
                        try await Self.marks(queries, condition) == marks,
                        "\(applied) applied: \(String(decoding: condition.bytes, as: UTF8.self))")
                }
            }
        }
        let id = try await pipeline.queries.get(model: "event", id: try view(Self.second)).record?["id"] ?? .null
        for queries in [pipeline.queries, pipeline.replicaQueries] {
            #expect(try await Self.marks(queries, ["event": id]) == ["m3"])
            let mark = try await queries.get(model: "mark", id: try view("m3"))
            #expect(mark.record?["event"] == id && mark.unknown == [])
        }
        await pipeline.close()
    }

    @Test func `only an id that another transaction's step gets can be compared with`() async throws {
        let pipeline = try await Pipeline(schema: Self.schema)
        for reference in ["e.id", "a#e.level", "nonsense"] {
            do {
                _ = try await Self.marks(pipeline.queries, ["event": ["$ref": .string(reference)]])
                Issue.record("\(reference) was accepted")
            } catch RecallError.buffering(let error) {
                #expect(error.code == .validationFailed && error.path == "where.event.$ref")
            }
        }
        await pipeline.close()
    }

    @Test func `such ids have no order`() async throws {
        let pipeline = try await Pipeline(schema: Self.schema)
        for word in ["lt", "lte", "gt", "gte"] {
            do {
                _ = try await Self.marks(pipeline.queries, ["event": .object([word: Self.first])])
                Issue.record("\(word) was accepted")
            } catch RecallError.buffering(let error) {
                #expect(error.code == .validationFailed && error.path == "where.event.\(word)")
            }
        }
        await pipeline.close()
    }

    @Test func `a record is found by its own reference`() async throws {
        let pipeline = try await Pipeline(schema: Self.schema)
        try await Self.buffer(pipeline)
        var query = RecordQuery(model: "event")
        query.condition = try view(["id": ["in": [Self.first, Self.second]]])
        query.order = try view(["-level"])
        for _ in 0..<2 {
            #expect(try await pipeline.queries.query(query).records.map { $0["level"] } == [3, 1])
            try await pipeline.drain()
        }
        await pipeline.close()
    }
}
