// SPDX-License-Identifier: MIT
import MainDatabase
import SQLiteConnection
import Testing
import TransactionModel

@testable import SQLiteMainDatabase

@Suite struct FileSettingsTests {
    private func writer(_ temporary: TemporaryDatabase) -> DatabaseFile {
        DatabaseFile(
            path: temporary.path,
            role: .writer(
                busyTimeout: .zero, mayCreate: true,
                now: {
                    withExtendedLifetime(temporary) { TemporaryDatabase.moment }
                }))
    }

    @Test func aFileOfOursHasAWriteAheadLogThatWeCheckpointAlsoAfterARestart() throws {
        let temporary = try TemporaryDatabase()
        for _ in 0..<2 {
            let file = writer(temporary)
            let connection = try file.connection()
            #expect(try connection.text("PRAGMA journal_mode") == "wal")
            #expect(try connection.integer("PRAGMA wal_autocheckpoint") == 1000)
            #expect(try connection.integer("SELECT count(*) FROM sluice_origin") == 1)
            file.close()
        }
    }

    @Test(arguments: ["wal", "delete", "truncate"])
    func aFileOfOthersKeepsItsJournalAndItsCheckpoints(mode: String) throws {
        let temporary = try TemporaryDatabase("PRAGMA journal_mode = \(mode); CREATE TABLE t(id)")
        let file = writer(temporary)
        let connection = try file.connection()
        // `truncate` is a setting of a connection, in the file it is `delete`.
        #expect(try connection.text("PRAGMA journal_mode") == (mode == "wal" ? "wal" : "delete"))
        #expect(try connection.integer("PRAGMA wal_autocheckpoint") == 0)
        #expect(try !Origin.isOurs(connection))
        file.close()
    }

    @Test func commitsAreSyncedAndForeignKeysChecked() throws {
        let file = writer(try TemporaryDatabase())
        let connection = try file.connection()
        #expect(try connection.integer("PRAGMA synchronous") == 2)
        #expect(try connection.integer("PRAGMA foreign_keys") == 1)
        file.close()
    }

    @Test func theReaderNeitherWritesNorCheckpoints() throws {
        let temporary = try TemporaryDatabase("CREATE TABLE t(id)")
        defer { withExtendedLifetime(temporary) {} }
        let file = DatabaseFile(path: temporary.path, role: .reader(busyTimeout: .zero))
        let connection = try file.connection()
        #expect(try connection.integer("PRAGMA wal_autocheckpoint") == 0)
        #expect(throws: SQLiteError.self) { try connection.execute("INSERT INTO t VALUES (1)") }
        file.close()
    }
}
