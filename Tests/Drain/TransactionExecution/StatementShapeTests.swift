// SPDX-License-Identifier: MIT
import MainDatabase
import Testing
import TransactionModel

@testable import TransactionExecution

@Suite struct StatementShapeTests {
    private static let dialect = SQLDialect { number, type in type == .uuid ? "$\(number)::uuid" : "$\(number)" }
    private static let single = Table(
        name: "t",
        columns: [Column(name: "id", type: .uuid), Column(name: "a", type: .text), Column(name: "n", type: .integer)],
        primaryKey: ["id"])
    private static let pair = Table(
        name: "p",
        columns: [Column(name: "x", type: .text), Column(name: "y", type: .integer), Column(name: "v", type: .text)],
        primaryKey: ["y", "x"])

    @Test(arguments: [
        (StatementShape(verb: .insert, columns: [0, 1]), #"INSERT INTO "t" ("id", "a") VALUES ($1::uuid, $2)"#),
        (StatementShape(verb: .insert), #"INSERT INTO "t" DEFAULT VALUES"#),
        (
            StatementShape(verb: .insert, columns: [1], returnsKey: true),
            #"INSERT INTO "t" ("a") VALUES ($1) RETURNING "id""#
        ),
        (
            StatementShape(verb: .upsert(conflict: [0]), columns: [0, 1, 2]),
            #"INSERT INTO "t" ("id", "a", "n") VALUES ($1::uuid, $2, $3) ON CONFLICT ("id") DO UPDATE SET "a" = excluded."a", "n" = excluded."n""#
        ),
        (
            StatementShape(verb: .upsert(conflict: [0]), columns: [0]),
            #"INSERT INTO "t" ("id") VALUES ($1::uuid) ON CONFLICT ("id") DO NOTHING"#
        ),
        (
            StatementShape(verb: .upsert(conflict: [1]), columns: [0, 1, 2], returnsKey: true),
            #"INSERT INTO "t" ("id", "a", "n") VALUES ($1::uuid, $2, $3) ON CONFLICT ("a") DO UPDATE SET "n" = excluded."n" RETURNING "id""#
        ),
        (
            StatementShape(verb: .upsert(conflict: [1]), columns: [0, 1], returnsKey: true),
            #"INSERT INTO "t" ("id", "a") VALUES ($1::uuid, $2) ON CONFLICT ("a") DO UPDATE SET "a" = excluded."a" RETURNING "id""#
        ),
        (StatementShape(verb: .update, columns: [2, 1]), #"UPDATE "t" SET "n" = $1, "a" = $2 WHERE "id" = $3::uuid"#),
        (
            StatementShape(verb: .increment, columns: [2]),
            #"UPDATE "t" SET "n" = "n" + $1 WHERE "id" = $2::uuid RETURNING "n""#
        ),
        (StatementShape(verb: .delete), #"DELETE FROM "t" WHERE "id" = $1::uuid"#),
        (StatementShape(verb: .exists), #"SELECT 1 FROM "t" WHERE "id" = $1::uuid"#),
    ])
    func aShapeBecomesText(shape: StatementShape, sql: String) {
        #expect(shape.sql(Self.single, Self.dialect) == sql)
    }

    @Test func aCompositeKeyStandsInItsOrder() {
        let sql = StatementShape(verb: .update, columns: [2]).sql(Self.pair, Self.dialect)
        #expect(sql == #"UPDATE "p" SET "v" = $1 WHERE "y" = $2 AND "x" = $3"#)
    }

    @Test func textsAreWrittenOncePerTableAndShapeAndBounded() {
        let texts = StatementTexts(dialect: Self.dialect)
        let shape = StatementShape(verb: .delete)
        #expect(texts.sql(shape, of: Self.single) != texts.sql(shape, of: Self.pair))
        for index in 0...StatementTexts.textsMax {
            let table = Table(name: "t\(index)", columns: [Column(name: "id", type: .integer)], primaryKey: ["id"])
            #expect(texts.sql(shape, of: table) == #"DELETE FROM "t\#(index)" WHERE "id" = $1"#)
        }
        #expect(texts.sql(shape, of: Self.single) == shape.sql(Self.single, Self.dialect))
    }
}
