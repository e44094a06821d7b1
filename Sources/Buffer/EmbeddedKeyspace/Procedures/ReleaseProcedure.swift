// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import TransactionModel

/// The replicas have these transactions: their overlay entries go, and their status has its last form.
struct ReleaseProcedure {
    let store: Store

    func run(_ release: Release) throws(SQLiteError) -> ReleaseOutcome {
        var released = 0
        let expiry = release.at + store.settings.site.statusTimeToLive
        for transaction in release.transactions {
            guard let row = try store.transactions.row(transaction.transactionID), row.state == .committed else {
                continue
            }
            try store.transactions.update(row.sequence, "state = 3, replicated_at = ?2, expires_at = ?3") { statement in
                statement.bind(2, release.at)
                statement.bind(3, expiry)
            }
            try leave(transaction, row.sequence)
            released += 1
        }
        return ReleaseOutcome(released: released)
    }

    /// Beside its row: the transaction leaves the overlay.
    func leave(_ transaction: Release.Released, _ sequence: Int64) throws(SQLiteError) {
        try store.overlay.remove(transaction.records, of: sequence)
        store.memory.counters.replicated += 1
        store.memory.counters.terminal += 1
        store.touch(transaction.transactionID, \.replicationPending)
        store.touch(transaction.records)
    }
}
