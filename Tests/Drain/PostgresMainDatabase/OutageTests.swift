// SPDX-License-Identifier: MIT
#if Postgres
import ByteProxy
import Foundation
import JSON
import MainDatabase
import PostgresMainDatabase
import PostgresServer
import Testing
import TransactionModel

@Suite(.enabled(if: PostgresServer.isAvailable, "PostgreSQL is not installed"))
struct OutageTests {
    private func apply(_ name: String, to database: PostgresMainDatabase, _ lease: Lease) async -> DatabaseError? {
        await error { () throws(DatabaseError) in
            _ = try await database.apply([transaction(name, "INSERT INTO t(v) VALUES ('\(name)')")], under: lease)
        }
    }

    private static let schema = "CREATE TABLE t(id bigserial PRIMARY KEY, v text UNIQUE)"

    @Test func aServerThatCrashesAndComesBackLosesAndDoublesNothing() async throws {
        let server = try PostgresServer()
        let test = try TestDatabase(server: server, Self.schema)
        let database = test.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        for round in 0..<4 {
            #expect(await apply("a\(round)", to: database, lease) == nil)
            if round == 3 { server.kill() } else { server.stop(round == 0 ? .fast : .immediate) }
            for _ in 0..<2 { #expect(await apply("b\(round)", to: database, lease)?.kind == .unavailable) }
            let away = await error { () throws(DatabaseError) in _ = try await database.position() }
            #expect(away?.kind == .unavailable)
            try server.start()
            #expect(await apply("b\(round)", to: database, lease) == nil)
            #expect(await apply("a\(round)", to: database, lease) == nil)
            #expect(try await database.position() > Position(0))
        }
        #expect(try test.psql("SELECT count(*) FROM t") == "8")
        await database.close()
    }

    @Test func aRestartBetweenTwoCallsIsNotNoticed() async throws {
        let server = try PostgresServer()
        let test = try TestDatabase(server: server, Self.schema)
        let database = test.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        _ = try await database.position()
        try server.restart()
        #expect(await apply("a", to: database, lease) == nil)
        #expect(try await database.position().timeline == 1)
        await database.close()
    }

    @Test func aServerThatCrashesInTheMiddleOfABatchIsFoundOutThroughTheLedger() async throws {
        let server = try PostgresServer()
        let test = try TestDatabase(server: server, Self.schema)
        let database = test.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        var outcomes: [DatabaseError.Kind?] = []
        for round in 0..<6 {
            let batch = (0..<200).map { transaction("r\(round)-\($0)", "INSERT INTO t(v) VALUES ('r\(round)-\($0)')") }
            async let first = error { () throws(DatabaseError) in _ = try await database.apply(batch, under: lease) }
            usleep(UInt32(round) * 2000)
            try server.restart(.immediate)
            outcomes.append(await first?.kind)
            #expect(try await database.apply(batch, under: lease).applied?.count == 200)
        }
        #expect(outcomes.allSatisfy { $0 == nil || $0 == .unavailable || $0 == .outcomeUnknown }, "\(outcomes)")
        #expect(try test.psql("SELECT count(*), count(DISTINCT v) FROM t") == "1200|1200")
        #expect(try test.psql("SELECT count(*) FROM sluice_ledger") == "1200")
        await database.close()
    }

    @Test(arguments: [1, 2, 3]) func aServerWithTooFewConnectionsIsUsedWithThoseItGives(limit: Int) async throws {
        let test = try TestDatabase(Self.schema)
        let role = "few_\(test.name)"
        try test.psql(
            """
            CREATE ROLE \(role) LOGIN CONNECTION LIMIT \(limit);
            ALTER TABLE t OWNER TO \(role); ALTER SCHEMA public OWNER TO \(role)
            """)
        var configuration = test.configuration(user: role)
        configuration.connections = 4
        let database = PostgresMainDatabase(configuration) { TestDatabase.moment }
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        for round in 0..<5 {
            let faults = await withTaskGroup(of: DatabaseError?.self) { group in
                for number in 0..<8 { group.addTask { await apply("\(round)-\(number)", to: database, lease) } }
                return await group.reduce(into: []) { faults, fault in if let fault { faults.append(fault) } }
            }
            #expect(faults.isEmpty, "\(faults)")
        }
        #expect(try test.psql("SELECT count(*) FROM t") == "40")
        // A read gets one that the writers do not use, as soon as the server has seen it go; and they get it back.
        func position() async -> DatabaseError? {
            await error { () throws(DatabaseError) in _ = try await database.position() }
        }
        while let fault = await position() { #expect(fault.code == "53300") }
        while let fault = await apply("last", to: database, lease) { #expect(fault.code == "53300") }
        await database.close()
    }

    @Test func aServerThatHangsHangsNobody() async throws {
        let server = try PostgresServer()
        let test = try TestDatabase(server: server, Self.schema)
        let database = test.database(timeout: .seconds(1))
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        _ = try await database.position()
        server.hang(true)
        #expect(await apply("a", to: database, lease)?.kind == .unavailable)
        let silent = await error { () throws(DatabaseError) in _ = try await database.position() }
        #expect(silent?.kind == .unavailable && silent?.code == "08S01")
        let unreachable = await error { () throws(DatabaseError) in _ = try await database.position() }
        #expect(unreachable?.kind == .unavailable && unreachable?.code == "08001")
        // Who waits for the server itself never gets here: it hangs until now.
        server.hang(false)
        try await until { try server.psql("SELECT 1") == "1" }
        #expect(await apply("b", to: database, lease) == nil)
        await database.close()
    }

    @Test func aReadThatNobodyWantsAnyMoreEnds() async throws {
        let test = try TestDatabase("CREATE TABLE t(id int PRIMARY KEY)")
        let database = test.database(timeout: .seconds(60))
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let table = try #require(try await database.introspect()["t"])
        // A lock that no reader gets past.
        _ = try await database.apply([transaction("a", "SELECT pg_advisory_lock(1)")], under: lease)
        try test.psql("CREATE VIEW blocked AS SELECT CASE WHEN pg_advisory_lock(1) IS NULL THEN 1 ELSE 1 END AS id")
        let blocked = Table(name: "blocked", columns: table.columns, primaryKey: ["id"])
        let read = Task {
            await error { () throws(DatabaseError) in
                _ = try await database.read { snapshot throws(DatabaseError) in
                    _ = try snapshot.count(blocked, where: .compare(column: 0, .eq, 1))
                }
            }
        }
        try await until { try test.waiting() == 1 }
        read.cancel()
        #expect(await read.value?.kind == .unavailable)
        #expect(try await database.position() > Position(0), "the next one is not hit")
        await database.close()
    }

    @Test func afterTheCloseEverythingIsUnavailable() async throws {
        let test = try TestDatabase()
        let database = test.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        await database.close()
        await database.close()
        #expect(await apply("a", to: database, lease)?.kind == .unavailable)
        #expect(await error { () throws(DatabaseError) in _ = try await database.position() }?.kind == .unavailable)
    }

    @Test func locksOfOthersAreContention() async throws {
        let test = try TestDatabase(Self.schema)
        let (database, other) = (test.database(timeout: .seconds(3)), test.database())
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let otherLease = try await other.takeLease(site: "other", atLeast: 0)
        _ = try await other.apply([transaction("lock", "SELECT pg_advisory_lock(3)")], under: otherLease)
        let blocked = await error { () throws(DatabaseError) in
            _ = try await database.apply([transaction("a", "SELECT pg_advisory_lock(3)")], under: lease)
        }
        #expect(blocked?.kind == .contention && blocked?.code == "55P03", "\(String(describing: blocked))")
        // Its own time, not another's lock: that might be so for good, and counts as an attempt.
        let slow = try await database.apply([transaction("b", "SELECT pg_sleep(20)")], under: lease)
        guard case .failed(0, let error) = slow else { throw TestFailure() }
        #expect(error.kind == .unclassified && error.code == "57014" && error.step == 0, "\(error)")
        #expect(await apply("c", to: database, lease) == nil)
        await other.close()
        await database.close()
    }

    @Test func aDatabaseThatTakesNoWritesIsAnOutage() async throws {
        let server = try PostgresServer()
        let test = try TestDatabase(server: server, Self.schema)
        let database = test.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        try server.psql("ALTER SYSTEM SET default_transaction_read_only = on")
        try server.restart()
        #expect(await error { () throws(DatabaseError) in try await database.verify(lease) }?.code == "25006")
        let refused = await error { () throws(DatabaseError) in _ = try await database.takeLease(site: "s", atLeast: 0)
        }
        #expect(refused?.kind == .unavailable && refused?.code == "25006")
        await database.close()
    }

    @Test func loginsAndDatabasesThatDoNotExistAreOutagesWithTheirCode() async throws {
        let server = try PostgresServer()
        let test = try TestDatabase(server: server, "CREATE ROLE careful LOGIN PASSWORD 'right'")
        let hba = server.directory + "/data/pg_hba.conf"
        try "local all careful scram-sha-256\nlocal all all trust\n".write(
            toFile: hba, atomically: false, encoding: .utf8)
        try server.psql("SELECT pg_reload_conf()")
        try await until { (try? server.psql("SELECT count(*) FROM pg_hba_file_rules")) == "2" }
        let cases: [(String, String)] = [
            ("host=\(server.directory) user=careful dbname=postgres password=wrong", "28P01"),
            ("host=\(server.directory) user=careful dbname=postgres passfile=/dev/null", "28P01"),
            ("host=\(server.directory) user=nobody_here dbname=postgres", "28000"),
            ("host=\(server.directory) user=postgres dbname=nothing_here", "3D000"),
            ("host=\(server.directory)/nothing user=postgres dbname=postgres", "08001"),
            ("host=127.0.0.1 port=1 user=postgres dbname=postgres", "08001"), ("nonsense", "08001"),
        ]
        for (connection, code) in cases {
            let database = PostgresMainDatabase(PostgresConfiguration(connection)) { TestDatabase.moment }
            let failure = await error { () throws(DatabaseError) in _ = try await database.position() }
            #expect(failure?.kind == .unavailable && failure?.code == code, "\(connection)")
            await database.close()
        }
        let file = server.directory + "/passwords"
        try "*:*:*:careful:right\n".write(toFile: file, atomically: false, encoding: .utf8)
        chmod(file, 0o600)
        // Two servers, of which the first is none: the second lets us in, with the password of a file.
        let string =
            "host=\(server.directory)/nothing,\(server.directory) user=careful dbname=postgres passfile=\(file)"
        let database = PostgresMainDatabase(PostgresConfiguration(string)) { TestDatabase.moment }
        #expect(try await database.position() > Position(0))
        await database.close()
        let byURL = PostgresMainDatabase(PostgresConfiguration(server.url)) { TestDatabase.moment }
        #expect(try await byURL.position() > Position(0))
        _ = test
        await byURL.close()
    }

    @Test func synchronousCommitIsOnWhateverTheRoleSays() async throws {
        let test = try TestDatabase(
            "CREATE TABLE t(v text); CREATE ROLE hasty LOGIN SUPERUSER; ALTER ROLE hasty SET synchronous_commit = off")
        let database = test.database(user: "hasty")
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let sql = """
            INSERT INTO t SELECT concat_ws(',', current_setting('synchronous_commit'), current_setting('statement_timeout'),
                current_setting('lock_timeout'), current_setting('application_name'), current_setting('TimeZone'))
            """
        _ = try await database.apply([transaction("a", sql)], under: lease)
        #expect(try test.psql("SELECT v FROM t") == "on,10s,5s,sluice,UTC")
        try test.psql("DROP OWNED BY hasty CASCADE; DROP ROLE hasty")
        await database.close()
    }
}
#endif
