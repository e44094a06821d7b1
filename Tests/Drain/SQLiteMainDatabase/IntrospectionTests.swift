// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import Testing
import TransactionModel

@testable import SQLiteMainDatabase

@Suite struct IntrospectionTests {
    private static let schema = """
        CREATE TABLE parent(id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, note TEXT DEFAULT NULL);
        CREATE TABLE child(
            a TEXT, b INT, parent_id INTEGER REFERENCES Parent(ID) ON DELETE CASCADE, other TEXT, total AS (b * 2) STORED,
            double_total INT GENERATED ALWAYS AS (b * 4), PRIMARY KEY (b, a), UNIQUE (other, parent_id),
            FOREIGN KEY (other) REFERENCES parent(name)) WITHOUT ROWID;
        CREATE UNIQUE INDEX partial ON child(other) WHERE b > 0;
        CREATE UNIQUE INDEX expression ON child(lower(other));
        CREATE INDEX plain ON child(other);
        CREATE TABLE defaults(
            id UUID PRIMARY KEY, i INTEGER DEFAULT '5', t TEXT DEFAULT 5, b BOOLEAN DEFAULT 1, r REAL DEFAULT 2,
            at DATETIME DEFAULT CURRENT_TIMESTAMP, d DATE DEFAULT (date('now')), v TEXT DEFAULT (hex(randomblob(4))),
            old DATETIME DEFAULT '2026-01-02 03:04:05', x BLOB DEFAULT x'00ff', q DEFAULT "text", j JSON DEFAULT '{"a": 1}');
        CREATE TABLE folded(a INTEGER, b TEXT COLLATE NoCase, PRIMARY KEY (a, b)) WITHOUT ROWID;
        CREATE TABLE strict_one(id INT PRIMARY KEY, v ANY, s TEXT) STRICT;
        CREATE TABLE counted(id INTEGER PRIMARY KEY AUTOINCREMENT, v);
        CREATE TABLE descending(id INTEGER PRIMARY KEY DESC);
        CREATE TABLE "odd ""name" (x);
        CREATE VIEW view AS SELECT 1;
        CREATE TABLE SLUICE_own(id); CREATE TABLE sluicegate(id INTEGER PRIMARY KEY);
        CREATE TRIGGER watch AFTER INSERT ON parent BEGIN SELECT 1; END;
        """

    private func schema() async throws -> Schema {
        let temporary = try TemporaryDatabase(Self.schema)
        let database = temporary.database()
        let schema = try await database.introspect()
        await database.close()
        return schema
    }

    @Test func tablesOfOthersAreModelsAndNothingElse() async throws {
        let names = try await schema().tables.map(\.name)
        #expect(
            names == [
                "child", "counted", "defaults", "descending", "folded", "odd \"name", "parent", "sluicegate",
                "strict_one",
            ])
    }

    @Test func keysAreFound() async throws {
        let schema = try await schema()
        let parent = try #require(schema["parent"])
        #expect(parent.primaryKey == ["id"] && parent.assignsKey && parent.hasTriggers)
        #expect(parent.uniqueKeys == [["name"]])
        let child = try #require(schema["child"])
        #expect(child.primaryKey == ["b", "a"] && !child.assignsKey && !child.hasTriggers)
        #expect(child.uniqueKeys == [["other", "parent_id"]], "partial indexes and expressions are no unique keys")
        #expect(child.partialUniqueKeys == [["other"]])
        #expect(schema.tables.filter(\.hasComputedUniqueness).map(\.name) == ["child"])
        #expect(Set(child.foreignKeys.map(\.table)) == ["parent"])
        #expect(Set(child.foreignKeys.map(\.onDelete)) == [.cascade, .none])
        #expect(Set(child.foreignKeys.map(\.columns)) == [["parent_id"], ["other"]])
        #expect(Set(child.foreignKeys.map(\.referencedColumns)) == [["id"], ["name"]])
        #expect(schema.tables.filter(\.keyIsFolded).map(\.name) == ["folded"])
        #expect(try #require(schema["counted"]).assignsKey)
        #expect(try #require(schema["defaults"]).assignsKey == false)
        #expect(try #require(schema["strict_one"]).assignsKey == false, "INT is not INTEGER")
        #expect(try #require(schema["descending"]).assignsKey == false, "DESC makes it an ordinary key")
        #expect(try #require(schema["odd \"name"]).primaryKey.isEmpty)
    }

    @Test func columnsAreFound() async throws {
        let schema = try await schema()
        let child = try #require(schema["child"])
        #expect(child.columns.filter(\.isGenerated).map(\.name) == ["total", "double_total"])
        #expect(child["a"]?.isNullable == false && child["other"]?.isNullable == true)
        #expect(try #require(schema["parent"])["name"]?.isNullable == false)
        #expect(try #require(schema["strict_one"]).columns.map(\.type) == [.integer, .any, .text])
    }

    @Test(
        arguments: [
            ("id", .none), ("i", .constant(5)), ("t", .constant("5")), ("b", .constant(true)), ("r", .constant(2.0)),
            ("at", .now), ("d", .now), ("v", .volatile), ("old", .constant("2026-01-02T03:04:05.000000Z")),
            ("x", .constant(["$bytes": "AP8="])), ("q", .constant("text")), ("j", .constant(["a": 1])),
        ] as [(String, DefaultValue)])
    func aDefaultIsWhatTheDatabaseWouldWrite(column: String, expected: DefaultValue) async throws {
        let table = try #require(try await schema()["defaults"])
        #expect(table[column]?.defaultValue == expected)
    }
}
