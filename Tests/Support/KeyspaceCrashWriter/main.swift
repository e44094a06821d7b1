// SPDX-License-Identifier: MIT
import EmbeddedKeyspace
import Glibc
import Keyspace
import TransactionModel

// Accepts and commits without end, and writes a line for everything that was acknowledged. Somebody kills it.

let now = Timestamp(microseconds: 1_780_000_000_000_000)
var settings = EmbeddedSettings(path: CommandLine.arguments[1], site: SiteSettings(site: "crash"))
settings.logBytesMax = 256 << 10
settings.reserveBytes = 1 << 20
let keyspace = try EmbeddedKeyspace(settings, now: { now }, onFailure: { _ in _exit(3) })
let run = CommandLine.arguments[2]

/// A transaction that creates the records `{id}-1` and `{id}-2`.
@Sendable func transaction(_ id: String) -> Accept {
    let steps = ["1", "2"].map {
        "{\"step_id\":\"s\($0)\",\"operation\":\"create\",\"model\":\"m\",\"id\":\"\(id)-\($0)\",\"data\":{\"x\":1}}"
    }
    let payload = Array("{\"format\":1,\"transaction_id\":\"\(id)\",\"steps\":[\(steps.joined(separator: ","))]}".utf8)
    guard let stored = StoredTransaction(payload: payload) else {
        preconditionFailure("The transaction is well-formed.")
    }
    return Accept(
        transactionID: stored.transactionID, contentHash: SHA256.hash(payload), payload: payload,
        changes: stored.changes, acceptedAt: now)
}

@Sendable func acknowledged(_ what: String, _ id: String) {
    let line = "\(what) \(id)\n"
    _ = line.withCString { write(1, $0, line.utf8.count) }
}

try await withThrowingTaskGroup(of: Void.self) { group in
    for lane in 0..<8 {
        group.addTask {
            for number in 0... {
                let id = "\(run)-\(lane)-\(number)"
                guard try await keyspace.perform([.accept(transaction(id))]) == [.accept(.accepted)] else { _exit(4) }
                acknowledged("accepted", id)
            }
        }
    }
    group.addTask {
        var position: UInt64 = 0
        let claim = Claim(token: 1, transactionsMax: 4, bytesMax: 1 << 20, at: now)
        while true {
            guard case .claim(let claimed, _) = try await keyspace.perform([.claim(claim)])[0] else { _exit(5) }
            for transaction in claimed {
                position += 1
                let change = Advance.Change.committed(
                    transaction.transactionID, position: Position(position), generatedIDs: nil)
                guard
                    try await keyspace.perform([.advance(Advance([change], at: now))]) == [
                        .advance([.advanced(unparked: 0)])
                    ]
                else { _exit(6) }
                acknowledged("committed", transaction.transactionID.string)
            }
        }
    }
    try await group.waitForAll()
}
