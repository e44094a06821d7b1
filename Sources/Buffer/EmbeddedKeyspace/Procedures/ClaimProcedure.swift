// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import TransactionModel

/// Takes the oldest waiting transactions without removing them: one row per batch.
///
/// A token higher than that of an open claim says that the holder of the claim is gone: what it left without outcome
/// waits again, and is counted.
struct ClaimProcedure {
    let store: Store

    func run(_ claim: Claim) throws(SQLiteError) -> [ClaimedTransaction] {
        guard claim.token >= store.memory.leaseToken else { return [] }
        try store.countUnresolved(store.memory.claims.abandon(before: claim.token))
        var claimed: [ClaimedTransaction] = []
        var bytes = 0
        // The planner would take the table itself for the order, and skip over everything that is finished.
        let statement = try store.connection.statement(
            """
            SELECT sequence, bytes, id, content_hash, attempts, claims, payload FROM txn INDEXED BY txn_queue
            WHERE state = 0 AND blocker IS NULL AND sequence >= ? ORDER BY sequence
            """)
        defer { statement.reset() }
        statement.bind(1, store.memory.claimFrom)
        var isExhausted = true
        var endsHere = false
        while try statement.step() {
            let sequence = statement.int64(0)
            if store.memory.claims.contains(sequence) { continue }
            bytes += Int(statement.int64(1))
            let isSuspect = statement.int64(5) >= claim.suspectClaims
            guard claimed.count < claim.transactionsMax, claimed.isEmpty || bytes <= claim.bytesMax, !endsHere,
                claimed.isEmpty || !isSuspect
            else {
                store.memory.claimFrom = sequence
                isExhausted = false
                break
            }
            if let transaction = Self.transaction(statement, sequence) { claimed.append(transaction) }
            endsHere = isSuspect
        }
        if isExhausted { store.memory.claimFrom = store.memory.counters.lastSequence + 1 }
        store.memory.claims.open(claimed.map(\.sequence), token: claim.token, at: claim.at)
        for transaction in claimed { store.touch(transaction.transactionID) }
        return claimed
    }

    private static func transaction(_ statement: SQLiteStatement, _ sequence: Int64) -> ClaimedTransaction? {
        guard let id = statement.text(2).flatMap({ TransactionID($0) }),
            let hash = statement.bytes(3).flatMap({ ContentHash(bytes: $0) })
        else { return nil }
        return ClaimedTransaction(
            transactionID: id, sequence: sequence, payload: statement.bytes(6) ?? [], contentHash: hash,
            attempts: Int(statement.int64(4)), unresolvedClaims: Int(statement.int64(5)))
    }
}
