// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import TransactionModel

/// Evaluates literals of DEFAULT clauses the way SQLite does on insert, affinity included, in a database of its own.
struct LiteralEvaluator {
    private let connection: SQLiteConnection

    init() throws(SQLiteError) { connection = try SQLiteConnection(path: ":memory:", mode: .create) }

    /// What a record has in the column when a create leaves it out. `literal` must be a literal and nothing else.
    func value(_ literal: String, affinity: Affinity, type: ColumnType) throws(SQLiteError) -> JSONValue {
        try connection.execute(
            """
            DROP TABLE IF EXISTS literal; CREATE TABLE literal(value \(affinity.rawValue) DEFAULT \(literal));
            INSERT INTO literal DEFAULT VALUES
            """)
        let statement = try connection.statement("SELECT value FROM literal")
        defer { statement.reset() }
        return try statement.step() ? statement.value(0, as: type) : .null
    }
}
