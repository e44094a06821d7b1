// SPDX-License-Identifier: MIT
import Foundation
import MainDatabase
import SQLiteConnection
import Testing
import TransactionModel

@testable import SQLiteMainDatabase

@Suite struct ErrorTableTests {
    private static let schema = """
        CREATE TABLE parent(id INTEGER PRIMARY KEY);
        CREATE TABLE child(
            name TEXT PRIMARY KEY, number INT UNIQUE, size INT NOT NULL CHECK (size > 0), parent INT REFERENCES parent,
            late INT REFERENCES parent DEFERRABLE INITIALLY DEFERRED) STRICT;
        INSERT INTO child VALUES ('a', 1, 1, NULL, NULL);
        CREATE TRIGGER refuse BEFORE DELETE ON child BEGIN SELECT RAISE(ABORT, 'no'); END;
        CREATE TABLE document(id INTEGER PRIMARY KEY, body, part AS (json_extract(body, '$.a')));
        CREATE INDEX parts ON document(part);
        """

    @Test(
        arguments: [
            ("INSERT INTO child(name, number, size) VALUES ('b', 1, 1)", .uniqueViolation, 2067),
            ("INSERT INTO child(name, number, size) VALUES ('a', 2, 1)", .uniqueViolation, 1555),
            ("INSERT INTO child(rowid, name, number, size) VALUES (1, 'b', 2, 1)", .uniqueViolation, 2579),
            ("INSERT INTO child VALUES ('b', 2, 1, 99, NULL)", .foreignKeyViolation, 787),
            ("INSERT INTO child VALUES ('b', 2, 1, NULL, 99)", .foreignKeyViolation, 787),
            ("INSERT INTO child VALUES ('b', 2, NULL, NULL, NULL)", .notNullViolation, 1299),
            ("INSERT INTO child VALUES ('b', 2, 0, NULL, NULL)", .checkViolation, 275),
            ("INSERT INTO child VALUES ('b', 'text', 1, NULL, NULL)", .invalidValue, 3091),
            ("INSERT INTO parent VALUES ('text')", .invalidValue, 20),
            ("INSERT INTO parent VALUES (zeroblob(2000000000))", .invalidValue, 18),
            ("DELETE FROM child", .refused, 1811),
            ("INSERT INTO missing VALUES (1)", .schemaMismatch, 1),
            ("INSERT INTO parent(missing) VALUES (1)", .schemaMismatch, 1),
            ("INSERT INTO document(body) VALUES ('no json')", .unclassified, 1),
        ] as [(String, DatabaseError.Kind, Int)])
    func aFaultOfATransactionIsClassifiedByItsCode(sql: String, kind: DatabaseError.Kind, code: Int) async throws {
        let temporary = try TemporaryDatabase(Self.schema)
        let database = temporary.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let outcome = try await database.apply([transaction("t1", "INSERT INTO parent VALUES (5)", sql)], under: lease)
        guard case .failed(0, let error) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(error.kind == kind && error.code == String(code))
        #expect(error.step == (sql.contains("NULL, 99") ? nil : 1), "only a deferred key has no step")
        #expect(!error.description.contains("parent") && !error.description.contains("text"))
        let other = try temporary.other()
        #expect(try other.integer("SELECT count(*) FROM parent") == 0, "nothing of it stays")
        #expect(try other.integer("SELECT count(*) FROM sluice_ledger") == 0)
        await database.close()
    }

    @Test func aColumnDroppedByAnotherProgramIsASchemaMismatchAlsoForAPreparedStatement() async throws {
        let temporary = try TemporaryDatabase("CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)")
        let database = temporary.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let sql = "INSERT INTO t(a, b) VALUES (1, 2)"
        guard case .applied = try await database.apply([transaction("t1", sql)], under: lease) else {
            throw TestFailure()
        }
        try temporary.other().execute("ALTER TABLE t DROP COLUMN b")
        guard case .failed(0, let error) = try await database.apply([transaction("t2", sql)], under: lease) else {
            throw TestFailure()
        }
        #expect(error.kind == .schemaMismatch)
        await database.close()
    }

    @Test(arguments: ["PRAGMA journal_mode = WAL", "PRAGMA journal_mode = DELETE"])
    func aLockOfAnotherProgramIsContention(mode: String) async throws {
        let temporary = try TemporaryDatabase("\(mode); CREATE TABLE t(id INTEGER PRIMARY KEY)")
        let database = temporary.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let other = try temporary.other()
        try other.execute("BEGIN IMMEDIATE")
        #expect(
            await error { () throws(DatabaseError) in _ = try await database.apply([transaction("t1")], under: lease) }?
                .kind == .contention)
        #expect(await error { () throws(DatabaseError) in try await database.verify(lease) }?.kind == .contention)
        try other.execute("ROLLBACK")
        #expect(
            try await database.apply([transaction("t1")], under: lease)
                == .applied([.now(Position(1), generatedIDs: nil)]))
        await database.close()
    }

    @Test func aReaderOfARollbackJournalMakesTheCommitContentionAndNotUnknown() async throws {
        let temporary = try TemporaryDatabase("PRAGMA journal_mode = DELETE; CREATE TABLE t(id INTEGER PRIMARY KEY)")
        let database = temporary.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let other = try temporary.other()
        try other.execute("BEGIN")
        _ = try other.integer("SELECT count(*) FROM t")
        let failure = await error { () throws(DatabaseError) in
            _ = try await database.apply([transaction("t1")], under: lease)
        }
        #expect(failure?.kind == .contention && failure?.code == "5")
        try other.execute("COMMIT")
        #expect(
            try await database.apply([transaction("t1")], under: lease)
                == .applied([.now(Position(1), generatedIDs: nil)]))
        await database.close()
    }

    @Test func codesThatCantBeProvokedHaveTheirClassToo() {
        let table: [(Int32, Place, DatabaseError.Kind)] = [
            (5, .run, .contention), (261, .open, .contention), (517, .run, .contention), (6, .run, .contention),
            (262, .run, .contention), (15, .open, .contention), (17, .run, .contention), (8, .run, .unavailable),
            (1032, .run, .unavailable), (13, .run, .unavailable), (14, .open, .unavailable), (10, .run, .unavailable),
            (1034, .run, .unavailable), (11, .run, .unavailable), (26, .open, .unavailable), (7, .run, .unavailable),
            (9, .run, .unavailable), (3, .open, .unavailable), (1, .prepare, .schemaMismatch), (1, .run, .unclassified),
            (1, .open, .unclassified), (21, .run, .unclassified), (25, .run, .unclassified),
            (5, .commit, .contention), (6, .commit, .contention), (13, .commit, .unavailable),
            (8, .commit, .unavailable),
            (10, .commit, .outcomeUnknown), (1034, .commit, .outcomeUnknown), (1290, .commit, .outcomeUnknown),
            (778, .commit, .outcomeUnknown), (11, .commit, .outcomeUnknown), (7, .commit, .outcomeUnknown),
            (1, .commit, .outcomeUnknown), (787, .commit, .foreignKeyViolation), (531, .commit, .refused),
        ]
        for (code, place, kind) in table {
            #expect(DatabaseError(SQLiteError(extendedCode: code), at: place).kind == kind, "\(code) at \(place)")
        }
    }
}
