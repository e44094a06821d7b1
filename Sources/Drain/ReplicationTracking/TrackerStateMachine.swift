// SPDX-License-Identifier: MIT
import MainDatabase
import TransactionModel

/// Decides when the replicas are asked next, and what their positions tell. Pure.
struct TrackerStateMachine: Sendable {
    /// The position that every replica has.
    private(set) var replayed: Position?
    /// The history by which positions counted at the last look.
    private var origin: DatabaseOrigin?
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

    // MARK: Histories

    /// The history by which positions count; nil: none does.
    /// - Parameters:
    ///   - known: With which everything was compared last, by whichever process.
    ///   - found: The main database's; nil: it is away, and nothing is committed in another one.
    static func origin(
        _ standing: Reconciliation, known: DatabaseOrigin?, found: DatabaseOrigin?
    ) -> DatabaseOrigin? {
        let trusted: DatabaseOrigin? =
            switch standing {
            // Another process that took over may have compared with another one, and this one does not know it yet.
            case .settled(let origin): known ?? origin == origin ? origin : nil
            case .due: nil
            case .others: known.flatMap { $0.isNamed ? $0 : nil }
            }
        return trusted == found ?? trusted ? trusted : nil
    }

    /// What was written before may have been replaced when the history changed.
    mutating func counts(by origin: DatabaseOrigin?) {
        if origin != self.origin { remembered = nil }
        self.origin = origin
    }
}
