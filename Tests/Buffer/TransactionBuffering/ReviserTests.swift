// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import Testing
import TransactionModel

@testable import TransactionBuffering

/// What an operator's changes make of a dead transaction.
@Suite struct ReviserTests {
    private struct Revised {
        var revision: Advance.Revision
        var transaction: StoredTransaction

        /// Texts of a row's id and of a column.
        func id(_ step: Int, row: Int = 0) -> String? { ReviserTests.json(transaction.steps[step].rows[row].id) }

        func data(_ step: Int, _ column: String, row: Int = 0) -> String? {
            ReviserTests.json(transaction.steps[step].rows[row].data?.member(column))
        }

        var generatedIDs: JSONValue? { transaction.root["generated_ids"]?.value() }
    }

    private static func json(_ view: JSONView?) -> String? { view.map { text(Array($0.rawBytes)) } }

    private static let parent = Samples.step("create", "t", #""data":{"name":"bob","id":"u1","n":3}"#, id: "p")

    /// - Parameter changes: Pairs of a step and its data.
    private static func revise(
        _ steps: [String], _ changes: (String, String)..., stored: ([UInt8]) -> [UInt8] = { $0 }
    ) throws -> Revised {
        let built = try Samples.build(#"{"steps":["# + steps.joined(separator: ",") + "]}")
        let transaction = try #require(StoredTransaction(payload: stored(built.payload)))
        let changes = try changes.enumerated().map { index, change in
            DeadLetters.Change(
                step: change.0, data: try JSONDocument(parsing: change.1).root, path: "changes[\(index)]")
        }
        let revision = try TransactionReviser(schema: Samples.schema).revise(transaction, changes)
        return Revised(revision: revision, transaction: try #require(StoredTransaction(payload: revision.payload)))
    }

    private static func expectFault(
        _ path: String, _ words: String = "", at location: SourceLocation = #_sourceLocation,
        _ revise: () throws -> Revised
    ) {
        let fault = #expect(throws: ValidationFault.self, sourceLocation: location) { _ = try revise() }
        #expect(fault?.path == path, sourceLocation: location)
        #expect(words.isEmpty || fault?.message.contains(words) == true, sourceLocation: location)
    }

    @Test func `columns that refer to what changed follow it, and nothing else does`() throws {
        let revised = try Self.revise(
            [
                Self.parent,
                Samples.step(
                    "create", "t",
                    #""data":{"id":"k","name":{"$ref":"p.name"},"code":{"$ref":"p.id"},"n":{"$ref":"p.n"}}"#, id: "k"),
                Samples.step("create", "t", #""data":{"id":"l","name":"bob","code":"u1"},"depends_on":["p"]"#, id: "l"),
            ], ("p", #"{"id":"u2","name":"bobby"}"#))
        #expect(revised.id(0) == #""u2""# && revised.data(0, "id") == #""u2""#)
        #expect(revised.data(1, "code") == #""u2""# && revised.data(1, "name") == #""bobby""#)
        #expect(revised.data(1, "n") == "3" && revised.id(1) == #""k""#)
        #expect(revised.data(2, "code") == #""u1""# && revised.data(2, "name") == #""bob""#)
        #expect(revised.generatedIDs == ["p": "u2", "k": "k", "l": "l"])
        #expect(revised.revision.generatedIDs == revised.generatedIDs?.bytes)
        #expect(revised.revision.previous.map(\.encodedID) == ["u1", "k", "l"])
        #expect(revised.revision.changes.map(\.record.encodedID) == ["u2", "k", "l"])
    }

    @Test func `a chain of references follows in the order of its steps, ids and records with it`() throws {
        let revised = try Self.revise(
            [
                Samples.step("update", "t", #""id":{"$ref":"b.id"},"data":{"code":{"$ref":"b.name"}}"#, id: "c"),
                Samples.step(
                    "create", "t", #""data":{"id":{"$ref":"p.name"},"name":{"$ref":"p.id"}}"#, id: "b"),
                Self.parent,
                Samples.step("delete", "t", #""id":{"$ref":"c.id"}"#, id: "d"),
                Samples.step("increment", "t", #""id":{"$ref":"c.id"},"data":{"n":1}"#, id: "i"),
            ], ("p", #"{"id":"u2","name":"bobby"}"#))
        #expect(revised.id(1) == #""bobby""# && revised.data(1, "id") == #""bobby""#)
        #expect(revised.data(1, "name") == #""u2""#)
        #expect(revised.id(0) == #""bobby""# && revised.data(0, "code") == #""u2""# && revised.data(0, "id") == nil)
        #expect(revised.id(3) == #""bobby""# && revised.id(4) == #""bobby""#)
        #expect(revised.generatedIDs == ["b": "bobby", "p": "u2"])
        #expect(revised.revision.changes.map(\.record.encodedID) == ["bobby", "bobby", "u2", "bobby", "bobby"])
        #expect(text(revised.revision.payload).hasSuffix(#","generated_ids":{"b":"bobby","p":"u2"}}"#))
    }

    @Test func `rows of bulk steps follow, each its own reference`() throws {
        let revised = try Self.revise(
            [
                Self.parent,
                Samples.step(
                    "bulk_create", "t",
                    #""rows":[{"id":"r0","name":"bob"},{"id":{"$ref":"p.name"},"name":{"$ref":"p.id"}},{"id":"r2","name":"z"}]"#,
                    id: "b"),
                Samples.step(
                    "bulk_update", "t",
                    #""rows":[{"id":"z","data":{"n":1}},{"id":{"$ref":"b[1].id"},"data":{"code":{"$ref":"b[1].name"}}}]"#,
                    id: "c"),
            ], ("p", #"{"id":"u2","name":"bobby"}"#))
        #expect((0...2).map { revised.id(1, row: $0) } == [#""r0""#, #""bobby""#, #""r2""#])
        #expect((0...2).map { revised.data(1, "name", row: $0) } == [#""bob""#, #""u2""#, #""z""#])
        #expect((0...1).map { revised.id(2, row: $0) } == [#""z""#, #""bobby""#])
        #expect(revised.data(2, "code", row: 1) == #""u2""#)
        #expect(revised.generatedIDs == ["p": "u2", "b": ["r0", "bobby", "r2"]])
    }

    @Test func `a component of a composite key follows`() throws {
        let revised = try Self.revise(
            [
                Self.parent,
                Samples.step("create", "pair", #""data":{"b":{"$ref":"p.n"},"a":{"$ref":"p.id"}}"#, id: "c"),
                Samples.step("update", "pair", #""id":{"a":{"$ref":"c.a"},"b":7},"data":{"v":"x"}"#, id: "d"),
            ], ("p", #"{"id":"u2"}"#))
        #expect(revised.id(1) == #"{"a":"u2","b":3}"# && revised.id(2) == #"{"a":"u2","b":7}"#)
        #expect(revised.data(1, "a") == #""u2""#)
        #expect(revised.generatedIDs == ["p": "u2", "c": ["a": "u2", "b": 3]])
        #expect(revised.revision.changes.map(\.record.encodedID) == ["u2", "u2,3", "u2,7"])
    }

    @Test func `a key given instead of one that the database would assign is followed`() throws {
        let revised = try Self.revise(
            [
                Samples.step("create", "auto", #""data":{"n":1}"#, id: "a"),
                Samples.step("create", "auto", #""data":{"id":5,"n":{"$ref":"a.id"}}"#, id: "b"),
                Samples.step("update", "auto", #""id":{"$ref":"a.id"},"data":{"n":2}"#, id: "c"),
            ], ("a", #"{"id":9}"#))
        #expect(revised.id(0) == "9" && revised.data(1, "n") == "9" && revised.id(2) == "9")
        #expect(revised.generatedIDs == ["a": 9, "b": 5])
        #expect(revised.revision.changes.map(\.record.encodedID) == ["9", "5", "9"])
    }

    @Test func `a value takes the form of the column that follows, and must fit it`() throws {
        let steps = [
            Samples.step(
                "create", "t", #""data":{"name":"7F000000-0000-4000-8000-000000000000","id":"x","n":1}"#, id: "p"),
            Samples.step(
                "create", "t", #""data":{"id":"k","name":"k","u":{"$ref":"p.name"},"r":{"$ref":"p.n"}}"#, id: "k"),
        ]
        let revised = try Self.revise(steps, ("p", #"{"name":"8F000000-0000-4000-8000-000000000000","n":2}"#))
        #expect(revised.data(0, "name") == #""8F000000-0000-4000-8000-000000000000""#)
        #expect(revised.data(1, "u") == #""8f000000-0000-4000-8000-000000000000""# && revised.data(1, "r") == "2.0")
        Self.expectFault("changes[1].data.name", "u of step k") {
            try Self.revise(steps, ("k", #"{"n":1}"#), ("p", #"{"name":"no UUID"}"#))
        }
        Self.expectFault("changes[0].data.code", "is what name of step l refers to, which can't be null") {
            try Self.revise(
                [
                    Samples.step("create", "t", #""data":{"name":"a","id":"x","code":"c"}"#, id: "p"),
                    Samples.step("update", "t", #""id":"y","data":{"name":{"$ref":"p.code"}}"#, id: "l"),
                ], ("p", #"{"code":null}"#))
        }
    }

    @Test func `a column that the operator set himself no longer follows`() throws {
        let steps = [
            Self.parent, Samples.step("create", "t", #""data":{"id":"k","name":{"$ref":"p.name"}}"#, id: "k"),
            Samples.step("create", "t", #""data":{"id":"l","name":{"$ref":"k.name"}}"#, id: "l"),
        ]
        let revised = try Self.revise(steps, ("k", #"{"name":"own"}"#), ("p", #"{"name":"bobby"}"#))
        #expect(revised.data(1, "name") == #""own""# && revised.data(2, "name") == #""own""#)
        // Neither does it the next time.
        let data = try JSONDocument(parsing: #"{"name":"third"}"#).root
        let again = try TransactionReviser(schema: Samples.schema).revise(
            revised.transaction, [DeadLetters.Change(step: "p", data: data, path: "changes[0]")])
        let transaction = try #require(StoredTransaction(payload: again.payload))
        #expect(transaction.steps.map { $0.rows[0].data?["name"]?.string } == ["third", "own", "own"])
    }

    @Test func `a changed default of an upsert is a value, and those who refer to what it writes follow`() throws {
        let steps = [
            Samples.step("upsert", "t", #""data":{"name":"a","id":"x"}"#, id: "p"),
            Samples.step("create", "t", #""data":{"id":"k","name":{"$ref":"p.name"}}"#, id: "k"),
        ]
        let revised = try Self.revise(steps, ("p", #"{"flag":false,"name":"b"}"#))
        let row = revised.transaction.steps[0].rows[0]
        #expect(row.data?["flag"]?.bool == false && row.defaults?["flag"] == nil && row.defaults?["at"] != nil)
        #expect(revised.data(1, "name") == #""b""#)
        let none = try Self.revise(steps, ("p", #"{"flag":false,"at":"2026-01-02T03:04:05Z"}"#))
        #expect(none.transaction.steps[0].rows[0].defaults == nil)
    }

    @Test func `an upsert by its key follows, one by other columns keeps to the database`() throws {
        let revised = try Self.revise(
            [
                Self.parent, Samples.step("upsert", "t", #""data":{"name":"a","id":{"$ref":"p.name"}}"#, id: "k"),
                Samples.step(
                    "upsert", "t", #""data":{"name":"a","id":"i","code":{"$ref":"p.name"}},"conflict":["code"]"#,
                    id: "l"),
            ], ("p", #"{"name":"bobby"}"#))
        #expect(revised.id(1) == #""bobby""# && revised.data(1, "id") == #""bobby""#)
        #expect(revised.id(2) == nil && revised.data(2, "code") == #""bobby""#)
        #expect(revised.generatedIDs == ["p": "u1", "k": "bobby", "l": ["$ref": "tx#l.id"]])
    }

    @Test func `what was stored without its references is refused where a copy may stand elsewhere`() throws {
        let steps = [
            Self.parent, Samples.step("create", "t", #""data":{"id":"k","name":{"$ref":"p.name"}}"#, id: "k"),
            Samples.step("increment", "t", #""id":"z","data":{"n":1}"#, id: "i"),
            Samples.step("delete", "t", #""id":"y","depends_on":["i"]"#, id: "d"),
        ]
        func before(_ payload: [UInt8]) -> [UInt8] {
            let parts = text(payload).split(separator: #","refs":{"name":"p.name"}"#).joined()
            return Array(parts.split(separator: #","refs":{}"#).joined().utf8)
        }
        for data in [#"{"name":"bobby"}"#, #"{"id":"u2"}"#, #"{"n":4}"#, #"{"flag":false}"#] {
            let name = try JSONValue(parsing: data).object?.keys.first ?? ""
            Self.expectFault("changes[0].data.\(name)", "discard the transaction and send it again") {
                try Self.revise(steps, ("p", data), stored: before)
            }
        }
        let revised = try Self.revise(
            steps, ("p", #"{"code":"c"}"#), ("k", #"{"name":"own"}"#), ("i", #"{"n":2}"#), stored: before)
        #expect(revised.data(0, "code") == #""c""# && revised.data(1, "name") == #""own""#)
    }

    @Test(
        "changes that are refused",
        arguments: [
            ("z", "{}", "changes[0].step_id"), ("b", "{}", "changes[0].step_id"), ("d", "{}", "changes[0].step_id"),
            ("p", "[]", "changes[0].data"), ("p", #"{"nowhere":1}"#, "changes[0].data.nowhere"),
            ("p", #"{"sum":1}"#, "changes[0].data.sum"), ("p", #"{"id":null}"#, "changes[0].data.id"),
            ("p", #"{"name":null}"#, "changes[0].data.name"), ("p", #"{"n":"x"}"#, "changes[0].data.n"),
            ("u", #"{"id":"x"}"#, "changes[0].data.id"),
        ])
    func refused(entry: (step: String, data: String, path: String)) {
        Self.expectFault(entry.path) {
            try Self.revise(
                [
                    Self.parent, Samples.step("bulk_create", "t", #""rows":[{"name":"b"}]"#, id: "b"),
                    Samples.step("delete", "t", #""id":"x""#, id: "d"),
                    Samples.step("update", "t", #""id":"x","data":{"n":1}"#, id: "u"),
                ], (entry.step, entry.data))
        }
    }

    @Test func `without changes nothing changes`() throws {
        let steps = [Self.parent, Samples.step("create", "auto", #""data":{"t":{"$ref":"p.id"}}"#, id: "k")]
        let revised = try Self.revise(steps)
        #expect(revised.revision.payload == (try Samples.build(Samples.steps(steps[0], steps[1]))).payload)
        #expect(revised.revision.generatedIDs == nil)
    }
}
