// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import MainDatabase
import PostgresServer
import SeededRandom
import Testing
import TransactionModel

@testable import PostgresMainDatabase

/// The promise of the overlay: what a client wrote, in its canonical form, is what the database gives back.
@Suite(.enabled(if: PostgresServer.isAvailable, "PostgreSQL is not installed"))
struct RoundTripTests {
    @Test func aCanonicalValueIsReadBackAsItWasWritten() async throws {
        let columns = Samples.declared.enumerated().map { "c\($0) \($1)" }.joined(separator: ", ")
        let test = try TestDatabase(Samples.setUp + "CREATE TABLE t(id bigint PRIMARY KEY, \(columns))")
        let database = test.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let table = try #require(try await database.introspect()["t"])
        var generator = SeededGenerator(seed: 7)
        var written: [[JSONValue]] = []
        for id in 0..<400 {
            var record: [JSONValue] = [.integer(Int64(id))]
            for column in table.columns.dropFirst() {
                let value = generator.chance(5) ? .null : Samples.random(column.type, using: &generator)
                let canonical = column.type.canonical(value)
                // What is too large for a precision is refused; everything else must be taken.
                if case .decimal(_?, _) = column.type {} else { #expect(canonical != nil || isDecimals(column.type)) }
                record.append(canonical ?? .null)
            }
            written.append(record)
        }
        let placeholders = table.columns.enumerated().map { SQLDialect.postgres.placeholder($0 + 1, $1.type) }
        let sql = "INSERT INTO t VALUES (\(placeholders.joined(separator: ", ")))"
        let batch = try written.enumerated().map { index, record in
            // In turns as constants and as views into a payload: both must be stored alike.
            let parameters = try zip(record, table.columns).map { value, column -> Statement.Parameter in
                index.isMultiple(of: 2)
                    ? .constant(value, column.type)
                    : .value(try JSONDocument(parsing: value.bytes).root, column.type)
            }
            return PreparedTransaction(
                transactionID: id("t\(index)"), contentHash: hash(),
                statements: [Statement(sql: sql, parameters: parameters, expectation: .any, step: 0)])
        }
        let outcome = try await database.apply(batch, under: lease)
        try #require(outcome.applied?.count == batch.count, "\(String(describing: outcome.failure))")
        let order = try Ordering(nil, table: table)
        let read = try await database.read { snapshot throws(DatabaseError) in
            var rows: [[JSONValue]] = []
            try snapshot.records(table, where: nil, order: order) {
                rows.append($0)
                return true
            }
            return rows
        }
        #expect(read.count == written.count)
        for (found, expected) in zip(read, written) {
            for (index, column) in table.columns.enumerated() {
                #expect(
                    found[index].bytes == expected[index].bytes,
                    "\(index == 0 ? "id" : Samples.declared[index - 1]) as \(column.type.text)")
            }
        }
        await database.close()
    }

    private func isDecimals(_ type: ColumnType) -> Bool {
        if case .array(let element) = type { return isDecimals(element) }
        if case .decimal = type { return true }
        return false
    }

    /// Whatever a client sends: either it is refused at accept, or the database takes it and gives it back.
    @Test func sumsAreTheDatabasesSums() async throws {
        let declared = [
            "smallint", "integer", "bigint", "real", "double precision", "numeric", "numeric(10,2)", "price",
        ]
        let columns = declared.enumerated().map { "c\($0) \($1)" }.joined(separator: ", ")
        let test = try TestDatabase(Samples.setUp + "CREATE TABLE t(id bigint PRIMARY KEY, \(columns))")
        let database = test.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let table = try #require(try await database.introspect()["t"])
        var generator = SeededGenerator(seed: 3)
        var compared = 0
        for round in 0..<60 {
            for (index, column) in table.columns.enumerated().dropFirst() {
                let values = (0..<2).map { _ in
                    column.type.canonical(Samples.random(column.type, using: &generator)) ?? 1
                }
                let name = "c\(index - 1)"
                let key = Int64(round * 100 + index)
                let insert = Statement(
                    sql: "INSERT INTO t(id, \(name)) VALUES ($1, $2)",
                    parameters: [.constant(.integer(key), .integer), .constant(values[0], column.type)],
                    expectation: .any, step: 0)
                let increment = Statement(
                    sql:
                        "UPDATE t SET \(name) = \(name) + \(SQLDialect.postgres.placeholder(1, column.type)) WHERE id = $2",
                    parameters: [.constant(values[1], column.type), .constant(.integer(key), .integer)],
                    expectation: .affectsRow, step: 1)
                let outcome = try await database.apply(
                    [
                        PreparedTransaction(
                            transactionID: id("r\(key)"), contentHash: hash(), statements: [insert, increment])
                    ], under: lease)
                let sum = column.type.sum(values[0], values[1])
                if let error = outcome.failure?.error {
                    #expect(error.kind == .invalidValue || error.kind == .checkViolation)
                    #expect(sum == nil || error.kind == .checkViolation, "\(values) as \(declared[index - 1])")
                    continue
                }
                let row = try await database.read { snapshot throws(DatabaseError) in
                    try snapshot.record(table, key: [.integer(key)])
                }
                #expect(row?[index] == sum, "\(values) as \(declared[index - 1])")
                compared += 1
            }
        }
        #expect(compared > 300)
        await database.close()
    }

    @Test(
        arguments: [
            ("double precision", "'NaN'", "NaN"), ("numeric", "'-Infinity'", "-Infinity"), ("real", "'1e-40'", nil),
            ("timestamptz", "'infinity'", "infinity"),
            ("timestamptz", "'0044-03-15 12:00:00 BC'", "0044-03-15 12:00:00+00 BC"),
            ("time", "'24:00:00'", "24:00:00.000000"), ("text", "E'tab\\there'", "tab\there"),
            ("json", "'{ \"b\" : 1e2, \"a\":[ ] }'", ["b": 100, "a": []]),
            ("json", "'{\"$a\":1}'", ["$literal": ["$a": 1]]),
            ("integer[]", "'{{1,2},{3,NULL}}'", [[1, 2], [3, .null]]), ("integer[]", "'[0:1]={5,6}'", [5, 6]),
            ("interval", "'1 day 2 hours'", "1 day 02:00:00"), ("inet", "'10.0.0.1/8'", "10.0.0.1/8"),
            ("int4range", "'[1,5]'", "[1,6)"), ("point", "'(1,2)'", "(1,2)"),
        ] as [(String, String, JSONValue?)])
    func whatOtherProgramsWroteIsShownAsWhatItIs(declared: String, sql: String, expected: JSONValue?) async throws {
        let test = try TestDatabase(
            "CREATE TABLE t(id int PRIMARY KEY, v \(declared)); INSERT INTO t VALUES (1, \(sql))")
        let database = test.database()
        let table = try #require(try await database.introspect()["t"])
        let row = try await database.read { snapshot throws(DatabaseError) in try snapshot.record(table, key: [1]) }
        let value = try #require(row?[1])
        if let expected { #expect(value == expected) }
        await database.close()
    }
}
#endif
