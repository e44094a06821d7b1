// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import SQLiteConnection
import TransactionModel

/// One read transaction. SQLite fixes what it shows at its first read.
final class SQLiteSnapshot: DatabaseSnapshot {
    private let connection: SQLiteConnection
    /// Scans that are in progress: a visitor may read on, and begin another scan of the same shape.
    private var openScans = 0
    private let isWanted: () -> Bool

    /// - Parameter isWanted: False once somebody has interrupted the connection.
    init(_ connection: SQLiteConnection, isWanted: @escaping () -> Bool = { true }) {
        self.connection = connection
        self.isWanted = isWanted
    }

    func ledger(_ transactions: [TransactionID]) throws(DatabaseError) -> [TransactionID: LedgerEntry] {
        try at(.run) { () throws(SQLiteError) in
            guard try Ledger.exists(in: connection) else { return [:] }
            return try Ledger(connection: connection).entries(transactions)
        }
    }

    func record(_ table: Table, key: [JSONValue]) throws(DatabaseError) -> [JSONValue]? {
        let keyColumns = table.keyColumns
        guard !keyColumns.isEmpty, keyColumns.count == key.count else { return nil }
        let dialect = SQLDialect.sqlite
        let terms = keyColumns.enumerated().map { "\(dialect.quoted($1.name)) = ?\($0 + 1)" }
        let statement = try prepare("\(select(table)) WHERE \(terms.joined(separator: " AND "))")
        defer { statement.reset() }
        for (index, column) in keyColumns.enumerated() {
            statement.bind(Int32(index + 1), SQLiteValue(key[index], as: column.type))
        }
        return try begin(statement) ? statement.row(as: table.columns.map(\.type)) : nil
    }

    func records(
        _ table: Table, where condition: Condition?, order: Ordering,
        _ visit: ([JSONValue]) throws(DatabaseError) -> Bool
    ) throws(DatabaseError) {
        let filter = condition.map { SQLCondition($0, table: table, dialect: .sqlite) }
        var sql = select(table)
        if let filter { sql += " WHERE " + filter.sql }
        if !order.terms.isEmpty { sql += " ORDER BY " + SQLCondition.order(order, table: table, dialect: .sqlite) }
        // Equal texts are one prepared statement, and that can be in progress only once.
        sql += String(repeating: " ", count: openScans)
        let statement = try prepare(sql)
        openScans += 1
        defer {
            statement.reset()
            openScans -= 1
        }
        bind(filter, to: statement)
        let types = table.columns.map(\.type)
        var hasRow = try begin(statement)
        while hasRow {
            guard try visit(statement.row(as: types)) else { return }
            hasRow = try connection.step(statement)
        }
    }

    func count(_ table: Table, where condition: Condition?) throws(DatabaseError) -> Int64 {
        let filter = condition.map { SQLCondition($0, table: table, dialect: .sqlite) }
        let tail = filter.map { " WHERE " + $0.sql } ?? ""
        let statement = try prepare("SELECT count(*) FROM \(SQLDialect.sqlite.quoted(table.name))\(tail)")
        defer { statement.reset() }
        bind(filter, to: statement)
        return try begin(statement) ? statement.int64(0) : 0
    }

    private func select(_ table: Table) -> String {
        let columns = table.columns.map { SQLDialect.sqlite.quoted($0.name) }.joined(separator: ", ")
        return "SELECT \(columns) FROM \(SQLDialect.sqlite.quoted(table.name))"
    }

    private func bind(_ filter: SQLCondition?, to statement: SQLiteStatement) {
        for (index, parameter) in (filter?.parameters ?? []).enumerated() {
            statement.bind(Int32(index + 1), SQLiteValue(parameter.value, as: parameter.type))
        }
    }

    private func prepare(_ sql: String) throws(DatabaseError) -> SQLiteStatement {
        try at(.prepare) { () throws(SQLiteError) in try connection.statement(sql) }
    }

    /// The first step. An interrupt between two statements meets none that runs, and SQLite forgets it.
    private func begin(_ statement: SQLiteStatement) throws(DatabaseError) -> Bool {
        let hasRow = try connection.step(statement)
        guard isWanted() else {
            throw DatabaseError(.unavailable, code: "cancelled", "The read is no longer wanted.")
        }
        return hasRow
    }
}
