// SPDX-License-Identifier: MIT
import Keyspace
import Testing
import TransactionModel

@testable import RedisKeyspace

/// What replies mean for operations that were executed.
@Suite struct ReplyTests {
    private let codec = OperationCodec(SiteSettings(site: "test"))
    private let set = Operation.command(Command("SET", "k", "1"))
    private let get = Operation.command(Command("GET", "k"))

    private func error(_ text: String) -> RESPValue { .error(Array(text.utf8)) }

    @Test func `a reply of Redis is the port's, kind by kind`() {
        let value = RESPValue.array([
            .null, .status(Array("OK".utf8)), .integer(-1), .bulk([0, 255]), .array([]),
            error("WRONGTYPE Operation against"),
        ])
        #expect(
            Reply(value)
                == .array([
                    .null, .status("OK"), .integer(-1), .bulk([0, 255]), .array([]),
                    .error(CommandError("WRONGTYPE", "Operation against")),
                ]))
        #expect(Reply(error("ERR")) == .error(CommandError("ERR", "")))
    }

    @Test func `a command's own error is its reply and hinders nobody`() throws {
        let replies = try codec.replies([error("WRONGTYPE x"), .null], to: [set, get])
        #expect(replies == [.error(CommandError("WRONGTYPE", "x")), .null])
    }

    @Test(
        "an obstacle of the server is thrown when nothing was written",
        arguments: [
            ("LOADING x", KeyspaceError.Code.unavailable), ("MASTERDOWN x", .unavailable), ("TRYAGAIN x", .unavailable),
            ("CLUSTERDOWN x", .unavailable), ("BUSY x", .busy), ("READONLY x", .unavailable),
            ("MISCONF x", .unavailable),
            ("NOREPLICAS x", .unavailable), ("NOAUTH x", .unavailable), ("MOVED x", .incompatible),
        ])
    func obstacles(_ row: (error: String, code: KeyspaceError.Code)) throws {
        for operations in [[set], [get, set]] {
            let values = [RESPValue](repeating: .null, count: operations.count - 1) + [error(row.error)]
            let thrown = #expect(throws: KeyspaceError.self) { try codec.replies(values[...], to: operations) }
            #expect(thrown?.code == row.code)
            #expect(thrown?.message.isEmpty == false)
        }
        // Something was written: then it is the reply of the one that was not.
        let replies = try codec.replies([.status(Array("OK".utf8)), error(row.error)], to: [set, set])
        guard case .error = replies[1] else {
            Issue.record("\(replies)")
            return
        }
    }

    @Test func `for an accept a full server is an outcome, and for what can't answer so an error`() throws {
        let accept = try Fixture.accept("a")
        #expect(try codec.replies([error("OOM x")], to: [accept]) == [.accept(.full)])
        #expect(try codec.replies([error("OOM x")], to: [set]) == [.error(CommandError("OOM", "x"))])
        let lease = Operation.lease(
            LeaseRequest(.giveUp, holder: "h", timeToLive: .seconds(1), at: Timestamp(microseconds: 0)))
        #expect(throws: KeyspaceError(.full, "Redis has reached its maxmemory; what drains it still works.")) {
            try codec.replies([error("OOM x")], to: [lease])
        }
    }

    @Test(
        "a failed procedure is never an empty answer",
        arguments: ["ERR script", "NOPERM x", "NOSCRIPT x", "WRONGTYPE x"])
    func procedures(_ text: String) throws {
        let accept = try Fixture.accept("a")
        #expect(throws: KeyspaceError.self) { try codec.replies([error(text)], to: [accept]) }
    }
}
