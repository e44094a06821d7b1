// SPDX-License-Identifier: MIT
import Keyspace
import Synchronization

/// The ``EpochWatch`` that all connections of a keyspace share.
final class EpochCount: Sendable {
    private let watch: Mutex<EpochWatch>

    init(_ lastSeen: EpochMark?) { watch = Mutex(EpochWatch(lastSeen)) }

    var mark: EpochMark? { watch.withLock { $0.mark } }

    /// To be drawn before accepts are submitted.
    var ticket: EpochWatch.Ticket { watch.withLock { $0.ticket } }

    /// Counts the acknowledged accepts among these replies.
    func count(_ replies: [Reply], _ ticket: EpochWatch.Ticket) {
        var accepts = 0
        for case .accept(.accepted) in replies { accepts += 1 }
        if accepts > 0 { watch.withLock { $0.acknowledged(accepts, ticket) } }
    }

    func beginLook() { watch.withLock { $0.beginLook() } }

    func saw(_ found: EpochMark) -> SetBack? { watch.withLock { $0.saw(found) } }
}
