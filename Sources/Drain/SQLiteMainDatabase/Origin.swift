// SPDX-License-Identifier: MIT
import SQLiteConnection
import TransactionModel

/// Remembers inside a database file that Sluice created it, and hence checkpoints it. In files of others that is
/// their task.
enum Origin {
    /// False: another program was quicker, the file is its own.
    static func mark(_ connection: SQLiteConnection, at time: Timestamp) throws(SQLiteError) -> Bool {
        try connection.execute("BEGIN IMMEDIATE")
        do throws(SQLiteError) {
            let isEmpty = try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
            if isEmpty {
                try connection.execute("CREATE TABLE sluice_origin(created_at TEXT NOT NULL)")
                let insert = try connection.statement("INSERT INTO sluice_origin VALUES (?1)")
                insert.bind(1, time.description)
                try insert.run()
            }
            try connection.execute("COMMIT")
            return isEmpty
        } catch {
            if connection.isInTransaction { try connection.execute("ROLLBACK") }
            throw error
        }
    }

    static func isOurs(_ connection: SQLiteConnection) throws(SQLiteError) -> Bool {
        try hasTable("sluice_origin", connection)
    }
}

/// Whether a table of ours is there.
func hasTable(_ name: String, _ connection: SQLiteConnection) throws(SQLiteError) -> Bool {
    let statement = try connection.statement("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")
    defer { statement.reset() }
    statement.bind(1, name)
    return try statement.step()
}
