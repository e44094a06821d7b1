// SPDX-License-Identifier: MIT
import MainDatabase
import Synchronization
import TransactionModel

/// How far a replica must be to be read: as far as when something was released from the overlay, and as far as in any
/// answer before. A replica that restarts lets clients in before it has replayed again what it had.
final class ReadFloor: Sendable {
    /// Code of the error that ``check(_:_:)`` throws.
    static let code = "stale_read"

    private let answered = Mutex<Position?>(nil)
    private let latest = Atomic<Int64>(0)

    /// What a read that begins now must have; nil: nothing is known.
    var current: Position? { answered.withLock { $0 } }

    /// The latest sequence that an answer had from the database although it was still pending.
    ///
    /// After a cut connection it may be pending again: no later answer may do without what the database had of it.
    var committed: Int64 { latest.load(ordering: .acquiring) }

    func answered(_ committed: Int64) {
        if committed > 0 { _ = latest.max(committed, ordering: .acquiringAndReleasing) }
    }

    /// Throws when the snapshot may lack something that a client has seen or written.
    func check(_ snapshot: any DatabaseSnapshot, _ floors: Position?...) throws(DatabaseError) {
        guard let position = try snapshot.position() else { return }
        // Of another system it says nothing: the main database has moved, and who applies there mends what is known of it.
        for case .some(let floor) in floors where floor.isComparable(with: position) && position < floor {
            throw DatabaseError(
                .unavailable, code: Self.code,
                "the replica is behind what was answered before; it is catching up, try again")
        }
        answered.withLock { answered in
            if let known = answered, known.isComparable(with: position), position < known { return }
            answered = position
        }
    }
}
