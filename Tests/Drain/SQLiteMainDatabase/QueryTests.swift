// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import SQLiteConnection
import SeededRandom
import Testing
import TransactionModel

@testable import SQLiteMainDatabase

/// What the overlay computes over records equals what the database answers.
@Suite struct QueryTests {
    private static let declared = [
        "INTEGER", "REAL", "NUMERIC", "TEXT", "TEXT COLLATE NOCASE", "BLOB", "", "BOOLEAN", "DATE", "TIME", "DATETIME",
        "UUID",
    ]

    @Test(arguments: declared)
    func conditionsAndOrderMeanTheSameHereAndInTheDatabase(declared: String) throws {
        let type = ColumnType.declared(declared, strict: false)
        let table = Table(
            name: "t", columns: [Column(name: "id", type: .integer, isNullable: false), Column(name: "v", type: type)],
            primaryKey: ["id"])
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        try connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v \(declared))")
        var generator = SeededGenerator(seed: 11)
        var records: [[JSONValue]] = []
        let insert = try connection.statement("INSERT INTO t VALUES (?1, ?2)")
        for id in 1...120 {
            let value = id % 7 == 0 ? .null : type.canonical(Samples.random(type, using: &generator)) ?? .null
            records.append([.integer(Int64(id)), value])
            insert.bind(1, Int64(id))
            insert.bind(2, SQLiteValue(value, as: type))
            try insert.run()
        }
        let snapshot = SQLiteSnapshot(connection)
        let present = records.map { $0[1] }.filter { !$0.isNull }
        for round in 0..<60 {
            let comparison = Condition.Comparison.allCases[round % Condition.Comparison.allCases.count]
            let pick = { (generator: inout SeededGenerator) in present.randomElement(using: &generator) ?? .null }
            let leaf = Condition.compare(column: 1, comparison, pick(&generator))
            let list = Condition.isIn(column: 1, (0..<round % 4).map { _ in pick(&generator) })
            let condition: Condition =
                switch round % 5 {
                case 0: leaf
                case 1: list
                case 2: .any([leaf, .isNull(column: 1, true)])
                case 3: .all([leaf, .isNull(column: 1, false), .any([list, .compare(column: 0, .gt, 50)])])
                default: round % 2 == 0 ? .all([]) : .any([])
                }
            let text = round % 2 == 0 ? #"["v"]"# : #"["-v"]"#
            let order = try Ordering(try JSONDocument(parsing: text).root, table: table)
            let expected = records.filter { condition.matches($0, of: table) }.sorted {
                order.precedes($0, $1, of: table)
            }
            var found: [[JSONValue]] = []
            try snapshot.records(table, where: condition, order: order) { record in
                found.append(record)
                return true
            }
            #expect(found == expected, "\(declared), round \(round)")
            #expect(try snapshot.count(table, where: condition) == Int64(expected.count))
        }
    }

    @Test func aScanEndsWhenTheVisitorHasEnoughAndMayNest() throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        try connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1),(2),(3)")
        let table = Table(name: "t", columns: [Column(name: "id", type: .integer)], primaryKey: ["id"])
        let order = try Ordering(nil, table: table)
        let snapshot = SQLiteSnapshot(connection)
        var seen: [[Int64?]] = []
        try snapshot.records(table, where: nil, order: order) { outer throws(DatabaseError) in
            try snapshot.records(table, where: nil, order: order) { inner in
                seen.append([outer[0].int64, inner[0].int64])
                return seen.count % 2 != 0
            }
            return seen.count < 4
        }
        #expect(seen == [[1, 1], [1, 2], [2, 1], [2, 2]])
    }
}
