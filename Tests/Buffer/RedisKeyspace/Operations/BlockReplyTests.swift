// SPDX-License-Identifier: MIT
import Keyspace
import Testing

@testable import RedisKeyspace

@Suite struct BlockReplyTests {
    private static let ok = RESPValue.status(Array("OK".utf8))
    private static let queued = RESPValue.status(Array("QUEUED".utf8))
    private static let operations: [Operation] = [.command(Command("SET", "k", "1")), .command(Command("GET", "k"))]

    private static func error(_ text: String) -> RESPValue { .error(Array(text.utf8)) }

    private func reply(_ replies: RESPValue...) -> BlockReply { BlockReply(replies, to: Self.operations) }

    @Test func `EXEC answers each operation`() {
        let values: [RESPValue] = [Self.ok, .bulk([0x31])]
        #expect(reply(Self.ok, Self.queued, Self.queued, .array(values)) == .executed(values[...]))
    }

    @Test func `nil is an abort and no empty success`() {
        #expect(reply(Self.ok, Self.queued, Self.queued, .null) == .aborted)
    }

    @Test func `the first error while queueing says which operation was refused`() {
        let abort = Self.error("EXECABORT Transaction discarded because of previous errors.")
        #expect(
            reply(Self.ok, Self.queued, Self.error("ERR wrong"), abort)
                == .refused(index: 1, CommandError("ERR", "wrong")))
        #expect(
            reply(Self.ok, Self.error("OOM command not allowed"), Self.queued, abort)
                == .refused(index: 0, CommandError("OOM", "command not allowed")))
    }

    @Test(
        "an obstacle of the server is no operation's fault, wherever it shows",
        arguments: [
            ("LOADING x", KeyspaceError.Code.unavailable), ("BUSY x", .busy), ("READONLY x", .unavailable),
            ("MISCONF x", .unavailable), ("NOREPLICAS x", .unavailable), ("MOVED 1 h:1", .incompatible),
        ])
    func obstacles(_ row: (error: String, code: KeyspaceError.Code)) {
        let abort = Self.error("EXECABORT Transaction discarded because of previous errors.")
        let late = Self.error("EXECABORT Transaction discarded because of: \(row.error)")
        for reply in [
            reply(Self.ok, Self.error(row.error), Self.queued, abort), reply(Self.ok, Self.queued, Self.queued, late),
        ] {
            guard case .failed(let error) = reply else {
                Issue.record("\(reply)")
                continue
            }
            #expect(error.code == row.code)
        }
    }

    @Test func `an EXEC that was refused for memory is full, and one without a reason can be tried again`() {
        let full = Self.error("EXECABORT Transaction discarded because of: OOM command not allowed")
        guard case .failed(let error) = reply(Self.ok, Self.queued, Self.queued, full) else { return }
        #expect(error.code == .full)
        guard case .failed(let unknown) = reply(Self.ok, Self.queued, Self.queued, Self.error("EXECABORT Discarded."))
        else {
            return
        }
        #expect(unknown.code == .unavailable)
    }

    @Test func `a refused MULTI means that operations ran one by one: nothing can be said`() {
        #expect(reply(Self.error("NOPERM multi"), Self.ok, .null, Self.error("ERR EXEC without MULTI")) == .broken)
        #expect(reply(Self.ok, Self.queued, Self.queued, .array([Self.ok])) == .broken)
        #expect(reply(Self.ok, Self.queued, Self.queued, .integer(1)) == .broken)
        #expect(reply(Self.ok, Self.queued) == .broken)
    }
}
