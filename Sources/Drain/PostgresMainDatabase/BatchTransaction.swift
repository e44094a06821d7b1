// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import MainDatabase
import PostgresConnection
import TransactionModel

/// A batch as one database transaction, in two round trips: everything up to the ledger's answer and the last
/// statement's outcome, then ledger rows, COMMIT and position.
///
///     BEGIN, lease, ledger, statements ──> all well? ──> ledger rows, COMMIT, position
///
/// It takes the members for new. When the ledger knows one of them, or one refers to an id that only the ledger can
/// tell, it begins again and waits for the ledger's answer first.
struct BatchTransaction {
    let connection: PostgresConnection
    let lease: Lease
    let time: Timestamp
    /// Wait for what a lost connection of ours may have left running, so that its outcome is in the ledger.
    let waitsOut: Bool

    func run(_ batch: [PreparedTransaction]) throws(DatabaseError) -> BatchOutcome {
        let outcome = try runOnce(batch)
        guard case .failed = outcome, connection.doubtsStatements else { return outcome }
        // Nothing was applied, and it may be nobody's fault: what fails with fresh statements too is the transaction's own.
        connection.forgetStatements()
        return try runOnce(batch)
    }

    private func runOnce(_ batch: [PreparedTransaction]) throws(DatabaseError) -> BatchOutcome {
        var selection = BatchSelection(batch)
        let plan = CapturePlan(&selection)
        if selection.referenced.isEmpty, !plan.needsResults, let outcome = try optimistic(&selection, plan) {
            return outcome
        }
        return try careful(&selection)
    }

    /// Nil: the ledger knows some of them, and nothing was done.
    private func optimistic(
        _ selection: inout BatchSelection, _ plan: CapturePlan
    ) throws(DatabaseError) -> BatchOutcome? {
        queueStart(selection)
        var applier = BatchApplier(connection, selection, plan)
        applier.send()
        connection.sync()
        guard !selection.note(try orRollBack { () throws(DatabaseError) in try takeStart() }) else {
            abandon()
            return nil
        }
        return try finish(&applier, selection)
    }

    private func careful(_ selection: inout BatchSelection) throws(DatabaseError) -> BatchOutcome {
        queueStart(selection)
        connection.sync()
        let found = try orRollBack { () throws(DatabaseError) in try takeStart() }
        try connection.finish()
        _ = selection.note(found)
        var applier = BatchApplier(connection, selection, CapturePlan(&selection))
        applier.send()
        connection.sync()
        return try finish(&applier, selection)
    }

    private func finish(
        _ applier: inout BatchApplier, _ selection: BatchSelection
    ) throws(DatabaseError) -> BatchOutcome {
        do throws(BatchApplier.Fault) {
            try applier.take()
        } catch {
            abandon()
            return try Self.outcome(of: error.error, member: error.member)
        }
        try connection.finish()
        return try commit(selection, applier.generatedIDs)
    }

    // MARK: Start

