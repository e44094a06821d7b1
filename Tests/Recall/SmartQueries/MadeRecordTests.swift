// SPDX-License-Identifier: MIT
import EmbeddedKeyspace
import JSON
import Keyspace
import SQLiteConnection
import SmartQueries
import Testing
import TransactionBuffering
import TransactionModel

/// A record that a waiting transaction makes is answered without the database, and only such a one.
@Suite struct MadeRecordTests {
    private static let schema = """
        CREATE TABLE x (id TEXT PRIMARY KEY, v INTEGER); INSERT INTO x VALUES ('old', 1);
        CREATE TABLE counted (id INTEGER PRIMARY KEY, v INTEGER);
        """

    private struct Scene {
        let pipeline: Pipeline
        let reader: WatchedReader
        let queries: SmartQueryManager

        init() async throws {
            pipeline = try await Pipeline(schema: MadeRecordTests.schema)
            reader = WatchedReader(pipeline.main)
            queries = SmartQueryManager(
                manager: pipeline.manager,
                buffer: ReadBufferManager(access: pipeline.access, keys: pipeline.manager.keys), base: reader)
        }

        func buffer(_ id: String, _ step: JSONValue) async throws {
            try await pipeline.buffer(["transaction_id": .string(id), "steps": [step]])
        }

        func create(_ id: String, _ record: String, _ value: Int64) async throws {
            try await buffer(
                id,
                [
                    "step_id": "c", "operation": "create", "model": "x",
                    "data": ["id": .string(record), "v": .integer(value)],
                ])
        }

        func change(_ id: String, _ operation: String, _ record: String, _ members: JSONObject) async throws {
            var step = members
            step["step_id"] = "u"
            step["operation"] = .string(operation)
            step["model"] = "x"
            step["id"] = .string(record)
            try await buffer(id, .object(step))
        }

        /// The answer, and how often the database was read for it.
        func get(_ record: JSONValue, of model: String = "x") async throws -> (answer: RecordAnswer, reads: Int) {
            let before = reader.reads
            let answer = try await queries.get(model: model, id: try view(record))
            return (answer, reader.reads - before)
        }

        func claim(token: Int64) async throws {
            _ = try await pipeline.keyspace.perform([
                .claim(Claim(token: token, transactionsMax: 10, bytesMax: 1 << 20, at: Pipeline.moment))
            ])
        }
    }

    @Test func `a created record and its changes need no database`() async throws {
        let scene = try await Scene()
        try await scene.create("t1", "a", 1)
        try await scene.change("t2", "increment", "a", ["data": ["v": 5]])
        let (answer, reads) = try await scene.get("a")
        #expect(answer.record == ["id": "a", "v": 6])
        #expect(answer.sources == ["buffered"])
        #expect(answer.pending.map(\.string) == ["t1", "t2"])
        #expect(reads == 0)
        await scene.pipeline.close()
    }

    @Test func `deleted after it was made, it is absent without the database`() async throws {
        let scene = try await Scene()
        try await scene.create("t1", "a", 1)
        try await scene.change("t2", "delete", "a", [:])
        let (answer, reads) = try await scene.get("a")
        #expect(answer.record == nil)
        #expect(reads == 0)
        await scene.pipeline.close()
    }

    @Test func `a change of what the database has needs it`() async throws {
        let scene = try await Scene()
        try await scene.change("t1", "update", "old", ["data": ["v": 7]])
        let (answer, reads) = try await scene.get("old")
        #expect(answer.record == ["id": "old", "v": 7])
        #expect(answer.sources == ["database", "buffered"])
        #expect(reads == 1)
        await scene.pipeline.close()
    }

    @Test func `an id that the database assigns needs it`() async throws {
        let scene = try await Scene()
        try await scene.buffer("t1", ["step_id": "c", "operation": "create", "model": "counted", "data": ["v": 3]])
        let (answer, reads) = try await scene.get(["$ref": "t1#c.id"], of: "counted")
        #expect(answer.record?["v"] == 3)
        #expect(reads == 1)
        await scene.pipeline.close()
    }

    @Test func `what somebody has begun to apply needs the database`() async throws {
        let scene = try await Scene()
        try await scene.create("t1", "a", 1)
        try await scene.claim(token: 1)
        #expect(try await scene.get("a").reads == 1)
        // Its holder went away: it waits again, and nobody has read it in the database.
        try await scene.claim(token: 2)
        try await scene.create("t2", "b", 2)
        #expect(try await scene.get("b").reads == 0)
        await scene.pipeline.close()
    }

    @Test func `what was once answered from the database is not answered without it again`() async throws {
        let scene = try await Scene()
        try await scene.create("t0", "z", 1)
        try await scene.pipeline.drain()
        try await scene.create("t1", "a", 1)
        try await scene.create("t2", "b", 2)
        // Applied, and its outcome lost: the database and its ledger have t1, and it is still pending.
        try SQLiteConnection(path: scene.pipeline.mainPath, mode: .readWrite).execute(
            """
            INSERT INTO x VALUES ('a', 10);
            INSERT INTO sluice_ledger (transaction_id, site, content_hash, applied_at)
                VALUES ('t1', 'test', zeroblob(32), '2026-09-21T00:00:00Z')
            """)
        #expect(try await scene.get("a").reads == 0)
        #expect(try await scene.queries.query(RecordQuery(model: "x")).records.contains(["id": "a", "v": 10]))
        let (answer, reads) = try await scene.get("a")
        #expect(answer.record == ["id": "a", "v": 10])
        #expect(reads == 1)
        #expect(try await scene.get("b").reads == 0)
        await scene.pipeline.close()
    }
}
