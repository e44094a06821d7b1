// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import SQLiteConnection

@Suite struct SQLiteConnectionTests {
    @Test func valuesComeBackAsTheyWereBound() throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        let statement = try connection.statement("SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 AS seventh")
        let invalid: [UInt8] = [0x61, 0xFF, 0x00, 0x62]
        statement.bind(1, Int64.min)
        statement.bind(2, -0.5)
        statement.bind(3, "gr\u{FC}n\u{0}!")
        statement.bind(4, invalid)
        statement.bind(5, [UInt8]())
        statement.bindNull(6)
        invalid.withUnsafeBytes { statement.bindText(7, utf8: $0) }
        #expect(try statement.step())
        #expect(statement.columnCount == 7)
        #expect(statement.columnName(6) == "seventh")
        let types: [SQLiteStatement.ColumnType] = (0..<7).map { statement.type($0) }
        #expect(types == [.integer, .real, .text, .blob, .blob, .null, .text])
        #expect(statement.int64(0) == .min)
        #expect(statement.double(1) == -0.5)
        #expect(statement.text(2) == "gr\u{FC}n\u{0}!")
        #expect(statement.bytes(3) == invalid)
        #expect(statement.withBytes(3) { $0.count } == 4)
        #expect(statement.bytes(4) == [])
        #expect(statement.isNull(5) && statement.text(5) == nil && statement.bytes(5) == nil)
        #expect(statement.bytes(6) == invalid)
        #expect(try !statement.step())
    }

    @Test func emptyTextIsTextAndUnboundParametersAreNull() throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        let statement = try connection.statement("SELECT ?1, ?2")
        statement.bind(1, "")
        #expect(try statement.step())
        #expect(statement.type(0) == .text && statement.text(0) == "")
        #expect(statement.type(1) == .null)
    }

    @Test func aStatementIsPreparedOnceAndHandedOutReset() throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        let first = try connection.statement("SELECT ?1")
        first.bind(1, Int64(5))
        #expect(try first.step())
        let second = try connection.statement("SELECT ?1")
        #expect(first === second)
        #expect(try second.step())
        #expect(second.isNull(0))
    }

    @Test func namesThatDifferOnlyByNormalisationAreTwoStatements() throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        let composed = try connection.statement("SELECT '\u{E9}'")
        let decomposed = try connection.statement("SELECT 'e\u{301}'")
        #expect(composed !== decomposed)
        #expect(try composed.step() && composed.bytes(0)?.count == 2)
        #expect(try decomposed.step() && decomposed.bytes(0)?.count == 3)
    }

    @Test func theLeastRecentlyUsedStatementGoesAndItsHolderMayFinish() throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        let kept = try connection.statement("SELECT 'kept'")
        let dropped = try connection.statement("SELECT 'dropped'")
        for number in 0..<SQLiteConnection.statementsMax - 1 {
            _ = try connection.statement("SELECT \(number)")
            _ = try connection.statement("SELECT 'kept'")
        }
        #expect(try connection.statement("SELECT 'kept'") === kept)
        #expect(try dropped.step() && dropped.text(0) == "dropped")
        #expect(try connection.statement("SELECT 'dropped'") !== dropped)
    }

    @Test func oneStatementTextHoldsOneStatement() throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        for text in ["", "  -- nothing\n"] {
            #expect(throws: SQLiteError.self) { try connection.statement(text) }
        }
        try connection.execute("CREATE TABLE a(x); INSERT INTO a VALUES (1), (2); DELETE FROM a WHERE x = 1")
        #expect(try connection.integer("SELECT count(*) FROM a") == 1)
        #expect(try connection.integer("SELECT NULL") == nil)
        #expect(try connection.text("SELECT 'x' WHERE 0") == nil)
        #expect(try connection.text("PRAGMA encoding") == "UTF-8")
    }

    @Test func changesRowIDAndTransactionStateAreSQLites() throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        try connection.execute("CREATE TABLE a(id INTEGER PRIMARY KEY, x)")
        #expect(!connection.isInTransaction)
        try connection.execute("BEGIN IMMEDIATE")
        #expect(connection.isInTransaction)
        try connection.statement("INSERT INTO a(x) VALUES (1), (2), (3)").run()
        #expect(connection.changes == 3)
        #expect(connection.lastInsertRowID == 3)
        try connection.execute("ROLLBACK")
        #expect(!connection.isInTransaction)
    }

    @Test func aClosedConnectionFailsAsMisuse() throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        let statement = try connection.statement("SELECT 1")
        let interrupt = connection.interruptHandle()
        connection.close()
        connection.close()
        interrupt.interrupt()
        connection.setBusyTimeout(.seconds(1))
        #expect(!connection.isInTransaction && connection.changes == 0 && connection.lastInsertRowID == 0)
        #expect(statement.columnCount == 0 && statement.columnName(0) == "" && statement.isNull(0))
        #expect(try failure { try connection.execute("SELECT 1") }.isMisuse)
        #expect(try failure { _ = try connection.checkpoint(truncate: true) }.isMisuse)
        #expect(try failure { _ = try connection.statement("SELECT 1") }.isMisuse)
        #expect(try failure { _ = try statement.step() }.isMisuse)
    }

    @Test func modesAndPaths() throws {
        try withDirectory { directory in
            let path = directory + "/a.db"
            #expect(try failure { _ = try SQLiteConnection(path: path, mode: .readWrite) }.isCannotOpen)
            #expect(try failure { _ = try SQLiteConnection(path: path, mode: .readOnly) }.isCannotOpen)
            let writer = try SQLiteConnection(path: path, mode: .create)
            try writer.execute("CREATE TABLE a(x)")
            let reader = try SQLiteConnection(path: path, mode: .readOnly)
            #expect(try failure { try reader.execute("INSERT INTO a VALUES (1)") }.isReadOnly)
            // Not a URI: a file with that strange name would have to exist.
            #expect(throws: SQLiteError.self) {
                _ = try SQLiteConnection(path: "file:\(path)?mode=ro", mode: .readWrite)
            }
        }
    }

    @Test func aBackupIsACopyAndNeverReplacesAFile() throws {
        try withDirectory { directory in
            let connection = try SQLiteConnection(path: directory + "/a.db", mode: .create)
            try connection.execute("PRAGMA journal_mode = WAL; CREATE TABLE a(x); INSERT INTO a VALUES (7)")
            try connection.backup(to: directory + "/b.db")
            let copy = try SQLiteConnection(path: directory + "/b.db", mode: .readOnly)
            #expect(try copy.integer("SELECT x FROM a") == 7)
            let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/b.db")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(try failure { try connection.backup(to: directory + "/none/b.db") }.isCannotOpen)
            #expect(try failure { try connection.backup(to: directory + "/b.db") }.isCannotOpen)
            #expect(FileManager.default.createFile(atPath: directory + "/empty", contents: nil))
            #expect(try failure { try connection.backup(to: directory + "/empty") }.isCannotOpen)
        }
    }

    @Test func aCheckpointEmptiesTheLog() throws {
        try withDirectory { directory in
            let connection = try SQLiteConnection(path: directory + "/a.db", mode: .create)
            let none = try connection.checkpoint(truncate: false)
            #expect(none.logFrames == -1 && none.checkpointed == -1)
            try connection.execute("PRAGMA journal_mode = WAL; CREATE TABLE a(x); INSERT INTO a VALUES (7)")
            let passive = try connection.checkpoint(truncate: false)
            #expect(passive.logFrames > 0 && passive.checkpointed == passive.logFrames)
            #expect(try size(of: directory + "/a.db-wal") > 0)
            _ = try connection.checkpoint(truncate: true)
            #expect(try size(of: directory + "/a.db-wal") == 0)
        }
    }

    @Test func anInterruptEndsARunningStatement() throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        let statement = try connection.statement(endless)
        #expect(try statement.step())
        connection.interruptHandle().interrupt()
        #expect(try failure { while try statement.step() {} }.isInterrupted)
        #expect(try connection.integer("SELECT 1") == 1)
    }

    private func size(of path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? -1
    }
}

struct NothingFailed: Error {}

/// The error of `body`; throws when there was none.
func failure(_ body: () throws -> Void) throws -> SQLiteError {
    do {
        try body()
    } catch let error as SQLiteError {
        return error
    }
    throw NothingFailed()
}

func withDirectory(_ body: (String) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try body(directory)
}
