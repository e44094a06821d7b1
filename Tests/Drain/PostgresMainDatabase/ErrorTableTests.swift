// SPDX-License-Identifier: MIT
#if Postgres
import MainDatabase
import PostgresServer
import Testing
import TransactionModel

@testable import PostgresConnection
@testable import PostgresMainDatabase

@Suite struct ErrorTableTests {
    @Test(
        arguments: [
            (.unavailable, ["08000", "08001", "08006", "08S01", "08I01", "25006", "25P03", "28000", "28P01", "3D000"]),
            (
                .unavailable,
                ["53000", "53100", "53200", "53300", "57000", "57P01", "57P02", "57P03", "57P05", "58000", "58030"]
            ),
            (.unavailable, ["58P01", "F0000", "XX001", "XX002"]),
            (.contention, ["40000", "40001", "40P01", "55P03", "55006", "26000", "72000"]),
            (.uniqueViolation, ["23505", "23P01"]), (.foreignKeyViolation, ["23503", "23001"]),
            (.notNullViolation, ["23502"]), (.checkViolation, ["23514", "44000"]),
            (.refused, ["23000", "27000", "42501", "P0001", "P0000", "P0004", "09000", "38000", "39000", "2F003"]),
            (.invalidValue, ["22001", "22003", "22007", "22008", "22021", "22P02", "22P05", "54000", "428C9"]),
            (.schemaMismatch, ["42P01", "42703", "3F000", "42P10", "42704", "42883", "42804", "42846", "42P18"]),
            (.unclassified, ["57014", "0A000", "21000", "25P02", "42601", "55000", "XX000", "HV000", "zzzzz", ""]),
        ] as [(DatabaseError.Kind, [String])])
    func codesAndKinds(kind: DatabaseError.Kind, codes: [String]) {
        for code in codes {
            let error = DatabaseError(PostgresError(code: code, endsConnection: false))
            #expect(error.kind == kind, "\(code)")
            #expect(error.code == code && !error.message.isEmpty)
        }
    }

    @Test func whoHangsUpIsAwayWhateverItSays() {
        for code in ["42601", "XX000", "23505", "57P01", "25P03"] {
            #expect(DatabaseError(PostgresError(code: code, endsConnection: true)).kind == .unavailable, "\(code)")
        }
        #expect(DatabaseError(PostgresError(code: "40001", endsConnection: true)).category == .outage)
    }

    @Test func aStalePlanIsTriedAgainAndNobodysFault() {
        var error = PostgresError(code: "0A000", endsConnection: false)
        error.isStalePlan = true
        #expect(DatabaseError(error).kind == .contention)
    }

    @Test func errorsOfOurTablesAreNoTransactionsFault() {
        let table: [(String, DatabaseError.Kind)] = [
            ("42P01", .leaseLost), ("23505", .contention), ("42P07", .contention), ("42501", .unavailable),
            ("22001", .unclassified), ("25006", .unavailable), ("55P03", .contention),
        ]
        for (code, kind) in table {
            #expect(DatabaseError(own: PostgresError(code: code, endsConnection: false)).kind == kind, "\(code)")
        }
    }

    @Test(
        arguments: [
            ("connection to server at \"x\", port 5432 failed: FATAL:  28P01\n", "28P01"), ("FATAL:  57P03", "57P03"),
            ("one failed: FATAL:  57P03\ntwo failed: FATAL:  3D000\n", "3D000"), ("SCHWERWIEGEND:  53300\n", "53300"),
            ("connection refused\n\tIs the server running?\n", nil), ("", nil), ("FATAL:  28p01", nil), ("28P01", nil),
        ] as [(String, String?)])
    func theCodeOfARefusedConnection(message: String, code: String?) {
        #expect(PostgresError.code(in: message) == code)
    }

