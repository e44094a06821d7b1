// SPDX-License-Identifier: MIT
import MainDatabase

/// Decides what is looked up in a main database before anything is applied there: what was committed under another lease
/// may be missing, and goes before all that was accepted later. Pure.
///
///     lease taken ──> due ──compared──> settled ──another lease──> due
struct ReconciliationStateMachine: Sendable {
    enum Action: Sendable, Equatable {
        /// All that waits was committed in this history, or was found there before.
        case settle
        /// What its ledger lacks goes back to the buffer. `movesAll`: what it has too, since replicas of this system never
        /// reach a position of another one; the ledger keeps it from being done twice, and gives it a new one.
        case compare(movesAll: Bool)
    }

    /// Under which everything was compared.
    private var settled: Lease?

    func isDue(under lease: Lease) -> Bool { settled != lease }

    /// - Parameter known: The origin with which all that waits was compared last.
    func action(under lease: Lease, known: DatabaseOrigin?) -> Action {
        guard let known else { return .compare(movesAll: false) }
        // A restored file, or a restored volume, is of the same origin, and lacks what came later.
        if known == lease.origin, known.isNamed, !lease.isOfOlderDatabase { return .settle }
        return .compare(movesAll: known.system != lease.origin.system)
    }

    mutating func settle(under lease: Lease) { settled = lease }

    /// - Parameter lease: The one under which this process applies.
    func standing(under lease: Lease?) -> Reconciliation {
        guard let lease else { return .others }
        return isDue(under: lease) ? .due : .settled(lease.origin)
    }
}
