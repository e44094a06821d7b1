// SPDX-License-Identifier: MIT
#if Postgres
import MainDatabase
import PostgresMainDatabase
import PostgresServer
import Testing
import TransactionModel

/// A real streaming replica: behind, paused, restarted, promoted.
@Suite(.enabled(if: PostgresServer.isAvailable, "PostgreSQL is not installed"))
struct ReplicaTests {
    @Test func aReplicaIsReadAtItsOwnPositionUntilItIsPromoted() async throws {
        let primary = try PostgresServer()
        let test = try TestDatabase(server: primary, "CREATE TABLE t(id int PRIMARY KEY, v text)")
        let main = test.database()
        let lease = try await main.takeLease(site: "s", atLeast: 0)
        let replica = try primary.replica()
        let reader = PostgresReader(PostgresConfiguration(replica.connection))
        let table = try #require(try await reader.introspect()["t"])

        func apply(_ number: Int) async throws -> Position {
            let batch = [transaction("t\(number)", "INSERT INTO t VALUES (\(number), 'x')")]
            return try #require(try await main.apply(batch, under: lease).applied?.first?.position)
        }
        func seen() async throws -> (rows: Int64, ledger: Int) {
            try await reader.read { snapshot throws(DatabaseError) in
                (try snapshot.count(table, where: nil), try snapshot.ledger((0..<9).map { id("t\($0)") }).count)
            }
        }

        let first = try await apply(0)
        try replica.catchUp(with: primary)
        #expect(try await reader.position() >= first)
        #expect(try await seen() == (1, 1))
        let entry = try await reader.read { snapshot throws(DatabaseError) in try snapshot.ledger([id("t0")]) }[
            id("t0")]
        #expect(try #require(entry).position >= first)
        let identity = try await main.identity()
        #expect(try await reader.identity().systemIdentifier == identity.systemIdentifier && identity.timeline == 1)
        #expect(try await reader.identity().isStandby && !identity.isStandby)

        // Paused: it stays where it is, whatever is committed.
        try replica.pauseReplay()
        let paused = try await reader.position()
        let second = try await apply(1)
        #expect(try await reader.position() == paused && paused < second)
        #expect(try await seen() == (1, 1))
        try replica.resumeReplay()
        try replica.catchUp(with: primary)
        #expect(try await reader.position() >= second)
        #expect(try await seen() == (2, 2))

        // Restarted, and as a main database it is none.
        try replica.restart(.immediate)
        #expect(try await reader.position() >= second)
        let standby = PostgresMainDatabase(PostgresConfiguration(replica.connection)) { TestDatabase.moment }
        let refused = await error { () throws(DatabaseError) in try await standby.verify(lease) }
        #expect(refused?.kind == .unavailable && refused?.code == "standby")

        // Promoted: a new timeline, greater than every position before, and it takes writes under a new lease.
        primary.stop(.immediate)
        #expect(await error { () throws(DatabaseError) in try await main.verify(lease) }?.kind == .unavailable)
        try replica.promote()
        let promoted = try await reader.position()
        #expect(promoted.timeline == 2 && promoted > second)
        let taken = try await standby.takeLease(site: "s", atLeast: lease.token)
        #expect(taken.token == lease.token + 1)
        let repeated = try await standby.apply(
            [transaction("t1", "INSERT INTO t VALUES (1, 'x')"), transaction("t2")], under: taken)
        #expect(repeated.applied?.map(\.isBefore) == [true, false])
        #expect(try await standby.identity().systemIdentifier == identity.systemIdentifier)
        for database in [main, standby] { await database.close() }
        await reader.close()
    }

    @Test func aStringThatNamesBothServersFindsThePrimary() async throws {
        let primary = try PostgresServer()
        let test = try TestDatabase(server: primary)
        let replica = try primary.replica()
        let string =
            "host=\(replica.directory),\(primary.directory) user=postgres dbname=postgres target_session_attrs=read-write"
        let main = PostgresMainDatabase(PostgresConfiguration(string)) { TestDatabase.moment }
        let lease = try await main.takeLease(site: "s", atLeast: 0)
        try await main.verify(lease)
        #expect(try await main.identity().isStandby == false)
        primary.stop(.immediate)
        let away = await error { () throws(DatabaseError) in try await main.verify(lease) }
        #expect(away?.kind == .unavailable)
        try replica.promote()
        let other = await error { () throws(DatabaseError) in try await main.verify(lease) }
        #expect(other == nil || other?.kind == .leaseLost, "the promoted one, whose lease came over by replication")
        _ = test
        await main.close()
    }
}
#endif
