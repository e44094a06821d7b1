// SPDX-License-Identifier: MIT
import JSON
import Testing

@testable import TransactionModel

@Suite struct ConflictKeyTests {
    @Test func `uses conflict as the table says`() {
        typealias Use = ConflictKey.Use
        let all: [Use] = [.exclusive, .writes, .reads, .refers]
        let conflicts: Set<[Use]> = [
            [.exclusive, .exclusive], [.exclusive, .writes], [.exclusive, .reads], [.exclusive, .refers],
            [.writes, .exclusive], [.reads, .exclusive], [.refers, .exclusive], [.writes, .reads], [.reads, .writes],
        ]
        for a in all { for b in all { #expect(a.conflicts(with: b) == conflicts.contains([a, b]), "\(a) \(b)") } }
    }

    static let schema = Schema(tables: [
        Table(
            name: "p",
            columns: [
                Column(name: "id", type: .text), Column(name: "u", type: .text), Column(name: "v", type: .integer),
            ],
            primaryKey: ["id"], uniqueKeys: [["u"], ["u", "v"]]),
        Table(
            name: "c", columns: [Column(name: "id", type: .integer), Column(name: "p", type: .text)],
            primaryKey: ["id"],
            assignsKey: true, foreignKeys: [ForeignKey(columns: ["p"], table: "p", referencedColumns: ["id"])]),
        Table(
            name: "d",
            columns: [
                Column(name: "id", type: .text), Column(name: "c", type: .integer), Column(name: "u", type: .text),
                Column(name: "a", type: .text), Column(name: "b", type: .text),
            ],
            primaryKey: ["id"],
            foreignKeys: [
                ForeignKey(columns: ["c"], table: "c", referencedColumns: ["id"]),
                ForeignKey(columns: ["u"], table: "p", referencedColumns: ["u"]),
                ForeignKey(columns: ["b", "a"], table: "k", referencedColumns: ["y", "x"]),
            ]),
        Table(
            name: "e", columns: [Column(name: "id", type: .text), Column(name: "k", type: .text)], primaryKey: ["id"],
            foreignKeys: [ForeignKey(columns: ["k"], table: "f", referencedColumns: ["id"], onDelete: .cascade)]),
        Table(
            name: "f", columns: [Column(name: "id", type: .text(.foreign)), Column(name: "g", type: .text)],
            primaryKey: ["id"],
            foreignKeys: [ForeignKey(columns: ["g"], table: "g", referencedColumns: ["id"], onDelete: .cascade)]),
        Table(
            name: "g", columns: [Column(name: "id", type: .text), Column(name: "e", type: .text)], primaryKey: ["id"],
            foreignKeys: [ForeignKey(columns: ["e"], table: "h", referencedColumns: ["id"], onDelete: .setNull)]),
        Table(name: "h", columns: [Column(name: "id", type: .text)], primaryKey: ["id"]),
        Table(
            name: "k", columns: [Column(name: "x", type: .text), Column(name: "y", type: .text)],
            primaryKey: ["x", "y"]),
        Table(
            name: "l", columns: [Column(name: "c", type: .integer), Column(name: "n", type: .text)],
            primaryKey: ["c", "n"], foreignKeys: [ForeignKey(columns: ["c"], table: "c", referencedColumns: ["id"])]),
        Table(
            name: "m", columns: [Column(name: "a", type: .integer), Column(name: "b", type: .integer)],
            primaryKey: ["a", "b"]),
        Table(
            name: "o", columns: [Column(name: "id", type: .text), Column(name: "u", type: .text)],
            primaryKey: ["id"], partialUniqueKeys: [["u"]]),
        Table(
            name: "q", columns: [Column(name: "id", type: .text), Column(name: "u", type: .text)],
            primaryKey: ["id"], hasComputedUniqueness: true),
        Table(
            name: "n",
            columns: [
                Column(name: "id", type: .text), Column(name: "a", type: .integer), Column(name: "b", type: .integer),
            ],
            primaryKey: ["id"],
            foreignKeys: [ForeignKey(columns: ["a", "b"], table: "m", referencedColumns: ["a", "b"])]),
    ])

    static func keys(_ steps: String, orderingKey: String? = nil, id: String = "t") throws -> [ConflictKey] {
        let order = orderingKey.map { #""ordering_key":"\#($0)","# } ?? ""
        let text = #"{"format":1,"transaction_id":"\#(id)",\#(order)"steps":[\#(steps)]}"#
        return try #require(StoredTransaction(payload: Array(text.utf8))).conflictKeys(in: schema)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var a: String
        var b: String
        var conflicts: Bool
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "the same record", a: update("p", "\"x\""), b: update("p", "\"x\""), conflicts: true),
        Case(name: "other records", a: update("p", "\"x\""), b: update("p", "\"y\""), conflicts: false),
        Case(name: "records of other models", a: update("p", "\"1\""), b: update("c", "1"), conflicts: false),
        Case(name: "a parent and its child", a: update("p", "\"x\""), b: child("x"), conflicts: true),
        Case(name: "two children of one parent", a: child("x"), b: child("x"), conflicts: false),
        Case(name: "a child and another parent", a: update("p", "\"y\""), b: child("x"), conflicts: false),
        Case(name: "a query and a writer of its model", a: query("p"), b: update("p", "\"x\""), conflicts: true),
        Case(name: "a query and a writer of another model", a: query("p"), b: update("c", "1"), conflicts: false),
        Case(name: "two queries", a: query("p"), b: query("p"), conflicts: false),
        Case(name: "one unique value", a: unique("x", "\"k\""), b: unique("y", "\"k\""), conflicts: true),
        Case(name: "two unique values", a: unique("x", "\"k\""), b: unique("y", "\"l\""), conflicts: false),
        Case(name: "null is no unique value", a: unique("x", "null"), b: unique("y", "null"), conflicts: false),
        Case(
            name: "an unnamed record and any writer of the model",
            a: #"{"step_id":"s","operation":"update","model":"p","id":{"$ref":"q.id"},"data":{}}"#,
            b: update("p", "\"x\""),
            conflicts: true),
        Case(name: "an unnamed record and a child", a: unnamed, b: child("x"), conflicts: true),
        Case(
            name: "a parent that a query finds", a: update("p", "\"x\""),
            b: query("c") + "," + step("create", "c", data: #"{"p":{"$ref":"q.p"}}"#), conflicts: true),
        Case(
            name: "a composite parent, its columns in another order", a: update("k", #"{"x":"1","y":"2"}"#),
            b: step("create", "d", data: #"{"a":"1","b":"2"}"#), conflicts: true),
        Case(
            name: "another composite parent", a: update("k", #"{"x":"1","y":"2"}"#),
            b: step("create", "d", data: #"{"a":"2","b":"1"}"#), conflicts: false),
        Case(
            name: "a delete and a child that it may delete along", a: delete("h"), b: update("g", "\"x\""),
            conflicts: true),
        Case(
            name: "a delete and the child of a child that is deleted along", a: delete("g"), b: update("e", "\"x\""),
            conflicts: true),
        Case(
            name: "a delete and the child of a child that is only changed", a: delete("h"), b: update("f", "\"x\""),
            conflicts: false),
        Case(
            name: "a delete and a child that keeps it from being deleted", a: delete("p"), b: update("c", "1"),
            conflicts: false),
        Case(
            name: "keys that only the database can compare", a: update("f", "\"x\""), b: update("f", "\"X\""),
            conflicts: true),
        Case(
            name: "a key that only the database can compare, and who names it", a: update("f", "\"X\""),
            b: step("create", "e", data: #"{"k":"x"}"#), conflicts: true),
        Case(
            name: "a new child that names no parent in whole", a: update("k", #"{"x":"1","y":"2"}"#),
            b: step("create", "d", data: #"{"a":"1"}"#), conflicts: false),
        Case(
            name: "a child that changes half of its parent's name", a: update("k", #"{"x":"1","y":"2"}"#),
            b: step("update", "d", id: "\"d\"", data: #"{"a":"1"}"#), conflicts: true),
        Case(
            name: "a parent named by a unique value", a: update("p", "\"x\""),
            b: step("create", "d", data: #"{"u":"k"}"#), conflicts: true),
        Case(
            name: "a unique value that is a default", a: unique("x", "\"k\""),
            b: #"{"step_id":"s","operation":"upsert","model":"p","id":"y","data":{},"defaults":{"u":"k"}}"#,
            conflicts: true),
        Case(
            name: "the same value where it is unique among some rows",
            a: step("create", "o", id: "\"x\"", data: #"{"u":"k"}"#),
            b: step("create", "o", id: "\"y\"", data: #"{"u":"k"}"#), conflicts: true),
        Case(
            name: "other values where they are unique among some rows",
            a: step("create", "o", id: "\"x\"", data: #"{"u":"k"}"#),
            b: step("create", "o", id: "\"y\"", data: #"{"u":"l"}"#), conflicts: false),
        Case(
            name: "any values where what is unique is computed",
            a: step("create", "q", id: "\"x\"", data: #"{"u":"k"}"#),
            b: step("update", "q", id: "\"y\"", data: #"{"u":"K"}"#), conflicts: true),
        Case(
            name: "a delete where what is unique is computed", a: delete("q"),
            b: step("create", "q", id: "\"y\"", data: #"{"u":"K"}"#), conflicts: false),
        Case(
            name: "an assigned id by reference and by number", a: update("c", #"{"$ref":"z#s.id"}"#),
            b: update("c", "5"), conflicts: true),
        Case(
            name: "two assigned ids by reference", a: update("c", #"{"$ref":"z#s.id"}"#),
            b: update("c", #"{"$ref":"y#s.id"}"#), conflicts: false),
        Case(
            name: "a child by reference and its parent by number",
            a: step("create", "d", data: #"{"c":{"$ref":"z#s.id"}}"#), b: update("c", "5"), conflicts: true),
        Case(
            name: "a child by number and its parent by reference", a: step("create", "d", data: #"{"c":5}"#),
            b: update("c", #"{"$ref":"z#s.id"}"#), conflicts: true),
        Case(
            name: "a child by number and one by reference", a: step("create", "d", data: #"{"c":5}"#),
            b: step("create", "d", data: #"{"c":{"$ref":"z#s.id"}}"#), conflicts: false),
        Case(
            name: "new records under assigned ids", a: step("create", "c", data: "{}"),
            b: step("create", "c", data: "{}"), conflicts: false),
        Case(
            name: "a boolean in a composite parent", a: update("k", #"{"x":"1","y":true}"#),
            b: step("create", "d", data: #"{"a":"1","b":true}"#), conflicts: true),
        Case(
            name: "a parent and child in one, and another pair", a: pair("x"), b: pair("y"), conflicts: false),
    ]

    @Test("who conflicts with whom", arguments: cases)
    func conflicts(entry: Case) throws {
        let (a, b) = (try Self.keys(entry.a, id: "a"), try Self.keys(entry.b, id: "b"))
        let there = a.contains { key in b.contains { $0.conflicts(with: key) } }
        let back = b.contains { key in a.contains { $0.conflicts(with: key) } }
        #expect(there == entry.conflicts && back == entry.conflicts)
    }

    @Test func `joined uses conflict with whatever either conflicts with`() {
        for a in ConflictKey.Use.all {
            for b in ConflictKey.Use.all {
                for other in ConflictKey.Use.all where a.conflicts(with: other) || b.conflicts(with: other) {
                    #expect(a.joined(with: b).conflicts(with: other), "\(a) \(b) \(other)")
                }
            }
        }
        #expect(ConflictKey.Use.writes.joined(with: .refers) == .writes, "no more order than needed")
    }

    @Test func `what orders only those that run at once is not held`() throws {
        let keys = try Self.keys(Self.step("create", "q", id: "\"x\"", data: #"{"u":"k"}"#))
        #expect(keys.filter { !$0.canBeHeld }.map(\.name.string) == ["c:q"])
    }

    @Test func `an ordering key orders`() throws {
        let a = try Self.keys(Self.update("p", "\"x\""), orderingKey: "k")
        let b = try Self.keys(Self.update("c", "1"), orderingKey: "k")
        #expect(a.contains { key in b.contains { $0.conflicts(with: key) } })
    }

    @Test func `each key stands once, with the use that conflicts most`() throws {
        let keys = try Self.keys(Self.query("p") + "," + Self.update("p", "\"x\"") + "," + Self.update("p", "\"x\""))
        #expect(Set(keys.map(\.name)).count == keys.count)
        #expect(keys.first { $0.name == "m:p" }?.use == .exclusive)
    }

    @Test func `a record under an assigned id is the one that references name`() throws {
        let creator = try Self.keys(#"{"step_id":"s","operation":"create","model":"c","data":{}}"#, id: "a")
        let user = try Self.keys(Self.update("c", #"{"$ref":"a#s.id"}"#), id: "b")
        #expect(creator.contains { key in user.contains { $0.conflicts(with: key) } })
    }

    static func update(_ model: String, _ id: String) -> String {
        #"{"step_id":"s","operation":"update","model":"\#(model)","id":\#(id),"data":{}}"#
    }

    static func delete(_ model: String) -> String {
        #"{"step_id":"s","operation":"delete","model":"\#(model)","id":"gone"}"#
    }

    static let unnamed = #"{"step_id":"s","operation":"update","model":"p","id":{"$ref":"q.id"},"data":{}}"#

    static func step(_ operation: String, _ model: String, id: String? = nil, data: String) -> String {
        let id = id.map { #""id":\#($0),"# } ?? ""
        return #"{"step_id":"s","operation":"\#(operation)","model":"\#(model)",\#(id)"data":\#(data)}"#
    }

    static func pair(_ id: String) -> String {
        #"{"step_id":"a","operation":"create","model":"p","id":"\#(id)","data":{"id":"\#(id)"}},"# + child(id)
    }

    static func child(_ parent: String) -> String {
        #"{"step_id":"s","operation":"create","model":"c","data":{"p":"\#(parent)"}}"#
    }

    static func query(_ model: String) -> String {
        #"{"step_id":"q","operation":"query","model":"\#(model)","where":{}}"#
    }

    static func unique(_ id: String, _ value: String) -> String {
        #"{"step_id":"s","operation":"update","model":"p","id":"\#(id)","data":{"u":\#(value)}}"#
    }

    // MARK: Order of steps

    @Test func `steps stand after their dependencies and otherwise as they were`() {
        #expect(StepOrder.resolve([("a", []), ("b", []), ("c", [])]).order == [0, 1, 2])
        #expect(StepOrder.resolve([("a", ["c"]), ("b", []), ("c", [])]).order == [1, 2, 0])
        #expect(StepOrder.resolve([("a", ["b"]), ("b", ["c"]), ("c", [])]).order == [2, 1, 0])
        #expect(StepOrder.resolve([("a", ["b"]), ("b", ["a"]), ("c", [])]).order == [2])
        #expect(StepOrder.resolve([("a", ["b"]), ("b", ["a"]), ("c", [])]).cyclic == 0)
        #expect(StepOrder.resolve([("a", ["a"])]).cyclic == 0)
        #expect(StepOrder.resolve([]).cyclic == nil)
    }
}
