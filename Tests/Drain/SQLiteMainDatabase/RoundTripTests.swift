// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import SQLiteConnection
import SeededRandom
import Testing
import TransactionModel

@testable import SQLiteMainDatabase

/// The promise of the overlay: what a client wrote, in its canonical form, is what the database gives back.
@Suite struct RoundTripTests {
    private static let declared = [
        "INTEGER", "REAL", "NUMERIC", "TEXT", "BLOB", "", "BOOLEAN", "DATE", "TIME", "DATETIME", "UUID", "JSON",
    ]

    private static func table(_ declared: String) -> Table {
        let type = ColumnType.declared(declared, strict: false)
        return Table(
            name: "t", columns: [Column(name: "id", type: .integer), Column(name: "v", type: type)], primaryKey: ["id"])
    }

    @Test(arguments: declared)
    func aCanonicalValueIsReadBackAsItWasWritten(declared: String) throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        try connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v \(declared))")
        let table = Self.table(declared)
        let type = table.columns[1].type
        let insert = try connection.statement("INSERT INTO t(v) VALUES (?1)")
        var generator = SeededGenerator(seed: 7)
        var values = Samples.edges
        for _ in 0..<4000 { values.append(Samples.random(type, using: &generator)) }
        var written: [JSONValue] = []
        for value in values {
            guard let canonical = type.canonical(value) else { continue }
            // Once as a constant, once as a view into a payload: both must be stored alike.
            insert.bind(1, SQLiteValue(canonical, as: type))
            try insert.run()
            insert.bind(1, try JSONDocument(parsing: canonical.bytes).root, as: type)
            try insert.run()
            written += [canonical, canonical]
        }
        #expect(written.count > 1000)
        var row = 0
        try SQLiteSnapshot(connection).records(table, where: nil, order: try Ordering(nil, table: table)) { record in
            #expect(record[1] == written[row], "\(declared): row \(row)")
            row += 1
            return true
        }
        #expect(row == written.count)
    }

    @Test(
        arguments: [
            ("DATETIME", "'2026-01-02 03:04:05'", "2026-01-02T03:04:05.000000Z"), ("DATETIME", "'soon'", "soon"),
            ("DATETIME", "1700000000", 1_700_000_000), ("INTEGER", "5.0", 5), ("INTEGER", "5.5", 5.5),
            ("INTEGER", "'text'", "text"), ("INTEGER", "x'00'", ["$bytes": "AA=="]), ("REAL", "5", 5.0),
            ("REAL", "9e999", .number(number("9.0e+999"))), ("REAL", "-9e999", .number(number("-9.0e+999"))),
            ("BOOLEAN", "2", 2), ("BOOLEAN", "'true'", "true"), ("BOOLEAN", "0", false),
            ("DATE", "2460000.5", 2460000.5),
            ("TIME", "'12:30'", "12:30:00.000000"), ("TEXT", "5", "5"), ("TEXT", "x'ff'", ["$bytes": "/w=="]),
            ("TEXT", "CAST(x'ff' AS TEXT)", "\u{FFFD}"), ("TEXT", "char(97, 0, 98)", "a\0b"),
            ("BLOB", "'text'", "text"),
            ("UUID", "'AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE'", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"),
            ("JSON", "'{ \"a\" : 1 }'", ["a": 1]), ("JSON", "'no json'", "no json"), ("JSON", "''", ""),
            ("JSON", "'{\"$a\":1}'", ["$literal": ["$a": 1]]), ("JSON", "x'ff'", ["$bytes": "/w=="]),
            ("JSON", "NULL", .null),
            ("NUMERIC", "'abc'", "abc"), ("NUMERIC", "1e3", 1000), ("", "1.0", 1.0),
        ] as [(String, String, JSONValue)])
    func whatOtherProgramsWroteIsShownAsWhatItIs(declared: String, sql: String, expected: JSONValue) throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        try connection.execute(
            "CREATE TABLE t(id INTEGER PRIMARY KEY, v \(declared)); INSERT INTO t VALUES (1, \(sql))")
        #expect(try SQLiteSnapshot(connection).record(Self.table(declared), key: [1]) == [1, expected])
    }

    @Test func whatIsOfAnotherTypeIsStoredAsWhatItIs() {
        #expect(SQLiteValue("text", as: .integer) == .text("text"))
        #expect(SQLiteValue(["a": 1], as: .integer) == .text("{\"a\":1}"))
        #expect(SQLiteValue(true, as: .text) == .integer(1))
        #expect(SQLiteValue(["$literal": ["$a": 1]], as: .json) == .text("{\"$a\":1}"))
        #expect(SQLiteValue(.number(number("1.50")), as: .json) == .blob(Array("1.50".utf8)))
        #expect(SQLiteValue(.number(number("1.50")), as: .decimal) == .text("1.50"))
    }
}

func number(_ text: String) -> JSONNumber {
    guard let number = JSONNumber(text: text) else { preconditionFailure("no number: \(text)") }
    return number
}
