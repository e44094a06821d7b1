// SPDX-License-Identifier: MIT
import TransactionModel

/// Decides when the replicas are asked next. Pure.
struct TrackerStateMachine: Sendable {
    /// The position that every replica has.
    private(set) var replayed: Position?
    /// The main database's timeline when what waits was last compared with its ledger; nil: not yet.
    var timeline: UInt32?
    /// The greatest position that was written into the keyspace.
    var remembered: Position?
    /// How long nothing has moved although something waits.
    private(set) var stalled: Duration = .zero
    /// How long nothing waits and no replica was asked; nil: none ever was.
    private var unasked: Duration?

    enum Look: Sendable {
        case nothingWaits
        /// The lowest position of all replicas, and how many transactions were released by it.
        case looked(Position, released: Int)
        /// A replica did not answer.
        case failed
    }

    /// Time until the next look.
    mutating func finished(_ look: Look, after elapsed: Duration, _ configuration: TrackerConfiguration) -> Duration {
        switch look {
        case .nothingWaits:
            stalled = .zero
            return configuration.checkInterval
        case .looked(let position, let released):
            replayed = position
            stalled = released > 0 ? .zero : stalled + elapsed
        case .failed: stalled += elapsed
        }
        return isStalled(configuration) ? configuration.slowInterval : configuration.checkInterval
    }

    /// Whether replicas are asked although nothing waits, so that one that can't be read is known before it is needed.
    mutating func asksAnyway(after elapsed: Duration, _ configuration: TrackerConfiguration) -> Bool {
        let time = unasked.map { $0 + elapsed } ?? configuration.idleInterval
        let isDue = time >= configuration.idleInterval
        unasked = isDue ? .zero : time
        return isDue
    }

    func isStalled(_ configuration: TrackerConfiguration) -> Bool { stalled >= configuration.timeout }
}
