// SPDX-License-Identifier: MIT
import JSON
import SeededRandom
import Testing

@testable import TransactionModel

@Suite struct IdentifierTests {
    @Test(
        "a transaction id is 1 to 128 bytes of a small alphabet",
        arguments: [
            ("a", true), ("A.z_9~-", true), (String(repeating: "x", count: 128), true), ("", false),
            (String(repeating: "x", count: 129), false), ("a b", false), ("a:b", false), ("é", false), ("a\0", false),
            ("a#b", false),
        ])
    func transactionID(entry: (text: String, isValid: Bool)) {
        #expect((TransactionID(entry.text) != nil) == entry.isValid)
    }

    @Test func `a UUIDv7 has its time, its version and its variant`() {
        var random = SeededGenerator(seed: 3)
        let time = Timestamp(microseconds: 1_790_000_000_123_456)
        let id = UUIDText.version7(at: time, using: &random)
        #expect(UUIDText.isValid(id))
        #expect(UUIDText.millisecondBits(ofVersion7: id) == 1_790_000_000_123)
        #expect(Array(id.utf8)[14] == UInt8(ascii: "7"))
        #expect("89ab".contains(Array(id)[19]))
        let later = UUIDText.version7(at: time + .milliseconds(1), using: &random)
        #expect(id < later)
    }

