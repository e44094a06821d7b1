// SPDX-License-Identifier: MIT
#if Postgres
import ByteProxy
import Foundation
import JSON
import MainDatabase
import PostgresMainDatabase
import PostgresServer
import SeededRandom
import Testing
import TransactionModel

/// The connection is cut after any byte of the exchange, in either direction. The caller applies again, as it would,
/// and the effect is there exactly once.
@Suite(.enabled(if: PostgresServer.isAvailable, "PostgreSQL is not installed"))
struct CutTests {
    private static let isTorture = ProcessInfo.processInfo.environment["SLUICE_TORTURE"] != nil
    private static let cutsMax = isTorture ? Int.max : 150

    private static let schema = """
        CREATE TABLE t(id bigserial PRIMARY KEY, v text); CREATE TABLE total(n bigint); INSERT INTO total VALUES (0)
        """

    private func batch(_ round: Int) -> [PreparedTransaction] {
        let insert = Statement(
            sql: #"INSERT INTO "t"("v") VALUES ($1) RETURNING "id""#, parameters: [.constant("r\(round)", .text)],
            expectation: .returnsRow, returns: [.integer], step: 0)
        let count = Statement(
            sql: #"UPDATE "total" SET "n" = "n" + $1::bigint"#, parameters: [.constant(1, .integer)],
            expectation: .affectsRow,
            step: 1)
        return (0..<2).map { index in
            PreparedTransaction(
                transactionID: id("r\(round)-\(index)"), contentHash: hash(), statements: [insert, count],
                assignedIDs: AssignedIDs(steps: [("a", false, [.captured(statement: 0)])]))
        }
    }

    @Test func aCutAnywhereLeavesTheEffectThereExactlyOnce() async throws {
        let server = try PostgresServer()
        let test = try TestDatabase(
            server: server,
            Self.schema
        )
        let proxy = try ByteProxy(to: server.socketPath)
        let direct = test.database()
        let lease = try await direct.takeLease(site: "s", atLeast: 0)

        // A whole exchange shows how many bytes there are to cut after. The reader is not used, so there is one
        // connection.
        proxy.arm(nil)
        let whole = test.database(through: proxy.directory)
        #expect(try await whole.apply(batch(0), under: lease).applied?.count == 2)
        let lengths = ByteProxy.Direction.allCases.map { ($0, proxy.passed($0)) }
        await whole.close()
        let points = lengths.flatMap { direction, length in (0...length).map { ByteProxy.Cut(direction, after: $0) } }
        var generator = SeededGenerator(seed: 20_261_121)
        let cuts = Self.isTorture ? points : Array(points.shuffled(using: &generator).prefix(Self.cutsMax))

        var seen: [DatabaseError.Kind: Int] = [:]
        var beforeAtSecond = 0
        for (index, cut) in cuts.enumerated() {
            let round = index + 1
            proxy.arm(cut)
            let database = test.database(through: proxy.directory)
            var first: BatchOutcome?
            let failure = await error { () throws(DatabaseError) in
                first = try await database.apply(batch(round), under: lease)
            }
            if let failure {
                seen[failure.kind, default: 0] += 1
                #expect(failure.kind == .unavailable || failure.kind == .outcomeUnknown, "\(cut): \(failure)")
            } else {
                #expect(first?.applied?.allSatisfy(\.isNow) == true, "\(cut)")
            }
            // The proxy lets the next connection through, as the network would sooner or later.
            let second = try #require(try await database.apply(batch(round), under: lease).applied, "\(cut)")
            if second[0].isBefore { beforeAtSecond += 1 }
            if first != nil { #expect(second.allSatisfy { $0.isBefore }, "\(cut)") }
            if failure?.kind == .unavailable {
                #expect(second.allSatisfy { $0.isNow }, "\(cut): said to be away, and had done it")
            }
            #expect(second.allSatisfy { $0.ids != nil })
            await database.close()
        }
        let rounds = cuts.count + 1
        #expect(
            try test.psql(
                "SELECT count(*), count(DISTINCT v), max(c) FROM (SELECT v, count(*) OVER (PARTITION BY v) AS c FROM t) x"
            )
                == "\(2 * rounds)|\(rounds)|2")
        #expect(try test.psql("SELECT n FROM total") == "\(2 * rounds)")
        #expect(try test.psql("SELECT count(*) FROM sluice_ledger") == "\(2 * rounds)")
        #expect(seen[.unavailable, default: 0] > 0 && seen[.outcomeUnknown, default: 0] > 0)
        print(
            "cuts: \(cuts.count) of \(points.count), \(seen), committed although unknown or answered: \(beforeAtSecond)"
        )
        await direct.close()
    }

    @Test func aCommitThatIsStillOnItsWayIsWaitedForAndNotTakenForAFault() async throws {
        // The commit waits on the server behind a deferred trigger while its connection is cut. Applied again at once,
        // the batch would meet its own rows.
        let server = try PostgresServer()
        let test = try TestDatabase(
            server: server,
            """
            CREATE TABLE t(id int PRIMARY KEY);
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN PERFORM pg_advisory_lock(1); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION slow();
            """)
        let holder = test.database()
        let holdersLease = try await holder.takeLease(site: "holder", atLeast: 0)
        _ = try await holder.apply([transaction("hold", "SELECT pg_advisory_lock(1)")], under: holdersLease)

        let proxy = try ByteProxy(to: server.socketPath)
        let database = test.database(through: proxy.directory)
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let batch = [transaction("a", "INSERT INTO t VALUES (1)")]
        async let first = error { () throws(DatabaseError) in _ = try await database.apply(batch, under: lease) }
        try await until { try test.waiting() == 1 }
        proxy.open(false)
        #expect(await first?.kind == .outcomeUnknown)
        proxy.open(true)
        async let second = database.apply(batch, under: lease)
        try await until { try test.waiting() == 2 }
        await holder.close()
        #expect(try await second.applied?.first?.isBefore == true)
        #expect(try test.psql("SELECT count(*) FROM t") == "1")
        await database.close()
    }

    @Test func aBatchCostsFewRoundTripsHoweverManyTransactionsItHolds() async throws {
        let test = try TestDatabase(
            Self.schema
        )
        let roundTrip = Duration.milliseconds(200)
        let proxy = try ByteProxy(to: test.server.socketPath, roundTrip: roundTrip)
        let direct = test.database()
        let lease = try await direct.takeLease(site: "s", atLeast: 0)
        let far = test.database(through: proxy.directory)
        _ = try await far.apply(batch(1000), under: lease)
        let clock = ContinuousClock()
        let many = (0..<150).flatMap { batch($0) }
        let start = clock.now
        let outcome = try await far.apply(many, under: lease)
        let time = clock.now - start
        #expect(outcome.applied?.count == 300)
        // Two, in fact; a busy machine adds to it. Each statement waiting for its answer would be 602.
        #expect(time >= roundTrip * 2 && time < roundTrip * 12, "\(time)")
        await far.close()
        await direct.close()
    }
}
#endif
