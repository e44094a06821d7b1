// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import SQLiteConnection
import TransactionModel

/// Our two tables, and every statement on them.
struct Ledger {
    let connection: SQLiteConnection

    /// A row as far as a repetition needs it.
    struct Entry {
        var position: Position
        var contentHash: [UInt8]
        var generatedIDs: [UInt8]?
    }

    static func exists(in connection: SQLiteConnection) throws(SQLiteError) -> Bool {
        try hasTable("sluice_ledger", connection)
    }

    /// AUTOINCREMENT: a sequence number is never given twice, also after its row was pruned.
    func createTables() throws(SQLiteError) {
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS sluice_ledger(
                sequence INTEGER PRIMARY KEY AUTOINCREMENT, transaction_id TEXT NOT NULL UNIQUE, site TEXT NOT NULL,
                content_hash BLOB NOT NULL, generated_ids TEXT, applied_at TEXT NOT NULL);
            CREATE TABLE IF NOT EXISTS sluice_lease(site TEXT PRIMARY KEY, token INTEGER NOT NULL)
            """)
    }

    // MARK: Lease

    func token(of site: String) throws(SQLiteError) -> Int64? {
        guard try hasTable("sluice_lease", connection) else { return nil }
        let statement = try connection.statement("SELECT token FROM sluice_lease WHERE site = ?1")
        defer { statement.reset() }
        statement.bind(1, site)
        return try statement.step() ? statement.int64(0) : nil
    }

    func takeLease(site: String, atLeast: Int64) throws(SQLiteError) -> Lease {
        let before = try token(of: site) ?? 0
        let token = max(before, atLeast) + 1
        let statement = try connection.statement(
            "INSERT INTO sluice_lease(site, token) VALUES (?1, ?2) ON CONFLICT(site) DO UPDATE SET token = excluded.token"
        )
        statement.bind(1, site)
        statement.bind(2, token)
        try statement.run()
        return Lease(site: site, token: token, isOfOlderDatabase: before < atLeast)
    }

    // MARK: Rows

    /// The sequence number, or nil when there is a row of this transaction.
    func insert(
        _ transaction: TransactionID, site: String, hash: ContentHash, at time: String
    ) throws(SQLiteError) -> Int64? {
        let statement = try connection.statement(
            """
            INSERT INTO sluice_ledger(transaction_id, site, content_hash, applied_at) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT(transaction_id) DO NOTHING
            """)
        statement.bind(1, transaction.string)
        statement.bind(2, site)
        statement.bind(3, hash.bytes)
        statement.bind(4, time)
        try statement.run()
        return connection.changes == 0 ? nil : connection.lastInsertRowID
    }

    func setGeneratedIDs(_ json: [UInt8], sequence: Int64) throws(SQLiteError) {
        let statement = try connection.statement("UPDATE sluice_ledger SET generated_ids = ?1 WHERE sequence = ?2")
        json.withUnsafeBytes { statement.bindText(1, utf8: $0) }
        statement.bind(2, sequence)
        try statement.run()
    }

    func entry(_ transaction: TransactionID) throws(SQLiteError) -> Entry? {
        let statement = try connection.statement(
            "SELECT sequence, content_hash, generated_ids FROM sluice_ledger WHERE transaction_id = ?1")
        defer { statement.reset() }
        statement.bind(1, transaction.string)
        guard try statement.step() else { return nil }
        return Entry(
            position: Position(UInt64(clamping: statement.int64(0))), contentHash: statement.bytes(1) ?? [],
            generatedIDs: statement.bytes(2))
    }

    /// The rows of those transactions that have one.
    func entries(_ transactions: [TransactionID]) throws(SQLiteError) -> [TransactionID: LedgerEntry] {
        var result: [TransactionID: LedgerEntry] = [:]
        var rest = transactions[...]
        while !rest.isEmpty {
            // Few sizes, so that few statements are prepared; a parameter left over is NULL, which nothing equals.
            let size = rest.count > 16 ? Self.idsMax : rest.count > 1 ? 16 : 1
            let placeholders = String(repeating: "?,", count: size).dropLast()
            let statement = try connection.statement(
                """
                SELECT transaction_id, sequence, content_hash, generated_ids, applied_at FROM sluice_ledger
                WHERE transaction_id IN (\(placeholders))
                """)
            defer { statement.reset() }
            for (index, transaction) in rest.prefix(size).enumerated() {
                statement.bind(Int32(index + 1), transaction.string)
            }
            rest = rest.dropFirst(size)
            while try statement.step() {
                guard let id = TransactionID(statement.text(0) ?? ""),
                    let hash = ContentHash(bytes: statement.bytes(2) ?? []),
                    let time = Timestamp(statement.text(4) ?? "")
                else { continue }
                result[id] = LedgerEntry(
                    position: Position(UInt64(clamping: statement.int64(1))), contentHash: hash,
                    generatedIDs: statement.bytes(3), appliedAt: time)
            }
        }
        return result
    }

    /// Transaction ids in one statement at most.
    private static let idsMax = 500

    /// The highest sequence number ever given; 0 before the first.
    func position() throws(SQLiteError) -> Position {
        guard try Self.exists(in: connection) else { return Position(0) }
        let sequence = try connection.integer("SELECT seq FROM sqlite_sequence WHERE name = 'sluice_ledger'") ?? 0
        return Position(UInt64(clamping: sequence))
    }

    /// Looks at the oldest `rowsMax` rows only: rows are in order of time as good as the clock was, and a search for
    /// stragglers would read the whole table each time.
    func prune(before time: Timestamp, rowsMax: Int) throws(SQLiteError) -> Int {
        let statement = try connection.statement(
            """
            DELETE FROM sluice_ledger WHERE applied_at < ?1
            AND sequence IN (SELECT sequence FROM sluice_ledger ORDER BY sequence LIMIT ?2)
            """)
        statement.bind(1, time.description)
        statement.bind(2, Int64(rowsMax))
        try statement.run()
        return connection.changes
    }
}
