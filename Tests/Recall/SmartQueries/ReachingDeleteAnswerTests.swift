// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import Testing
import TransactionBuffering
import TransactionModel

@testable import SmartQueries

/// What reads of records say that a waiting delete of another one deletes or changes along with it.
@Suite struct ReachingDeleteAnswerTests {
    private static let schema = """
        CREATE TABLE p (id TEXT PRIMARY KEY, v INTEGER);
        CREATE TABLE c (
            id TEXT PRIMARY KEY, p TEXT REFERENCES p ON DELETE CASCADE, other TEXT REFERENCES p ON DELETE SET NULL,
            noted TEXT DEFAULT 'none' REFERENCES p ON DELETE SET DEFAULT, v INTEGER);
        CREATE TABLE g (id TEXT PRIMARY KEY, c TEXT REFERENCES c ON DELETE CASCADE);
        INSERT INTO p VALUES ('none', 0), ('a', 1), ('b', 2);
        INSERT INTO c VALUES ('c1', 'a', 'b', 'b', 1), ('c2', 'b', 'a', 'a', 2);
        INSERT INTO g VALUES ('g1', 'c1'), ('g2', 'c2');
        """

    private struct Scene {
        let pipeline: Pipeline
        let reader: WatchedReader
        let queries: SmartQueryManager

        init(_ schema: String = ReachingDeleteAnswerTests.schema) async throws {
            pipeline = try await Pipeline(schema: schema)
            reader = WatchedReader(pipeline.main)
            queries = SmartQueryManager(
                manager: pipeline.manager,
                buffer: ReadBufferManager(access: pipeline.access, keys: pipeline.manager.keys), base: reader)
        }

        func delete(_ transaction: String, _ model: String, _ id: String) async throws {
            try await pipeline.buffer([
                "transaction_id": .string(transaction),
                "steps": [["step_id": "d", "operation": "delete", "model": .string(model), "id": .string(id)]],
            ])
        }

        func create(_ transaction: String, _ model: String, _ data: JSONValue) async throws {
            try await pipeline.buffer([
                "transaction_id": .string(transaction),
                "steps": [["step_id": "c", "operation": "create", "model": .string(model), "data": data]],
            ])
        }

        /// The answer, and how often the database was read for it.
        func get(_ model: String, _ id: String) async throws -> (answer: RecordAnswer, reads: Int) {
            let before = reader.reads
            let answer = try await queries.get(model: model, id: try view(.string(id)))
            return (answer, reader.reads - before)
        }
    }

    @Test func `what is deleted along is absent, and the transaction that does it is named`() async throws {
        let scene = try await Scene()
        try await scene.delete("t1", "p", "a")
        for (model, id) in [("c", "c1"), ("g", "g1")] {
            let (answer, _) = try await scene.get(model, id)
            #expect(answer.record == nil, "\(model)")
            #expect(answer.sources == ["database", "buffered"])
            #expect(answer.pending.map(\.string) == ["t1"])
        }
        let (changed, _) = try await scene.get("c", "c2")
        #expect(changed.record == ["id": "c2", "p": "b", "other": .null, "noted": "none", "v": 2])
        #expect(changed.pending.map(\.string) == ["t1"] && changed.unknown == [])
        let (untouched, _) = try await scene.get("g", "g2")
        #expect(untouched.record != nil && untouched.pending == [] && untouched.sources == ["database"])
        var query = RecordQuery(model: "c")
        query.condition = try view(["other": .null])
        query.wantsCount = true
        let answer = try await scene.queries.query(query)
        #expect(answer.records.map { $0["id"] } == ["c2"] && answer.count == 1 && answer.pendingCount == 1)
        await scene.pipeline.close()
    }

    @Test func `while nothing is pending for what it names, a record costs one look at the database`() async throws {
        let scene = try await Scene()
        #expect(try await scene.get("g", "g1").reads == 1)
        try await scene.create("t1", "g", ["id": "g3", "c": "c1"])
        #expect(try await scene.get("g", "g3").reads == 0)
        await scene.pipeline.close()
    }

    @Test func `a record made under one that is deleted needs no database where those above it can't go along`()
        async throws
    {
        let scene = try await Scene()
        try await scene.create("t1", "c", ["id": "c3", "p": "a"])
        try await scene.delete("t2", "p", "a")
        let (answer, reads) = try await scene.get("c", "c3")
        #expect(answer.record == nil && reads == 0)
        #expect(answer.pending.map(\.string) == ["t1", "t2"])
        await scene.pipeline.close()
    }

