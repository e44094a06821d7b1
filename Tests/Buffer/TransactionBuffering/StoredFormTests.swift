// SPDX-License-Identifier: MIT
import JSON
import Testing
import TransactionModel

@testable import TransactionBuffering

/// What a valid transaction is stored as.
@Suite struct StoredFormTests {
    private static func stored(_ steps: String...) throws -> (built: BuiltTransaction, transaction: StoredTransaction) {
        let built = try Samples.build(#"{"steps":["# + steps.joined(separator: ",") + "]}")
        return (built, try #require(StoredTransaction(payload: built.payload)))
    }

    private static func json(_ view: JSONView?) -> String? { view.map { text(Array($0.rawBytes)) } }

    @Test func `a create gets its defaults and a derived id`() throws {
        let (built, transaction) = try Self.stored(Samples.step("create", "t", #""data":{"name":"a"}"#))
        let row = transaction.steps[0].rows[0]
        let id = try #require(row.id?.string)
        #expect(id == UUIDText.version8(transaction: built.transactionID, step: "s", row: 0))
        #expect(row.data?["flag"]?.bool == true)
        #expect(row.data?["at"]?.string == Samples.now.description)
        #expect(row.data?["salt"] == nil, "only the database knows a volatile default")
        #expect(row.data?["id"]?.string == id)
        #expect(text(built.generatedIDs) == #"{"s":"\#(id)"}"#)
        #expect(built.changes == [RecordChange(record: RecordKey(model: "t", encodedID: id), step: 0)])
    }

    @Test func `a null key is a key left out`() throws {
        let (built, _) = try Self.stored(Samples.step("create", "t", #""data":{"name":"a","id":null}"#))
        let (same, _) = try Self.stored(Samples.step("create", "t", #""data":{"name":"a"}"#))
        #expect(built.generatedIDs == same.generatedIDs)
    }

    @Test func `a key that the database assigns is a reference until commit`() throws {
        let (built, transaction) = try Self.stored(Samples.step("create", "auto", #""data":{"n":1}"#))
        #expect(transaction.steps[0].rows[0].id == nil)
        #expect(text(built.generatedIDs) == #"{"s":{"$ref":"tx#s.id"}}"#)
        #expect(built.changes.map(\.record.encodedID) == [":tx#s.id"])
    }

    @Test func `bulk rows get an id each, and references name them`() throws {
        let (built, transaction) = try Self.stored(
            Samples.step("bulk_create", "t", #""rows":[{"name":"a"},{"name":"b","id":"mine"}]"#, id: "p"),
            Samples.step("create", "auto", #""data":{"t":{"$ref":"p[1].id"}}"#, id: "c"),
            Samples.step("create", "auto", #""data":{"t":{"$ref":"p[0].id"}}"#, id: "d"))
        let ids = transaction.steps[0].rows.compactMap { $0.id?.string }
        #expect(ids.count == 2 && ids[1] == "mine")
        #expect(transaction.steps[1].rows[0].data?["t"]?.string == "mine")
        #expect(transaction.steps[2].rows[0].data?["t"]?.string == ids[0])
        #expect(try JSONValue(parsing: built.generatedIDs)["p"]?.array?.count == 2)
        #expect(transaction.steps[1].dependsOn == ["p"])
    }

    @Test func `a reference may point forward`() throws {
        let (_, transaction) = try Self.stored(
            Samples.step("create", "auto", #""data":{"t":{"$ref":"p.id"}}"#, id: "c"),
            Samples.step("create", "t", #""data":{"name":"a","id":"x"}"#, id: "p"))
        #expect(transaction.steps[0].rows[0].data?["t"]?.string == "x")
        #expect(transaction.executionOrder == [1, 0])
    }

    @Test(arguments: [3, 16, 17, 40])
    func `steps, records and ids stand as they were sent, in whatever order they are built`(count: Int) throws {
        // Each step refers to the next one.
        var texts: [String] = []
        var names: [String] = []
        for index in 0..<count {
            let name = index + 1 < count ? #"{"$ref":"s\#(index + 1).name"}"# : #""last""#
            names += ["b\(index)", "s\(index)"]
            texts.append(
                Samples.step("bulk_create", "t", #""rows":[{"name":"x"},{"name":"y"}]"#, id: names[index * 2]))
            texts.append(
                Samples.step("create", "t", #""data":{"id":"k\#(index)","name":\#(name)}"#, id: names[index * 2 + 1]))
        }
        let (built, transaction) = try Self.stored(texts.joined(separator: ","))
        #expect(transaction.steps.map(\.id) == names)
        for step in transaction.steps where step.operation == .create {
            #expect(step.rows[0].data?["name"]?.string == "last")
        }
        #expect(built.changes == transaction.changes)
        let ids = try JSONDocument(parsing: built.generatedIDs).root
        #expect(ids.members.map { $0.name.string } == names)
        for (step, id) in zip(transaction.steps, ids.members.map { $0.value }) {
            let created = step.operation.isBulk ? id.elements.map(\.string) : [id.string]
            #expect(created == step.rows.map { $0.id?.string })
        }
    }

    @Test(
        "U+0000 is refused where the database can't store it, however it is written",
        arguments: [
            (#"{"v":"a\u0000b"}"#, "steps[0].data.v"), (#"{"id":"\u0000"}"#, "steps[0].data.id"),
            (#"{"j":{"a":["x",{"b\u0000":1}]}}"#, "steps[0].data.j"), (#"{"l":["x","\u0000"]}"#, "steps[0].data.l"),
            (#"{"v":"a\\u0000b","j":["\u0001"]}"#, nil),
        ] as [(String, String?)])
    func zero(entry: (data: String, path: String?)) throws {
        func schema(refusesZero: Bool) -> Schema {
            let columns = [
                Column(name: "id", type: .text), Column(name: "v", type: .text), Column(name: "j", type: .json),
                Column(name: "l", type: .array(of: .text)),
            ]
            return Schema(tables: [
                Table(name: "t", columns: columns, primaryKey: ["id"], refusesZero: refusesZero)
            ])
        }
        let text = Samples.steps(Samples.step("create", "t", "\"data\":" + entry.data))
        #expect(throws: Never.self) { try Samples.build(text, schema: schema(refusesZero: false)) }
        do {
            _ = try Samples.build(text, schema: schema(refusesZero: true))
            #expect(entry.path == nil)
        } catch let fault as ValidationFault {
            #expect(fault.path == entry.path)
        }
    }

    @Test func `a table of more columns than a word has bits`() throws {
        let columns = (0..<200).map { index in
            Column(name: "c\(index)", type: .integer, defaultValue: .constant(.integer(Int64(index))))
        }
        let wide = Schema(tables: [Table(name: "wide", columns: columns, primaryKey: ["c70", "c1"])])
        let built = try Samples.build(
            #"{"steps":[{"step_id":"s","operation":"create","model":"wide","data":{"c150":-1,"c65":-2}}]}"#,
            schema: wide)
        let transaction = try #require(StoredTransaction(payload: built.payload))
        let data = try #require(transaction.steps[0].rows[0].data)
        #expect(data.count == 200)
        for (name, value) in data.members {
            let index = try #require(name.string.flatMap { Int64($0.dropFirst()) })
            #expect(value.int64 == (index == 150 ? -1 : index == 65 ? -2 : index))
        }
        #expect(built.changes.map(\.record.keySuffix) == ["wide:70,1"])
    }

    @Test(
        "references are resolved to what the step writes",
        arguments: [
            (#"{"$ref":"p.name"}"#, #""a""#), (#"{"$ref":"p.id"}"#, #""x""#),
            (#"{"$ref":"q.name"}"#, #"{"$ref":"q.name"}"#),
            (#"{"$ref":"other#s.id"}"#, #"{"$ref":"other#s.id"}"#),
        ])
    func resolved(entry: (reference: String, stored: String)) throws {
        let (_, transaction) = try Self.stored(
            Samples.step("create", "t", #""data":{"name":"a","id":"x"}"#, id: "p"),
            Samples.step("query", "t", #""where":{"name":"z"}"#, id: "q"),
            Samples.step("create", "auto", #""data":{"t":\#(entry.reference)}"#, id: "c"))
        #expect(Self.json(transaction.steps[2].rows[0].data?["t"]) == entry.stored)
    }

    @Test func `a step remembers which of its columns came from other steps`() throws {
        let (built, _) = try Self.stored(
            Samples.step("create", "t", #""data":{"name":"a","id":"x"}"#, id: "p"),
            Samples.step("query", "t", #""where":{}"#, id: "q"),
            Samples.step(
                "create", "auto", #""data":{"t":{"$ref":"p.id"},"n":{"$ref":"q.n"},"id":{"$ref":"other#s.id"}}"#,
                id: "c"),
            Samples.step(
                "bulk_create", "t", #""rows":[{"name":"b"},{"name":{"$ref":"p.name"}},{"name":"c"}]"#, id: "b"),
            Samples.step(
                "update", "pair", #""id":{"a":{"$ref":"p.name"},"b":1},"data":{"v":{"$ref":"p.id"}}"#, id: "u"),
            Samples.step("delete", "t", #""id":{"$ref":"p.id"}"#, id: "d"),
            Samples.step("delete", "t", #""id":"y","depends_on":["p"]"#, id: "e"))
        let steps = try JSONDocument(parsing: built.payload).root["steps"].map { Array($0.elements) } ?? []
        let refs = [
            nil, nil, #"{"t":"p.id"}"#, #"[{},{"name":"p.name"}]"#, #"{"a":"p.name","v":"p.id"}"#, #"{"id":"p.id"}"#,
            "{}",
        ]
        #expect(steps.map { Self.json($0["refs"]) } == refs)
    }

    @Test func `known ids of other transactions take the place of their references`() throws {
        var builder = TransactionBuilder(schema: Samples.schema, now: Samples.now)
        builder.known = ["other#s.id": 17]
        let view = try JSONDocument(
            parsing: Samples.steps(Samples.step("update", "auto", #""id":{"$ref":"other#s.id"},"data":{"n":1}"#))
        ).root
        #expect(TransactionBuilder.foreignReferences(in: view).map(\.text) == ["other#s.id"])
        let built = try builder.build(view, id: try #require(TransactionID("tx")))
        #expect(built.changes.map(\.record.encodedID) == ["17"])
    }

    @Test(
        "records that changes name",
        arguments: [
            (#""id":"a:b","data":{}"#, "t", "a%3Ab"), (#""id":{"b":1,"a":"x,y"},"data":{}"#, "pair", "x%2Cy,1"),
            (#""id":{"$ref":"other#s.id"},"data":{}"#, "auto", ":other#s.id"), (#""id":5,"data":{}"#, "auto", "5"),
        ])
    func records(entry: (rest: String, model: String, encoded: String)) throws {
        let (built, _) = try Self.stored(Samples.step("update", entry.model, entry.rest))
        #expect(built.changes.map(\.record.encodedID.string) == [entry.encoded])
    }

    @Test func `a composite key with an assigned id names its record by the reference`() throws {
        let (built, transaction) = try Self.stored(
            Samples.step("create", "auto", #""data":{"n":1}"#, id: "o"),
            Samples.step("create", "pair", #""data":{"b":{"$ref":"o.id"},"a":"x,y"}"#, id: "p"),
            Samples.step("update", "pair", #""id":{"b":{"$ref":"p.b"},"a":"z"},"data":{}"#, id: "u"),
            Samples.step("query", "auto", #""where":{}"#, id: "q"),
            Samples.step("delete", "pair", #""id":{"b":{"$ref":"q.id"},"a":"z"}"#, id: "d"))
        let encoded = [":tx#o.id", ":x%2Cy,:tx#o.id", ":z,:tx#o.id", ":any"]
        #expect(built.changes.map(\.record.encodedID.string) == encoded)
        #expect(transaction.changes == built.changes)
        #expect(try JSONValue(parsing: built.generatedIDs)["p"] == ["a": "x,y", "b": ["$ref": "tx#o.id"]])
    }

    @Test func `a boolean in a key is written as such`() throws {
        let (built, transaction) = try Self.stored(
            Samples.step("create", "switch", #""data":{"a":"x","on":true}"#, id: "c"),
            Samples.step("update", "switch", #""id":{"on":false,"a":"x"},"data":{}"#, id: "u"),
            Samples.step("delete", "flag", #""id":true"#, id: "d"))
        #expect(built.changes.map(\.record.encodedID) == ["x,true", "x,false", "true"])
        #expect(transaction.changes == built.changes)
    }

    @Test func `a record that only a query finds can't be named`() throws {
        let (built, _) = try Self.stored(
            Samples.step("query", "t", #""where":{}"#, id: "q"),
            Samples.step("update", "t", #""id":{"$ref":"q.id"},"data":{}"#))
        #expect(built.changes.map(\.record) == [.anyRecord(of: "t")])
    }

    @Test func `an upsert keeps its defaults apart`() throws {
        let (_, transaction) = try Self.stored(Samples.step("upsert", "t", #""data":{"name":"a","id":"x"}"#))
        let row = transaction.steps[0].rows[0]
        #expect(row.data?["flag"] == nil && row.data?["name"] != nil)
        #expect(row.defaults?["flag"]?.bool == true && row.defaults?["at"] != nil)
        #expect(row.id?.string == "x")
    }

    @Test(
        "an upsert by its key has an id, by another column it has none",
        arguments: [
            (#""data":{"name":"a","id":"x"},"conflict":["id"]"#, true), (#""data":{"name":"a","id":"x"}"#, true),
            (#""data":{"name":"a","code":"c"},"conflict":["code"]"#, false),
        ])
    func upsert(entry: (rest: String, hasID: Bool)) throws {
        let (built, transaction) = try Self.stored(Samples.step("upsert", "t", entry.rest))
        #expect((transaction.steps[0].rows[0].id != nil) == entry.hasID)
        #expect(built.changes[0].record.isAnyRecord == !entry.hasID)
        #expect(transaction.steps[0].conflict.isEmpty == entry.hasID)
    }

    @Test func `a conflict list may name the key's columns in any order`() throws {
        let (_, transaction) = try Self.stored(
            Samples.step("upsert", "pair", #""data":{"a":"x","b":1},"conflict":["b","a"]"#))
        #expect(transaction.steps[0].conflict == [])
    }

    @Test func `values are stored canonical`() throws {
        let (_, transaction) = try Self.stored(
            Samples.step(
                "create", "t",
                #""data":{"name":"a","r":1,"d":1.50,"u":"AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE","at":"2026-01-02 03:04","doc":{"$literal":{"a":1}}}"#
            ))
        let data = transaction.steps[0].rows[0].data
        #expect(Self.json(data?["r"]) == "1.0" && Self.json(data?["d"]) == "1.50")
        #expect(data?["u"]?.string == "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
        #expect(data?["at"]?.string == "2026-01-02T03:04:00.000000Z" && Self.json(data?["doc"]) == #"{"a":1}"#)
    }

    @Test func `members of the transaction travel along, null ones do not`() throws {
        let built = try Samples.build(
            #"{"endpoint":"POST /x","ordering_key":"k","metadata":{"a":[1.0]},"retry":{"max_attempts":7},"steps":[\#(Samples.step("delete", "t", #""id":"x""#))]}"#
        )
        let transaction = try #require(StoredTransaction(payload: built.payload))
        #expect(transaction.orderingKey == "k" && transaction.attemptsMax == 7)
        #expect(Self.json(transaction.root["metadata"]) == #"{"a":[1.0]}"#)
        let bare = try Samples.build(
            #"{"endpoint":null,"metadata":null,"steps":[\#(Samples.step("delete", "t", #""id":"x""#))]}"#)
        #expect(try JSONDocument(parsing: bare.payload).root["endpoint"] == nil)
    }

    @Test func `without a schema a create is stored as it came`() throws {
        let built = try Samples.build(
            Samples.steps(
                Samples.step("create", "x", #""data":{"id":"a","v":1.50}"#, id: "p"),
                Samples.step("create", "y", #""data":{"id":1,"v":{"$ref":"p.id"}}"#, id: "c")), schema: nil)
        let transaction = try #require(StoredTransaction(payload: built.payload))
        #expect(Self.json(transaction.steps[0].rows[0].data) == #"{"id":"a","v":1.50}"#)
        #expect(transaction.steps[1].rows[0].data?["v"]?.string == "a")
        #expect(built.changes.map(\.record.keySuffix) == ["x:a", "y:1"])
    }

    @Test func `the same transaction gives the same payload, and another time only other now defaults`() throws {
        let steps = Samples.steps(
            Samples.step("create", "t", #""data":{"name":"a"}"#, id: "a"),
            Samples.step("bulk_create", "t", #""rows":[{"name":"a"},{"name":"b"}]"#, id: "b"),
            Samples.step("create", "auto", #""data":{"t":{"$ref":"b[1].id"}}"#, id: "c"))
        let (first, again) = (try Samples.build(steps), try Samples.build(steps))
        #expect(first.payload == again.payload && first.changes == again.changes)
        let later = try Samples.build(steps, now: Samples.now + .seconds(1))
        #expect(later.generatedIDs == first.generatedIDs && later.contentHash == first.contentHash)
        let moved = text(first.payload).split(separator: Samples.now.description).joined()
        #expect(moved == text(later.payload).split(separator: (Samples.now + .seconds(1)).description).joined())
        #expect(try Samples.build(steps, id: "other").generatedIDs != first.generatedIDs)
    }

    @Test(
        "the content hash is of the content",
        arguments: [
            (#"{"a":1,"b":"é"}"#, #"{ "b" : "\u00e9", "a" : 1 }"#, true), (#"{"a":1}"#, #"{"a":1.0}"#, false),
            (#"{"a":1e2}"#, #"{"a":100}"#, false), (#"{"a":"x"}"#, #"{"a":"\u0078"}"#, true),
            (#"{"a":[1,2]}"#, #"{"a":[2,1]}"#, false),
            (#"{"a":{"y":1,"x":2}}"#, #"{"a":{"x":2,"y":1}}"#, true), (#"{"é":1}"#, "{\"e\u{301}\":1}", false),
            (#"{"a":null}"#, "{}", false),
        ])
    func contentHash(entry: (a: String, b: String, isSame: Bool)) throws {
        let (a, b) = (try JSONDocument(parsing: entry.a).root, try JSONDocument(parsing: entry.b).root)
        #expect((ContentHasher.hash(a) == ContentHasher.hash(b)) == entry.isSame)
    }
}
