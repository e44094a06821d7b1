// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import TransactionModel

/// Removes what has expired, a bounded piece at a time. Of a transaction its id, hash and outcome are remembered, so that
/// a repeat is still answered as one; the memory itself is bounded by number and by age.
struct ExpiryStep {
    let store: Store

    /// Whether there is anything to do; it costs two look-ups at most.
    func isDue(at now: Timestamp) throws(SQLiteError) -> Bool {
        let terminal = store.memory.counters.terminal
        if terminal > Int64(store.settings.terminalMax) { return true }
        // Only what has reached its end expires.
        guard terminal > 0 else { return try isMemoryDue(at: now) }
        let first = try store.connection.integer(
            "SELECT expires_at FROM txn INDEXED BY txn_expiry WHERE expires_at IS NOT NULL ORDER BY expires_at LIMIT 1")
        if let first, first <= now.microseconds { return true }
        return try isMemoryDue(at: now)
    }

    func run(rowsMax: Int, now: Timestamp) throws(SQLiteError) {
        let excess = Int(store.memory.counters.terminal) - store.settings.terminalMax
        try expire(rowsMax: rowsMax, now: now, atLeast: min(excess, rowsMax))
        var left = rowsMax
        while left > 0, try isMemoryDue(at: now) {
            try store.connection.execute("DELETE FROM remembered WHERE number = (SELECT min(number) FROM remembered)")
            store.memory.counters.remembered -= 1
            left -= 1
        }
    }

    private func expire(rowsMax: Int, now: Timestamp, atLeast: Int) throws(SQLiteError) {
        var due: [(sequence: Int64, id: String)] = []
        let statement = try store.connection.statement(
            """
            SELECT sequence, id, expires_at FROM txn INDEXED BY txn_expiry WHERE expires_at IS NOT NULL
            ORDER BY expires_at, sequence LIMIT ?
            """)
        statement.bind(1, Int64(rowsMax))
        while try statement.step() {
            guard statement.int64(2) <= now.microseconds || due.count < atLeast else { break }
            due.append((statement.int64(0), statement.text(1) ?? ""))
        }
        statement.reset()
        for (sequence, id) in due {
            try remember(sequence, at: now)
            if !store.memory.watches.isEmpty {
                store.memory.watches.expire(Array((store.keys.prefix + "transaction:" + id).utf8))
            }
        }
        store.memory.counters.terminal -= Int64(due.count)
        store.memory.counters.remembered += Int64(due.count)
    }

    private func remember(_ sequence: Int64, at now: Timestamp) throws(SQLiteError) {
        let insertion = try store.connection.statement(
            """
            INSERT INTO remembered(id, state, content_hash, at, generated_ids)
            SELECT id, state, content_hash, ?2, generated_ids FROM txn WHERE sequence = ?1
            """)
        insertion.bind(1, sequence)
        insertion.bind(2, now)
        try insertion.run()
        let deletion = try store.connection.statement("DELETE FROM txn WHERE sequence = ?")
        deletion.bind(1, sequence)
        try deletion.run()
    }

    private func isMemoryDue(at now: Timestamp) throws(SQLiteError) -> Bool {
        let counters = store.memory.counters
        guard counters.remembered > 0 else { return false }
        if counters.remembered > Int64(store.settings.rememberedMax) { return true }
        let oldest = try store.connection.integer("SELECT at FROM remembered ORDER BY number LIMIT 1")
        return oldest.map { $0 < (now - store.settings.rememberedFor).microseconds } ?? false
    }
}
