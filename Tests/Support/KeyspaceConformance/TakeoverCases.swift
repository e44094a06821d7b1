// SPDX-License-Identifier: MIT
import JSON
public import Keyspace
import TransactionModel

extension KeyspaceConformance {
    /// Who may process, whose claim counts, and what a failed-over database gives back.
    static let takeoverCases = [
        Case("one holder at a time has the lease, and the next one after it was given up") { site in
            try expectEqual(try await site.lease(.acquire, "a"), .granted(lastToken: 0))
            try expectEqual(try await site.lease(.acquire, "a"), .granted(lastToken: 0))
            guard case .refused("a", let remaining) = try await site.lease(.acquire, "b") else {
                throw ConformanceFailure(description: "two have the lease")
            }
            try expect(remaining > .zero && remaining <= .seconds(60))
            guard case .refused("a", _) = try await site.lease(.giveUp, "b") else {
                throw ConformanceFailure(description: "another's lease was given up")
            }
            try expectEqual(try await site.lease(.giveUp, "a"), .ended)
            try expectEqual(try await site.lease(.giveUp, "a"), .ended)
            try expectEqual(try await site.lease(.acquire, "b"), .granted(lastToken: 0))
        },
        Case("the highest confirmed token outlives its holder, and lower ones claim nothing") { site in
            try await site.accept("a")
            try expectEqual(try await site.lease(.confirm(token: 7), "a"), .granted(lastToken: 7))
            try expectEqual(try await site.lease(.confirm(token: 5), "a"), .granted(lastToken: 7))
            try expectEqual(try await site.json(site.keys.processorLease)?["token"], 7)
            try expectEqual(try await site.lease(.giveUp, "a"), .ended)
            try expectEqual(try await site.lease(.acquire, "b"), .granted(lastToken: 7))
            try expect(try await site.claim(token: 6).isEmpty)
            try expectEqual(try await site.status("a")?["status"], "pending")
            try expectEqual(try await site.claim(token: 7).map(\.transactionID.string), ["a"])
        },
        Case("an outcome of a claim that is another's by now is stale") { site in
            try await site.accept("a")
            let id = Subject.id("a")
            _ = try await site.claim(token: 1)
            let commit = Advance.Change.committed(id, position: Position(1), generatedIDs: nil)
            try expectEqual(try await site.advance(commit, token: 2), [.stale(.processing)])
            _ = try await site.claim(token: 2)
            try expectEqual(try await site.advance(commit, token: 1), [.stale(.processing)])
            try expectEqual(try await site.counter("processing"), 1)
            try expectEqual(try await site.advance(commit, token: 2), [.advanced(unparked: 0)])
            // Only what starts from processing belongs to a claim.
            try expectEqual(try await site.advance(.reverted(id), token: 1), [.advanced(unparked: 0)])
        },
        Case("what a database does not have after all waits again in its old place") { site in
            let record = RecordKey(model: "m", encodedID: "1")
            for id in ["a", "b"] { try await site.accept(id, Subject.step("update", "m", "1", "{\"by\":\"\(id)\"}")) }
            try expectEqual(try await site.advance(.reverted(Subject.id("a"))), [.stale(.pending)])
            let payload = try await site.claim(1).first?.payload
            try await site.advance(
                .committed(Subject.id("a"), position: Position(9), generatedIDs: Array("{\"s\":1}".utf8)))
            try expectEqual(try await site.advance(.reverted(Subject.id("a"))), [.advanced(unparked: 0)])
            let status = try await site.status("a")
            try expectEqual(status?["status"], "pending")
            for absent in ["position", "committed_at"] { try expect(status?[absent] == nil, absent) }
            try expectEqual(try await site.buffer(), ["b", "a"])
            try expectEqual(try await site.command("EXISTS", site.keys.replicationPending), .integer(0))
            try expectEqual(try await site.counter("committed"), 0)
            try expectEqual(try await site.counter("pending"), 2)
            try expectEqual(try await site.json(site.keys.buffered(record)), ["by": "b"])
            let again = try await site.claim()
            try expectEqual(again.map(\.transactionID.string), ["a", "b"])
            try expectEqual(again.first?.payload, payload)
            try expectEqual(again.first?.attempts, 0)
        },
    ]
}

extension Subject {
    public func lease(_ action: LeaseRequest.Action, _ holder: String) async throws -> LeaseOutcome {
        let request = LeaseRequest(action, holder: holder, timeToLive: .seconds(60), at: time(0))
        guard case .lease(let outcome) = try await one(.lease(request)) else {
            throw ConformanceFailure(description: "a lease request was not answered as one")
        }
        return outcome
    }
}
