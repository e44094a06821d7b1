// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import KeyspaceConformance
import SeededRandom
import TransactionModel

/// Random operations on a small site: few ids, few records, so that everything meets everything.
struct SiteHistory {
    private var random: SeededGenerator
    private(set) var ids: [TransactionID] = []
    private var records: [TransactionID: [RecordKey]] = [:]
    private var committedWithIDs: Set<TransactionID> = []
    private var tick: Int64 = 0
    private var token: Int64 = 1

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// Every moment is another one, so that no two scores are equal.
    private var now: Timestamp { Timestamp(microseconds: 1_780_000_000_000_000 + tick * 1_000_000) }

    mutating func next() -> Operation {
        tick += 1
        switch random.integer(0...19) {
        case 0..<7: return .accept(accept("t\(random.integer(0...60))"))
        case 7..<10:
            if random.chance(10) { token += 1 }
            return .claim(
                Claim(
                    token: token, transactionsMax: random.integer(1...5), bytesMax: random.integer(100...2000),
                    suspectClaims: random.chance(20) ? 1 : .max, at: now))
        case 10..<15:
            return .advance(Advance((0..<random.integer(1...4)).map { _ in change() }, token: chosenToken, at: now))
        case 15, 16: return .release(Release((0..<random.integer(1...3)).map { _ in released() }, at: now))
        case 17: return .overlay(overlayRead)
        default: return .accept(accept("u\(tick)"))
        }
    }

    /// What brings the site closer to its end.
    mutating func commitAll(_ claimed: [ClaimedTransaction]) -> Operation {
        tick += 1
        let changes = claimed.map { transaction in
            Advance.Change.committed(transaction.transactionID, position: position, generatedIDs: nil)
        }
        return .advance(Advance(changes, token: nil, at: now))
    }

    mutating func claimAll() -> Operation {
        tick += 1
        return .claim(Claim(token: token, transactionsMax: 1000, bytesMax: 1 << 20, at: now))
    }

    private var chosenToken: Int64? {
        mutating get { random.chance(50) ? nil : random.chance(90) ? token : token - 1 }
    }

    private var position: Position {
        mutating get { Position(UInt64(tick * 100 + Int64(random.integer(0...99))), timeline: 3) }
    }

    private var generatedIDs: [UInt8]? {
        mutating get { random.chance(30) ? Array("{\"s0\":\(random.integer(0...99))}".utf8) : nil }
    }

    private var overlayRead: OverlayRead {
        mutating get {
            let chosen = random.chance(50) ? (0...4).filter { _ in random.chance(60) }.map { "r\($0)" } : nil
            return OverlayRead(
                model: "m\(random.integer(0...1))", records: chosen, unnamedOnly: random.chance(10),
                after: random.chance(30) ? "r1" : nil, entriesMax: random.integer(1...40),
                bytesMax: random.integer(1...20_000))
        }
    }

    private mutating func accept(_ name: String) -> Accept {
        let accept = transaction(Subject.id(name))
        if !ids.contains(accept.transactionID) {
            ids.append(accept.transactionID)
            records[accept.transactionID] = accept.changes.map(\.record)
        }
        return accept
    }

    private mutating func transaction(_ id: TransactionID) -> Accept {
        let hash = UInt8(random.chance(90) ? 1 : 2)
        let steps = (0..<random.integer(1...3)).map { step("s\($0)") }
        var accept = Subject.transaction(id.string, steps, hash: hash, at: now)
        if random.chance(30) {
            accept.payload =
                accept.payload.dropLast() + Array(",\"generated_ids\":{\"s0\":{\"$ref\":\"\(id)#s0.id\"}}}".utf8)
        }
        return accept
    }

