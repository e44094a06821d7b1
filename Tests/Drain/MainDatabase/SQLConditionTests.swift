// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import Testing
import TransactionModel

@Suite struct SQLConditionTests {
    private static let table = Table(
        name: "t",
        columns: [
            Column(name: "id", type: .integer, isNullable: false), Column(name: "a\"b", type: .text),
            Column(name: "u", type: .uuid),
        ], primaryKey: ["id"])
    private static let dialect = SQLDialect { number, type in type == .uuid ? "$\(number)::uuid" : "$\(number)" }

    @Test(
        arguments: [
            (.compare(column: 0, .eq, 1), #""id" = $3"#), (.compare(column: 1, .ne, "x"), #""a""b" <> $3"#),
            (.compare(column: 0, .lt, 1), #""id" < $3"#), (.compare(column: 0, .lte, 1), #""id" <= $3"#),
            (.compare(column: 0, .gt, 1), #""id" > $3"#), (.compare(column: 0, .gte, 1), #""id" >= $3"#),
            (.isIn(column: 2, ["x", "y"]), #""u" IN ($3::uuid,$4::uuid)"#), (.isIn(column: 2, []), "1=0"),
            (.isNull(column: 1, true), #""a""b" IS NULL"#), (.isNull(column: 1, false), #""a""b" IS NOT NULL"#),
            (.all([]), "1=1"), (.any([]), "1=0"),
            (
                .all([.compare(column: 0, .eq, 1), .any([.isNull(column: 1, true), .compare(column: 0, .eq, 2)])]),
                #"("id" = $3 AND ("a""b" IS NULL OR "id" = $4))"#
            ),
        ] as [(Condition, String)])
    func aConditionBecomesText(condition: Condition, sql: String) {
        let built = SQLCondition(condition, table: Self.table, dialect: Self.dialect, firstParameter: 3)
        #expect(built.sql == sql)
        #expect(built.parameters.count == sql.filter { $0 == "$" }.count)
    }

    @Test func nullIsGreatest() throws {
        let view = try JSONDocument(parsing: #"["-a\"b", "u"]"#).root
        let order = try Ordering(view, table: Self.table)
        #expect(
            SQLCondition.order(order, table: Self.table, dialect: Self.dialect)
                == #""a""b" DESC NULLS FIRST, "u" NULLS LAST, "id""#)
    }
}

@Suite struct AssignedIDsTests {
    @Test func idsStandInTheOrderOfTheSteps() throws {
        let ids = AssignedIDs(steps: [
            ("b", false, [.captured(statement: 4)]), ("a", true, [.known("x"), .captured(statement: 2)]),
            ("c", true, []),
            ("d", false, [.composite([("x", .captured(statement: 4)), ("y", .known("z"))])]),
        ])
        let json = ids.jsonBytes { .integer(Int64($0)) }
        #expect(String(decoding: json, as: UTF8.self) == #"{"b":4,"a":["x",2],"c":[],"d":{"x":4,"y":"z"}}"#)
    }

    @Test(
        arguments: [
            (.unavailable, .outage), (.contention, .outage), (.outcomeUnknown, .outage), (.leaseLost, .fenced),
            (.uniqueViolation, .final), (.recordMissing, .final), (.schemaMismatch, .final),
            (.unclassified, .transient),
        ] as [(DatabaseError.Kind, DatabaseError.Category)])
    func eachKindHasItsCategory(kind: DatabaseError.Kind, category: DatabaseError.Category) {
        #expect(DatabaseError(kind, code: "", "").category == category)
    }
}
