// SPDX-License-Identifier: MIT
import SQLiteConnection

/// `transaction_buffer`: the payloads of what waits or is being processed, the newest at the head.
struct TransactionBufferView: ListView {
    let store: Store

    func count() -> Int { Int(store.memory.counters.pending - store.memory.counters.parked) }

    /// Read from the nearer end: the tail, where the work is, costs no more than the head.
    func items(offset: Int, limit: Int) throws(SQLiteError) -> [[UInt8]] {
        let fromTail = count() - offset - limit
        guard fromTail < offset else { return try payloads("DESC", offset: offset, limit: limit) }
        return try payloads("ASC", offset: max(0, fromTail), limit: min(limit, max(0, count() - offset))).reversed()
    }

    private func payloads(_ order: String, offset: Int, limit: Int) throws(SQLiteError) -> [[UInt8]] {
        let statement = try store.connection.statement(
            """
            SELECT payload FROM txn INDEXED BY txn_queue WHERE state = 0 AND blocker IS NULL
            ORDER BY sequence \(order) LIMIT ? OFFSET ?
            """)
        defer { statement.reset() }
        statement.bind(1, Int64(limit))
        statement.bind(2, Int64(offset))
        return try statement.firstColumn()
    }
}

extension SQLiteStatement {
    /// The first column of every row.
    func firstColumn() throws(SQLiteError) -> [[UInt8]] {
        var values: [[UInt8]] = []
        while try step() { values.append(bytes(0) ?? []) }
        return values
    }
}