    private func queueStart(_ selection: BatchSelection) {
        connection.begin()
        // What was committed while we waited for the token must be seen by the statements after it.
        connection.queue("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        var site = PostgresParameters()
        site.append(lease.site)
        connection.queue(waitsOut ? LedgerSQL.claimToken : LedgerSQL.shareToken, site)
        var ids = PostgresParameters()
        ids.append(ArrayText.write(selection.wanted.map(\.string)))
        connection.queue(LedgerSQL.lookUp, ids)
    }

    private func takeStart() throws(DatabaseError) -> [TransactionID: BatchSelection.Found] {
        _ = try connection.result()
        try LeaseToken.check(try connection.ownResult(), lease)
        let rows = try connection.ownResult()
        var found: [TransactionID: BatchSelection.Found] = [:]
        for row in 0..<rows.rowCount {
            guard let id = rows.text(row, 0).flatMap({ TransactionID($0) }) else { continue }
            found[id] = BatchSelection.Found(
                contentHash: rows.text(row, 1).flatMap(PostgresValue.bytes(ofHexadecimal:)) ?? [],
                generatedIDs: rows.text(row, 2).map { Array($0.utf8) })
        }
        return found
    }

    // MARK: End

    private func commit(
        _ selection: BatchSelection, _ generatedIDs: [Int: [UInt8]]
    ) throws(DatabaseError) -> BatchOutcome {
        let running = selection.running
        guard !running.isEmpty else {
            let position = try connection.exchange {
                connection.queue("ROLLBACK")
                connection.queue(ServerPosition.sql)
            } take: { () throws(DatabaseError) in
                _ = try connection.result()
                return ServerPosition.read(try connection.result())
            }
            return .applied(selection.outcomes(position, generatedIDs: [:]))
        }
        let rows = ledgerRows(running.map { selection.batch[$0] }, running.map { generatedIDs[$0] })
        connection.queue(LedgerSQL.insert, rows)
        connection.queue("COMMIT")
        connection.queue(ServerPosition.sql)
        connection.sync()
        let end: Commit
        do throws(PostgresError) {
            end = try takeCommit()
        } catch {
            // From the first byte of the COMMIT to the last one of its answer, only the ledger knows.
            throw DatabaseError(
                .outcomeUnknown, code: error.code, "The connection was lost at the commit; the ledger will tell.")
        }
        switch end {
        case .committed(let position): return .applied(selection.outcomes(position, generatedIDs: generatedIDs))
        // Deferred constraints are checked only here, and the server does not say whose it is: the last one stands for
        // all.
        case .refused(let error): return try Self.outcome(of: error, member: selection.batch.count - 1)
        case .notReached(let error):
            abandon()
            throw error
        }
    }

    private enum Commit {
        case committed(Position)
        case refused(DatabaseError)
        case notReached(DatabaseError)
    }

    private func takeCommit() throws(PostgresError) -> Commit {
        if case .failed(let error) = try connection.next() { return .notReached(DatabaseError(own: error)) }
        switch try connection.next() {
        case .failed(let error):
            try connection.finishSync()
            return .refused(DatabaseError(error))
        case .skipped: return .notReached(DatabaseError(.unclassified, code: "skipped", "The commit was not reached."))
        case .done(let result):
            // The COMMIT of a transaction that failed is a ROLLBACK, and no error.
            guard result.commandTag == "COMMIT" else {
                try connection.finishSync()
                return .refused(DatabaseError(.unclassified, code: "rollback", "The database rolled it back."))
            }
        }
        guard case .done(let result) = try connection.next() else {
            throw PostgresError(code: "position", endsConnection: false)
        }
        let position = ServerPosition.read(result)
        try connection.finishSync()
        return .committed(position)
    }

    private func ledgerRows(_ transactions: [PreparedTransaction], _ generatedIDs: [[UInt8]?]) -> PostgresParameters {
        var parameters = PostgresParameters()
        parameters.append(lease.site)
        parameters.append(time.description)
        parameters.append(ArrayText.write(transactions.map(\.transactionID.string)))
        parameters.append(ArrayText.write(transactions.map { PostgresValue.hexadecimal($0.contentHash.bytes) }))
        parameters.append(ArrayText.write(generatedIDs.map { ids in ids.map { String(decoding: $0, as: UTF8.self) } }))
        return parameters
    }

    // MARK: Failure

    /// A member's own fault is an outcome; what is not, is thrown.
    private static func outcome(of error: DatabaseError, member: Int) throws(DatabaseError) -> BatchOutcome {
        switch error.category {
        case .final, .transient: return .failed(index: member, error)
        case .outage, .fenced: throw error
        }
    }

    private func orRollBack<R>(_ body: () throws(DatabaseError) -> R) throws(DatabaseError) -> R {
        do throws(DatabaseError) {
            return try body()
        } catch {
            abandon()
            throw error
        }
    }

    /// Takes what is left and rolls back. If that fails too, the session drops the connection, and that does it.
    private func abandon() {
        do throws(DatabaseError) {
            try connection.finish()
            try connection.rollBack()
        } catch {
            connection.close()
        }
    }
}
#endif
