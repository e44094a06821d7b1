// SPDX-License-Identifier: MIT
import MainDatabase
import SQLiteConnection

/// BEGIN IMMEDIATE to COMMIT or ROLLBACK on the write connection.
struct WriteTransaction {
    private let connection: SQLiteConnection

    init(_ connection: SQLiteConnection) { self.connection = connection }

    /// Takes the write lock now: a transaction that read first and writes later could fail as busy in the middle.
    func begin() throws(DatabaseError) {
        try at(.run) { () throws(SQLiteError) in try connection.execute("BEGIN IMMEDIATE") }
    }

    /// Nothing of the transaction stays when it throws, unless as `outcomeUnknown`.
    func commit() throws(DatabaseError) {
        do throws(DatabaseError) {
            try at(.commit) { () throws(SQLiteError) in try connection.execute("COMMIT") }
        } catch {
            rollBack()
            throw error
        }
    }

    /// Some errors have rolled back already. If this one fails too, ``DatabaseFile`` closes the connection, and that
    /// does it.
    func rollBack() {
        guard connection.isInTransaction else { return }
        try? connection.execute("ROLLBACK")
    }

    /// Inside the transaction, so that nobody takes the lease between this and the commit.
    func check(_ lease: Lease) throws(DatabaseError) {
        let token = try at(.run) { () throws(SQLiteError) in try Ledger(connection: connection).token(of: lease.site) }
        guard token == lease.token else {
            throw DatabaseError(.leaseLost, code: "lease", "Another processor took the lease of this site.")
        }
    }

    func run<R>(_ body: () throws(DatabaseError) -> R) throws(DatabaseError) -> R {
        try begin()
        let result: R
        do throws(DatabaseError) {
            result = try body()
        } catch {
            rollBack()
            throw error
        }
        try commit()
        return result
    }
}
