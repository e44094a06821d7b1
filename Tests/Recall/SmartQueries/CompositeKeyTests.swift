// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import SmartQueries
import Testing
import TransactionBuffering
import TransactionModel

/// Records whose composite keys have ids that the database assigns, or booleans: link tables and the like.
@Suite struct CompositeKeyTests {
    private static let schema = """
        CREATE TABLE obs (id INTEGER PRIMARY KEY, level INTEGER);
        CREATE TABLE tag (
            obs_id INTEGER REFERENCES obs(id), tag TEXT, note TEXT, PRIMARY KEY (obs_id, tag));
        CREATE TABLE link (a INTEGER, b INTEGER, note TEXT, PRIMARY KEY (b, a));
        CREATE TABLE switch (user_id TEXT, active BOOLEAN, note TEXT, PRIMARY KEY (user_id, active));
        INSERT INTO obs VALUES (10, 0);
        INSERT INTO tag VALUES (10, 'z', 'old');
        INSERT INTO switch VALUES ('u', 0, 'old');
        """

    private static func step(_ operation: String, _ model: String, _ rest: JSONObject, _ id: String = "t") -> JSONValue
    {
        var step: JSONObject = ["step_id": .string(id), "operation": .string(operation), "model": .string(model)]
        for (name, value) in rest { step[name] = value }
        return .object(step)
    }

    private static func transaction(_ id: String, _ steps: JSONValue...) -> JSONValue {
        ["transaction_id": .string(id), "steps": .array(steps)]
    }

    /// A transaction that makes an observation and tags it.
    private static func tagged(_ id: String, _ tags: String...) -> JSONValue {
        var steps = [step("create", "obs", ["data": ["level": 1]], "o")]
        for (index, tag) in tags.enumerated() {
            let data: JSONValue = ["obs_id": ["$ref": "o.id"], "tag": .string(tag)]
            steps.append(step("create", "tag", ["data": data], "t\(index)"))
        }
        return ["transaction_id": .string(id), "steps": .array(steps)]
    }

    private static func update(_ id: String, _ model: String, _ key: JSONValue, _ note: String) -> JSONValue {
        transaction(id, step("update", model, ["id": key, "data": ["note": .string(note)]]))
    }

    private static func all(
        _ queries: SmartQueryManager, _ model: String, where condition: JSONValue? = nil, order: [String] = []
    ) async throws -> QueryAnswer {
        var query = RecordQuery(model: model)
        query.condition = try condition.map { try view($0) }
        query.order = try view(.array(order.map { .string($0) }))
        query.wantsCount = true
        let answer = try await queries.query(query)
        #expect(answer.count == Int64(answer.records.count))
        return answer
    }

    // MARK: Assigned ids

