// SPDX-License-Identifier: MIT
import JSON
import Testing
import TransactionModel

@Suite struct SchemaTests {
    static let types: [ColumnType] = [
        .integer, .real, .number, .decimal, .text, .blob, .json, .boolean, .date, .time, .timestamp, .uuid, .any,
        .enumeration(["a", "b,c", "d:e%", ""]), .array(of: .array(of: .integer)),
        .array(of: .enumeration(["x"])), .integer(bits: 16), .real(.single), .decimal(precision: 10, scale: -2),
        .decimal(precision: 5, scale: nil), .text(.padded), .text(.foreign), .json(.binary), .time(digits: 0),
        .timestamp(digits: 3), .array(of: .decimal(precision: 4, scale: 2)),
    ]

    @Test("a type reads back from its text", arguments: types)
    func readsType(type: ColumnType) { #expect(ColumnType(text: type.text) == type) }

    @Test(
        "what is no type",
        arguments: ["", "int", "array:", "array:int", "Text", "real:", "decimal:x", "decimal:1,2,3", "text:"])
    func noType(text: String) { #expect(ColumnType(text: text) == nil) }

    @Test func `a schema reads back from its JSON`() {
        let schema = Schema(tables: [
            Table(
                name: "a\"é",
                columns: Self.types.enumerated().map {
                    Column(
                        name: "c\($0)", type: $1, isNullable: $0.isMultiple(of: 2),
                        defaultValue: [.none, .now, .volatile, .constant("x"), .constant(.null)][$0 % 5],
                        isGenerated: $0 == 3)
                }, primaryKey: ["c0", "c1"], assignsKey: false, uniqueKeys: [["c2"], ["c3", "c4"]],
                foreignKeys: [ForeignKey(columns: ["c5"], table: "b", referencedColumns: ["id"])], hasTriggers: true),
            Table(
                name: "b", columns: [Column(name: "id", type: .integer)], primaryKey: ["id"], assignsKey: true,
                refusesKey: true, keyIsFolded: true, partialUniqueKeys: [["id"]], hasComputedUniqueness: true,
                refusesZero: true),
            Table(name: "empty", columns: [], primaryKey: []),
        ])
        #expect(Schema(jsonBytes: schema.jsonBytes) == schema)
        #expect(Schema(jsonBytes: schema.jsonBytes)?["b"]?.assignsKey == true)
    }

    @Test("what is no schema", arguments: ["", "{}", #"{"format":2,"tables":[]}"#, #"{"format":1,"tables":[{}]}"#])
    func noSchema(text: String) { #expect(Schema(jsonBytes: Array(text.utf8)) == nil) }

    @Test func `names are compared as bytes`() {
        let table = Table(name: "t", columns: [Column(name: "é", type: .text)], primaryKey: ["é"])
        #expect(table.index(of: "é") == 0)
        #expect(table.index(of: "e\u{301}") == nil)
        #expect(Schema(tables: [table])["T"] == nil)
    }
}
