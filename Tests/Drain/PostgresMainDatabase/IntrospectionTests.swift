// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import MainDatabase
import PostgresMainDatabase
import PostgresServer
import Testing
import TransactionModel

@Suite(.enabled(if: PostgresServer.isAvailable, "PostgreSQL is not installed"))
struct IntrospectionTests {
    private func schema(_ sql: String) async throws -> Schema {
        let database = try TestDatabase(sql).database()
        let schema = try await database.introspect()
        await database.close()
        return schema
    }

    @Test func typesOfColumns() async throws {
        let expected: [(String, ColumnType)] = [
            ("smallint", .integer(bits: 16)), ("integer", .integer(bits: 32)), ("bigint", .integer),
            ("real", .real(.single)), ("double precision", .real), ("numeric", .decimal),
            ("numeric(12,4)", .decimal(precision: 12, scale: 4)), ("numeric(5)", .decimal(precision: 5, scale: 0)),
            ("numeric(4,-2)", .decimal(precision: 4, scale: -2)), ("text", .text), ("varchar(10)", .text),
            ("name", .text),
            ("char(3)", .text(.padded)), ("bytea", .blob), ("boolean", .boolean), ("date", .date), ("time", .time),
            ("time(0)", .time(digits: 0)), ("timestamp", .timestamp), ("timestamptz", .timestamp),
            ("timestamptz(3)", .timestamp(digits: 3)), ("uuid", .uuid), ("json", .json(.binary)),
            ("jsonb", .json(.binary)),
            ("mood", .enumeration(["low", "mid", "high"])), ("price", .decimal(precision: 10, scale: 2)),
            ("prices", .array(of: .decimal(precision: 10, scale: 2))),
            ("mood[]", .array(of: .enumeration(["low", "mid", "high"]))),
            ("text[][]", .array(of: .text)), ("interval", .text(.foreign)), ("inet", .text(.foreign)),
            ("money", .text(.foreign)), ("timetz", .text(.foreign)), ("int4range", .text(.foreign)),
            ("oid", .text(.foreign)), ("pair", .text(.foreign)), ("text COLLATE blind", .text(.foreign)),
            ("text COLLATE \"C\"", .text),
        ]
        let schema = try await schema(
            """
            CREATE TYPE mood AS ENUM ('low', 'high'); ALTER TYPE mood ADD VALUE 'mid' BEFORE 'high';
            CREATE DOMAIN amount AS numeric(10,2); CREATE DOMAIN price AS amount CHECK (VALUE >= 0);
            CREATE DOMAIN prices AS numeric(10,2)[]; CREATE TYPE pair AS (a int, b int);
            CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            CREATE TABLE t(\(expected.enumerated().map { "c\($0) \($1.0)" }.joined(separator: ", ")))
            """)
        let table = try #require(schema["t"])
        #expect(table.columns.count == expected.count && table.primaryKey.isEmpty)
        for (column, (declared, type)) in zip(table.columns, expected) { #expect(column.type == type, "\(declared)") }
        #expect(Schema(jsonBytes: schema.jsonBytes) == schema, "it survives the cache")
    }

    @Test func defaults() async throws {
        let expected: [(String, DefaultValue)] = [
            ("int", .none), ("int DEFAULT NULL", .none), ("text DEFAULT NULL::text", .none),
            ("int DEFAULT 5", .constant(5)),
            ("bigint DEFAULT -5", .constant(-5)), ("numeric(6,2) DEFAULT 1.5", .constant(.number(number("1.50")))),
            ("real DEFAULT 0.1", .constant(0.1)), ("text DEFAULT 'it''s'", .constant("it's")),
            ("char(4) DEFAULT 'ab'", .constant("ab")),
            ("varchar(9) DEFAULT ''", .constant("")), ("boolean DEFAULT true", .constant(true)),
            ("jsonb DEFAULT '{\"b\": 1, \"a\": [1e2]}'", .constant(["a": [100], "b": 1])),
            ("text[] DEFAULT '{}'", .constant([])), ("text[] DEFAULT ARRAY[]::text[]", .constant([])),
            ("mood DEFAULT 'low'", .constant("low")), ("bytea DEFAULT '\\x00ff'", .constant(["$bytes": "AP8="])),
            ("date DEFAULT '2026-01-02'", .constant("2026-01-02")),
            ("timestamptz DEFAULT '2026-01-02 03:04:05+02'", .constant("2026-01-02T01:04:05.000000Z")),
            ("uuid DEFAULT 'AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE'", .constant("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")),
            ("named", .constant("by the domain")), ("timestamptz DEFAULT now()", .now),
            ("timestamptz DEFAULT CURRENT_TIMESTAMP", .now), ("timestamp DEFAULT (now() AT TIME ZONE 'utc')", .now),
            ("timestamp DEFAULT timezone('utc', now())", .now), ("timestamptz(3) DEFAULT CURRENT_TIMESTAMP(3)", .now),
            ("timestamptz DEFAULT clock_timestamp()", .now), ("timestamp DEFAULT LOCALTIMESTAMP", .now),
            ("date DEFAULT CURRENT_DATE", .now), ("date DEFAULT now()", .now), ("time DEFAULT LOCALTIME", .now),
            ("text DEFAULT now()", .volatile), ("timestamptz DEFAULT now() + interval '1 day'", .volatile),
            ("timestamp DEFAULT (now() AT TIME ZONE 'Europe/Berlin')", .volatile),
            ("timestamptz DEFAULT CURRENT_DATE", .volatile),
            ("uuid DEFAULT gen_random_uuid()", .volatile), ("int DEFAULT 1 + 1", .volatile),
            ("int DEFAULT nextval('numbers')", .volatile),
            ("text DEFAULT lower('A')", .volatile), ("text DEFAULT CURRENT_USER", .volatile), ("serial", .volatile),
            ("small DEFAULT 99", .volatile),
        ]
        let table = try #require(
            try await schema(
                """
                CREATE TYPE mood AS ENUM ('low', 'high'); CREATE SEQUENCE numbers;
                CREATE DOMAIN named AS text DEFAULT 'by the domain'; CREATE DOMAIN small AS int CHECK (VALUE < 10);
                CREATE TABLE t(\(expected.enumerated().map { "c\($0) \($1.0)" }.joined(separator: ", ")))
                """)["t"])
        for (column, (declared, value)) in zip(table.columns, expected) {
            #expect(column.defaultValue == value, "\(declared)")
        }
    }