    @Test func `a link to a new record is read from accept on, once, and by the id of the receipt`() async throws {
        let pipeline = try await Pipeline(schema: Self.schema, batch: 1, hasReplica: true)
        try pipeline.copyToReplica()
        let old: JSONValue = ["obs_id": 10, "tag": "z", "note": "old"]
        let receipt = try await pipeline.buffer(Self.tagged("a", "t"))
        let id = try #require(try JSONValue(parsing: receipt.generatedIDs)["t0"])
        #expect(id == ["obs_id": ["$ref": "a#o.id"], "tag": "t"])

        let pending: JSONValue = ["obs_id": ["$ref": "a#o.id"], "tag": "t", "note": .null]
        for queries in [pipeline.queries, pipeline.replicaQueries] {
            let answer = try await Self.all(queries, "tag")
            #expect(answer.records == [old, pending] && answer.unknown == ["obs_id"] && answer.pendingCount == 1)
            let found = try await queries.get(model: "tag", id: try view(id))
            #expect(found.record == pending && found.unknown == ["obs_id"] && found.pending.map(\.string) == ["a"])
            #expect(try await Self.all(queries, "tag", where: ["obs_id": ["$ref": "a#o.id"]]).records == [pending])
        }
        func expectCommitted(_ moment: Comment) async throws {
            let committed: JSONValue = ["obs_id": 11, "tag": "t", "note": .null]
            for queries in [pipeline.queries, pipeline.replicaQueries] {
                let answer = try await Self.all(queries, "tag")
                #expect(answer.records == [old, committed] && answer.unknown == [], moment)
                for id in [id, ["obs_id": 11, "tag": "t"]] {
                    let found = try await queries.get(model: "tag", id: try view(id))
                    #expect(found.record == committed && found.unknown == [], moment)
                }
                #expect(
                    try await Self.all(queries, "tag", where: ["obs_id": ["$ref": "a#o.id"]]).records == [committed])
            }
        }
        try await pipeline.drain()
        let generated = try await pipeline.manager.generatedIDs(of: [receipt.transactionID])[receipt.transactionID]
        #expect(generated == ["o": 11, "t0": ["obs_id": 11, "tag": "t"]])
        try await expectCommitted("the replica lacks it")
        try pipeline.copyToReplica()
        try await expectCommitted("the replica has it")
        let waiting = try await pipeline.access.members("ZRANGE", pipeline.manager.keys.replicationPending, 0, -1)
        #expect(try await pipeline.manager.release(waiting) == 1)
        try await expectCommitted("released")
        await pipeline.close()
    }

    @Test func `later changes find the link by either name, whatever was applied between`() async throws {
        let pipeline = try await Pipeline(schema: Self.schema, batch: 1, hasReplica: true)
        try pipeline.copyToReplica()
        let named: JSONValue = ["obs_id": ["$ref": "a#o.id"], "tag": "t"]
        try await pipeline.buffer(Self.tagged("a", "t", "u"))
        try await pipeline.buffer(Self.update("b", "tag", named, "early"))
        try await pipeline.buffer(Self.transaction("c", Self.step("delete", "tag", ["id": named.with("tag", "u")])))

        func expectNotes(_ note: JSONValue, _ moment: Comment) async throws {
            for queries in [pipeline.queries, pipeline.replicaQueries] {
                #expect(try await Self.all(queries, "tag").records.map { $0["note"] } == ["old", note], moment)
                for id in [named, ["obs_id": 11, "tag": "t"]] where id == named || note == "late" {
                    #expect(try await queries.get(model: "tag", id: try view(id)).record?["note"] == note, moment)
                }
                #expect(try await queries.get(model: "tag", id: try view(named.with("tag", "u"))).record == nil, moment)
            }
        }
        try await expectNotes("early", "nothing applied")
        try await pipeline.drain(downTo: 2)
        try await expectNotes("early", "only the create applied")
        try await pipeline.buffer(Self.update("d", "tag", ["obs_id": 11, "tag": "t"], "late"))
        try await expectNotes("late", "by reference and by id")
        try pipeline.copyToReplica()
        try await expectNotes("late", "the replica has some")
        try await pipeline.drain()
        try await expectNotes("late", "all applied")
        let dead = try await DeadLetters(manager: pipeline.manager).list(limit: 10, cursor: nil).records
        #expect(dead.isEmpty)
        await pipeline.close()
    }

    @Test func `a link of two new records has more names as their ids become known`() async throws {
        let pipeline = try await Pipeline(schema: Self.schema, batch: 1, hasReplica: true)
        try pipeline.copyToReplica()
        try await pipeline.buffer(Self.tagged("a"))
        try await pipeline.buffer(Self.tagged("b"))
        let (first, second): (JSONValue, JSONValue) = (["$ref": "a#o.id"], ["$ref": "b#o.id"])
        try await pipeline.buffer(
            Self.transaction("c", Self.step("create", "link", ["data": ["a": first, "b": second]])))
        #expect(try await Self.all(pipeline.queries, "link").records == [["a": first, "b": second, "note": .null]])
        try await pipeline.drain(downTo: 2)
        // Accepted under the name that it has by now.
        try await pipeline.buffer(Self.update("d", "link", ["a": first, "b": second], "named"))
        for (moment, b) in [("one is known", second), ("both are known", 12)] {
            for queries in [pipeline.queries, pipeline.replicaQueries] {
                let record: JSONValue = ["a": 11, "b": b, "note": "named"]
                #expect(try await Self.all(queries, "link").records == [record], "\(moment)")
                for id in [["a": first, "b": second], ["a": 11, "b": second], ["a": 11, "b": b]] as [JSONValue] {
                    #expect(try await queries.get(model: "link", id: try view(id)).record == record, "\(moment)")
                }
            }
            try await pipeline.drain()
        }
        await pipeline.close()
    }

    @Test(
        "links order by the ids that the database will assign",
        arguments: [
            ([], ["z", "b", "d", "a", "c"]), (["-obs_id"], ["a", "c", "b", "d", "z"]),
            (["-tag"], ["z", "d", "c", "b", "a"]), (["note", "-obs_id", "-tag"], ["z", "c", "a", "d", "b"]),
        ] as [([String], [String])])
    func order(entry: (order: [String], tags: [String])) async throws {
        let pipeline = try await Pipeline(schema: Self.schema)
        try await pipeline.buffer(Self.tagged("a", "d", "b"))
        try await pipeline.buffer(Self.tagged("b", "c", "a"))
        for _ in 0..<2 {
            let answer = try await Self.all(pipeline.queries, "tag", order: entry.order)
            #expect(answer.records.compactMap { $0["tag"]?.string } == entry.tags)
            try await pipeline.drain()
        }
        await pipeline.close()
    }

    @Test func `a cancelled link is gone`() async throws {
        let pipeline = try await Pipeline(schema: Self.schema)
        let receipt = try await pipeline.buffer(Self.tagged("a", "t"))
        _ = try await pipeline.manager.cancel(receipt.transactionID)
        #expect(try await Self.all(pipeline.queries, "tag").records.count == 1)
        let id: JSONValue = ["obs_id": ["$ref": "a#o.id"], "tag": "t"]
        #expect(try await pipeline.queries.get(model: "tag", id: try view(id)).record == nil)
        await pipeline.close()
    }

    @Test(
        "what is no id of a composite key",
        arguments: [
            ["$ref": "a#t.id"], ["obs_id": ["$ref": "q.id"], "tag": "t"], ["obs_id": 1], ["obs_id": "x", "tag": "t"], 1,
        ] as [JSONValue])
    func invalid(id: JSONValue) async throws {
        let pipeline = try await Pipeline(schema: Self.schema)
        do {
            _ = try await pipeline.queries.get(model: "tag", id: try view(id))
            Issue.record("it was accepted")
        } catch RecallError.buffering(let error) {
            #expect(error.code == .validationFailed && error.path == "id")
        }
        await pipeline.close()
    }

    // MARK: Booleans

    @Test func `a boolean in a key is read, before the commit and after it`() async throws {
        let pipeline = try await Pipeline(schema: Self.schema)
        try await pipeline.buffer(
            Self.transaction(
                "a", Self.step("create", "switch", ["data": ["user_id": "u", "active": true, "note": "made"]])))
        try await pipeline.buffer(Self.update("b", "switch", ["user_id": "u", "active": false], "new"))
        for _ in 0..<2 {
            let answer = try await Self.all(pipeline.queries, "switch")
            #expect(answer.records.map { $0["note"] } == ["new", "made"] && answer.unknown == [])
            for (active, note) in [(true, "made"), (false, "new")] {
                let id: JSONValue = ["user_id": "u", "active": .bool(active)]
                let found = try await pipeline.queries.get(model: "switch", id: try view(id))
                #expect(found.record == ["user_id": "u", "active": .bool(active), "note": .string(note)])
            }
            try await pipeline.drain()
        }
        await pipeline.close()
    }
}

extension JSONValue {
    /// The same object with another value of a member.
    fileprivate func with(_ name: String, _ value: JSONValue) -> JSONValue {
        var object = object ?? JSONObject()
        object[name] = value
        return .object(object)
    }
}
