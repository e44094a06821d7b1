// SPDX-License-Identifier: MIT
import BackgroundProcessing
import JSON
import SQLiteConnection
import SmartQueries
import Testing
import TransactionBuffering
import TransactionModel

/// What another program wrote in a form of its own: in other letters, as another text of the same moment.
@Suite struct StoredFormTests {
    private static let schema = """
        CREATE TABLE u (id TEXT PRIMARY KEY COLLATE NOCASE, v TEXT CHECK (v <> 'bad'));
        INSERT INTO u VALUES ('ABC', 'old'), ('X', 'x');
        CREATE TABLE ev (id TEXT PRIMARY KEY, at TIMESTAMP, v INTEGER);
        INSERT INTO ev VALUES ('legacy', '2026-11-22 03:38:53', 0), ('other', '2026-11-22T03:38:53.000000Z', 0);
        """

    private static func change(
        _ pipeline: Pipeline, _ id: String, _ model: String, _ record: String, _ data: JSONValue
    ) async throws {
        try await pipeline.buffer([
            "transaction_id": .string(id),
            "steps": [
                ["step_id": "s", "operation": "update", "model": .string(model), "id": .string(record), "data": data]
            ],
        ])
    }

    @Test func `a record that is changed under another spelling of its key is one record`() async throws {
        let pipeline = try await Pipeline(schema: Self.schema)
        try await Self.change(pipeline, "t", "u", "abc", ["v": "new"])
        var query = RecordQuery(model: "u")
        query.wantsCount = true
        for _ in 0..<2 {
            let answer = try await pipeline.queries.query(query)
            #expect(answer.records == [["id": "ABC", "v": "new"], ["id": "X", "v": "x"]] && answer.count == 2)
            #expect(try await pipeline.queries.get(model: "u", id: try view("abc")).record?["v"] == "new")
            try await pipeline.drain()
        }
        await pipeline.close()
    }

    @Test func `what is accepted later under another spelling is applied later`() async throws {
        let pipeline = try await Pipeline(schema: Self.schema, policy: .hold)
        try await Self.change(pipeline, "first", "u", "ABC", ["v": "bad"])
        try await Self.change(pipeline, "second", "u", "abc", ["v": "later"])
        try await pipeline.drain(downTo: 1)
        let status = try await pipeline.manager.status(try #require(TransactionID("second")))
        #expect(try JSONDocument(parsing: status).root["held_by"]?.string == "first")
        await pipeline.close()
    }

    @Test(arguments: ["2000-01-01T00:00:00Z", nil])
    func `a count is what the database and the overlay have together`(moved: String?) async throws {
        let pipeline = try await Pipeline(schema: Self.schema)
        try await Self.change(
            pipeline, "t", "ev", "legacy", moved.map { ["at": .string($0)] } ?? ["v": 1])
        var query = RecordQuery(model: "ev")
        query.condition = try view(["at": ["gte": "2026-11-22T03:00:00Z"]])
        query.wantsCount = true
        let answer = try await pipeline.queries.query(query)
        #expect(answer.records.map { $0["id"] } == (moved == nil ? ["legacy", "other"] : ["other"]))
        #expect(answer.count == Int64(answer.records.count))
        await pipeline.close()
    }
}
