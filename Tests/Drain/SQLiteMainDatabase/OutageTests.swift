// SPDX-License-Identifier: MIT
import Foundation
import MainDatabase
import SQLiteConnection
import Testing
import TransactionModel

@testable import SQLiteMainDatabase

@Suite struct OutageTests {
    private func apply(_ name: String, to database: SQLiteMainDatabase, _ lease: Lease) async -> DatabaseError? {
        await error { () throws(DatabaseError) in _ = try await database.apply([transaction(name)], under: lease) }
    }

    @Test func aRemovedFileIsAnOutageAndIsNotCreatedAgain() async throws {
        let temporary = try TemporaryDatabase("CREATE TABLE t(id INTEGER PRIMARY KEY)")
        let database = temporary.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        #expect(await apply("t1", to: database, lease) == nil)
        let aside = temporary.path + ".aside"
        try FileManager.default.moveItem(atPath: temporary.path, toPath: aside)
        for _ in 0..<2 { #expect(await apply("t2", to: database, lease)?.kind == .unavailable) }
        #expect(await error { () throws(DatabaseError) in _ = try await database.position() }?.kind == .unavailable)
        #expect(!FileManager.default.fileExists(atPath: temporary.path))
        try FileManager.default.moveItem(atPath: aside, toPath: temporary.path)
        #expect(await apply("t2", to: database, lease) == nil, "back where it was")
        #expect(try await database.position() == Position(2))
        await database.close()
    }

    @Test func anotherFileAtThePathIsUsedAndFencesTheOldLease() async throws {
        let temporary = try TemporaryDatabase("CREATE TABLE t(id INTEGER PRIMARY KEY)")
        let database = temporary.database()
        let lease = try await database.takeLease(site: "s", atLeast: 6)
        #expect(await apply("t1", to: database, lease) == nil)
        try FileManager.default.removeItem(atPath: temporary.path)
        try? FileManager.default.removeItem(atPath: temporary.path + "-wal")
        try? FileManager.default.removeItem(atPath: temporary.path + "-shm")
        try temporary.other().execute("CREATE TABLE fresh(id INTEGER PRIMARY KEY)")
        #expect(try await database.introspect().tables.map(\.name) == ["fresh"])
        #expect(await apply("t2", to: database, lease)?.kind == .leaseLost)
        let next = try await database.takeLease(site: "s", atLeast: lease.token)
        #expect(next.token == lease.token + 1)
        #expect(await apply("t2", to: database, next) == nil)
        await database.close()
    }

    @Test func aBackupInItsPlaceFencesTheLeaseThatItKnows() async throws {
        let temporary = try TemporaryDatabase("CREATE TABLE t(id INTEGER PRIMARY KEY)")
        let database = temporary.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let backup = temporary.path + ".backup"
        try temporary.other().execute("VACUUM INTO '\(backup)'")
        #expect(await apply("t1", to: database, lease) == nil)
        try? FileManager.default.removeItem(atPath: temporary.path + "-wal")
        try? FileManager.default.removeItem(atPath: temporary.path + "-shm")
        #expect(rename(backup, temporary.path) == 0)
        #expect(await apply("t2", to: database, lease)?.kind == .leaseLost)
        #expect(await error { () throws(DatabaseError) in try await database.verify(lease) }?.kind == .leaseLost)
        let next = try await database.takeLease(site: "s", atLeast: lease.token)
        #expect(next.token == lease.token + 1 && !next.isOfOlderDatabase)
        #expect(await apply("t2", to: database, next) == nil)
        await database.close()
    }

    @Test func whatIsNoDatabaseIsAnOutageUntilItIsOne() async throws {
        let temporary = try TemporaryDatabase()
        try Data(repeating: 0x41, count: 8192).write(to: URL(fileURLWithPath: temporary.path))
        let database = temporary.database()
        let failure = await error { () throws(DatabaseError) in _ = try await database.takeLease(site: "s", atLeast: 0)
        }
        #expect(failure?.kind == .unavailable && failure?.code == "26")
        #expect(await error { () throws(DatabaseError) in _ = try await database.introspect() }?.kind == .unavailable)
        try FileManager.default.removeItem(atPath: temporary.path)
        try temporary.other().execute("CREATE TABLE t(id INTEGER PRIMARY KEY)")
        #expect(try await database.takeLease(site: "s", atLeast: 0).token == 1)
        await database.close()
    }

    @Test func aDirectoryInItsPlaceIsAnOutage() async throws {
        let temporary = try TemporaryDatabase()
        try FileManager.default.createDirectory(atPath: temporary.path, withIntermediateDirectories: true)
        let database = temporary.database()
        let failure = await error { () throws(DatabaseError) in _ = try await database.takeLease(site: "s", atLeast: 0)
        }
        #expect(failure?.kind == .unavailable && failure?.code == "14")
        await database.close()
    }

    @Test func withoutItsDirectoryNothingIsCreated() async throws {
        let temporary = try TemporaryDatabase()
        try FileManager.default.removeItem(atPath: temporary.directory)
        let database = temporary.database()
        #expect(await error { () throws(DatabaseError) in _ = try await database.introspect() }?.kind == .unavailable)
        #expect(!FileManager.default.fileExists(atPath: temporary.directory))
        try FileManager.default.createDirectory(atPath: temporary.directory, withIntermediateDirectories: true)
        #expect(try await database.introspect().tables.isEmpty, "it comes into being when the directory does")
        await database.close()
    }

    @Test func aFileThatMustExistIsNotCreated() async throws {
        let temporary = try TemporaryDatabase()
        let database = temporary.database(createsFile: false)
        #expect(
            await error { () throws(DatabaseError) in _ = try await database.takeLease(site: "s", atLeast: 0) }?.kind
                == .unavailable)
        #expect(!FileManager.default.fileExists(atPath: temporary.path))
        await database.close()
    }

    @Test func aFullDatabaseIsAnOutageAndNothingStays() throws {
        let temporary = try TemporaryDatabase("CREATE TABLE t(id INTEGER PRIMARY KEY, v)")
        let connection = try temporary.other()
        let ledger = Ledger(connection: connection)
        try ledger.createTables()
        try connection.execute("PRAGMA max_page_count = 10")
        let write = WriteTransaction(connection)
        try write.begin()
        let applier = BatchApplier(connection, site: "s", at: TemporaryDatabase.moment)
        do throws(DatabaseError) {
            _ = try applier.apply([transaction("t1", "INSERT INTO t(v) VALUES (zeroblob(100000))")])
            Issue.record("there was space")
        } catch {
            #expect(error.kind == .unavailable && error.code == "13" && error.step == 0)
        }
        write.rollBack()
        #expect(try connection.integer("SELECT count(*) FROM sluice_ledger") == 0)
    }

    @Test func afterTheCloseEverythingIsUnavailable() async throws {
        let temporary = try TemporaryDatabase()
        let database = temporary.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        await database.close()
        await database.close()
        #expect(await apply("t1", to: database, lease)?.kind == .unavailable)
        #expect(await error { () throws(DatabaseError) in _ = try await database.position() }?.kind == .unavailable)
    }
}
