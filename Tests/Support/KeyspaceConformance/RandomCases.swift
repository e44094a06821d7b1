// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

extension KeyspaceConformance {
    static let randomCases = (1...4).map { seed in
        Case("nothing is lost or counted twice in random histories, seed \(seed)") { site in
            var history = RandomHistory(seed: UInt64(seed))
            for step in 1...300 {
                try await history.step(site)
                if step.isMultiple(of: 50) { try await history.check(site) }
            }
        }
    }
}

/// Does anything that may be done, and then counts.
public struct RandomHistory {
    private var random: SplitMix
    private var ids: [String] = []

    public init(seed: UInt64) { random = SplitMix(state: seed) }

    public mutating func step(_ site: Subject) async throws {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4:
            let id = "t\(Int.random(in: 0..<400, using: &random))"
            let outcome = try await site.accept(
                id, Subject.step("update", "m", "\(ids.count % 7)", "{\"by\":\"\(id)\"}"))
            if outcome == .accepted { ids.append(id) }
        case 4:
            _ = try await site.claim(Int.random(in: 1...8, using: &random))
        default:
            guard let id = ids.randomElement(using: &random), let other = ids.randomElement(using: &random) else {
                return
            }
            try await site.advance(change(Subject.id(id), other: Subject.id(other), site))
            if random.next() % 3 == 0 { try await site.release(id, records(of: id)) }
        }
    }

    private func records(of id: String) -> RecordKey {
        RecordKey(model: "m", encodedID: "\((ids.firstIndex(of: id) ?? 0) % 7)")
    }

    private mutating func change(_ id: TransactionID, other: TransactionID, _ site: Subject) -> Advance.Change {
        let held = [ConflictKey(name: "r:m:\(random.next() % 5)", use: .exclusive)]
        return switch Int.random(in: 0..<12, using: &random) {
        case 0..<3: .committed(id, position: Position(random.next() % 1000), generatedIDs: nil)
        case 3: .returned(id)
        case 4: .retrying(id, attempts: 1, due: site.time(99), error: Subject.error, held: held)
        case 5: .dead(id, error: Subject.error, held: held, released: [])
        case 6, 7: .parked(id, behind: other, held: held)
        case 8: .due(id)
        case 9: .requeued(id, revised: nil)
        case 10: .cancelled(id, released: [records(of: id.string)])
        default: .discarded(id, released: [records(of: id.string)])
        }
    }

    /// The counters against one another, against the statuses, and against the keys.
    public func check(_ site: Subject) async throws {
        var statuses: [String: Int64] = [:]
        var parked: Int64 = 0
        for id in ids {
            let status = try await site.status(id)
            statuses[status?["status"]?.string ?? "none", default: 0] += 1
            if status?["held_by"] != nil { parked += 1 }
        }
        var counters: [String: Int64] = [:]
        for name in [
            "accepted", "committed", "replicated", "pending", "parked", "processing", "retrying", "dead_letter",
            "cancelled",
            "discarded",
        ] { counters[name] = try await site.counter(name) }
        try expectEqual(counters["accepted"], Int64(ids.count))
        try expectEqual(counters["parked"], parked)
        for name in ["pending", "processing", "retrying", "dead_letter", "cancelled", "discarded", "replicated"] {
            try expectEqual(counters[name], statuses[name] ?? 0)
        }
        try expectEqual(counters["committed"], (statuses["committed"] ?? 0) + (statuses["replicated"] ?? 0))
        let parts = ["committed", "pending", "processing", "retrying", "dead_letter", "cancelled", "discarded"]
        try expectEqual(counters["accepted"], parts.reduce(0) { $0 + (counters[$1] ?? 0) })
        let queued = (counters["pending"] ?? 0) - parked + (counters["processing"] ?? 0)
        try expectEqual(try await site.command("LLEN", site.keys.transactionBuffer), .integer(queued))
        try expectEqual(Int64(try await site.buffer().count), queued)
        for (key, name) in [
            (site.keys.transactionRetry, "retrying"), (site.keys.transactionDeadLetter, "dead_letter"),
        ] {
            try expectEqual(try await site.command("ZCARD", key), .integer(counters[name] ?? 0))
            try expectEqual(Int64(try await site.texts("ZRANGE", key, 0, -1).count), counters[name] ?? 0)
        }
        try expectEqual(
            try await site.command("ZCARD", site.keys.replicationPending), .integer(statuses["committed"] ?? 0))
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
