// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import TransactionModel

/// A model with what is pending for it.
struct ModelOverlay: Sendable {
    let table: Table
    var overlay: Overlay
}

/// What is pending for the model that is read, and for those whose deletes reach into it.
struct PendingModels: Sendable {
    /// The model that is read is the first.
    var all: [ModelOverlay]
    /// Indexes of those whose deletes reach into the first: that may be itself.
    private let reaching: [Int]

    /// - Parameters:
    ///   - all: The model that is read, then those of `reaching`.
    ///   - reaching: What ``Schema/deletesReaching(_:)`` says.
    init(_ all: [ModelOverlay], reaching: [Table]) {
        self.all = all
        self.reaching = all.indices.filter { index in reaching.contains { $0.name == all[index].table.name } }
    }

    var haveReachingDeletes: Bool { reaching.contains { all[$0].overlay.hasDeletes } }

    var ledgerTransactions: Set<TransactionID> {
        all.reduce(into: []) { $0.formUnion($1.overlay.ledgerTransactions) }
    }

    var assigningTransactions: Set<TransactionID> {
        all.reduce(into: []) { $0.formUnion($1.overlay.assigningTransactions) }
    }

    /// How far replicas were, at least, when something was released.
    var released: Position? { all.compactMap(\.overlay.released).max() }

    func transaction(_ sequence: Int64) -> Overlay.Pending? {
        for model in all {
            if let found = model.overlay.transactions[sequence] { return found }
        }
        return nil
    }

    /// As ``Overlay/settle(_:_:)``.
    mutating func settle(_ ledger: [TransactionID: LedgerEntry], _ ids: KnownIDs) -> Int64 {
        var latest: Int64 = 0
        for index in all.indices { latest = max(latest, all[index].overlay.settle(ledger, ids)) }
        return latest
    }
}
