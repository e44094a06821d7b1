// SPDX-License-Identifier: MIT
import DaemonHarness
import Foundation
import JSON

/// One client of the torture: buffers transactions, several at a time, and keeps account of what it was told.
///
/// A careful one sends again, under the same id and in the same order, what was not acknowledged. A careless one gives it
/// up: such a transaction may have been accepted or not.
final class TortureWriter: @unchecked Sendable {  // used by its thread, and read when that has ended
    struct Sent: Sendable {
        var sequence: Int
        var id: String
        var transaction: JSONValue
    }

    static let records = 4
    /// A keyspace that goes away alone may refuse one transaction and take the next: who minds the order sends one at a time.
    private static let windowMax = KeyspaceUnderTest.isEmbedded ? 8 : 1

    let index: Int
    let isCareful: Bool
    /// Rest after each answer: a main database that is killed as often as the daemon applies little meanwhile.
    let restMicroseconds: UInt32
    /// Transaction id to the id of the parent that the receipt promised.
    private(set) var acknowledged: [String: String] = [:]
    private(set) var sent: Set<String> = []
    private(set) var duplicates = 0
    private var outstanding: [Sent] = []
    private var sequence = 0
    private var random: SeededGenerator

    init(index: Int, isCareful: Bool, seed: UInt64, restMicroseconds: UInt32 = 0) {
        self.restMicroseconds = restMicroseconds
        self.index = index
        self.isCareful = isCareful
        random = SeededGenerator(seed: seed &+ UInt64(index))
    }

    /// Writes until the gate says so and everything it still cares for is acknowledged.
    func run(_ gate: TortureGate, _ socketPath: String) throws {
        defer { gate.leave() }
        var generation = 0
        var waitsForDaemon = true
        while true {
            if waitsForDaemon { generation = gate.daemon(after: generation) }
            waitsForDaemon = true
            do {
                try write(to: try FrameClient(socketPath), gate)
                return
            } catch is ConnectionError {
                // Killed. The next daemon gets what was not acknowledged.
                if !isCareful { outstanding = [] }
            } catch let error as RemoteError where error.isRetryable {
                // The keyspace was killed, and the same daemon will have it again. The same ids tell what was accepted.
                if !isCareful { outstanding = [] }
                usleep(20_000)
                waitsForDaemon = false
            }
        }
    }

    private func write(to client: FrameClient, _ gate: TortureGate) throws {
        var requests: [Int64] = []
        for sent in outstanding { requests.append(try post(sent, to: client)) }
        while true {
            while outstanding.count < Self.windowMax && gate.mayBegin {
                let next = next()
                outstanding.append(next)
                requests.append(try post(next, to: client))
            }
            guard !requests.isEmpty else { return }
            let receipt = try client.result(of: requests.removeFirst())
            let sent = outstanding.removeFirst()
            acknowledged[sent.id] = receipt["generated_ids"]?["parent"]?.string ?? "none"
            if receipt["duplicate"] == true { duplicates += 1 }
            gate.acknowledge()
            if restMicroseconds > 0 { usleep(restMicroseconds) }
        }
    }

    private func post(_ transaction: Sent, to client: FrameClient) throws -> Int64 {
        sent.insert(transaction.id)
        return try client.post("transaction.buffer", ["transaction": transaction.transaction])
    }

    /// Creates that refer to one another, a delete, an increment and an update of a record that all writers share, and a
    /// line of the history.
    private func next() -> Sent {
        sequence += 1
        let id = "w\(index)-\(sequence)"
        let record = JSONValue.string("r\(Int.random(in: 0..<Self.records, using: &random))")
        let (writer, number) = (JSONValue.integer(Int64(index)), JSONValue.integer(Int64(sequence)))
        let tx = JSONValue.string(id)
        let steps: [JSONValue] = [
            .create("parent", "parent", ["tx": tx, "writer": writer, "sequence": number]),
            .create("left", "child", ["parent_id": ["$ref": "parent.id"], "tx": tx]),
            .create("right", "child", ["parent_id": ["$ref": "parent.id"], "tx": tx]),
            .create("scratch", "scratch", ["id": tx, "tx": tx]),
            .delete("sweep", "scratch", .string("w\(index)-\(sequence - 1)")),
            .increment("count", "shared", record, ["applied": 1]),
            .update("mark", "shared", record, ["last_writer": writer, "last_sequence": number]),
            .create("line", "history", ["record": record, "writer": writer, "sequence": number, "tx": tx]),
        ]
        return Sent(sequence: sequence, id: id, transaction: FrameClient.transaction(id, steps))
    }
}