    private mutating func step(_ name: String) -> String {
        let model = "m\(random.integer(0...1))"
        let id = "r\(random.integer(0...4))"
        if random.chance(10) {
            let rows = (0...random.integer(1...3)).map { _ in "{\"id\":\"r\(random.integer(0...4))\",\"data\":\(data)}"
            }
            let operation = random.chance(50) ? "bulk_create" : "bulk_update"
            return
                Subject.bulkStep(operation, model, rows, step: name)
        }
        let operations = ["create", "update", "update", "delete", "upsert", "increment"]
        let operation = operations[random.integer(0...5)]
        return Subject.step(operation, model, id, operation == "increment" ? deltas : data, step: name)
    }

    private var deltas: String {
        mutating get {
            let values = [
                "1", "-1", "9007199254740993", "-9223372036854775807", "9223372036854775806", "0.5", "-1000000000",
                "1e3",
            ]
            return "{\"n\":\(values[random.integer(0...7)]),\"absent\":1}"
        }
    }

    /// Texts that a careless fold would change or trip over.
    private var data: String {
        mutating get {
            let values = [
                "9007199254740993", "-9223372036854775808", "1.5", "1.10", "null", "true", "\"x\"",
                "\"a\\\"}{][,:\\\\\"",
                "\"\\u0000é\"", "{\"a\":[1,{\"b\":\"}\"}]}", "[]", "\"generated_ids\"", "0",
            ]
            let names = ["n", "a", "b", "c \\\" d", "é"]
            var members: [String] = []
            for name in names where random.chance(50) {
                members.append("\"\(name)\":\(values[random.integer(0...12)])")
            }
            return "{\(members.joined(separator: ","))}"
        }
    }

    private mutating func anyID() -> TransactionID {
        ids.isEmpty ? Subject.id("nobody") : ids[random.integer(0...ids.count - 1)]
    }

    private mutating func released() -> Release.Released {
        let id = anyID()
        return .init(id, records: unique(id))
    }

    private func unique(_ id: TransactionID) -> [RecordKey] {
        var seen = Set<RecordKey>()
        return (records[id] ?? []).filter { seen.insert($0).inserted }
    }

    private mutating func change() -> Advance.Change {
        let id = anyID()
        let held = (0..<random.integer(0...2)).map { _ in
            ConflictKey(name: "r:m:\(random.integer(0...3))", use: random.chance(50) ? .exclusive : .refers)
        }
        let failure = FailureRecord(code: "constraint_unique", message: "A \"value\" exists.", at: now)
        switch random.integer(0...14) {
        case 0..<4:
            let ids = generatedIDs
            // Whether a reverted one keeps them is the adapter's affair.
            if ids != nil { committedWithIDs.insert(id) }
            return .committed(id, position: position, generatedIDs: ids)
        case 4: return .returned(id)
        case 5, 6:
            return .retrying(id, attempts: random.integer(1...3), due: now + .seconds(60), error: failure, held: held)
        case 7: return .dead(id, error: failure, held: held, released: random.chance(30) ? unique(id) : [])
        case 8, 9: return .parked(id, behind: anyID(), held: held)
        case 10: return .due(id)
        case 11: return .requeued(id, revised: random.chance(50) ? revision(of: id) : nil)
        case 12: return .cancelled(id, released: unique(id))
        case 13: return .discarded(id, released: unique(id))
        default: return committedWithIDs.contains(id) ? .due(id) : .reverted(id)
        }
    }

    /// What is not dead is not revised: so what its records are afterwards is not known here.
    private mutating func revision(of id: TransactionID) -> Advance.Revision {
        var revised = transaction(id)
        let previous = unique(id)
        records[id, default: []] += revised.changes.map(\.record)
        let ids = "{\"s0\":\"r\(random.integer(0...4))\"}"
        if (try? JSONDocument(parsing: revised.payload).root)?["generated_ids"] == nil {
            revised.payload = revised.payload.dropLast() + Array(",\"generated_ids\":\(ids)}".utf8)
        }
        let own = (try? JSONDocument(parsing: revised.payload).root)?["generated_ids"].map { Array($0.rawBytes) }
        return Advance.Revision(
            payload: revised.payload, previous: previous, changes: revised.changes, generatedIDs: own)
    }
}
