// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import MainDatabase
import PostgresMainDatabase
import PostgresServer
import Testing
import TransactionModel

@Suite(.enabled(if: PostgresServer.isAvailable, "PostgreSQL is not installed"))
struct ApplyTests {
    private static let schema = """
        CREATE TABLE t(id int PRIMARY KEY, v text);
        CREATE TABLE auto(id bigserial PRIMARY KEY, v text);
        CREATE TYPE mood AS ENUM ('low', 'high');
        CREATE TABLE moody(id int PRIMARY KEY, m mood, list int[], note varchar(20));
        CREATE TABLE parent(id bigint PRIMARY KEY);
        CREATE TABLE child(id bigint PRIMARY KEY, p bigint REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
        """

    private func run(
        _ body: (PostgresMainDatabase, Lease, TestDatabase) async throws -> Void
    ) async throws {
        let test = try TestDatabase(Self.schema)
        let database = test.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        try await body(database, lease, test)
        await database.close()
    }

    @Test func aBatchIsAppliedWithItsLedger() async throws {
        try await run { database, lease, test in
            let before = try await database.position()
            let batch = [
                transaction("a", "INSERT INTO t VALUES (1, 'x')"), transaction("b", "INSERT INTO t VALUES (2, 'y')"),
            ]
            let applied = try #require(try await database.apply(batch, under: lease).applied)
            #expect(applied.allSatisfy(\.isNow) && applied.count == 2)
            let position = try #require(applied[0].position)
            #expect(position > before && position.timeline == 1)
            #expect(try await database.position() >= position)
            #expect(try test.psql("SELECT string_agg(v, ',' ORDER BY id) FROM t") == "x,y")
            #expect(
                try test.psql(
                    "SELECT transaction_id, site, encode(content_hash, 'hex'), applied_at AT TIME ZONE 'UTC' "
                        + "FROM sluice_ledger ORDER BY sequence LIMIT 1")
                    == "a|s|\(hash().hexadecimal)|2026-09-21 14:13:20")
        }
    }

    @Test func whatTheLedgerHasIsNotDoneAgain() async throws {
        try await run { database, lease, test in
            let first = transaction("a", "INSERT INTO t VALUES (1, 'x')")
            _ = try await database.apply([first], under: lease)
            let again = transaction("a", hash: 2, "INSERT INTO t VALUES (2, 'y')")
            let list = try #require(
                try await database.apply(
                    [first, again, transaction("b", "SELECT 1"), first, transaction("b", hash: 2)], under: lease
                ).applied)
            #expect(list.map(\.isBefore) == [true, false, false, true, false])
            #expect(list[1] == .conflict && list[2].isNow && list[4] == .conflict)
            #expect(try test.psql("SELECT count(*) FROM t") == "1")
            #expect(try await database.apply([first], under: lease).applied?.first?.isBefore == true)
        }
    }

    @Test func repetitionsWithinABatchAreDoneOnce() async throws {
        try await run { database, lease, test in
            let list = try #require(
                try await database.apply(
                    [
                        transaction("a", "INSERT INTO auto(v) VALUES ('x')"),
                        transaction("a", "INSERT INTO auto(v) VALUES ('x')"),
                    ], under: lease
                ).applied)
            #expect(list[0].isNow && list[1].isBefore)
            #expect(try test.psql("SELECT count(*) FROM auto") == "1")
        }
    }

    @Test func oneFaultRollsBackTheWholeBatchAndNamesItsTransactionAndStep() async throws {
        try await run { database, lease, test in
            let outcome = try await database.apply(
                [
                    transaction("a", "INSERT INTO t VALUES (1, 'x')"),
                    transaction("b", "INSERT INTO t VALUES (2, 'y')", "INSERT INTO t VALUES (1, 'z')"),
                    transaction("c", "INSERT INTO nothing VALUES (1)"),
                ], under: lease)
            let failure = try #require(outcome.failure)
            #expect(failure.index == 1 && failure.error.kind == .uniqueViolation && failure.error.step == 1)
            #expect(try test.psql("SELECT count(*) FROM t") == "0")
            #expect(try test.psql("SELECT count(*) FROM sluice_ledger") == "0")
            #expect(try await database.apply([transaction("c")], under: lease).applied?.count == 1, "it goes on")
        }
    }

    @Test func aDeferredKeyFailsAtTheCommitAndIsFulfilledWithinABatch() async throws {
        try await run { database, lease, test in
            let child = transaction("child", "INSERT INTO child VALUES (1, 7)")
            let failure = try #require(try await database.apply([child], under: lease).failure)
            #expect(failure.index == 0 && failure.error.kind == .foreignKeyViolation)
            #expect(try test.psql("SELECT count(*) FROM sluice_ledger") == "0")
            let both = [child, transaction("parent", "INSERT INTO parent VALUES (7)")]
            #expect(try await database.apply(both, under: lease).applied?.count == 2)
            #expect(try test.psql("SELECT count(*) FROM child") == "1")
        }
    }

    @Test func expectationsAreChecked() async throws {
        try await run { database, lease, _ in
            let sql = "UPDATE t SET v = 'x' WHERE id = 99"
            let table: [(String, Statement.Expectation, [ColumnType], DatabaseError.Kind?)] = [
                (sql, .any, [], nil), (sql, .affectsRow, [], .recordMissing),
                ("SELECT id FROM t", .returnsRow, [.integer], .recordMissing),
                ("SELECT id FROM t", .mayReturnRow, [.integer], nil),
                ("INSERT INTO t(id) VALUES (5) RETURNING 'NaN'::float8", .affectsRow, [.real], .invalidValue),
                ("INSERT INTO t(id) VALUES (5) RETURNING id", .affectsRow, [.integer], nil),
            ]
            for (index, row) in table.enumerated() {
                let statement = Statement(sql: row.0, parameters: [], expectation: row.1, returns: row.2, step: 3)
                let outcome = try await database.apply(
                    [
                        PreparedTransaction(
                            transactionID: id("t\(index)"), contentHash: hash(), statements: [statement])
                    ], under: lease)
                #expect(outcome.failure?.error.kind == row.3, "\(row)")
                if let error = outcome.failure?.error { #expect(error.step == 3) }
            }
        }
    }

    // MARK: Ids of the database

    private func create(_ name: String, use: String = "INSERT INTO parent VALUES ($1)") -> PreparedTransaction {
        PreparedTransaction(
            transactionID: id(name), contentHash: hash(),
            statements: [
                Statement(
                    sql: #"INSERT INTO auto(v) VALUES ($1) RETURNING "id""#, parameters: [.constant("x", .text)],
                    expectation: .returnsRow, returns: [.integer], step: 0),
                Statement(
                    sql: use, parameters: [.captured(statement: 0, column: 0, .integer)], expectation: .any, step: 1),
            ],
            assignedIDs: AssignedIDs(steps: [
                ("one", false, [.captured(statement: 0)]), ("many", true, [.known("k"), .captured(statement: 0)]),
            ]))
    }

    private func use(_ name: String, of other: String, _ step: String, _ row: Int? = nil) -> PreparedTransaction {
        PreparedTransaction(
            transactionID: id(name), contentHash: hash(),
            statements: [
                Statement(
                    sql: "INSERT INTO child VALUES (nextval('auto_id_seq'), $1::bigint)",
                    parameters: [.assigned(id(other), step: step, row: row, .integer)], expectation: .any, step: 0)
            ])
    }

    @Test func assignedIDsAreCapturedKeptAndFoundByLaterTransactions() async throws {
        try await run { database, lease, test in
            let applied = try #require(try await database.apply([create("first")], under: lease).applied?.first)
            #expect(applied.isNow && applied.ids == #"{"one":1,"many":["k",1]}"#)
            let again = try #require(try await database.apply([create("first")], under: lease).applied?.first)
            #expect(again.isBefore && again.ids == applied.ids)
            #expect(try test.psql("SELECT id FROM parent") == "1")
            let table: [(String, Int?, Bool)] = [
                ("one", nil, true), ("many", 1, true), ("many", 2, false), ("none", nil, false),
            ]
            for (index, (step, row, isKnown)) in table.enumerated() {
                let outcome = try await database.apply([use("use\(index)", of: "first", step, row)], under: lease)
                #expect(outcome.failure?.error.kind == (isKnown ? nil : .referenceUnresolved), "\(step) \(row ?? -1)")
            }
            #expect(try test.psql("SELECT string_agg(p::text, ',') FROM child") == "1,1")
        }
    }

    @Test func idsTravelBetweenTheMembersOfABatch() async throws {
        try await run { database, lease, test in
            var batch: [PreparedTransaction] = []
            for index in 0..<40 {
                batch.append(create("c\(index)"))
                batch.append(
                    use(
                        "u\(index)", of: "c\(index)", index.isMultiple(of: 2) ? "one" : "many",
                        index.isMultiple(of: 2) ? nil : 1))
            }
            let applied = try #require(try await database.apply(batch, under: lease).applied)
            #expect(applied.count == 80)
            #expect(try test.psql("SELECT count(*) FROM child JOIN parent ON child.p = parent.id") == "40")
            #expect(applied[0].ids == #"{"one":1,"many":["k",1]}"#)
            let late = [use("early", of: "late", "one"), create("late")]
            let failure = try #require(try await database.apply(late, under: lease).failure)
            #expect(failure.index == 0 && failure.error.kind == .referenceUnresolved)
            let wrong = [create("x"), use("y", of: "x", "nothing")]
            #expect(try await database.apply(wrong, under: lease).failure?.index == 1)
        }
    }

    @Test func capturedValuesKeepTheirTypes() async throws {
        let row = """
            INSERT INTO moody VALUES (1, 'high', '{1,NULL,2}', '');
            CREATE TABLE copy(id int PRIMARY KEY, m mood, list int[], note varchar(20), b bytea, j jsonb, at timestamptz, d numeric)
            """
        try await run { database, lease, test in
            try test.psql(row)
            let types: [ColumnType] = [
                .integer(bits: 32), .enumeration(["low", "high"]), .array(of: .integer(bits: 32)), .text, .blob,
                .json(.binary), .timestamp, .decimal,
            ]
            let source = Statement(
                sql: """
                    SELECT "id", "m", "list", "note", '\\x00ff'::bytea, '{"a": 1.50}'::jsonb,
                        '2026-01-02 03:04:05.25+00'::timestamptz, 1.500 FROM "moody" WHERE "id" = $1::bigint
                    """, parameters: [.constant(1, .integer)], expectation: .returnsRow, returns: types, step: 0)
            for count in [8, 2] {
                let placeholders = (0..<count).map { $0 == 0 ? "$1::bigint + 10 * \(count)" : "$\($0 + 1)" }
                let copy = Statement(
                    sql: "INSERT INTO copy VALUES (\(placeholders.joined(separator: ", ")))",
                    parameters: (0..<count).map { .captured(statement: 0, column: $0, types[$0]) }, expectation: .any,
                    step: 1)
                let transaction = PreparedTransaction(
                    transactionID: id("t\(count)"), contentHash: hash(), statements: [source, copy])
                #expect(try await database.apply([transaction], under: lease).applied?.count == 1)
            }
            #expect(
                try test.psql("SET TimeZone = 'UTC'; SELECT * FROM copy ORDER BY id DESC LIMIT 1")
                    == #"81|high|{1,NULL,2}||\x00ff|{"a": 1.50}|2026-01-02 03:04:05.25+00|1.500"#)
            #expect(try test.psql("SELECT note IS NULL, list IS NULL FROM copy ORDER BY id LIMIT 1") == "t|t")
        }
    }

    @Test func whatAnOptionalQueryDoesNotFindIsNull() async throws {
        try await run { database, lease, test in
            let find = Statement(
                sql: #"SELECT "v" FROM "t" WHERE "id" = $1::bigint"#, parameters: [.constant(99, .integer)],
                expectation: .mayReturnRow, returns: [.text], step: 0)
            let insert = Statement(
                sql: #"INSERT INTO "t" VALUES (1, $1)"#, parameters: [.captured(statement: 0, column: 0, .text)],
                expectation: .any, step: 1)
            let optional = PreparedTransaction(transactionID: id("o"), contentHash: hash(), statements: [find, insert])
            #expect(try await database.apply([optional], under: lease).applied?.count == 1)
            #expect(try test.psql("SELECT v IS NULL FROM t") == "t")
            var strict = find
            strict.expectation = .returnsRow
            let failing = PreparedTransaction(
                transactionID: id("f"), contentHash: hash(), statements: [strict, insert])
            let failure = try #require(
                try await database.apply([transaction("good", "SELECT 1"), failing], under: lease).failure)
            #expect(failure.index == 1 && failure.error.kind == .recordMissing && failure.error.step == 0)
        }
    }

    @Test func aZeroByteInATextIsRefusedAndNotCutOff() async throws {
        try await run { database, lease, test in
            let statement = Statement(
                sql: #"INSERT INTO "t" VALUES (1, $1)"#, parameters: [.constant("a\0b", .text)], expectation: .any,
                step: 4)
            let transaction = PreparedTransaction(transactionID: id("z"), contentHash: hash(), statements: [statement])
            let failure = try #require(try await database.apply([transaction], under: lease).failure)
            #expect(failure.error.kind == .invalidValue && failure.error.step == 4)
            #expect(try test.psql("SELECT count(*) FROM t") == "0")
        }
    }

    @Test func aChangedTableIsNoticedAndItsStatementsArePreparedAnew() async throws {
        try await run { database, lease, test in
            let insert = { (name: String, key: Int64) in
                PreparedTransaction(
                    transactionID: id(name), contentHash: hash(),
                    statements: [
                        Statement(
                            sql: #"INSERT INTO "t"("id") VALUES ($1) RETURNING "v""#,
                            parameters: [.constant(.integer(key), .integer)],
                            expectation: .returnsRow, returns: [.text], step: 0)
                    ])
            }
            _ = try await database.apply([insert("a", 1)], under: lease)
            try test.psql("ALTER TABLE t ALTER COLUMN v TYPE varchar(7)")
            let failure = await error { () throws(DatabaseError) in
                _ = try await database.apply([insert("b", 2)], under: lease)
            }
            #expect(failure == nil || failure?.kind == .contention)
            #expect(try await database.apply([insert("b", 2)], under: lease).applied?.count == 1)
            #expect(try test.psql("SELECT count(*) FROM t") == "2")
        }
    }

    @Test func manyShapesOfStatementsStayBounded() async throws {
        try await run { database, lease, test in
            let batch = (0..<700).map { transaction("n\($0)", "INSERT INTO t VALUES (\($0), 'n')") }
            #expect(try await database.apply(batch, under: lease).applied?.count == 700)
            #expect(try await database.apply([transaction("last")], under: lease).applied?.count == 1)
            let more = transaction("count", "INSERT INTO t SELECT 1000, count(*)::text FROM pg_prepared_statements")
            #expect(try await database.apply([more], under: lease).applied?.count == 1)
            let count = try #require(Int(try test.psql("SELECT v FROM t WHERE id = 1000")))
            #expect(count > 100 && count <= 520)
        }
    }
}
#endif
