// SPDX-License-Identifier: MIT
import Keyspace
import KeyspaceConformance
import RedisServer
import Testing
import TransactionModel

@testable import RedisKeyspace

@Suite("a server at maxmemory", .enabled(if: Fixture.hasRedis, Fixture.noRedis))
struct FullServerTests {
    @Test("refuses accepts as full and is drained to the end")
    func drains() async throws {
        let server = try RedisServer()
        try await Fixture.with(server) { keyspace, _ in
            let site = Subject(keyspace, settings: SiteSettings(site: "test"))
            let ids = (0..<50).map { "t\($0)" }
            for id in ids { try await site.accept(id, Subject.step("update", "m", "1", "{\"by\":\"\(id)\"}")) }
            try server.push(Array("foreign".utf8), to: site.keys.transactionBuffer)
            try server.run("CONFIG", "SET", "maxmemory", "1")
            guard case .error = try server.run("SET", "k", "v") else {
                Issue.record("the server is not full")
                return
            }
            #expect(try await site.accept("more") == .full)
            #expect(try await site.lease(.acquire, "a") == .granted(lastToken: 0))
            #expect(try await site.lease(.confirm(token: 3), "a") == .granted(lastToken: 3))
            let record = RecordKey(model: "m", encodedID: "1")
            var drained: [String] = []
            while true {
                let claimed = try await site.claim(7, token: 3)
                if claimed.isEmpty { break }
                for transaction in claimed {
                    let id = transaction.transactionID
                    try await site.advance(.committed(id, position: Position(1), generatedIDs: nil), token: 3)
                    #expect(try await site.release(id.string, record) == 1)
                    drained.append(id.string)
                }
            }
            #expect(drained == ids)
            let dead = Subject.id("malformed-foreign")
            #expect(try await site.adopt(Array("foreign".utf8), .malformed(dead, Subject.error)) == .adopted)
            #expect(try await site.counter("replicated") == 50)
            #expect(try await site.command("EXISTS", site.keys.transactionBuffer) == .integer(0))
            try server.run("CONFIG", "SET", "maxmemory", "0")
            #expect(try await site.accept("more") == .accepted)
        }
    }
}