    @Test func `a derived UUIDv8 is a function of transaction, step and row`() throws {
        let id = try #require(TransactionID("t1"))
        let ids = [
            UUIDText.version8(transaction: id, step: "a", row: 0),
            UUIDText.version8(transaction: id, step: "a", row: 1),
            UUIDText.version8(transaction: id, step: "b", row: 0),
            UUIDText.version8(transaction: try #require(TransactionID("t2")), step: "a", row: 0),
        ]
        #expect(Set(ids).count == 4)
        #expect(ids[0] == UUIDText.version8(transaction: id, step: "a", row: 0))
        for id in ids {
            #expect(UUIDText.isValid(id))
            #expect(Array(id.utf8)[14] == UInt8(ascii: "8"))
            #expect("89ab".contains(Array(id)[19]))
        }
    }

    @Test func `a derived id begins with the time of a UUIDv7 transaction`() throws {
        var random = SeededGenerator(seed: 3)
        let transaction = TransactionID(at: Timestamp(microseconds: 1_790_000_000_000_000), using: &random)
        let id = UUIDText.version8(transaction: transaction, step: "a", row: 0)
        #expect(id.prefix(13) == transaction.string.prefix(13))
    }

    @Test(
        "the form of a UUID",
        arguments: [
            ("0190a0b0-0000-7000-8000-000000000000", true), ("0190A0B0-0000-7000-8000-00000000000F", true),
            ("0190a0b000007000800000000000000000000", false), ("0190a0b0-0000-7000-8000-00000000000g", false),
            ("0190a0b0-0000-7000-8000-00000000000", false), ("", false),
        ])
    func uuid(entry: (text: String, isValid: Bool)) { #expect(UUIDText.isValid(entry.text) == entry.isValid) }

    // MARK: References

    @Test(
        "references read back",
        arguments: ["a.id", "a-b_C.name", "a[0].id", "a[12].x y", "t.1~x#step.id", "t#s[3].id", "a.b.c"])
    func reference(text: String) throws {
        let reference = try #require(Reference(text: text))
        #expect(reference.text == text)
        #expect(Reference(try view(["$ref": .string(text)])) == reference)
    }

    @Test(
        "what is no reference",
        arguments: ["", "a", ".id", "a.", "a[x].id", "a[-1].id", "a[].id", "#a.id", "é.id", "t t#a.id", "a[0]b.id"])
    func noReference(text: String) { #expect(Reference(text: text) == nil) }

    @Test(
        "only an object whose one member is $ref refers",
        arguments: [
            ["$ref": "a.id", "x": 1], ["$ref": 1], "a.id", ["ref": "a.id"], ["$ref": "a"],
        ] as [JSONValue])
    func noReferenceObject(value: JSONValue) throws { #expect(Reference(try view(value)) == nil) }

    // MARK: Record keys

    @Test(
        "ids are encoded so that keys stay readable and distinct",
        arguments: [
            ("\"plain\"", "plain"), ("17", "17"), ("\"a:b%{}\"", "a%3Ab%25%7B%7D"), ("\"a,b\"", "a,b"),
            (#"{"a":"x,y","b":"z"}"#, "x%2Cy,z"), (#"{"a":1,"b":2}"#, "1,2"), (#"{"$ref":"t#s.id"}"#, ":t#s.id"),
            (#"{"$bytes":"AP8="}"#, "AP8="), ("\"\"", ""), ("true", "true"), (#"{"a":"u","b":true}"#, "u,true"),
            (#"{"a":false,"b":-1}"#, "false,-1"), (#"{"a":{"$ref":"t#s.id"},"b":"x,y"}"#, "::t#s.id,x%2Cy"),
            (#"{"a":1,"b":{"$ref":"t#s[2].id"}}"#, ":1,:t#s[2].id"), (#"{"a":{"$ref":"t#s.id"}}"#, ":t#s.id"),
        ])
    func recordKey(entry: (id: String, encoded: String)) throws {
        let key = try #require(RecordKey(model: "m", id: try JSONDocument(parsing: entry.id).root))
        #expect(key.encodedID.string == entry.encoded)
    }

    @Test(
        "what is no id",
        arguments: [
            "null", "[1]", "{}", #"{"a":[1]}"#, #"{"a":null,"b":1}"#, #"{"$ref":"q.id"}"#,
            #"{"a":{"$ref":"q.id"},"b":1}"#,
        ])
    func noRecordKey(text: String) throws {
        #expect(RecordKey(model: "m", id: try JSONDocument(parsing: text).root) == nil)
    }

    @Test func `no id of a client is taken for a reference or for any record`() throws {
        for text in [":any", ":t#s.id"] {
            let key = try #require(RecordKey(model: "m", id: try view(.string(text))))
            #expect(!key.isAnyRecord && !key.isReference)
        }
        for id in [["a": ":t#s.id", "b": "x"], ["a": ":", "b": ":any"], ["a": "", "b": ""]] as [JSONValue] {
            let key = try #require(RecordKey(model: "m", id: try view(id)))
            #expect(!key.isReference && RecordKey.references(in: key.encodedID) == [])
            #expect(RecordKey.resolved(key.encodedID, { _ in 1 }) == nil)
        }
        #expect(RecordKey.anyRecord(of: "m").isAnyRecord)
        #expect(RecordKey.references(in: RecordKey.anyRecord(of: "m").encodedID) == [])
        let transaction = try #require(TransactionID("t"))
        #expect(RecordKey.assigned(model: "m", transaction: transaction, step: "s", row: 2).encodedID == ":t#s[2].id")
    }

    @Test func `values and their JSON give the same key`() throws {
        for (values, id) in [
            ([["$bytes": "AP8="]], #"{"$bytes":"AP8="}"#), (["a", 1], #"{"x":"a","y":1}"#), ([5], "5"),
            ([true], "true"), (["a", false], #"{"x":"a","y":false}"#), ([["$ref": "t#s.id"]], #"{"$ref":"t#s.id"}"#),
            ([["$ref": "t#s.id"], "a"], #"{"x":{"$ref":"t#s.id"},"y":"a"}"#),
        ]
            as [([JSONValue], String)]
        {
            #expect(RecordKey(model: "m", key: values) == RecordKey(model: "m", id: try JSONDocument(parsing: id).root))
        }
    }

    @Test(
        "a key that is named by references becomes the key of its ids, as far as they are known",
        arguments: [
            (":t#s.id", ["t#s.id"], "7"), ("::t#s.id,x", ["t#s.id"], "7,x"), (":x%2Cy,:t#s.id", ["t#s.id"], "x%2Cy,7"),
            ("::t#s.id,:later#s.id", ["t#s.id", "later#s.id"], ":7,:later#s.id"),
            (":7,:later#s.id", ["later#s.id"], nil), ("::t#s.id,:t#s.id", ["t#s.id", "t#s.id"], "7,7"),
            (":,:t#s.id", ["t#s.id"], ",7"), ("7,x", [], nil), (":any", [], nil), ("", [], nil),
        ])
    func resolvedKey(entry: (encoded: String, references: [String], resolved: String?)) {
        let encoded = ByteString(entry.encoded)
        #expect(RecordKey.references(in: encoded).map(\.text) == entry.references)
        #expect(RecordKey.resolved(encoded) { $0.text == "t#s.id" ? 7 : nil }?.string == entry.resolved)
    }
}

func view(_ value: JSONValue) throws -> JSONView { try JSONDocument(parsing: value.bytes).root }
