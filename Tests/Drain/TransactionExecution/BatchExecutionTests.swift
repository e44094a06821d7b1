// SPDX-License-Identifier: MIT
import MainDatabase
import Testing
import TransactionModel

@testable import TransactionExecution

@Suite struct BatchExecutionTests {
    private static let schema = Schema(tables: [
        Table(name: "t", columns: [Column(name: "id", type: .integer)], primaryKey: ["id"])
    ])
    private static let unique = DatabaseError(.uniqueViolation, code: "2067", "")
    private static let unknown = DatabaseError(.outcomeUnknown, code: "10", "")

    private func now(_ position: UInt64) -> BatchOutcome.Applied { .now(Position(position), generatedIDs: nil) }

    private func applied(_ position: UInt64) -> TransactionResult { .applied(Position(position), generatedIDs: nil) }

    private func execute(
        models: [String], on database: ScriptedDatabase, mustWait: @escaping (Int, Int) -> Bool = { _, _ in false }
    ) async throws -> BatchReport {
        let items = try models.enumerated().map { index, model in
            let steps = #"[{"step_id":"s","operation":"delete","model":"\#(model)","id":\#(index)}]"#
            let payload = #"{"format":1,"transaction_id":"\#(index)","steps":\#(steps)}"#
            return TransactionExecutor.Item(
                try #require(StoredTransaction(payload: Array(payload.utf8))), contentHash: SHA256.hash([1]))
        }
        let lease = Lease(site: "s", token: 1)
        return await TransactionExecutor(database: database).execute(
            items, schema: Self.schema, under: lease, mustWait: mustWait)
    }

    @Test func aGoodBatchIsOneCall() async throws {
        let database = ScriptedDatabase([.success(.applied([now(1), now(2)]))])
        #expect(try await execute(models: ["t", "t"], on: database).results == [applied(1), applied(2)])
        #expect(database.batches == [["0", "1"]])
    }

    @Test func aFailedBatchGoesOneByOneInOrder() async throws {
        let database = ScriptedDatabase([
            .success(.failed(index: 1, Self.unique)), .success(.applied([now(1)])),
            .success(.failed(index: 0, Self.unique)),
            .success(.applied([now(2)])),
        ])
        let report = try await execute(models: ["t", "t", "t", "t"], on: database) { later, earlier in
            (later, earlier) == (2, 1)
        }
        #expect(report.results == [applied(1), .failed(Self.unique), .notRun, applied(2)])
        #expect(database.batches == [["0", "1", "2", "3"], ["0"], ["1"], ["3"]])
    }

    @Test func whatCantBePreparedIsLeftOutOfTheBatch() async throws {
        let database = ScriptedDatabase([.success(.applied([now(1)]))])
        let report = try await execute(models: ["missing", "t"], on: database)
        guard case .failed(let error) = report.results[0] else { throw Unexpected(report: report) }
        #expect(error.kind == .schemaMismatch && error.step == 0 && report.results[1] == applied(1))
        #expect(database.batches == [["1"]])
    }

    @Test func afterAnUnknownOutcomeTheSameBatchIsSimplyAppliedAgain() async throws {
        let database = ScriptedDatabase([
            .failure(Self.unknown), .success(.applied([.before(Position(1), generatedIDs: nil), now(2)])),
        ])
        let first = try await execute(models: ["t", "t"], on: database)
        #expect(first == BatchReport(results: [.unknown, .unknown], stoppedBy: Self.unknown))
        let second = try await execute(models: ["t", "t"], on: database)
        #expect(second.results == [.before(Position(1), generatedIDs: nil), applied(2)])
    }

    @Test func anOutageIsReportedOnceAndNothingMoreIsAsked() async throws {
        let away = DatabaseError(.unavailable, code: "14", "")
        let database = ScriptedDatabase([.success(.failed(index: 0, Self.unique)), .failure(away)])
        let report = try await execute(models: ["t", "t"], on: database)
        #expect(report == BatchReport(results: [.notRun, .notRun], stoppedBy: away))
        #expect(database.batches == [["0", "1"], ["0"]])
    }

    private struct Unexpected: Error { var report: BatchReport }
}
