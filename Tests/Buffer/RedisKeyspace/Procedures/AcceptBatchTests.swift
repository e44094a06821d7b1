// SPDX-License-Identifier: MIT
import Keyspace
import KeyspaceConformance
import RedisServer
import Testing
import TransactionModel

@testable import RedisKeyspace

@Suite("several accepts in one call", .enabled(if: Fixture.hasRedis, Fixture.noRedis))
struct AcceptBatchTests {
    @Test("are accepts, each on its own")
    func batch() async throws {
        let server = try RedisServer()
        let catalog = ProcedureCatalog(site: SiteSettings(site: "test"))
        let step = Subject.step("update", "m", "1", "{\"x\":1}")
        let time = Timestamp(microseconds: 1_780_000_000_000_000)
        let accepts = [("a", 1), ("b", 1), ("a", 1), ("a", 2), ("c", 1)].map { id, hash in
            Subject.transaction(id, [step], hash: UInt8(hash), at: time)
        }
        let call = catalog.encode(accepts)
        let texts = ([call.script.text, Array("1".utf8)] + call.keys + call.arguments).map {
            String(decoding: $0, as: UTF8.self)
        }
        let duplicate = RedisAnswer.array([.text("pending"), .text("")])
        #expect(
            try RedisClient(path: server.socketPath).run(["EVAL"] + texts)
                == .array([.integer(1), .integer(1), duplicate, .integer(2), .integer(1)]))
        #expect(try server.run("LLEN", "site:test:record_pending:m:1") == .integer(3))
        #expect(try server.run("HGET", "site:test:counters", "accepted") == .text("3"))
        let reply = RESPValue.array([
            .integer(1), .integer(3), .array([.bulk(Array("pending".utf8)), .bulk([])]), .integer(2),
        ])
        #expect(
            try catalog.decode(reply, ofAccepts: 4)
                == [.accepted, .full, .duplicate(status: .pending, generatedIDs: nil), .conflict])
        #expect(throws: KeyspaceError.self) { try catalog.decode(reply, ofAccepts: 3) }
    }
}
