// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import SQLiteConnection
import Testing
import TransactionModel

@testable import SQLiteMainDatabase

@Suite struct ApplyTests {
    private static let schema = """
        CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);
        CREATE TABLE parent(id INTEGER PRIMARY KEY);
        CREATE TABLE child(id INTEGER PRIMARY KEY, p INT REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
        """

    private func run<R>(
        _ body: (SQLiteMainDatabase, Lease, SQLiteConnection) async throws -> R
    ) async throws -> R {
        let temporary = try TemporaryDatabase(Self.schema)
        let database = temporary.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let result = try await body(database, lease, try temporary.other())
        await database.close()
        return result
    }

    @Test func aBatchIsAppliedWithItsLedger() async throws {
        try await run { database, lease, other in
            let batch = [
                transaction("a", "INSERT INTO t VALUES (1, 'x')"), transaction("b", "INSERT INTO t VALUES (2, 'y')"),
            ]
            let outcome = try await database.apply(batch, under: lease)
            #expect(outcome == .applied([.now(Position(1), generatedIDs: nil), .now(Position(2), generatedIDs: nil)]))
            #expect(try other.text("SELECT group_concat(v, ',') FROM t") == "x,y")
            #expect(
                try other.text(
                    "SELECT transaction_id || site || hex(content_hash) || applied_at FROM sluice_ledger WHERE sequence = 1"
                )
                    == "as" + hash().hexadecimal.uppercased() + TemporaryDatabase.moment.description)
            #expect(try await database.position() == Position(2))
        }
    }

    @Test func whatTheLedgerHasIsNotDoneAgain() async throws {
        try await run { database, lease, other in
            let first = transaction("a", "INSERT INTO t VALUES (1, 'x')")
            _ = try await database.apply([first], under: lease)
            let outcome = try await database.apply(
                [
                    first, transaction("a", hash: 2, "INSERT INTO t VALUES (2, 'y')"), transaction("b", "SELECT 1"),
                    first,
                ],
                under: lease)
            guard case .applied(let list) = outcome, case .now(let position, nil) = list[2] else { throw TestFailure() }
            #expect(list[0] == .before(Position(1), generatedIDs: nil) && list[3] == list[0])
            #expect(list[1] == .conflict)
            #expect(position > Position(1))
            #expect(try other.integer("SELECT count(*) FROM t") == 1)
        }
    }

    @Test func oneFaultRollsBackTheWholeBatchAndNamesItsTransactionAndStep() async throws {
        try await run { database, lease, other in
            let outcome = try await database.apply(
                [
                    transaction("a", "INSERT INTO t VALUES (1, 'x')"),
                    transaction("b", "INSERT INTO t VALUES (2, 'y')", "INSERT INTO t VALUES (1, 'z')"),
                ], under: lease)
            guard case .failed(1, let error) = outcome else { throw TestFailure() }
            #expect(error.kind == .uniqueViolation && error.step == 1)
            #expect(error.message.contains("exists: t."), "it names the column: \(error.message)")
            #expect(try other.integer("SELECT count(*) FROM t") == 0)
            #expect(try other.integer("SELECT count(*) FROM sluice_ledger") == 0)
            #expect(try await database.apply([transaction("c")], under: lease) != .applied([]), "it goes on")
        }
    }

    @Test func aDeferredKeyFailsAtTheCommitAndIsFulfilledWithinABatch() async throws {
        try await run { database, lease, other in
            let child = transaction("child", "INSERT INTO child VALUES (1, 7)")
            guard case .failed(0, let error) = try await database.apply([child], under: lease) else {
                throw TestFailure()
            }
            #expect(error.kind == .foreignKeyViolation)
            let both = try await database.apply(
                [child, transaction("parent", "INSERT INTO parent VALUES (7)")], under: lease)
            guard case .applied = both else { throw TestFailure() }
            #expect(try other.integer("SELECT count(*) FROM child") == 1)
        }
    }

    @Test func aRaisedTokenFencesOffWhoHeldTheLease() async throws {
        try await run { database, old, other in
            try await database.verify(old)
            let new = try await database.takeLease(site: "s", atLeast: 0)
            #expect(new.token == old.token + 1)
            #expect(await error { () throws(DatabaseError) in try await database.verify(old) }?.kind == .leaseLost)
            #expect(
                await error { () throws(DatabaseError) in _ = try await database.apply([transaction("a")], under: old)
                }?.kind == .leaseLost)
            #expect(try other.integer("SELECT count(*) FROM sluice_ledger") == 0)
            #expect(!new.isOfOlderDatabase)
            let later = try await database.takeLease(site: "s", atLeast: 40)
            #expect(later.token == 41 && later.isOfOlderDatabase, "it has given 2 at most")
            #expect(try await !database.takeLease(site: "s", atLeast: 41).isOfOlderDatabase)
            #expect(try await database.takeLease(site: "other", atLeast: 0).token == 1, "each site has its own")
        }
    }

    @Test func expectationsAreChecked() async throws {
        try await run { database, lease, _ in
            let sql = "UPDATE t SET v = 'x' WHERE id = 99"
            let table: [(String, Statement.Expectation, [ColumnType], DatabaseError.Kind?)] = [
                (sql, .any, [], nil), (sql, .affectsRow, [], .recordMissing),
                ("SELECT id FROM t", .returnsRow, [.integer], .recordMissing),
                ("SELECT id FROM t", .mayReturnRow, [.integer], nil),
                ("INSERT INTO t(id) VALUES (5) RETURNING 9e999", .affectsRow, [.integer], .invalidValue),
                ("INSERT INTO t(id) VALUES (5) RETURNING id", .affectsRow, [.integer], nil),
            ]
            for (index, row) in table.enumerated() {
                let outcome = try await database.apply(
                    [
                        PreparedTransaction(
                            transactionID: id("t\(index)"), contentHash: hash(),
                            statements: [
                                Statement(sql: row.0, parameters: [], expectation: row.1, returns: row.2, step: 3)
                            ])
                    ], under: lease)
                switch outcome {
                case .applied: #expect(row.3 == nil, "\(row)")
                case .failed(_, let error): #expect(error.kind == row.3 && error.step == 3, "\(row)")
                }
            }
        }
    }

    @Test func assignedIDsAreCapturedKeptAndFoundByLaterTransactions() async throws {
        try await run { database, lease, other in
            let create = PreparedTransaction(
                transactionID: id("first"), contentHash: hash(),
                statements: [
                    Statement(
                        sql: "INSERT INTO t(v) VALUES (?1) RETURNING id", parameters: [.constant("x", .text)],
                        expectation: .returnsRow, returns: [.integer], step: 0),
                    Statement(
                        sql: "INSERT INTO parent VALUES (?1 + 100)",
                        parameters: [.captured(statement: 0, column: 0, .integer)],
                        expectation: .any, step: 1),
                ],
                assignedIDs: AssignedIDs(steps: [
                    ("one", false, [.captured(statement: 0)]), ("many", true, [.known("k"), .captured(statement: 0)]),
                ]))
            let ids = Array(#"{"one":1,"many":["k",1]}"#.utf8)
            #expect(
                try await database.apply([create], under: lease) == .applied([.now(Position(1), generatedIDs: ids)]))
            #expect(
                try await database.apply([create], under: lease) == .applied([.before(Position(1), generatedIDs: ids)]))
            #expect(try other.integer("SELECT id FROM parent") == 101)
            for (index, (step, row, isKnown))
                in ([
                    ("one", nil, true), ("many", 1, true), ("many", 2, false), ("none", nil, false),
                ] as [(String, Int?, Bool)]).enumerated()
            {
                let use = PreparedTransaction(
                    transactionID: id("use\(index)"), contentHash: hash(),
                    statements: [
                        Statement(
                            sql: "INSERT INTO child VALUES (?1 + \(index) * 10, NULL)",
                            parameters: [.assigned(id("first"), step: step, row: row, .integer)], expectation: .any,
                            step: 0)
                    ])
                switch try await database.apply([use], under: lease) {
                case .applied: #expect(isKnown)
                case .failed(_, let error): #expect(!isKnown && error.kind == .referenceUnresolved)
                }
            }
            #expect(try other.text("SELECT group_concat(id, ',') FROM child") == "1,11")
        }
    }
}
