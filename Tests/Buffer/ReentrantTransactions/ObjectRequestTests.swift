// SPDX-License-Identifier: MIT
import Keyspace
import Testing

@testable import ReentrantTransactions

/// What a write does, decided from what is stored: a table.
@Suite("An object's write, decided")
struct ObjectRequestTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var verb: ObjectRequest.Verb = .save
        var fields: ObjectFields = [:]
        var unique: [String] = []
        var exists = true
        /// What is stored: declared unique fields, values, owners of values by `field=value`.
        var declared: [String] = []
        var values: [String: String] = [:]
        var owners: [String: String] = [:]
        var expected: [String]

        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(
            name: "a new object", fields: ["a": "1", "b": 2], exists: false,
            expected: ["HSET object:k:7 a 1 b 2"]),
        Row(
            name: "a nil field is removed", fields: ["a": "1", "b": nil],
            expected: ["HSET object:k:7 a 1", "HDEL object:k:7 b"]),
        Row(name: "nothing to change", expected: []),
        Row(
            name: "a field is declared unique and takes its value", fields: ["e": "x"], unique: ["e"], exists: false,
            expected: ["SADD object_unique_fields:k e", "HSET object_unique:k:e x 7", "HSET object:k:7 e x"]),
        Row(
            name: "a changed value frees the old one", fields: ["e": "y"], declared: ["e"], values: ["e": "x"],
            owners: ["e=x": "7"],
            expected: ["HDEL object_unique:k:e x", "HSET object_unique:k:e y 7", "HSET object:k:7 e y"]),
        Row(
            name: "an unchanged value stays", fields: ["e": "x", "a": 1], declared: ["e"], values: ["e": "x"],
            owners: ["e=x": "7"], expected: ["HSET object:k:7 e x a 1"]),
        Row(
            name: "a field not mentioned keeps its value and its entry", fields: ["a": 1], declared: ["e"],
            values: ["e": "x"], owners: ["e=x": "7"], expected: ["HSET object:k:7 a 1"]),
        Row(
            name: "a value saved before the field was unique enters the index", fields: ["a": 1], declared: ["e"],
            values: ["e": "x"], expected: ["HSET object_unique:k:e x 7", "HSET object:k:7 a 1"]),
        Row(
            name: "a removed field frees its value", fields: ["e": nil], declared: ["e"], values: ["e": "x"],
            owners: ["e=x": "7"], expected: ["HDEL object_unique:k:e x", "HDEL object:k:7 e"]),
        Row(
            name: "another's entry is never removed", fields: ["e": "y"], declared: ["e"], values: ["e": "x"],
            owners: ["e=x": "8"], expected: ["HSET object_unique:k:e y 7", "HSET object:k:7 e y"]),
        Row(
            name: "deleting frees every value", verb: .delete, declared: ["e", "f"], values: ["e": "x", "f": "y"],
            owners: ["e=x": "7", "f=y": "7"],
            expected: ["HDEL object_unique:k:e x", "HDEL object_unique:k:f y", "DEL object:k:7"]),
    ]

    @Test("the commands", arguments: rows)
    func commands(_ row: Row) throws {
        let (request, snapshot) = Self.request(row)
        #expect(try request.commands(snapshot).commands.map(Self.words) == row.expected)
    }

    @Test("a value of another object is refused, be it new or met again")
    func taken() {
        for values in [[:], ["e": "x"]] {
            let (request, snapshot) = Self.request(
                Row(
                    name: "", fields: ["e": "x"], declared: ["e"], values: values, owners: ["e=x": "8"], expected: []))
            #expect(throws: ObjectError(.valueTaken(field: Array("e".utf8)))) { try request.commands(snapshot) }
        }
    }

    @Test("what is known without reading more")
    func early() throws {
        func early(_ verb: ObjectRequest.Verb, _ fields: ObjectFields, exists: Bool) throws -> ObjectResult? {
            try Self.request(Row(name: "", verb: verb, fields: fields, expected: [])).0.early(exists: exists)
        }
        #expect(throws: ObjectError(.exists)) { try early(.create, ["a": 1], exists: true) }
        #expect(try early(.saveIfNotExists, ["a": 1], exists: true) == ObjectResult(outcome: .existed))
        #expect(try early(.delete, [:], exists: false) == ObjectResult(outcome: .absent))
        for verb in [ObjectRequest.Verb.save, .create, .saveIfNotExists] {
            #expect(throws: ObjectError(.empty)) { try early(verb, ["a": nil], exists: false) }
            #expect(try early(verb, ["a": 1], exists: false) == nil)
        }
        #expect(try early(.save, [:], exists: true) == nil)
        #expect(try early(.delete, [:], exists: true) == nil)
    }

    @Test("what a request left behind answers its repeat, and refuses another content")
    func remembered() throws {
        let id = ObjectRequestID("r", content: "abc def")
        let command = id.remembering(.created)
        #expect(Self.words(command) == "SET object_request:r created abc def EX 3600")
        let stored = Reply.bulk(command.arguments[2])
        #expect(try id.remembered(stored) == ObjectResult(outcome: .created, isDuplicate: true))
        #expect(try id.remembered(.null) == nil)
        for other in [ObjectRequestID("r", content: "abc"), ObjectRequestID("r", content: "abc defg")] {
            #expect(throws: ObjectError(.requestConflict)) { try other.remembered(stored) }
        }
        #expect(throws: ObjectError(.requestConflict)) { try id.remembered(.bulk(Array("what".utf8))) }
    }

    @Test("keys encode what would make two of one")
    func keys() {
        #expect(ObjectKey("k", "a:b").hash == Array("object:k:a%3Ab".utf8))
        #expect(ObjectKey("k:a", "b").hash == Array("object:k%3Aa:b".utf8))
        #expect(ObjectKey("{k}", "%").hash == Array("object:%7Bk%7D:%25".utf8))
        #expect(ObjectKey("k", 7).uniqueIndex(of: Array("e:f".utf8)) == Array("object_unique:k:e%3Af".utf8))
        // Equal for Swift's strings, not for the store.
        #expect(ObjectKey("k", "\u{e9}") != ObjectKey("k", "e\u{301}"))
    }

    @Test("of two fields of one name the later counts; names are compared byte by byte")
    func fields() {
        let fields = ObjectFields([.init("a", "1"), .init("b", "2"), .init("a", nil)])
        #expect(fields.all == [.init("a", nil), .init("b", "2")])
        #expect(ObjectFields([.init("\u{e9}", "1"), .init("e\u{301}", "2")]).all.count == 2)
        #expect(ObjectFields(.array([])) == nil && ObjectFields(.null) == nil)
        let read = ObjectFields(.array([.bulk(Array("a".utf8)), .bulk([0xFF])]))
        #expect(read?["a"] == [0xFF] && read?.text("a") == nil && read?.text("b") == nil)
    }

    private static func request(_ row: Row) -> (ObjectRequest, ObjectRequest.Snapshot) {
        var snapshot = ObjectRequest.Snapshot(exists: row.exists)
        snapshot.declared = Set(row.declared.map { Array($0.utf8) })
        for (field, value) in row.values { snapshot.values[Array(field.utf8)] = Array(value.utf8) }
        for (slot, owner) in row.owners {
            let parts = slot.split(separator: "=").map { Array($0.utf8) }
            snapshot.owners[.init(field: parts[0], value: parts[1])] = Array(owner.utf8)
        }
        let request = ObjectRequest(
            verb: row.verb, key: ObjectKey("k", 7), fields: row.fields, unique: row.unique.map { Array($0.utf8) })
        return (request, snapshot)
    }

    private static func words(_ command: Command) -> String {
        command.arguments.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }
}
