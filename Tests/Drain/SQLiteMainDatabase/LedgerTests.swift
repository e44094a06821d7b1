// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import SQLiteConnection
import Synchronization
import Testing
import TransactionModel

@testable import SQLiteMainDatabase

@Suite struct LedgerTests {
    @Test func thePositionSurvivesPruning() async throws {
        let temporary = try TemporaryDatabase("CREATE TABLE t(id INTEGER PRIMARY KEY)")
        let database = temporary.database()
        #expect(try await database.position() == Position(0))
        #expect(try await database.pruneLedger(before: TemporaryDatabase.moment, rowsMax: 10) == 0, "no table yet")
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        #expect(try await database.position() == Position(0))
        _ = try await database.apply((1...5).map { transaction("t\($0)") }, under: lease)
        let later = TemporaryDatabase.moment + .seconds(1)
        #expect(try await database.pruneLedger(before: TemporaryDatabase.moment, rowsMax: 10) == 0)
        #expect(try await database.pruneLedger(before: later, rowsMax: 3) == 3)
        #expect(try await database.pruneLedger(before: later, rowsMax: 3) == 2)
        #expect(try await database.position() == Position(5))
        #expect(
            try await database.apply([transaction("t1")], under: lease)
                == .applied([.now(Position(6), generatedIDs: nil)]))
        await database.close()
    }

    @Test(arguments: [0, 1, 2, 16, 17, 500, 501, 1203])
    func anyNumberOfTransactionsIsLookedUp(count: Int) async throws {
        let temporary = try TemporaryDatabase("CREATE TABLE t(id INTEGER PRIMARY KEY)")
        let database = temporary.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        _ = try await database.apply((0..<count).map { transaction("t\($0)") }, under: lease)
        let wanted = (0..<count).map { id("t\($0)") } + [id("missing")]
        let found = try await database.read { snapshot throws(DatabaseError) in try snapshot.ledger(wanted) }
        #expect(found.count == count && found[id("missing")] == nil)
        for index in 0..<count {
            #expect(
                found[id("t\(index)")]
                    == LedgerEntry(
                        position: Position(UInt64(index + 1)), contentHash: hash(), generatedIDs: nil,
                        appliedAt: TemporaryDatabase.moment))
        }
        await database.close()
    }

    @Test func withoutALedgerNothingWasApplied() async throws {
        let temporary = try TemporaryDatabase("CREATE TABLE t(id INTEGER PRIMARY KEY)")
        let reader = SQLiteReader(path: temporary.path)
        #expect(try await reader.read { snapshot throws(DatabaseError) in try snapshot.ledger([id("a")]) }.isEmpty)
        #expect(try await reader.position() == Position(0))
        await reader.close()
        withExtendedLifetime(temporary) {}
    }

    @Test func aReadSeesOneMomentWhileOthersWrite() async throws {
        let temporary = try TemporaryDatabase("PRAGMA journal_mode = WAL; CREATE TABLE t(id INTEGER PRIMARY KEY)")
        let database = temporary.database()
        let table = try #require(try await database.introspect()["t"])
        let counts = try await database.read { snapshot throws(DatabaseError) in
            let before = try snapshot.count(table, where: nil)
            // On this thread, so that it has surely happened before the second look.
            try? temporary.other().execute("INSERT INTO t VALUES (1)")
            return [before, try snapshot.count(table, where: nil)]
        }
        #expect(counts == [0, 0])
        #expect(
            try await database.read { snapshot throws(DatabaseError) in try snapshot.count(table, where: nil) } == 1)
        await database.close()
    }

    @Test(.timeLimit(.minutes(10))) func aCancelledReadIsInterruptedAndTheNextOneRuns() async throws {
        let temporary = try TemporaryDatabase(
            """
            CREATE TABLE t(id INTEGER PRIMARY KEY);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO t SELECT i FROM n
            """)
        let database = temporary.database()
        let table = try #require(try await database.introspect()["t"])
        let hasBegun = Mutex<CheckedContinuation<Void, Never>?>(nil)
        let order = try Ordering(nil, table: table)
        let task = Task {
            await error { () throws(DatabaseError) in
                try await database.read { snapshot throws(DatabaseError) in
                    // Without end, until it is interrupted.
                    while true {
                        try snapshot.records(table, where: nil, order: order) { _ in
                            hasBegun.withLock { waiting in
                                waiting?.resume()
                                waiting = nil
                            }
                            return true
                        }
                    }
                }
            }
        }
        await withCheckedContinuation { continuation in hasBegun.withLock { $0 = continuation } }
        task.cancel()
        let failure = await task.value
        #expect(failure?.kind == .unavailable)
        #expect(
            try await database.read { snapshot throws(DatabaseError) in try snapshot.count(table, where: nil) } == 1000)
        await database.close()
    }
}
