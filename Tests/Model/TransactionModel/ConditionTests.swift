// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import SeededRandom
import Testing
import TransactionModel

/// Conditions and orders mean what SQLite means by them.
@Suite struct ConditionTests {
    static let table = Table(
        name: "t",
        columns: [
            Column(name: "id", type: .integer, isNullable: false), Column(name: "a", type: .integer),
            Column(name: "b", type: .real), Column(name: "c", type: .text), Column(name: "d", type: .any),
        ], primaryKey: ["id"])

    /// Values and the same as SQL.
    static let values: [[(JSONValue, String)]] = [
        [],
        [(.null, "NULL"), (0, "0"), (1, "1"), (-5, "-5"), (.integer(.max), "9223372036854775807")],
        [(.null, "NULL"), (0.5, "0.5"), (1.0, "1.0"), (-2.25, "-2.25"), (1e300, "1e300")],
        [(.null, "NULL"), ("", "''"), ("a", "'a'"), ("B", "'B'"), ("é", "'é'"), ("10", "'10'")],
        [
            (.null, "NULL"), (1, "1"), (2.5, "2.5"), ("a", "'a'"), ("1", "'1'"), (["$bytes": "AP8="], "x'00ff'"),
            (9_007_199_254_740_993, "9007199254740993"), (9_007_199_254_740_992.0, "9007199254740992.0"),
            (9.3e18, "9.3e18"), (.integer(.max), "9223372036854775807"),
        ],
    ]

