// SPDX-License-Identifier: MIT
import SQLiteConnection

/// `parked:{blocker}`: the ids of what is held behind a transaction, in order of acceptance.
struct ParkedView: ListView {
    let store: Store
    let blocker: String

    func count() throws(SQLiteError) -> Int {
        let statement = try store.connection.statement(
            """
            SELECT count(*) FROM txn INDEXED BY txn_parked WHERE blocker = (SELECT sequence FROM txn WHERE id = ?)
            """)
        defer { statement.reset() }
        statement.bind(1, blocker)
        return try statement.step() ? Int(statement.int64(0)) : 0
    }

    func items(offset: Int, limit: Int) throws(SQLiteError) -> [[UInt8]] {
        let statement = try store.connection.statement(
            """
            SELECT id FROM txn INDEXED BY txn_parked WHERE blocker = (SELECT sequence FROM txn WHERE id = ?)
            ORDER BY sequence LIMIT ? OFFSET ?
            """)
        defer { statement.reset() }
        statement.bind(1, blocker)
        statement.bind(2, Int64(limit))
        statement.bind(3, Int64(offset))
        return try statement.firstColumn()
    }
}
