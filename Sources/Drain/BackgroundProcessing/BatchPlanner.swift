// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

/// A claimed transaction, parsed.
struct Work: Sendable {
    var claimed: ClaimedTransaction
    var transaction: StoredTransaction
    /// Filled where somebody holds keys, or where there are several lanes.
    var keys: [ConflictKey] = []
    /// It failed beside something that was accepted earlier: it runs again when nothing earlier is in hand.
    var followsAll = false

    var id: TransactionID { claimed.transactionID }

    /// It took processes down before.
    var runsAlone: Bool { claimed.unresolvedClaims >= BatchPlanner.suspectClaims }
}

/// Conflict keys that blocked transactions hold: name -> who, and how.
struct HeldKeys: Sendable {
    private var holders: [ByteString: [(use: ConflictKey.Use, blocker: TransactionID)]] = [:]
    /// Places of blockers in the order of acceptance, as far as they are known.
    private var sequences: [TransactionID: Int64] = [:]

    var isEmpty: Bool { holders.isEmpty }

    mutating func hold(_ keys: [ConflictKey], blocker: TransactionID) {
        for key in keys { holders[key.name, default: []].append((key.use, blocker)) }
    }

    mutating func merge(_ other: HeldKeys) {
        holders.merge(other.holders, uniquingKeysWith: +)
        sequences.merge(other.sequences) { first, _ in first }
    }

    /// Whoever holds what conflicts with these, whatever the order.
    func blockers(of keys: [ConflictKey]) -> Set<TransactionID> {
        Set(keys.flatMap { key in holders(of: key).map(\.blocker) })
    }

    mutating func place(_ sequences: [TransactionID: Int64]) {
        self.sequences.merge(sequences) { _, later in later }
    }

    /// Whoever must be resolved first; nil: nobody stands in the way. One that was accepted later does not: what is applied
    /// again after a failover goes before it.
    func blocker(of work: Work) -> TransactionID? {
        for key in work.keys {
            if let holder = holders(of: key).first(where: { sequences[$0.blocker] ?? .min < work.claimed.sequence }) {
                return holder.blocker
            }
        }
        return nil
    }

    private func holders(of key: ConflictKey) -> [(use: ConflictKey.Use, blocker: TransactionID)] {
        holders[key.name]?.filter { $0.use.conflicts(with: key.use) } ?? []
    }
}

/// Decides what of a claim runs now, and together. Pure.
///
/// A claim is in order of acceptance. What conflicts with a held key is parked, and holds its own keys for those after
/// it. A transaction that took processes down before is a suspect: it runs alone, and the next time not at all.
struct BatchPlanner {
    /// Claims without outcome after which a transaction is claimed and runs alone.
    static let suspectClaims = 3
    /// Claims without outcome, ten of them alone, after which a transaction is dead. Whoever kills the process for other
    /// reasons, even as soon as it starts, hardly ever meets the same one ten times.
    static let deadlyClaims = suspectClaims + 10

    struct Plan: Sendable {
        var batch: [Work] = []
        var parked: [(work: Work, behind: TransactionID)] = []
        /// Back to the buffer untouched: they were claimed together with a suspect.
        var returned: [Work] = []
        /// Too many claims without outcome.
        var dead: [Work] = []
    }

    static func plan(_ works: [Work], held: HeldKeys) -> Plan {
        var plan = Plan()
        var held = held
        for (index, work) in works.enumerated() {
            if work.claimed.unresolvedClaims >= deadlyClaims {
                plan.dead.append(work)
                // Whether others conflict with it is decided when it is dead; they come back in a moment.
                plan.returned += works[(index + 1)...]
                return plan
            }
            if let blocker = held.blocker(of: work) {
                plan.parked.append((work, blocker))
                held.hold(work.keys, blocker: blocker)
                continue
            }
            if work.runsAlone {
                if plan.batch.isEmpty {
                    plan.batch = [work]
                    plan.returned += works[(index + 1)...]
                } else {
                    plan.returned += works[index...]
                }
                return plan
            }
            plan.batch.append(work)
        }
        return plan
    }
}
