// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import SQLiteConnection
import TransactionModel

/// Applies a batch in one database transaction on the write connection.
struct BatchApplier {
    private let connection: SQLiteConnection
    private let ledger: Ledger
    private let site: String
    private let time: String

    init(_ connection: SQLiteConnection, site: String, at time: Timestamp) {
        self.connection = connection
        self.site = site
        self.time = time.description
        ledger = Ledger(connection: connection)
    }

    /// Runs inside an open transaction. A fault of one of the transactions is the outcome; whoever began rolls back
    /// then.
    func apply(_ batch: [PreparedTransaction]) throws(DatabaseError) -> BatchOutcome {
        var applied: [BatchOutcome.Applied] = []
        applied.reserveCapacity(batch.count)
        for (index, transaction) in batch.enumerated() {
            do throws(DatabaseError) {
                applied.append(try apply(transaction))
            } catch {
                switch error.category {
                case .final, .transient: return .failed(index: index, error)
                // Not the transaction's fault: a full disk, a lock, a removed file.
                case .outage, .fenced: throw error
                }
            }
        }
        return .applied(applied)
    }

    private func apply(_ transaction: PreparedTransaction) throws(DatabaseError) -> BatchOutcome.Applied {
        let id = transaction.transactionID
        let inserted = try at(.run) { () throws(SQLiteError) in
            try ledger.insert(id, site: site, hash: transaction.contentHash, at: time)
        }
        guard let sequence = inserted else { return try repetition(of: transaction) }
        var captured: [[JSONValue]] = []
        for (index, statement) in transaction.statements.enumerated() {
            do throws(DatabaseError) {
                let row = try run(statement, captured)
                if !row.isEmpty {
                    captured += Array(repeating: [], count: index - captured.count)
                    captured.append(row)
                }
            } catch {
                var error = error
                error.step = statement.step
                throw error
            }
        }
        var generatedIDs: [UInt8]?
        if let assigned = transaction.assignedIDs {
            let json = assigned.jsonBytes { $0 < captured.count ? captured[$0].first ?? .null : .null }
            try at(.run) { () throws(SQLiteError) in try ledger.setGeneratedIDs(json, sequence: sequence) }
            generatedIDs = json
        }
        return .now(Position(UInt64(clamping: sequence)), generatedIDs: generatedIDs)
    }

    private func repetition(of transaction: PreparedTransaction) throws(DatabaseError) -> BatchOutcome.Applied {
        let found = try at(.run) { () throws(SQLiteError) in try ledger.entry(transaction.transactionID) }
        guard let found else {
            throw DatabaseError(.unclassified, code: "ledger", "The ledger refused a row that it does not have.")
        }
        guard found.contentHash == transaction.contentHash.bytes else { return .conflict }
        return .before(found.position, generatedIDs: found.generatedIDs)
    }

    /// The row that the statement returned; empty when it returns none.
    private func run(_ statement: Statement, _ captured: [[JSONValue]]) throws(DatabaseError) -> [JSONValue] {
        let prepared = try at(.prepare) { () throws(SQLiteError) in try connection.statement(statement.sql) }
        for (index, parameter) in statement.parameters.enumerated() {
            try bind(parameter, at: Int32(index + 1), of: prepared, captured)
        }
        defer { prepared.reset() }
        var row: [JSONValue]?
        // To the end, also after the row: only the end of a statement checks its foreign keys.
        while try connection.step(prepared) { if row == nil { row = prepared.row(as: statement.returns) } }
        return try checked(row, of: statement)
    }

    private func checked(_ row: [JSONValue]?, of statement: Statement) throws(DatabaseError) -> [JSONValue] {
        switch statement.expectation {
        case .any: return row ?? []
        case .mayReturnRow: return row ?? statement.returns.map { _ in .null }
        case .returnsRow:
            guard let row else { throw Self.recordMissing }
            return row
        case .affectsRow:
            guard connection.changes > 0 else { throw Self.recordMissing }
            // What such a statement returns is a result to check: SQLite turns a sum beyond 64 bits into a double.
            for (value, type) in zip(row ?? [], statement.returns) where type.canonical(value) == nil {
                throw DatabaseError(.invalidValue, code: "result", "The result does not fit its column.")
            }
            return []
        }
    }

    private static let recordMissing = DatabaseError(.recordMissing, code: "no row", "The record does not exist.")

    private func bind(
        _ parameter: Statement.Parameter, at index: Int32, of statement: SQLiteStatement, _ captured: [[JSONValue]]
    ) throws(DatabaseError) {
        switch parameter {
        case .value(let view, let type): statement.bind(index, view, as: type)
        case .constant(let value, let type): statement.bind(index, SQLiteValue(value, as: type))
        case .captured(let source, let column, let type):
            guard source < captured.count, column < captured[source].count else {
                throw DatabaseError(
                    .referenceUnresolved, code: "captured", "A reference names a value that was not found.")
            }
            statement.bind(index, SQLiteValue(captured[source][column], as: type))
        case .assigned(let transaction, let step, let row, let type):
            let value = try assignedID(transaction, step, row)
            statement.bind(index, SQLiteValue(value, as: type))
        }
    }

    private func assignedID(
        _ transaction: TransactionID, _ step: String, _ row: Int?
    ) throws(DatabaseError) -> JSONValue {
        let entry = try at(.run) { () throws(SQLiteError) in try ledger.entry(transaction) }
        let ids = entry?.generatedIDs.flatMap { try? JSONDocument(parsing: $0).root.member(step)?.value() }
        var id = ids
        if let row { id = ids?.array.flatMap { row < $0.count ? $0[row] : nil } }
        guard let id, !id.isNull else {
            throw DatabaseError(
                .referenceUnresolved, code: "ledger", "A reference names an id that no transaction got.")
        }
        return id
    }
}
