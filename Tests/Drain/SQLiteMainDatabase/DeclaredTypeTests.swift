// SPDX-License-Identifier: MIT
import Testing
import TransactionModel

@testable import SQLiteMainDatabase

@Suite struct DeclaredTypeTests {
    @Test(
        arguments: [
            ("INTEGER", .integer), ("int", .integer), ("BIGINT UNSIGNED", .integer), ("TINYINT(1)", .integer),
            ("CHARINT", .integer), ("FLOATING POINT", .integer), ("DATE INT", .integer),
            ("TEXT", .text), ("VARCHAR(80)", .text), ("clob", .text), ("DATETIME TEXT", .text), ("BOOLEAN TEXT", .text),
            ("BLOB", .blob), ("", .any), ("REAL", .real), ("DOUBLE PRECISION", .real), ("float", .real),
            ("BOOLEAN", .boolean), ("bool", .boolean), ("DATE", .date), ("TIME", .time),
            ("TIME WITHOUT TIME ZONE", .time),
            ("DATETIME", .timestamp), ("datetime(6)", .timestamp), ("TIMESTAMP", .timestamp),
            ("TIMESTAMPTZ", .timestamp),
            ("timestamp with time zone", .timestamp), ("UUID", .uuid), ("JSON", .json), ("jsonb", .json),
            ("NUMERIC", .number), ("DECIMAL(10,2)", .number), ("STRING", .number), ("ANY", .number),
        ] as [(String, ColumnType)])
    func theDeclarationGivesTheType(declared: String, type: ColumnType) {
        #expect(ColumnType.declared(declared, strict: false) == type)
    }

    @Test func inAStrictTableAnyIsAny() { #expect(ColumnType.declared("ANY", strict: true) == .any) }
}

@Suite struct DefaultExpressionTests {
    @Test(
        arguments: [
            ("NULL", .null), ("null", .null),
            ("5", .literal("5")), ("-5", .literal("-5")), ("+.5e-3", .literal("+.5e-3")), ("0x1F", .literal("0x1f")),
            ("'a (b)'", .literal("'a (b)'")), ("'it''s'", .literal("'it''s'")), ("\"x Y\"", .literal("\"x Y\"")),
            ("X'00ff'", .literal("x'00ff'")), ("TRUE", .literal("true")), ("(1)", .literal("1")),
            ("CURRENT_TIMESTAMP", .now(.timestamp)), ("current_date", .now(.date)), ("CURRENT_TIME", .now(.time)),
            ("datetime('now')", .now(.timestamp)), ("( DATETIME ( 'now' ) )", .now(.timestamp)),
            ("strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", .now(.timestamp)), ("strftime('%s','now')", .now(.seconds)),
            ("unixepoch()", .now(.seconds)),
            ("strftime('%S','now')", .other), ("strftime('%Y','now')", .other), ("datetime('now','localtime')", .other),
            ("random()", .other), ("1+1", .other), ("1-1", .other), ("'a'||'b'", .other), ("(1)+(2)", .other),
            ("lower(hex(randomblob(16)))", .other), ("", .other), ("'a", .other), ("julianday('now')", .other),
        ] as [(String, DefaultExpression)])
    func onlyLiteralsAndExactFormsOfNowAreKnown(text: String, expected: DefaultExpression) {
        #expect(DefaultExpression(text) == expected)
    }

    @Test(
        arguments: [
            (.timestamp, .timestamp, true), (.timestamp, .text, true), (.timestamp, .integer, false),
            (.date, .date, true),
            (.date, .text, false), (.time, .time, true), (.time, .timestamp, false), (.seconds, .integer, true),
            (.seconds, .timestamp, false),
        ] as [(DefaultExpression.Moment, ColumnType, Bool)])
    func nowIsEvaluatedOnlyWhereItsShapeFits(moment: DefaultExpression.Moment, type: ColumnType, fits: Bool) {
        #expect(DefaultExpression.isNow(moment, for: type) == fits)
    }
}
