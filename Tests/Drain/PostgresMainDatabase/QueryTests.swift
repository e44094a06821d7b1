// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import MainDatabase
import PostgresServer
import SeededRandom
import Testing
import TransactionModel

@testable import PostgresMainDatabase

/// What the overlay computes over records equals what the database answers.
@Suite(.enabled(if: PostgresServer.isAvailable, "PostgreSQL is not installed"))
struct QueryTests {
    /// Natural languages sort differently from bytes: this one ignores case and accents at first.
    private static let collation = "CREATE COLLATION natural_order (provider = icu, locale = 'de-u-ks-level2-kn')"

    @Test func conditionsAndOrderMeanTheSameHereAndInTheDatabase() async throws {
        let declared = Samples.declared + ["text COLLATE natural_order", "varchar(40) COLLATE natural_order"]
        let columns = declared.enumerated().map { "c\($0) \($1)" }.joined(separator: ", ")
        let test = try TestDatabase(Samples.setUp + Self.collation + "; CREATE TABLE t(id int PRIMARY KEY, \(columns))")
        let database = test.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let table = try #require(try await database.introspect()["t"])
        var generator = SeededGenerator(seed: 11)
        var records: [[JSONValue]] = []
        for id in 1...120 {
            records.append(
                [.integer(Int64(id))]
                    + table.columns.dropFirst().map { column in
                        if generator.chance(15) { return .null }
                        // Few different values, so that equal ones meet.
                        if let earlier = records.randomElement(using: &generator), generator.chance(40) {
                            return earlier[table.index(of: column.name) ?? 0]
                        }
                        return column.type.canonical(Samples.random(column.type, using: &generator)) ?? .null
                    })
        }
        let placeholders = table.columns.enumerated().map { SQLDialect.postgres.placeholder($0 + 1, $1.type) }
        let sql = "INSERT INTO t VALUES (\(placeholders.joined(separator: ", ")))"
        let batch = records.enumerated().map { index, record in
            PreparedTransaction(
                transactionID: id("t\(index)"), contentHash: hash(),
                statements: [
                    Statement(
                        sql: sql, parameters: zip(record, table.columns).map { .constant($0, $1.type) },
                        expectation: .any,
                        step: 0)
                ])
        }
        let outcome = try await database.apply(batch, under: lease)
        try #require(outcome.applied?.count == 120, "\(String(describing: outcome.failure))")

        var checked = 0
        for column in table.columns.indices.dropFirst() where table.columns[column].type.isEquatable {
            for round in 0..<12 {
                let (condition, order) = try question(round, column, table, records, &generator)
                let expected = records.filter { condition.matches($0, of: table) }
                    .sorted { order.precedes($0, $1, of: table) }
                let (found, count) = try await database.read { snapshot throws(DatabaseError) in
                    var found: [[JSONValue]] = []
                    try snapshot.records(table, where: condition, order: order) { record in
                        found.append(record)
                        return true
                    }
                    return (found, try snapshot.count(table, where: condition))
                }
                let place = "\(declared[column - 1]), round \(round): \(condition)"
                #expect(found.map { $0[0] } == expected.map { $0[0] }, "\(place)")
                #expect(found == expected && count == Int64(expected.count), "\(place)")
                checked += 1
            }
        }
        #expect(checked == 12 * declared.count)
        await database.close()
    }

    private func question(
        _ round: Int, _ column: Int, _ table: Table, _ records: [[JSONValue]], _ generator: inout SeededGenerator
    ) throws -> (Condition, Ordering) {
        let type = table.columns[column].type
        let comparisons: [Condition.Comparison] = type.isOrdered ? Condition.Comparison.allCases : [.eq, .ne]
        let present = records.map { $0[column] }.filter { !$0.isNull }
        let leaf = Condition.compare(column: column, comparisons[round % comparisons.count], generator.pick(present))
        let list = Condition.isIn(column: column, (0..<round % 4).map { _ in generator.pick(present) })
        let condition: Condition =
            switch round % 5 {
            case 0: leaf
            case 1: list
            case 2: .any([leaf, .isNull(column: column, true)])
            case 3: .all([leaf, .isNull(column: column, false), .any([list, .compare(column: 0, .gt, 50)])])
            default: round % 2 == 0 ? .all([]) : .any([leaf])
            }
        let name = type.isOrdered ? table.columns[column].name : "id"
        let text = round % 2 == 0 ? "[\"\(name)\"]" : "[\"-\(name)\"]"
        return (condition, try Ordering(try JSONDocument(parsing: text).root, table: table))
    }

    @Test func aScanEndsWhenTheVisitorHasEnoughAndMayNest() async throws {
        let test = try TestDatabase("CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 3000)")
        let database = test.database()
        let table = try #require(try await database.introspect()["t"])
        let order = try Ordering(nil, table: table)
        let (outer, inner, all) = try await database.read { snapshot throws(DatabaseError) in
            var outer: [Int64] = []
            var inner = 0
            try snapshot.records(table, where: nil, order: order) { record throws(DatabaseError) in
                outer.append(record[0].int64 ?? 0)
                try snapshot.records(table, where: .compare(column: 0, .lte, 200), order: order) { _ in
                    inner += 1
                    return true
                }
                return outer.count < 3
            }
            var all = 0
            try snapshot.records(table, where: nil, order: order) { record in
                all += 1
                return record[0] == .integer(Int64(all))
            }
            return (outer, inner, all)
        }
        #expect(outer == [1, 2, 3] && inner == 600 && all == 3000)
        await database.close()
    }

    @Test func everythingInASnapshotIsOfOneMoment() async throws {
        let test = try TestDatabase("CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1)")
        let database = test.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let table = try #require(try await database.introspect()["t"])
        let reader = PostgresReader(test.configuration())
        let counts = try await reader.read { snapshot throws(DatabaseError) in
            let before = try snapshot.count(table, where: nil)
            _ = try? test.psql(
                "INSERT INTO t VALUES (2); INSERT INTO sluice_ledger(transaction_id, site, content_hash, applied_at) VALUES ('x', 's', '\\x00', now())"
            )
            return (before, try snapshot.count(table, where: nil), try snapshot.ledger([id("x")]).count)
        }
        #expect(counts == (1, 1, 0))
        #expect(try await reader.read { snapshot throws(DatabaseError) in try snapshot.count(table, where: nil) } == 2)
        _ = lease
        await reader.close()
        await database.close()
    }

    @Test func aKeyThatItsColumnCannotHoldFindsNothing() async throws {
        let test = try TestDatabase("CREATE TABLE t(id smallint PRIMARY KEY); INSERT INTO t VALUES (1)")
        let database = test.database()
        let table = try #require(try await database.introspect()["t"])
        let rows = try await database.read { snapshot throws(DatabaseError) in
            [try snapshot.record(table, key: [1]), try snapshot.record(table, key: [9_000_000_000])]
        }
        #expect(rows == [[1], nil])
        #expect(
            try await database.read { snapshot throws(DatabaseError) in try snapshot.record(table, key: [1, 2]) } == nil
        )
        await database.close()
    }
}
#endif
