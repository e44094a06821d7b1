// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import MainDatabase
import PostgresMainDatabase
import PostgresServer
import Testing
import TransactionModel

@Suite(.enabled(if: PostgresServer.isAvailable, "PostgreSQL is not installed"))
struct LedgerTests {
    @Test func entriesAreFoundByTheirIDs() async throws {
        let test = try TestDatabase()
        let database = test.database()
        let ids = (0..<1200).map { id("t\($0)") }
        #expect(
            try await database.read { snapshot throws(DatabaseError) in try snapshot.ledger(ids).count } == 0,
            "no table yet")
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let batch = ids.prefix(1000).map {
            PreparedTransaction(transactionID: $0, contentHash: hash(7), statements: [])
        }
        let position = try #require(try await database.apply(Array(batch), under: lease).applied?.first?.position)
        let found = try await database.read { snapshot throws(DatabaseError) in try snapshot.ledger(ids) }
        #expect(found.count == 1000)
        let entry = try #require(found[ids[0]])
        #expect(entry.contentHash == hash(7) && entry.appliedAt == TestDatabase.moment && entry.generatedIDs == nil)
        #expect(entry.position >= position)
        #expect(try await database.read { snapshot throws(DatabaseError) in try snapshot.ledger([]) }.isEmpty)
        await database.close()
    }

    @Test func oldRowsArePruned() async throws {
        let test = try TestDatabase()
        let database = test.database()
        let later = TestDatabase.moment + .seconds(1)
        #expect(try await database.pruneLedger(before: later, rowsMax: 10) == 0, "no table yet")
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        _ = try await database.apply((0..<10).map { transaction("t\($0)") }, under: lease)
        #expect(try await database.pruneLedger(before: TestDatabase.moment, rowsMax: 100) == 0)
        #expect(try await database.pruneLedger(before: later, rowsMax: 4) == 4)
        #expect(try test.psql("SELECT min(sequence), count(*) FROM sluice_ledger") == "5|6")
        #expect(try await database.pruneLedger(before: later, rowsMax: 100) == 6)
        await database.close()
    }

    @Test func aRaisedTokenFencesOffWhoHeldTheLease() async throws {
        let test = try TestDatabase()
        let database = test.database()
        let old = try await database.takeLease(site: "s", atLeast: 0)
        #expect(old.token == 1)
        try await database.verify(old)
        let new = try await database.takeLease(site: "s", atLeast: 0)
        #expect(new.token == 2)
        #expect(await error { () throws(DatabaseError) in try await database.verify(old) }?.kind == .leaseLost)
        let late = await error { () throws(DatabaseError) in
            _ = try await database.apply([transaction("a")], under: old)
        }
        #expect(late?.kind == .leaseLost)
        #expect(try test.psql("SELECT count(*) FROM sluice_ledger") == "0")
        #expect(!old.isOfOlderDatabase && !new.isOfOlderDatabase)
        let later = try await database.takeLease(site: "s", atLeast: 40)
        #expect(later.token == 41 && later.isOfOlderDatabase, "it has given 2 at most")
        #expect(try await !database.takeLease(site: "s", atLeast: 41).isOfOlderDatabase)
        #expect(try await database.takeLease(site: "other", atLeast: 7).token == 8, "each site has its own")
        try test.psql("DROP TABLE sluice_lease, sluice_ledger")
        #expect(await error { () throws(DatabaseError) in try await database.verify(new) }?.kind == .leaseLost)
        #expect(try await database.takeLease(site: "s", atLeast: 42).token == 43, "and the tables are back")
        _ = try await database.apply([transaction("a")], under: Lease(site: "s", token: 43, origin: new.origin))
        await database.close()
    }

    @Test func aTakeoverWaitsForTheBatchInFlight() async throws {
        let test = try TestDatabase("CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1)")
        let (first, second) = (test.database(), test.database())
        let old = try await first.takeLease(site: "s", atLeast: 0)
        // The batch waits inside its transaction until the test lets it go.
        let gate = "SELECT pg_advisory_lock(1), pg_advisory_unlock(1)"
        let holder = test.database()
        let holdersLease = try await holder.takeLease(site: "holder", atLeast: 0)
        _ = try await holder.apply([transaction("hold", "SELECT pg_advisory_lock(1)")], under: holdersLease)
        async let batch = first.apply([transaction("slow", gate, "INSERT INTO t VALUES (2)")], under: old)
        try await until { try test.waiting() == 1 }
        async let takeover = second.takeLease(site: "s", atLeast: 0)
        try await until { try test.waiting() == 2 }
        await holder.close()
        #expect(try await batch.applied?.count == 1)
        #expect(try await takeover.token == 2)
        #expect(await error { () throws(DatabaseError) in try await first.verify(old) }?.kind == .leaseLost)
        await first.close()
        await second.close()
    }

    @Test func aRoleWithoutRightsIsToldWhichOnesItNeeds() async throws {
        let test = try TestDatabase("CREATE TABLE t(id int PRIMARY KEY)")
        try test.psql(
            "DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC, poor")
        let poor = test.database(user: "poor")
        let lacking = Set(try await poor.missingRights())
        #expect(
            lacking
                == Set(
                    ["SELECT", "INSERT", "UPDATE", "DELETE"].map { MissingRight($0, on: "public.t", isVital: false) }
                        + [MissingRight("CREATE", on: "SCHEMA public", isVital: true)]), "\(lacking)")
        let failure = await error { () throws(DatabaseError) in _ = try await poor.takeLease(site: "s", atLeast: 0) }
        #expect(failure?.kind == .unavailable && failure?.message.contains("sluice_ledger") == true)
        let rich = test.database()
        _ = try await rich.takeLease(site: "s", atLeast: 0)
        #expect(try await rich.missingRights().isEmpty)
        #expect(
            try await poor.missingRights().filter(\.isVital).map { "\($0.right) \($0.object)" } == [
                "DELETE public.sluice_ledger", "INSERT public.sluice_lease", "INSERT public.sluice_ledger",
                "SELECT public.sluice_lease", "SELECT public.sluice_ledger", "UPDATE public.sluice_lease",
            ])
        try test.psql("GRANT SELECT, INSERT, UPDATE, DELETE ON sluice_ledger, sluice_lease TO poor")
        let lease = try await poor.takeLease(site: "s", atLeast: 0)
        #expect(
            try await poor.apply([transaction("a", "SELECT 1")], under: lease).applied?.count == 1,
            "tables made by another role will do")
        try test.psql("GRANT SELECT, INSERT (id), UPDATE ON t TO poor")
        #expect(try await poor.missingRights() == [MissingRight("DELETE", on: "public.t", isVital: false)])
        try test.psql("REVOKE ALL ON t FROM poor")
        let refused = try await poor.apply([transaction("b", "INSERT INTO t VALUES (1)")], under: lease)
        #expect(refused.failure?.error.kind == .refused)
        try test.psql("DROP OWNED BY poor; DROP ROLE poor")
        await poor.close()
        await rich.close()
    }
}

/// Waits for what another session can see.
func until(_ condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try !condition() {
        guard ContinuousClock.now < deadline else { throw TestFailure() }
        await Task.yield()
    }
}
#endif