    @Test func keysAndWhoGivesThemOut() async throws {
        let schema = try await schema(
            """
            CREATE TABLE plain(id bigint PRIMARY KEY);
            CREATE TABLE serial(id serial PRIMARY KEY, n serial);
            CREATE TABLE always(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY);
            CREATE TABLE given(id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
            CREATE TABLE random(id uuid DEFAULT gen_random_uuid() PRIMARY KEY);
            CREATE TABLE pair(a int, b text, c int GENERATED ALWAYS AS (a * 2) STORED, PRIMARY KEY (b, a), UNIQUE (c) INCLUDE (a));
            CREATE UNIQUE INDEX ON pair(lower(b)); CREATE UNIQUE INDEX ON pair(a) WHERE a > 5; CREATE UNIQUE INDEX ON pair(a, b);
            CREATE INDEX ON pair(a); CREATE TABLE apart(id int PRIMARY KEY, a int, EXCLUDE (a WITH =));
            CREATE DOMAIN needed AS int NOT NULL; CREATE TABLE needs(id needed, x int NOT NULL, y int);
            """)
        let names = ["always", "apart", "given", "needs", "pair", "plain", "random", "serial"]
        #expect(schema.tables.map(\.name) == names)
        #expect(schema.tables.filter(\.assignsKey).map(\.name) == ["always", "given", "serial"])
        #expect(schema.tables.filter(\.refusesKey).map(\.name) == ["always"])
        let always = try #require(schema["always"])
        #expect(always.columns.map(\.isGenerated) == [false, true] && always.columns[0].defaultValue == .none)
        #expect(schema["random"]?.columns[0].defaultValue == .volatile)
        let pair = try #require(schema["pair"])
        #expect(pair.primaryKey == ["b", "a"] && pair.uniqueKeys == [["c"], ["a", "b"]])
        #expect(pair.partialUniqueKeys == [["a"]])
        #expect(schema.tables.filter(\.hasComputedUniqueness).map(\.name) == ["apart", "pair"])
        #expect(schema.tables.filter { !$0.refusesZero }.isEmpty)
        #expect(pair.columns.map(\.isGenerated) == [false, false, true])
        #expect(pair.columns.map(\.isNullable) == [false, false, true])
        #expect(schema["needs"]?.columns.map(\.isNullable) == [false, false, true])
    }

    @Test func foreignKeysTriggersAndOtherSchemas() async throws {
        let schema = try await schema(
            """
            CREATE SCHEMA obs; CREATE SCHEMA "d.ot"; CREATE TABLE "d.ot".t(id int);
            CREATE TABLE obs.unit(id int PRIMARY KEY, up int REFERENCES obs.unit ON DELETE CASCADE);
            CREATE TABLE "we.ird"(id int PRIMARY KEY);
            CREATE TABLE parent(a int, b int, PRIMARY KEY (a, b));
            CREATE TABLE child(id int PRIMARY KEY, x int, y int, unit int REFERENCES obs.unit(id) ON DELETE SET DEFAULT,
                FOREIGN KEY (y, x) REFERENCES parent(a, b) ON DELETE SET NULL);
            CREATE TABLE big(id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
            CREATE TABLE big_2026 PARTITION OF big FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
            CREATE VIEW look AS SELECT 1; CREATE MATERIALIZED VIEW seen AS SELECT 1; CREATE TEMP TABLE gone(id int);
            CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
            CREATE TRIGGER f BEFORE INSERT ON parent FOR EACH ROW EXECUTE FUNCTION f();
            CREATE RULE r AS ON INSERT TO obs.unit DO ALSO NOTHING;
            CREATE TABLE sluice_ledger(id int); CREATE TABLE shadow(id int); CREATE TABLE obs.shadow(id int);
            """)
        #expect(
            schema.tables.map(\.name) == [
                "big", "child", "obs.shadow", "obs.unit", "parent", "public.we.ird", "shadow",
            ])
        #expect(
            schema["child"]?.foreignKeys == [
                ForeignKey(columns: ["unit"], table: "obs.unit", referencedColumns: ["id"], onDelete: .setDefault),
                ForeignKey(
                    columns: ["y", "x"], table: "parent", referencedColumns: ["a", "b"], onDelete: .setNull),
            ])
        #expect(schema["obs.unit"]?.foreignKeys.first?.table == "obs.unit")
        #expect(schema["obs.unit"]?.foreignKeys.first?.onDelete == .cascade)
        #expect(Schema(jsonBytes: schema.jsonBytes) == schema)
        #expect(schema.tables.filter(\.hasTriggers).map(\.name) == ["obs.unit", "parent"])
    }
}
#endif
