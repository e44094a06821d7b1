// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import TransactionModel

/// The conflict keys that blocked transactions hold. A key is stored as `{use}:{name}`, as `held_records` shows it.
struct HeldTable {
    let connection: SQLiteConnection

    func hold(_ keys: [ConflictKey], by sequence: Int64) throws(SQLiteError) {
        for key in keys {
            let statement = try connection.statement("INSERT OR IGNORE INTO held VALUES(?, ?)")
            statement.bind(1, key.use.rawValue + ":" + key.name.string)
            statement.bind(2, sequence)
            try statement.run()
        }
    }

    func free(_ sequence: Int64) throws(SQLiteError) {
        let statement = try connection.statement("DELETE FROM held WHERE sequence = ?")
        statement.bind(1, sequence)
        try statement.run()
    }
}
