// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import MainDatabase
import PostgresConnection
import TransactionModel

/// One read transaction. It begins with the first read, in the same round trip.
final class PostgresSnapshot: DatabaseSnapshot {
    private let session: Session
    private let connection: PostgresConnection
    private var hasBegun = false
    /// Each scan is a cursor of its own: a visitor may read on, and begin another scan.
    private var cursors = 0
    /// What a standby had replayed before the snapshot.
    private var start: Position?

    init(_ session: Session, _ connection: PostgresConnection) {
        self.session = session
        self.connection = connection
    }

    /// A read transaction has nothing to lose: nobody waits for its end. The session takes its outcome before the next
    /// call.
    func end() {
        guard hasBegun else { return }
        connection.queue("ROLLBACK")
        connection.sync()
        connection.send()
    }

    /// Only a standby can be behind itself: after a restart it lets clients in before it has replayed all that it had.
    func position() throws(DatabaseError) -> Position? {
        if !hasBegun { _ = try query("SELECT 1", PostgresParameters()) }
        return start
    }

    func origin() throws(DatabaseError) -> DatabaseOrigin {
        guard session.origin.timeline != 0 else {
            throw DatabaseError(.unavailable, code: "standby", "The server was a standby, and can't tell its timeline.")
        }
        return session.origin
    }

    func ledger(_ transactions: [TransactionID]) throws(DatabaseError) -> [TransactionID: LedgerEntry] {
        guard !transactions.isEmpty, try hasLedger() else { return [:] }
        var parameters = PostgresParameters()
        parameters.append(ArrayText.write(transactions.map(\.string)))
        // Rows that are visible here are covered by what the server has now.
        let (rows, position) = try run {
            connection.queue(LedgerSQL.entries, parameters)
            connection.queue(ServerPosition.sql)
        } take: { () throws(DatabaseError) in
            (try connection.result(), ServerPosition.read(try connection.result()))
        }
        var result: [TransactionID: LedgerEntry] = [:]
        for row in 0..<rows.rowCount {
            guard let id = rows.text(row, 0).flatMap({ TransactionID($0) }),
                let hash = rows.text(row, 1).flatMap(PostgresValue.bytes(ofHexadecimal:)).flatMap(
                    ContentHash.init(bytes:)),
                let time = rows.text(row, 3).flatMap({ PostgresValue.read($0, as: .timestamp).string })
                    .flatMap({ Timestamp($0) })
            else { continue }
            result[id] = LedgerEntry(
                position: position, contentHash: hash,
                generatedIDs: rows.text(row, 2).map { Array($0.utf8) }, appliedAt: time)
        }
        return result
    }

    func record(_ table: Table, key: [JSONValue]) throws(DatabaseError) -> [JSONValue]? {
        let keyColumns = table.keyColumns
        guard !keyColumns.isEmpty, keyColumns.count == key.count else { return nil }
        let dialect = SQLDialect.postgres
        var parameters = PostgresParameters()
        var terms: [String] = []
        for (index, column) in keyColumns.enumerated() {
            terms.append("\(dialect.quoted(column.name)) = \(dialect.placeholder(index + 1, column.type))")
            parameters.append(key[index], as: column.type)
        }
        let result = try query(
            "\(dialect.mark(table))\(select(table)) WHERE \(terms.joined(separator: " AND "))", parameters)
        return result.rowCount > 0 ? PostgresValue.row(result, 0, as: table.columns.map(\.type)) : nil
    }

    func records(
        _ table: Table, where condition: Condition?, order: Ordering,
        _ visit: ([JSONValue]) throws(DatabaseError) -> Bool
    ) throws(DatabaseError) {
        let (filter, parameters) = filter(condition, table)
        var sql = select(table) + filter
        if !order.terms.isEmpty { sql += " ORDER BY " + SQLCondition.order(order, table: table, dialect: .postgres) }
        cursors += 1
        let cursor = "sluice_\(cursors)"
        let types = table.columns.map(\.type)
        var rows = try run {
            connection.queue("DECLARE \(cursor) NO SCROLL CURSOR FOR \(sql)", parameters, prepared: false)
            connection.queue("FETCH \(Self.firstRows) FROM \(cursor)")
        } take: { () throws(DatabaseError) in
            _ = try connection.result()
            return try connection.result()
        }
        var wanted = Self.firstRows
        while true {
            for row in 0..<rows.rowCount {
                guard try visit(PostgresValue.row(rows, row, as: types)) else { return }
            }
            guard rows.rowCount == wanted else { return }
            wanted = Self.moreRows
            rows = try query("FETCH \(wanted) FROM \(cursor)", PostgresParameters())
        }
    }

    func count(_ table: Table, where condition: Condition?) throws(DatabaseError) -> Int64 {
        let (filter, parameters) = filter(condition, table)
        let dialect = SQLDialect.postgres
        return try query(
            "\(dialect.mark(table))SELECT count(*) FROM \(dialect.table(table.name))\(filter)", parameters
        ).int64(0, 0) ?? 0
    }

    /// Runs one statement in the snapshot.
    func query(
        _ sql: String, _ parameters: PostgresParameters, prepared: Bool = true
    ) throws(DatabaseError) -> PostgresResult {
        try run {
            connection.queue(sql, parameters, prepared: prepared)
        } take: { () throws(DatabaseError) in
            try connection.result()
        }
    }

    private func run<R>(_ queue: () -> Void, take: () throws(DatabaseError) -> R) throws(DatabaseError) -> R {
        let begins = !hasBegun
        hasBegun = true
        return try connection.exchange {
            if begins {
                connection.begin()
                // Outside of the transaction: inside, the first statement already has its snapshot.
                connection.queue(ServerPosition.standbySQL)
                connection.sync()
                connection.queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            }
            queue()
        } take: { () throws(DatabaseError) in
            if begins {
                let position = try connection.result()
                if position.text(0, 2) == "t" {
                    start = ServerPosition.read(position, system: session.origin.system)
                }
                try connection.finish()
                _ = try connection.result()
            }
            return try take()
        }
    }

    private func hasLedger() throws(DatabaseError) -> Bool {
        if !session.hasLedger {
            session.hasLedger = try query(LedgerSQL.exists, PostgresParameters()).text(0, 0) == "t"
        }
        return session.hasLedger
    }

    private func filter(_ condition: Condition?, _ table: Table) -> (sql: String, PostgresParameters) {
        var parameters = PostgresParameters()
        guard let condition else { return ("", parameters) }
        let filter = SQLCondition(condition, table: table, dialect: .postgres)
        for (value, type) in filter.parameters { parameters.append(value, as: type) }
        return (" WHERE " + filter.sql, parameters)
    }

    private func select(_ table: Table) -> String {
        let columns = table.columns.map { SQLDialect.postgres.quoted($0.name) }.joined(separator: ", ")
        return "SELECT \(columns) FROM \(SQLDialect.postgres.table(table.name))"
    }

    /// Rows of the first answer: a page of most queries.
    private static let firstRows = 128
    private static let moreRows = 1024
}
#endif