    @Test func `a record that left what is deleted stays`() async throws {
        let scene = try await Scene()
        try await scene.pipeline.buffer([
            "transaction_id": "t1",
            "steps": [
                ["step_id": "u", "operation": "update", "model": "c", "id": "c1", "data": ["p": "b"]],
                ["step_id": "d", "operation": "delete", "model": "p", "id": "a"],
            ],
        ])
        #expect(try await scene.get("c", "c1").answer.record?["p"] == "b")
        #expect(try await scene.get("g", "g1").answer.record != nil)
        await scene.pipeline.close()
    }

    @Test func `what was deleted along can be made again`() async throws {
        let scene = try await Scene()
        try await scene.delete("t1", "p", "a")
        try await scene.create("t2", "c", ["id": "c1", "p": "b", "v": 9])
        #expect(try await scene.get("c", "c1").answer.record?["v"] == 9)
        #expect(try await scene.get("g", "g1").answer.record == nil)
        await scene.pipeline.close()
    }

    @Test func `a record is found under as many others that wait as there are`() async throws {
        let scene = try await Scene(
            "CREATE TABLE t (id TEXT PRIMARY KEY, up TEXT REFERENCES t ON DELETE CASCADE); INSERT INTO t VALUES ('n', NULL);"
        )
        try await scene.create("c0", "t", ["id": "t0"])
        for number in 1...40 {
            try await scene.create(
                "c\(number)", "t", ["id": .string("t\(number)"), "up": .string("t\(number - 1)")])
        }
        try await scene.delete("d", "t", "n")
        #expect(try await scene.get("t", "t40").answer.record?["up"] == "t39")
        try await scene.delete("e", "t", "t3")
        let (answer, reads) = try await scene.get("t", "t40")
        #expect(answer.record == nil && answer.pending.map(\.string) == ["c40", "e"] && reads == 0)
        #expect(try await scene.get("t", "t2").answer.record != nil)
        await scene.pipeline.close()
    }

    @Test func `while no delete is on its way nothing but the record is looked at`() async throws {
        let scene = try await Scene(
            """
            CREATE TABLE p (id TEXT PRIMARY KEY, v TEXT); INSERT INTO p VALUES ('p', NULL);
            CREATE TABLE c (id TEXT PRIMARY KEY, p TEXT REFERENCES p ON DELETE CASCADE); INSERT INTO c VALUES ('c', 'p');
            """)
        // The first look finds that nothing is pending; from then on accepts tell.
        _ = try await scene.get("c", "c")
        let large = String(repeating: "x", count: 3_900_000)
        for number in 0..<20 {
            try await scene.create("t\(number)", "p", ["id": .string("n\(number)"), "v": .string(large)])
        }
        #expect(try await scene.get("c", "c").reads == 1)
        #expect(try await scene.queries.query(RecordQuery(model: "c")).records.count == 1)
        try await scene.delete("d", "p", "p")
        #expect(try await scene.get("c", "c").answer.record == nil)
        await #expect(throws: RecallError.self) { try await scene.queries.query(RecordQuery(model: "c")) }
        await scene.pipeline.close()
    }

    @Test func `keys of different number types name one another by value`() async throws {
        let scene = try await Scene(
            """
            CREATE TABLE r (id REAL PRIMARY KEY); INSERT INTO r VALUES (1), (2);
            CREATE TABLE i (id TEXT PRIMARY KEY, r INTEGER REFERENCES r ON DELETE CASCADE);
            INSERT INTO i VALUES ('a', 1), ('b', 2);
            """)
        try await scene.pipeline.buffer([
            "steps": [["step_id": "d", "operation": "delete", "model": "r", "id": 1]]
        ])
        #expect(try await scene.queries.query(RecordQuery(model: "i")).records.map { $0["id"] } == ["b"])
        #expect(try await scene.get("i", "a").answer.record == nil)
        #expect(try await scene.get("i", "b").answer.record != nil)
        await scene.pipeline.close()
    }

    @Test func `a query that deletes reach too much of says so, and one record is answered`() async throws {
        let scene = try await Scene(
            Self.schema
                + """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(BaseRows.reachedMax))
                INSERT INTO c (id, p) SELECT 'n' || i, 'a' FROM n;
                """)
        try await scene.delete("t1", "p", "a")
        let error = await #expect(throws: RecallError.self) {
            try await scene.queries.query(RecordQuery(model: "c"))
        }
        guard case .tooLarge(let message)? = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(message.contains("100000 rows"))
        #expect(try await scene.get("c", "n7").answer.record == nil)
        await scene.pipeline.close()
    }
}
