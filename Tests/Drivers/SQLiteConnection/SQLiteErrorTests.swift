// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import SQLiteConnection

@Suite struct SQLiteErrorTests {
    static let schema = """
        PRAGMA foreign_keys = ON;
        CREATE TABLE parent(id INTEGER PRIMARY KEY);
        CREATE TABLE child(
            name TEXT PRIMARY KEY, number INT UNIQUE, size INT NOT NULL CHECK (size > 0),
            parent INT REFERENCES parent
        ) STRICT;
        INSERT INTO child VALUES ('a', 1, 1, NULL);
        CREATE TRIGGER refuse BEFORE DELETE ON child BEGIN SELECT RAISE(ABORT, 'no'); END;
        """

    @Test(arguments: [
        ("INSERT INTO child VALUES ('a', 2, 1, NULL)", SQLiteError.Constraint.primaryKey),
        ("INSERT INTO child VALUES ('b', 1, 1, NULL)", .unique),
        ("INSERT INTO child VALUES ('b', 2, 1, 99)", .foreignKey),
        ("INSERT INTO child VALUES ('b', 2, NULL, NULL)", .notNull),
        ("INSERT INTO child VALUES ('b', 2, 0, NULL)", .check),
        ("INSERT INTO child VALUES ('b', 'text', 1, NULL)", .datatype),
        ("INSERT INTO child(rowid, name, size) VALUES (1, 'b', 1)", .rowid),
        ("DELETE FROM child", .trigger),
    ])
    func aConstraintIsKnownByItsKind(sql: String, constraint: SQLiteError.Constraint) throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        try connection.execute(Self.schema)
        for error in [
            try failure { try connection.execute(sql) }, try failure { try connection.statement(sql).run() },
        ] {
            #expect(error.isConstraint && error.constraint == constraint)
            #expect(error.primaryCode == 19)
            #expect(!error.detail.isEmpty)
            #expect(!error.description.contains("child"), "the description names nothing")
        }
    }

    @Test(
        arguments: [
            (5, "busy"), (261, "busy"), (517, "busy"), (6, "busy"), (262, "busy"), (13, "full"), (266, "io"),
            (1034, "io fsync"), (1290, "io fsync"), (11, "corrupt"), (26, "corrupt"), (267, "corrupt"),
            (14, "cannotOpen"),
            (8, "readOnly"), (776, "readOnly"), (21, "misuse"), (25, "misuse"), (9, "interrupted"), (1, ""),
            (2067, "constraint"),
        ] as [(Int32, String)])
    func classesFollowTheCode(code: Int32, expected: String) {
        let error = SQLiteError(extendedCode: code)
        let classes: [(String, Bool)] = [
            ("busy", error.isBusy), ("full", error.isFull), ("io", error.isIO), ("fsync", error.isFsync),
            ("corrupt", error.isCorrupt), ("cannotOpen", error.isCannotOpen), ("readOnly", error.isReadOnly),
            ("misuse", error.isMisuse), ("interrupted", error.isInterrupted), ("constraint", error.isConstraint),
        ]
        #expect(classes.filter(\.1).map(\.0).joined(separator: " ") == expected)
    }

    @Test func anInputOutputErrorIsFullWhenTheSystemSaysSo() {
        #expect(SQLiteError(extendedCode: 778, systemErrno: ENOSPC).isFull)
        #expect(SQLiteError(extendedCode: 778, systemErrno: EDQUOT).isFull)
        #expect(!SQLiteError(extendedCode: 778, systemErrno: EIO).isFull)
        #expect(!SQLiteError(extendedCode: 11, systemErrno: ENOSPC).isFull)
    }

    @Test func aDatabaseAtItsPageLimitIsFull() throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        try connection.execute("CREATE TABLE a(x); PRAGMA max_page_count = 4")
        #expect(try failure { try connection.execute("INSERT INTO a VALUES (zeroblob(100000))") }.isFull)
    }

    @Test func anotherWriterMakesItBusy() throws {
        try withDirectory { directory in
            let first = try SQLiteConnection(path: directory + "/a.db", mode: .create)
            let second = try SQLiteConnection(path: directory + "/a.db", mode: .readWrite)
            second.setBusyTimeout(.milliseconds(1))
            try first.execute("BEGIN IMMEDIATE")
            #expect(try failure { try second.execute("BEGIN IMMEDIATE") }.isBusy)
            try first.execute("COMMIT")
            try second.execute("BEGIN IMMEDIATE; COMMIT")
        }
    }

    @Test func aFileThatIsNoDatabaseIsCorrupt() throws {
        try withDirectory { directory in
            try Data(repeating: 0x41, count: 4096).write(to: URL(fileURLWithPath: directory + "/a.db"))
            let connection = try SQLiteConnection(path: directory + "/a.db", mode: .readWrite)
            #expect(try failure { _ = try connection.text("SELECT name FROM sqlite_schema") }.isCorrupt)
        }
    }

    @Test func aFailedBindIsReportedByTheNextStepOnce() throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        let statement = try connection.statement("SELECT ?1")
        statement.bind(2, "no such parameter")
        #expect(try failure { _ = try statement.step() }.isMisuse)
        #expect(try statement.step())
    }

    @Test func anErrorLeavesTheStatementReusable() throws {
        let connection = try SQLiteConnection(path: ":memory:", mode: .create)
        try connection.execute("CREATE TABLE a(x PRIMARY KEY)")
        let insert = try connection.statement("INSERT INTO a VALUES (?1)")
        insert.bind(1, "x")
        try insert.run()
        insert.bind(1, "x")
        #expect(try failure { try insert.run() }.constraint == .primaryKey)
        insert.bind(1, "y")
        try insert.run()
        #expect(try connection.integer("SELECT count(*) FROM a") == 2)
    }
}
