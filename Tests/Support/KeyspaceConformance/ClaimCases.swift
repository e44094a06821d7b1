// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

extension KeyspaceConformance {
    static let claimCases = [
        Case("a claim takes the oldest and removes nothing") { site in
            for id in ["a", "b", "c"] { try await site.accept(id) }
            let claimed = try await site.claim(2)
            try expectEqual(claimed.map(\.transactionID.string), ["a", "b"])
            try expect(claimed[0].sequence < claimed[1].sequence)
            try expectEqual(try await site.buffer(), ["c", "b", "a"])
            try expectEqual(try await site.status("a")?["status"], "processing")
            try expectEqual(try await site.status("a")?["processing_at"], .string(site.time(10).description))
            try expectEqual(try await site.claim().map(\.transactionID.string), ["c"])
            try expect(try await site.claim().isEmpty)
            try expectEqual(try await site.counter("processing"), 3)
            try expectEqual(try await site.counter("pending"), 0)
        },
        Case("a claim gives back what was accepted") { site in
            let accept = Subject.transaction("a", [Subject.step("create", "m", "1")], hash: 5, at: site.time(0))
            _ = try await site.one(.accept(accept))
            let claimed = try await site.claim()
            try expectEqual(claimed.first?.payload, accept.payload)
            try expectEqual(claimed.first?.contentHash, accept.contentHash)
            try expectEqual(claimed.first?.attempts, 0)
            try expectEqual(claimed.first?.unresolvedClaims, 0)
        },
        Case("a claim stops before its limit of bytes, but takes one at least") { site in
            for id in ["a", "b", "c"] { try await site.accept(id) }
            try expectEqual(try await site.claim(bytesMax: 1).map(\.transactionID.string), ["a"])
            try expectEqual(try await site.claim(bytesMax: 1000).map(\.transactionID.string), ["b", "c"])
        },
        Case("a higher token takes over what a lower one left, and counts it") { site in
            for id in ["a", "b"] { try await site.accept(id) }
            _ = try await site.claim(token: 1)
            try await site.advance(.committed(Subject.id("a"), position: Position(1), generatedIDs: nil))
            let again = try await site.claim(token: 2)
            try expectEqual(again.map(\.transactionID.string), ["b"])
            try expectEqual(again.first?.unresolvedClaims, 1)
            try expectEqual(try await site.claim(token: 3).first?.unresolvedClaims, 2)
        },
        Case("what is returned is claimed again, uncounted and in its old place") { site in
            for id in ["a", "b", "c"] { try await site.accept(id) }
            _ = try await site.claim(2)
            try expectEqual(try await site.advance(.returned(Subject.id("a"))), [.advanced(unparked: 0)])
            try expectEqual(try await site.status("a")?["status"], "pending")
            let again = try await site.claim()
            try expectEqual(again.map(\.transactionID.string), ["a", "c"])
            try expectEqual(again.first?.unresolvedClaims, 0)
        },
    ]
}
