// SPDX-License-Identifier: MIT
import JSON
import Testing

@testable import TransactionModel

/// Who conflicts with whom where the database assigns ids that stand in composite keys.
@Suite struct CompositeConflictTests {
    typealias Case = ConflictKeyTests.Case

    static let cases: [Case] = [
        Case(
            name: "one link by one reference", a: update("l", #"{"c":{"$ref":"z#s.id"},"n":"x"}"#),
            b: update("l", #"{"c":{"$ref":"z#s.id"},"n":"x"}"#), conflicts: true),
        Case(
            name: "two links by one reference", a: update("l", #"{"c":{"$ref":"z#s.id"},"n":"x"}"#),
            b: update("l", #"{"c":{"$ref":"z#s.id"},"n":"y"}"#), conflicts: false),
        Case(
            name: "a link by reference and by id", a: update("l", #"{"c":{"$ref":"z#s.id"},"n":"x"}"#),
            b: update("l", #"{"c":5,"n":"x"}"#), conflicts: true),
        Case(
            name: "a link by reference and one made again by id", a: update("l", #"{"c":{"$ref":"z#s.id"},"n":"x"}"#),
            b: create("l", #"{"c":5,"n":"x"}"#), conflicts: true),
        Case(
            name: "links by id", a: update("l", #"{"c":5,"n":"x"}"#), b: create("l", #"{"c":5,"n":"y"}"#),
            conflicts: false),
        Case(name: "two transactions with a record and its link", a: own("a"), b: own("b"), conflicts: false),
        Case(
            name: "a record with its link, and another link by id", a: own("a"), b: create("l", #"{"c":5,"n":"x"}"#),
            conflicts: false),
        Case(
            name: "a record with its link, and who names the link", a: own("a"),
            b: update("l", #"{"c":{"$ref":"a#o.id"},"n":"x"}"#), conflicts: true),
        Case(
            name: "a link of two, of which one became known between", a: update("m", two("z#s.id", "y#s.id")),
            b: update("m", #"{"a":5,"b":{"$ref":"y#s.id"}}"#), conflicts: true),
        Case(
            name: "a link of two by one and by the other", a: update("m", #"{"a":{"$ref":"z#s.id"},"b":6}"#),
            b: update("m", #"{"a":5,"b":{"$ref":"y#s.id"}}"#), conflicts: true),
        Case(
            name: "a link of two and who names it by its ids", a: update("m", two("z#s.id", "y#s.id")),
            b: create("n", #"{"id":"1","a":5,"b":6}"#), conflicts: true),
        Case(
            name: "a link of two by its ids and who names it by references", a: update("m", #"{"a":5,"b":6}"#),
            b: create("n", #"{"id":"1","a":{"$ref":"z#s.id"},"b":{"$ref":"y#s.id"}}"#), conflicts: true),
        Case(
            name: "a link of two by references, and who names it by one of them",
            a: update("m", two("z#s.id", "y#s.id")),
            b: create("n", #"{"id":"1","a":5,"b":{"$ref":"y#s.id"}}"#), conflicts: true),
        Case(
            name: "an unnamed link and any other", a: update("l", #"{"c":{"$ref":"q.id"},"n":"x"}"#),
            b: update("l", #"{"c":5,"n":"y"}"#), conflicts: true),
    ]

    @Test("who conflicts with whom", arguments: cases)
    func conflicts(entry: Case) throws {
        let (a, b) = (try ConflictKeyTests.keys(entry.a, id: "a"), try ConflictKeyTests.keys(entry.b, id: "b"))
        let there = a.contains { key in b.contains { $0.conflicts(with: key) } }
        let back = b.contains { key in a.contains { $0.conflicts(with: key) } }
        #expect(there == entry.conflicts && back == entry.conflicts)
    }

    private static func update(_ model: String, _ id: String) -> String { ConflictKeyTests.update(model, id) }

    private static func create(_ model: String, _ key: String) -> String {
        ConflictKeyTests.step("create", model, id: model == "n" ? "\"1\"" : key, data: key)
    }

    private static func two(_ a: String, _ b: String) -> String { #"{"a":{"$ref":"\#(a)"},"b":{"$ref":"\#(b)"}}"# }

    /// A record under an assigned id, and its link.
    private static func own(_ transaction: String) -> String {
        let key = #"{"c":{"$ref":"\#(transaction)#o.id"},"n":"x"}"#
        return #"{"step_id":"o","operation":"create","model":"c","data":{}},"#
            + ConflictKeyTests.step("create", "l", id: key, data: key)
    }
}
