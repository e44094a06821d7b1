// SPDX-License-Identifier: MIT
import MainDatabase
import TransactionModel

/// All that the text of a statement depends on. Placeholders count through `columns`, then through the key.
struct StatementShape: Hashable {
    enum Verb: Hashable {
        case insert
        /// On a conflict in these columns, updates the others.
        case upsert(conflict: [Int])
        case update
        /// `SET c = c + ?`; returns the sums.
        case increment
        case delete
        /// Finds the record and changes nothing.
        case exists
    }

    var verb: Verb
    /// Indices into the table's columns.
    var columns: [Int] = []
    /// Columns that only a new record gets, after `columns`.
    var defaults: [Int] = []
    /// Returns the primary key's only column.
    var returnsKey = false

    func sql(_ table: Table, _ dialect: SQLDialect) -> String {
        let name = dialect.table(table.name)
        switch verb {
        case .insert: return insert(name, table, dialect) + returning(table, dialect)
        case .upsert(let conflict):
            return insert(name, table, dialect) + onConflict(conflict, table, dialect) + returning(table, dialect)
        case .update:
            let terms = columns.enumerated().map {
                "\(quoted($1, table, dialect)) = \(placeholder($0, $1, table, dialect))"
            }
            return "UPDATE \(name) SET \(terms.joined(separator: ", "))" + key(table, dialect)
        case .increment:
            let terms = columns.enumerated().map { index, column in
                let name = quoted(column, table, dialect)
                return "\(name) = \(name) + \(placeholder(index, column, table, dialect))"
            }
            return "UPDATE \(name) SET \(terms.joined(separator: ", "))" + key(table, dialect)
                + " RETURNING \(list(columns, table, dialect))"
        case .delete: return "DELETE FROM \(name)" + key(table, dialect)
        case .exists: return "SELECT 1 FROM \(name)" + key(table, dialect)
        }
    }

    private func insert(_ name: String, _ table: Table, _ dialect: SQLDialect) -> String {
        let written = columns + defaults
        guard !written.isEmpty else { return "INSERT INTO \(name) DEFAULT VALUES" }
        let values = written.enumerated().map { placeholder($0, $1, table, dialect) }
        return "INSERT INTO \(name) (\(list(written, table, dialect))) VALUES (\(values.joined(separator: ", ")))"
    }

    /// The key of a record that is there stays: who met it by other columns must not rename it.
    private func onConflict(_ conflict: [Int], _ table: Table, _ dialect: SQLDialect) -> String {
        let key = table.primaryKey.compactMap { table.index(of: $0) }
        var updated = columns.filter { !conflict.contains($0) && !key.contains($0) }
        // Only a row that is touched is returned.
        if updated.isEmpty, returnsKey { updated = Array(conflict.prefix(1)) }
        let target = " ON CONFLICT (\(list(conflict, table, dialect))) DO "
        guard !updated.isEmpty else { return target + "NOTHING" }
        let terms = updated.map { "\(quoted($0, table, dialect)) = excluded.\(quoted($0, table, dialect))" }
        return target + "UPDATE SET " + terms.joined(separator: ", ")
    }

    private func returning(_ table: Table, _ dialect: SQLDialect) -> String {
        guard returnsKey, let key = table.primaryKey.first else { return "" }
        return " RETURNING " + dialect.quoted(key)
    }

    private func key(_ table: Table, _ dialect: SQLDialect) -> String {
        let terms = table.keyColumns.enumerated().map { index, column in
            "\(dialect.quoted(column.name)) = \(dialect.placeholder(columns.count + index + 1, column.type))"
        }
        return " WHERE " + terms.joined(separator: " AND ")
    }

    private func list(_ columns: [Int], _ table: Table, _ dialect: SQLDialect) -> String {
        columns.map { quoted($0, table, dialect) }.joined(separator: ", ")
    }

    private func quoted(_ column: Int, _ table: Table, _ dialect: SQLDialect) -> String {
        dialect.quoted(table.columns[column].name)
    }

    private func placeholder(_ index: Int, _ column: Int, _ table: Table, _ dialect: SQLDialect) -> String {
        dialect.placeholder(index + 1, table.columns[column].type)
    }
}