    @Test func noErrorShowsTheConnectionString() async {
        for string in [
            "postgres://u:secret@127.0.0.1:1/x", "password=secret secret", "postgres://secret",
            "host=/nowhere password=secret",
        ] {
            var configuration = PostgresConfiguration(string)
            configuration.timeout = .seconds(1)
            let database = PostgresMainDatabase(configuration) { TestDatabase.moment }
            let failure = await error { () throws(DatabaseError) in _ = try await database.position() }
            #expect(failure?.kind == .unavailable && !"\(String(reflecting: failure))".contains("secret"), "\(string)")
            await database.close()
        }
        #expect(!PostgresConfiguration("password=secret secret").isValid)
        #expect(PostgresConfiguration("postgresql://u@h1,h2:5433/db?sslmode=verify-full").isValid)
        #expect(PostgresConfiguration("host=/tmp dbname='a b'").isValid)
    }
}

/// What the real server says, for the causes that can be made.
@Suite(.enabled(if: PostgresServer.isAvailable, "PostgreSQL is not installed"))
struct RefusalTests {
    private static let schema = """
        CREATE TABLE parent(id int PRIMARY KEY);
        CREATE TABLE t(id int PRIMARY KEY, u text UNIQUE, n int NOT NULL DEFAULT 0, c int CHECK (c > 0), p int REFERENCES parent,
            small varchar(3), at timestamptz, period int4range, EXCLUDE USING gist (period WITH &&));
        CREATE TABLE kept(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, twice int GENERATED ALWAYS AS (2) STORED);
        CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
        CREATE TABLE never(id int); CREATE TRIGGER no BEFORE INSERT ON never FOR EACH ROW EXECUTE FUNCTION no();
        CREATE VIEW positive AS SELECT * FROM t WHERE id > 0 WITH CHECK OPTION;
        INSERT INTO parent VALUES (1); INSERT INTO t VALUES (1, 'a', 0, 1, 1, 'x', now(), '[1,5]');
        """

    @Test func causesAndKinds() async throws {
        let test = try TestDatabase(Self.schema)
        let database = test.database()
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let table: [(String, DatabaseError.Kind)] = [
            ("INSERT INTO t(id) VALUES (1)", .uniqueViolation),
            ("INSERT INTO t(id, u) VALUES (2, 'a')", .uniqueViolation),
            ("INSERT INTO t(id, period) VALUES (2, '[3,4]')", .uniqueViolation),
            ("INSERT INTO t(id, p) VALUES (2, 9)", .foreignKeyViolation), ("DELETE FROM parent", .foreignKeyViolation),
            ("INSERT INTO t(id, n) VALUES (2, NULL)", .notNullViolation),
            ("INSERT INTO t(id, c) VALUES (2, 0)", .checkViolation),
            ("INSERT INTO positive(id) VALUES (-1)", .checkViolation), ("INSERT INTO never VALUES (1)", .refused),
            ("INSERT INTO t(id, small) VALUES (2, 'long')", .invalidValue),
            ("UPDATE t SET id = id + 2147483647", .invalidValue),
            ("INSERT INTO t(id, at) VALUES (2, '2026-13-01')", .invalidValue),
            ("UPDATE t SET n = 1 / 0", .invalidValue),
            ("INSERT INTO kept(id) VALUES (1)", .invalidValue), ("INSERT INTO nothing VALUES (1)", .schemaMismatch),
            ("UPDATE t SET nothing = 1", .schemaMismatch), ("INSERT INTO no.t VALUES (1)", .schemaMismatch),
            ("INSERT INTO t(id) VALUES (1) ON CONFLICT (n) DO NOTHING", .schemaMismatch),
            ("SET ROLE nobody_here", .invalidValue), ("gibberish", .unclassified),
        ]
        for (index, (sql, kind)) in table.enumerated() {
            let outcome = try await database.apply([transaction("t\(index)", "SELECT 1", sql)], under: lease)
            #expect(outcome.failure?.error.kind == kind && outcome.failure?.error.step == 1, "\(sql): \(outcome)")
        }
        #expect(
            try test.psql("SELECT count(*) FROM t") == "1" && test.psql("SELECT count(*) FROM sluice_ledger") == "0")
        await database.close()
    }
}
#endif