    static func rows(_ random: inout SeededGenerator) throws -> (rows: [[JSONValue]], database: SQLiteConnection) {
        let database = try SQLiteConnection(path: ":memory:", mode: .create)
        try database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b REAL, c TEXT, d)")
        var rows: [[JSONValue]] = []
        for id in 1...120 {
            let picked = (1...4).map { random.pick(values[$0]) }
            rows.append([.integer(Int64(id))] + picked.map(\.0))
            try database.execute("INSERT INTO t VALUES (\(id), \(picked.map(\.1).joined(separator: ", ")))")
        }
        return (rows, database)
    }

    static func ids(_ database: SQLiteConnection, _ tail: String) throws -> [Int64] {
        let statement = try database.statement("SELECT id FROM t \(tail)")
        var ids: [Int64] = []
        while try statement.step() { ids.append(statement.int64(0)) }
        return ids
    }

    @Test(arguments: [
        (#"{"price":{"gte":1.004}}"#, [2]), (#"{"price":1.005}"#, []), (#"{"price":{"gt":1.005}}"#, [2]),
        (#"{"price":{"lt":10000.5}}"#, [1, 2]), (#"{"at":{"gte":"2026-01-01T08:10:00.4Z"}}"#, [2]),
        (#"{"at":{"gt":"2026-01-01T08:10:00.6Z"}}"#, [2]), (#"{"price":{"in":[1.01,1.004]}}"#, [2]),
        (#"{"small":{"lt":100000}}"#, [1, 2]),
    ])
    func `what a column is compared with keeps its digits`(condition: String, expected: [Int64]) throws {
        let table = Table(
            name: "t",
            columns: [
                Column(name: "id", type: .integer, isNullable: false),
                Column(name: "price", type: .decimal(precision: 6, scale: 2)),
                Column(name: "at", type: .timestamp(digits: 0)),
                Column(name: "small", type: .integer(bits: 16)),
            ], primaryKey: ["id"])
        let rows: [[JSONValue]] = [
            [1, .number(try #require(JSONNumber(text: "1.00"))), "2026-01-01T08:10:00.000000Z", 1],
            [2, .number(try #require(JSONNumber(text: "1.01"))), "2026-01-01T08:10:01.000000Z", 2],
        ]
        let parsed = try Condition(try JSONDocument(parsing: condition).root, table: table)
        #expect(rows.filter { parsed.matches($0, of: table) }.compactMap { $0[0].int64 } == expected)
    }

    @Test func `random conditions match the rows that SQLite finds`() throws {
        var random = SeededGenerator(seed: 20_261_121)
        let (rows, database) = try Self.rows(&random)
        for _ in 0..<600 {
            let (json, sql) = Self.random(depth: 3, &random)
            let condition = try Condition(view(json), table: Self.table)
            let matching = rows.filter { condition.matches($0, of: Self.table) }.compactMap { $0[0].int64 }
            #expect(matching == (try Self.ids(database, "WHERE \(sql) ORDER BY id")), "\(sql)")
        }
    }

    @Test func `random orders are those of SQLite, NULL greatest`() throws {
        var random = SeededGenerator(seed: 20_261_122)
        let (rows, database) = try Self.rows(&random)
        for _ in 0..<100 {
            let names = ["a", "b", "c", "d"].shuffled(using: &random).prefix(random.integer(0...4))
            let terms = names.map { (name: $0, isDescending: random.chance(50)) }
            let order = try Ordering(
                view(.array(terms.map { .string(($0.isDescending ? "-" : "") + $0.name) })), table: Self.table)
            let sorted = rows.sorted { order.precedes($0, $1, of: Self.table) }.compactMap { $0[0].int64 }
            let sql = terms.map { "\($0.name)\($0.isDescending ? " DESC NULLS FIRST" : " NULLS LAST")" } + ["id"]
            #expect(sorted == (try Self.ids(database, "ORDER BY \(sql.joined(separator: ", "))")), "\(sql)")
        }
    }

    private static func random(depth: Int, _ random: inout SeededGenerator) -> (JSONValue, String) {
        if depth > 0 && random.chance(50) {
            let isAnd = random.chance(50)
            let parts = (0..<random.integer(0...3)).map { _ in Self.random(depth: depth - 1, &random) }
            let sql =
                parts.isEmpty
                ? (isAnd ? "1" : "0") : "(" + parts.map(\.1).joined(separator: isAnd ? " AND " : " OR ") + ")"
            return ([isAnd ? "$and" : "$or": .array(parts.map(\.0))], sql)
        }
        let column = random.integer(1...4)
        let name = table.columns[column].name
        let value = random.pick(values[column])
        if value.0 == .null { return ([name: .null], "\(name) IS NULL") }
        switch random.integer(1...8) {
        case 1: return ([name: ["null": false]], "\(name) IS NOT NULL")
        case 2: return ([name: ["ne": .null]], "\(name) IS NOT NULL")
        case 3:
            let list = values[column].filter { $0.0 != .null && random.chance(40) }
            return ([name: ["in": .array(list.map(\.0))]], "\(name) IN (\(list.map(\.1).joined(separator: ", ")))")
        default:
            let (word, sign) = random.pick([
                ("eq", "="), ("ne", "<>"), ("lt", "<"), ("lte", "<="), ("gt", ">"), ("gte", ">="),
            ])
            return ([name: [word: value.0]], "\(name) \(sign) \(value.1)")
        }
    }

    static let faults: [(text: String, path: String)] = [
        ("[]", "where"), ("1", "where"), (#"{"z":1}"#, "where.z"), (#"{"a":"x"}"#, "where.a"),
        (#"{"a":{"eq":"x"}}"#, "where.a.eq"), (#"{"a":{"like":1}}"#, "where.a.like"), (#"{"a":{}}"#, "where.a"),
        (#"{"a":{"in":1}}"#, "where.a.in"), (#"{"a":{"in":[1,"x"]}}"#, "where.a.in[1]"),
        (#"{"a":{"in":[null]}}"#, "where.a.in[0]"), (#"{"a":{"null":1}}"#, "where.a.null"),
        (#"{"a":{"lt":null}}"#, "where.a.lt"), (#"{"$and":{}}"#, "where.$and"),
        (#"{"$or":[{"a":1},{"$and":[{"q":1}]}]}"#, "where.$or[1].$and[0].q"),
    ]

    @Test("a wrong condition is refused with its place", arguments: faults)
    func refused(entry: (text: String, path: String)) throws {
        let view = try JSONDocument(parsing: entry.text).root
        #expect { try Condition(view, table: Self.table) } throws: { ($0 as? ConditionError)?.path == entry.path }
    }

    @Test func `nesting and lists have limits`() throws {
        let deep = String(repeating: #"{"$and":["#, count: 17) + "{}" + String(repeating: "]}", count: 17)
        #expect(throws: ConditionError.self) { try Condition(JSONDocument(parsing: deep).root, table: Self.table) }
        let long = #"{"a":{"in":[\#(Array(repeating: "1", count: 1001).joined(separator: ","))]}}"#
        #expect(throws: ConditionError.self) { try Condition(JSONDocument(parsing: long).root, table: Self.table) }
    }

    @Test(
        "a wrong order is refused with its place",
        arguments: [("{}", "order_by"), ("[1]", "order_by[0]"), (#"["a","z"]"#, "order_by[1]")])
    func orderFaults(entry: (text: String, path: String)) throws {
        let view = try JSONDocument(parsing: entry.text).root
        #expect { try Ordering(view, table: Self.table) } throws: { ($0 as? ConditionError)?.path == entry.path }
    }

    @Test func `labels order as they stand, by bytes`() {
        let type = ColumnType.enumeration(["e\u{301}", "b", "é"])
        #expect(type.order("é", "b") == .greater)
        #expect(type.order("e\u{301}", "b") == .less)
    }
}
