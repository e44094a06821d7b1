// SPDX-License-Identifier: MIT
import JSON
import Testing
import TransactionModel

@testable import TransactionBuffering

/// A schema with one column of each type, and short ways to build transactions against it.
enum Samples {
    static let now = Timestamp(microseconds: 1_790_000_000_000_000)

    static let schema = Schema(tables: [
        Table(
            name: "t",
            columns: [
                Column(name: "id", type: .text, isNullable: false),
                Column(name: "name", type: .text, isNullable: false),
                Column(name: "n", type: .integer), Column(name: "r", type: .real), Column(name: "d", type: .decimal),
                Column(name: "flag", type: .boolean, defaultValue: .constant(true)), Column(name: "raw", type: .blob),
                Column(name: "doc", type: .json), Column(name: "day", type: .date),
                Column(name: "at", type: .timestamp, defaultValue: .now),
                Column(name: "u", type: .uuid), Column(name: "kind", type: .enumeration(["a", "b"])),
                Column(name: "list", type: .array(of: .integer)),
                Column(name: "sum", type: .integer, isGenerated: true),
                Column(name: "code", type: .text),
                Column(name: "salt", type: .integer, isNullable: false, defaultValue: .volatile),
            ], primaryKey: ["id"], uniqueKeys: [["code"]]),
        Table(
            name: "pair",
            columns: [
                Column(name: "a", type: .text, isNullable: false), Column(name: "b", type: .integer, isNullable: false),
                Column(name: "v", type: .text),
            ], primaryKey: ["a", "b"]),
        Table(
            name: "auto",
            columns: [
                Column(name: "id", type: .integer, isNullable: false), Column(name: "t", type: .text),
                Column(name: "n", type: .integer),
            ],
            primaryKey: ["id"], assignsKey: true,
            foreignKeys: [ForeignKey(columns: ["t"], table: "t", referencedColumns: ["id"])]),
        Table(
            name: "always", columns: [Column(name: "id", type: .integer), Column(name: "n", type: .integer)],
            primaryKey: ["id"], assignsKey: true, refusesKey: true),
        Table(name: "given", columns: [Column(name: "id", type: .integer, isNullable: false)], primaryKey: ["id"]),
        Table(
            name: "switch",
            columns: [
                Column(name: "a", type: .text, isNullable: false),
                Column(name: "on", type: .boolean, isNullable: false),
            ], primaryKey: ["a", "on"]),
        Table(name: "flag", columns: [Column(name: "on", type: .boolean, isNullable: false)], primaryKey: ["on"]),
        Table(name: "keyless", columns: [Column(name: "x", type: .text)], primaryKey: []),
    ])

    static func build(
        _ text: String, schema: Schema? = schema, now: Timestamp = now, id: String = "tx"
    ) throws -> BuiltTransaction {
        let id = try #require(TransactionID(id))
        return try TransactionBuilder(schema: schema, now: now).build(try JSONDocument(parsing: text).root, id: id)
    }

    /// A transaction of these steps.
    static func steps(_ steps: String...) -> String { #"{"steps":["# + steps.joined(separator: ",") + "]}" }

    static func step(_ operation: String, _ model: String, _ rest: String, id: String = "s") -> String {
        #"{"step_id":"\#(id)","operation":"\#(operation)","model":"\#(model)","# + rest + "}"
    }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
