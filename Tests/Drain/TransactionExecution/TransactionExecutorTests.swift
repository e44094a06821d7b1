// SPDX-License-Identifier: MIT
import Foundation
import JSON
import MainDatabase
import SQLiteMainDatabase
import Testing
import TransactionModel

@testable import TransactionExecution

/// Stored transactions, as they lie in the keyspace, against a real database.
@Suite struct TransactionExecutorTests {
    private static let columns = [
        "author": [("id", ColumnType.integer), ("name", .text), ("books", .integer), ("score", .real)],
        "book": [("id", .text), ("title", .text), ("author_id", .integer), ("published", .boolean)],
        "place": [("shelf", .text), ("row", .integer), ("note", .text)],
    ]
    private static let schema = Schema(tables: [
        table("author", key: ["id"], assigns: true), table("book", key: ["id"]), table("place", key: ["row", "shelf"]),
    ])

    private static func table(_ name: String, key: [String], assigns: Bool = false) -> Table {
        Table(
            name: name, columns: (columns[name] ?? []).map { Column(name: $0.0, type: $0.1) }, primaryKey: key,
            assignsKey: assigns)
    }

    /// Runs each list of steps as one transaction `t0`, `t1`...; gives the results and what a look at the tables shows.
    private func run(
        _ transactions: [String]
    ) async throws -> (results: [TransactionResult], rows: [String: [[JSONValue]]]) {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("executor-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let database = SQLiteMainDatabase(.init(path: directory.path + "/main.db")) { Timestamp(microseconds: 0) }
        let lease = try await database.takeLease(site: "s", atLeast: 0)
        let setUp = [
            "CREATE TABLE author(id INTEGER PRIMARY KEY, name TEXT UNIQUE, books INTEGER, score REAL)",
            "CREATE TABLE book(id TEXT PRIMARY KEY, title TEXT, author_id INTEGER REFERENCES author(id), published BOOLEAN)",
            "CREATE TABLE place(shelf TEXT, row INTEGER, note TEXT, PRIMARY KEY (row, shelf))",
        ].map { Statement(sql: $0, parameters: [], expectation: .any, step: 0) }
        _ = try await database.apply(
            [PreparedTransaction(transactionID: id("setup"), contentHash: SHA256.hash, statements: setUp)], under: lease
        )
        let executor = TransactionExecutor(database: database)
        let items = try transactions.enumerated().map { index, steps in
            TransactionExecutor.Item(
                try #require(
                    StoredTransaction(
                        payload: Array(#"{"format":1,"transaction_id":"t\#(index)","steps":[\#(steps)]}"#.utf8))),
                contentHash: SHA256.hash)
        }
        let report = await executor.execute(items, schema: Self.schema, under: lease) { _, _ in false }
        #expect(report.stoppedBy == nil)
        var rows: [String: [[JSONValue]]] = [:]
        for table in Self.schema.tables {
            let order = try Ordering(nil, table: table)
            rows[table.name] = try await database.read { snapshot throws(DatabaseError) in
                var list: [[JSONValue]] = []
                try snapshot.records(table, where: nil, order: order) {
                    list.append($0)
                    return true
                }
                return list
            }
        }
        await database.close()
        return (report.results, rows)
    }

    private func ids(_ result: TransactionResult) -> String? {
        guard case .applied(_, let bytes) = result else { return "not applied: \(result)" }
        return bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    private func failure(_ result: TransactionResult) -> DatabaseError? {
        guard case .failed(let error) = result else { return nil }
        return error
    }

    private static let anna = #"""
        {"step_id":"a","operation":"create","model":"author","id":1,"data":{"id":1,"name":"Anna","books":2,"score":0.5}}
        """#

    @Test func createUpdateIncrementDelete() async throws {
        let (results, rows) = try await run([
            Self.anna,
            #"{"step_id":"b","operation":"create","model":"book","id":"x","data":{"id":"x","author_id":1,"published":true}}"#,
            #"{"step_id":"c","operation":"update","model":"book","id":"x","data":{"title":"T","published":false}}"#,
            #"{"step_id":"d","operation":"increment","model":"author","id":1,"data":{"books":3,"score":-1}}"#,
            #"{"step_id":"e","operation":"update","model":"author","id":1,"data":{}}"#,
            #"{"step_id":"f","operation":"delete","model":"book","id":"nothing"}"#,
        ])
        #expect(results.allSatisfy { ids($0) == nil })
        #expect(rows["author"] == [[1, "Anna", 5, -0.5]])
        #expect(rows["book"] == [["x", "T", 1, false]])
    }

    @Test func missingRecordsAreNamedByTheStep() async throws {
        let step = { (operation: String, data: String) in
            #"{"step_id":"z","operation":"\#(operation)","model":"author","id":9\#(data)}"#
        }
        let (results, rows) = try await run([
            Self.anna + "," + step("update", #","data":{"name":"B"}"#),
            Self.anna + "," + step("update", #","data":{}"#),
            Self.anna + "," + step("increment", #","data":{"books":1}"#), Self.anna,
        ])
        for result in results.prefix(3) {
            #expect(failure(result)?.kind == .recordMissing && failure(result)?.step == 1)
        }
        #expect(ids(results[3]) == nil && rows["author"]?.count == 1, "the good one gets through")
    }

    @Test func aSumThatLeavesItsTypeIsRefused() async throws {
        let create =
            #"{"step_id":"a","operation":"create","model":"author","id":1,"data":{"id":1,"books":9223372036854775807,"score":1e308}}"#
        let (results, rows) = try await run([
            create, #"{"step_id":"b","operation":"increment","model":"author","id":1,"data":{"books":1}}"#,
            #"{"step_id":"b","operation":"increment","model":"author","id":1,"data":{"score":1e308}}"#,
            #"{"step_id":"b","operation":"increment","model":"author","id":1,"data":{"books":-1}}"#,
        ])
        #expect(failure(results[1])?.kind == .invalidValue && failure(results[2])?.kind == .invalidValue)
        #expect(rows["author"]?.first?[2] == .integer(.max - 1))
    }

    @Test func upsertMeetsTheKeyOrOtherColumns() async throws {
        let (results, rows) = try await run([
            Self.anna,
            #"{"step_id":"b","operation":"upsert","model":"author","id":1,"data":{"id":1,"score":2.0}}"#,
            #"{"step_id":"c","operation":"upsert","model":"author","id":77,"conflict":["name"],"data":{"id":77,"name":"Anna","books":9}}"#,
            #"{"step_id":"d","operation":"upsert","model":"author","id":2,"data":{"id":2}}"#,
            #"{"step_id":"d","operation":"upsert","model":"author","id":2,"data":{"id":2}}"#,
            #"{"step_id":"u","operation":"upsert","model":"author","conflict":["name"],"data":{"name":"Anna"}},"#
                + #"{"step_id":"v","operation":"create","model":"book","id":"x","data":{"id":"x","author_id":{"$ref":"u.id"}}}"#,
        ])
        #expect(rows["author"] == [[1, "Anna", 9, 2.0], [2, .null, .null, .null]])
        #expect(ids(results[2]) == #"{"c":1}"#, "the record that was met keeps its id")
        #expect(ids(results[5]) == #"{"u":1,"v":"x"}"#)
        #expect(rows["book"]?.first?[2] == 1)
    }

    @Test func bulkStepsWriteEachRow() async throws {
        let (results, rows) = try await run([
            #"{"step_id":"b","operation":"bulk_create","model":"author","rows":[{"data":{"name":"A"}},{"id":50,"data":{"id":50}},{"data":{}}]}"#,
            #"{"step_id":"u","operation":"bulk_update","model":"author","rows":[{"id":1,"data":{"books":1}},{"id":50,"data":{"name":"C"}}]}"#,
            #"{"step_id":"p","operation":"create","model":"book","id":"x","data":{"id":"x","author_id":{"$ref":"t0#b[2].id"}}}"#,
        ])
        #expect(ids(results[0]) == #"{"b":[1,50,51]}"#)
        #expect(rows["author"] == [[1, "A", 1, .null], [50, "C", .null, .null], [51, .null, .null, .null]])
        #expect(rows["book"]?.first?[2] == 51)
    }

    @Test func referencesReachWhatEarlierStepsFoundAndWrote() async throws {
        let (results, rows) = try await run([
            Self.anna,
            #"{"step_id":"use","operation":"create","model":"book","id":"x","depends_on":["find"],"data":{"id":"x","title":{"$ref":"find.name"},"author_id":{"$ref":"find.id"}}},"#
                + #"{"step_id":"find","operation":"query","model":"author","where":{"books":{"gte":2}}},"#
                + #"{"step_id":"add","operation":"increment","model":"author","id":{"$ref":"find.id"},"data":{"books":10}}"#,
            #"{"step_id":"new","operation":"create","model":"author","data":{"name":"N"}},"#
                + #"{"step_id":"own","operation":"create","model":"book","id":"y","data":{"id":"y","title":{"$ref":"new.name"},"author_id":{"$ref":"t2#new.id"}}},"#
                + #"{"step_id":"up","operation":"update","model":"author","id":{"$ref":"new.id"},"data":{"books":{"$ref":"new.id"}}}"#,
            #"{"step_id":"none","operation":"query","model":"author","where":{"name":"Zoe"},"optional":true},"#
                + #"{"step_id":"z","operation":"create","model":"book","id":"z","data":{"id":"z","title":{"$ref":"none.name"}}}"#,
            #"{"step_id":"none","operation":"query","model":"author","where":{"name":"Zoe"}}"#,
        ])
        #expect(rows["author"] == [[1, "Anna", 12, 0.5], [2, "N", 2, .null]])
        #expect(rows["book"] == [["x", "Anna", 1, .null], ["y", "N", 2, .null], ["z", .null, .null, .null]])
        #expect(ids(results[2]) == #"{"new":2,"own":"y"}"#)
        #expect(failure(results[4])?.kind == .recordMissing)
    }

    @Test func aCompositeIdIsAnObjectByColumn() async throws {
        let (results, rows) = try await run([
            #"{"step_id":"a","operation":"create","model":"place","id":{"row":1,"shelf":"s"},"data":{"row":1,"shelf":"s"}}"#,
            #"{"step_id":"b","operation":"update","model":"place","id":{"row":1,"shelf":"s"},"data":{"note":"n"}}"#,
            #"{"step_id":"c","operation":"upsert","model":"place","id":{"row":1,"shelf":"s"},"data":{"row":1,"shelf":"s"}}"#,
            #"{"step_id":"d","operation":"delete","model":"place","id":{"row":2,"shelf":"s"}}"#,
        ])
        #expect(results.allSatisfy { ids($0) == nil })
        #expect(rows["place"] == [["s", 1, "n"]])
    }

    @Test(arguments: [
        (#"{"step_id":"z","operation":"delete","model":"nothing","id":1}"#, DatabaseError.Kind.schemaMismatch),
        (#"{"step_id":"z","operation":"create","model":"author","id":3,"data":{"id":3,"gone":1}}"#, .schemaMismatch),
        (#"{"step_id":"z","operation":"query","model":"author","where":{"gone":1}}"#, .schemaMismatch),
        (#"{"step_id":"z","operation":"query","model":"author","where":{"books":"many"}}"#, .invalidValue),
        (#"{"step_id":"z","operation":"update","model":"place","id":{"row":1},"data":{"note":"n"}}"#, .schemaMismatch),
        (#"{"step_id":"z","operation":"create","model":"place","data":{"note":"n"}}"#, .schemaMismatch),
        (
            #"{"step_id":"z","operation":"update","model":"author","id":{"$ref":"nobody.id"},"data":{}}"#,
            .referenceUnresolved
        ),
        (
            #"{"step_id":"z","operation":"update","model":"author","id":{"$ref":"z.name"},"data":{}}"#,
            .referenceUnresolved
        ),
        (
            #"{"step_id":"z","operation":"update","model":"author","id":{"$ref":"other#s.id"},"data":{}}"#,
            .referenceUnresolved
        ),
    ])
    func whatCantBePreparedFailsAloneAndNamesItsStep(step: String, kind: DatabaseError.Kind) async throws {
        let (results, rows) = try await run([
            Self.anna.replacingOccurrences(of: ":1,", with: ":7,") + "," + step, Self.anna,
        ])
        #expect(failure(results[0])?.kind == kind && failure(results[0])?.step == 1)
        #expect(ids(results[1]) == nil)
        #expect(rows["author"] == [[1, "Anna", 2, 0.5]])
    }
}

extension SHA256 {
    fileprivate static var hash: ContentHash {
        hash([1])
    }
}

private func id(_ text: String) -> TransactionID {
    guard let id = TransactionID(text) else { preconditionFailure("not an id: \(text)") }
    return id
}
