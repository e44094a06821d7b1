// SPDX-License-Identifier: MIT
import JSON
import Synchronization
import TransactionModel

/// Keeps the notifications that were sent.
final class Recorder: Sendable {
    private let frames = Mutex<[[UInt8]]>([])

    var count: Int { frames.withLock { $0.count } }

    var statuses: [String] {
        frames.withLock { $0 }.compactMap { try? Fixture.payload($0)["params"]?["status"]?.string }
    }

    func add(_ frame: [UInt8]) -> Bool {
        frames.withLock { $0.append(frame) }
        return true
    }
}

enum TransactionEventSample {
    static var id: TransactionID {
        guard let id = TransactionID("t") else { preconditionFailure("an id") }
        return id
    }
}
