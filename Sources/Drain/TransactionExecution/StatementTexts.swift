// SPDX-License-Identifier: MIT
import MainDatabase
import Synchronization
import TransactionModel

/// Texts of statements by their shape: written once, and equal, so that the database prepares them once.
final class StatementTexts: Sendable {
    /// Texts kept at most; when more shapes come along, it starts over.
    static let textsMax = 4096

    private struct Key: Hashable {
        var table: ObjectIdentifier
        var shape: StatementShape
    }

    /// Holds its table, so that no other one can take over the identity in the key.
    private struct Entry {
        var table: Table
        var sql: String
    }

    private let dialect: SQLDialect
    private let entries = Mutex<[Key: Entry]>([:])

    init(dialect: SQLDialect) { self.dialect = dialect }

    func sql(_ shape: StatementShape, of table: Table) -> String {
        let key = Key(table: ObjectIdentifier(table), shape: shape)
        return entries.withLock { entries in
            if let known = entries[key] { return known.sql }
            if entries.count >= Self.textsMax { entries.removeAll() }
            let sql = dialect.mark(table) + shape.sql(table, dialect)
            entries[key] = Entry(table: table, sql: sql)
            return sql
        }
    }
}
