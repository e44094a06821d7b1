// SPDX-License-Identifier: MIT
import Foundation
import JSON
import SQLiteConnection
import SmartQueries
import Testing
import TransactionBuffering
import TransactionModel

/// What a delete deletes or changes along with it, through foreign keys, is seen before it is applied.
@Suite struct ReachingDeleteTests {
    @Test("reads equal a database that has everything already", arguments: OverlayPropertyTests.seeds)
    func readsEqualFinal(seed: UInt64) async throws {
        print("reaching deletes: SLUICE_SEED=\(seed)")
        let pipeline = try await Pipeline(schema: Tree.schema, batch: 20, hasReplica: true)
        try pipeline.copyToReplica()
        var tree = try Tree(path: pipeline.directory + "/final.db", seed: seed)
        for _ in 0..<60 { try await pipeline.buffer(tree.transaction()) }

        try await Self.check("nothing applied", pipeline.queries, tree)
        try await Self.check("nothing applied, replica", pipeline.replicaQueries, tree)
        try await pipeline.drain(downTo: 30)
        try await Self.check("half applied", pipeline.queries, tree)
        try await Self.check("half applied, replica without any of it", pipeline.replicaQueries, tree)
        try pipeline.copyToReplica()
        try await Self.check("half applied, replica with all of that", pipeline.replicaQueries, tree)
        try await pipeline.drain()
        let dead = try await DeadLetters(manager: pipeline.manager).list(limit: 10, cursor: nil).records
        #expect(dead.map { String(decoding: $0, as: UTF8.self) } == [], "no transaction of the test may fail")
        try await Self.check("applied", pipeline.queries, tree)
        try await Self.check("applied, replica with half of it", pipeline.replicaQueries, tree)
        await pipeline.close()
    }

    private static func check(_ moment: String, _ queries: SmartQueryManager, _ tree: Tree) async throws {
        for (table, ids) in tree.ids.sorted(by: { $0.key < $1.key }) {
            var query = RecordQuery(model: table)
            query.limit = 1000
            query.wantsCount = true
            let answer = try await queries.query(query)
            let rows = try rows(table, "1", tree)
            #expect(answer.count == Int64(rows.count), "\(moment): count of \(table)")
            #expect(
                difference(answer.records, rows, answer.unknown) == nil,
                "\(moment): \(table)")
            for id in Set(ids) {
                let terms = id.map { name, value in "\(name) = \(sql(value, tree))" }
                let expected = try Self.rows(table, terms.joined(separator: " AND "), tree)
                let got = try await queries.get(model: table, id: try view(tree.json(id)))
                let records = got.record.map { [$0] } ?? []
                #expect(
                    difference(records, expected, got.unknown) == nil,
                    "\(moment): \(table) \(String(decoding: tree.json(id).bytes, as: UTF8.self)) \(got.sources)")
            }
        }
    }

    private static func sql(_ value: Tree.Value, _ tree: Tree) -> String {
        switch value {
        case .null: "NULL"
        case .text(let text): "'\(text)'"
        case .integer(let number): "\(number)"
        case .made: "\(tree.boxes[value] ?? -1)"
        }
    }

    private static func rows(_ table: String, _ condition: String, _ tree: Tree) throws -> [JSONValue] {
        let columns = try names(of: table, tree)
        let object = columns.map { "'\($0)', \($0)" }.joined(separator: ", ")
        let order = table == "line" ? "file, number" : "id"
        let statement = try tree.database.statement(
            "SELECT json_object(\(object)) FROM \(table) WHERE \(condition) ORDER BY \(order)")
        defer { statement.reset() }
        var rows: [JSONValue] = []
        while try statement.step() { rows.append(try JSONValue(parsing: statement.text(0) ?? "")) }
        return rows
    }

    private static func names(of table: String, _ tree: Tree) throws -> [String] {
        let statement = try tree.database.statement("SELECT name FROM pragma_table_info('\(table)')")
        defer { statement.reset() }
        var names: [String] = []
        while try statement.step() { names.append(statement.text(0) ?? "") }
        return names
    }

    private static func difference(_ before: [JSONValue], _ after: [JSONValue], _ unknown: [String]) -> String? {
        guard before.count == after.count else { return "\(before.count) records, then \(after.count)" }
        for (before, after) in zip(before, after) {
            for (name, value) in before.object ?? [:] where !unknown.contains(name) && value != after[name] {
                return "\(name) of \(String(decoding: before.bytes, as: UTF8.self))"
                    + ", then \(String(decoding: after.bytes, as: UTF8.self))"
            }
        }
        return nil
    }
}
