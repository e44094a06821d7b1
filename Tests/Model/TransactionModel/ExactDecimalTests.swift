// SPDX-License-Identifier: MIT
import JSON
import SeededRandom
import Testing

@testable import TransactionModel

@Suite struct ExactDecimalTests {
    @Test(
        "a number is written out",
        arguments: [
            ("0", "0"), ("-0", "0"), ("-0.0", "0.0"), ("1.50", "1.50"), ("1e2", "100"), ("1.5e1", "15"),
            ("1.50e1", "15.0"),
            ("1E-3", "0.001"), ("-12.5e-3", "-0.0125"), ("0e5", "0"), ("0.10", "0.10"), ("1e+2", "100"),
            ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
        ])
    func text(number: String, text: String) { #expect(ExactDecimal(number)?.text == text) }

    @Test(
        "what is no number, or too long",
        arguments: ["", "-", "e5", "1x", "1e", "1..2", "1e131073", "1e-20000", "1e999999999999999999999"])
    func none(text: String) { #expect(ExactDecimal(text) == nil) }

    @Test(
        "half is rounded away from zero",
        arguments: [
            ("1.005", 2, "1.01"), ("-1.005", 2, "-1.01"), ("1.004", 2, "1.00"), ("0.5", 0, "1"), ("-0.4", 0, "0"),
            ("9.99", 1, "10.0"),
            ("5", 2, "5.00"), ("0", 2, "0.00"), ("1250", -2, "1300"), ("49", -2, "0"), ("50", -2, "100"),
            ("4", -2, "0"), ("0.0001", 2, "0.00"),
        ])
    func rounded(number: String, scale: Int, text: String) {
        #expect(ExactDecimal(number)?.rounded(toScale: scale).text == text)
    }

    @Test func `sums and order agree with integers`() throws {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<2000 {
            let (a, b) = (generator.integer(-99999...99999), generator.integer(-99999...99999))
            let (x, y) = (try #require(ExactDecimal("\(a)e-2")), try #require(ExactDecimal("\(b)e-2")))
            #expect((x + y).text == ExactDecimal("\(a + b)e-2")?.text)
            #expect(x.order(y) == (a < b ? .less : a == b ? .equal : .greater))
        }
        #expect(ExactDecimal("1.0")?.order(try #require(ExactDecimal("1"))) == .equal)
        #expect(ExactDecimal("-0.0")?.order(try #require(ExactDecimal("0"))) == .equal)
    }

    @Test func `types with limits round, refuse and add as the database does`() {
        let price = ColumnType.decimal(precision: 5, scale: 2)
        #expect(price.canonical(number("999.994")) == number("999.99"))
        #expect(price.canonical(number("999.995")) == nil && price.canonical("1") == nil)
        #expect(price.canonical(5) == number("5.00"))
        #expect(price.sum(number("999.99"), number("0.01")) == nil)
        #expect(price.sum(number("0.10"), number("0.20")) == number("0.30"))
        #expect(ColumnType.decimal(precision: 2, scale: -3).canonical(99_400) == 99_000)
        #expect(ColumnType.decimal(precision: 2, scale: -3).canonical(99_500) == nil)
        #expect(ColumnType.decimal.sum(number("0.1"), number("0.25")) == number("0.35"))
        #expect(
            ColumnType.integer(bits: 16).canonical(32_768) == nil
                && ColumnType.integer(bits: 16).canonical(-32_768) == -32_768)
        #expect(ColumnType.integer(bits: 32).sum(2_147_483_647, 1) == nil)
        #expect(ColumnType.real(.single).canonical(0.1) == 0.1 && ColumnType.real(.single).canonical(1e39) == nil)
        #expect(ColumnType.real(.single).canonical(16_777_217) == number("16777216.0"))
        #expect(ColumnType.text(.padded).canonical("ab  ") == "ab")
        #expect(ColumnType.timestamp(digits: 3).canonical("2026-01-02T03:04:05.0005Z") == "2026-01-02T03:04:05.001000Z")
        #expect(ColumnType.timestamp(digits: 0).canonical("1999-12-31T23:59:58.5Z") == "1999-12-31T23:59:58.000000Z")
        #expect(ColumnType.time(digits: 1).canonical("23:59:59.95") == "24:00:00.000000")
    }

    @Test func `binary documents have one form`() throws {
        let type = ColumnType.json(.binary)
        let document = try JSONValue(parsing: #"{"long":1e2,"b":[1.50,{"z":null,"y":-0}],"a":"x"}"#)
        #expect(
            type.canonical(document).map { String(decoding: $0.bytes, as: UTF8.self) }
                == #"{"a":"x","b":[1.50,{"y":0,"z":null}],"long":100}"#)
        #expect(type.order(try JSONValue(parsing: #"{"a":1.0}"#), try JSONValue(parsing: #"{"a":1}"#)) == .equal)
        #expect(type.order([1, 2], [1]) != .equal)
    }

    @Test func `what has no number orders at the ends`() {
        let type: ColumnType = .real
        let order: [JSONValue] = ["-Infinity", -1e300, 0, 1e300, "Infinity", "NaN"]
        for (index, value) in order.enumerated() {
            for (other, wanted) in order.enumerated() {
                #expect(type.order(value, wanted) == (index < other ? .less : index == other ? .equal : .greater))
            }
        }
    }

    @Test func `arrays order by their elements`() {
        let type = ColumnType.array(of: .integer)
        let order: [JSONValue] = [[], [2], [2, 1], [10], [10, 9], [.null]]
        for (low, high) in zip(order, order.dropFirst()) {
            #expect(type.order(low, high) == .less && type.order(high, low) == .greater)
        }
    }

    @Test func `what only the database can compare is refused`() throws {
        let table = Table(
            name: "t",
            columns: [
                Column(name: "id", type: .integer), Column(name: "span", type: .text(.foreign)),
                Column(name: "doc", type: .json(.binary)),
            ], primaryKey: ["id"])
        for text in [#"{"span":"1 day"}"#, #"{"span":{"in":["x"]}}"#, #"{"doc":{"lt":1}}"#] {
            #expect(throws: ConditionError.self) { try Condition(try JSONDocument(parsing: text).root, table: table) }
        }
        for text in [#"{"span":null}"#, #"{"span":{"null":false}}"#, #"{"doc":{"ne":{"a":1}}}"#] {
            _ = try Condition(try JSONDocument(parsing: text).root, table: table)
        }
        for text in [#"["span"]"#, #"["-doc"]"#] {
            #expect(throws: ConditionError.self) { try Ordering(try JSONDocument(parsing: text).root, table: table) }
        }
    }
}

private func number(_ text: String) -> JSONValue {
    guard let number = JSONNumber(text: text) else { preconditionFailure("no number: \(text)") }
    return .number(number)
}
