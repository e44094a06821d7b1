// SPDX-License-Identifier: MIT
import Keyspace
import ReentrantTransactions
import Testing
import TransactionModel

@Suite("MultiResult")
struct MultiResultTests {
    @Test("an aborted block is aborted, and never an empty success")
    func aborted() {
        let result = MultiResult(aborted: .watchedKeyChanged)
        #expect(result.aborted && !result.successful)
        #expect(result.results == [] && result.errors == [])
        #expect(result != MultiResult([]))
        #expect(MultiResult([]).successful)
    }

    @Test("each sort of failure has its kind; its result is null, its reply stays")
    func failures() {
        let replies: [Reply] = [
            .accept(.accepted), .error(CommandError("WRONGTYPE", "x")), .accept(.conflict), .accept(.full),
            .accept(.duplicate(status: .pending, generatedIDs: nil)), .null,
        ]
        let result = MultiResult(replies)
        #expect(!result.successful && !result.aborted)
        #expect(result.errors.map(\.index) == [1, 2, 3])
        #expect(result.errors.map(\.kind) == [.keyspaceError, .transactionConflict, .bufferFull])
        #expect(result.errors.map(\.detail) == ["WRONGTYPE", nil, nil])
        #expect(result.results == [replies[0], .null, .null, .null, replies[4], .null])
        #expect(result.replies == replies)
    }

    @Test("no way of printing shows a value")
    func showsNoValues() async throws {
        let secret = "s3cret"
        let core = Fixture().core
        var future: Future?
        let submission = try await core.execute { connection in
            try await connection("SET", "a", secret)
            future = try await connection("GET", "a")
        }
        let result = try submission.result()
        var dumped = ""
        dump(result, to: &dumped)
        dump(future, to: &dumped)
        dump(submission, to: &dumped)
        let printed = "\(result) \(String(reflecting: result)) \(String(describing: future)) \(submission)" + dumped
        #expect(result.description == "MultiResult(2 results, 0 errors)")
        #expect(!printed.contains(secret) && !printed.contains("115, 51"))
    }
}
