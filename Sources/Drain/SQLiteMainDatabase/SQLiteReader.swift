// SPDX-License-Identifier: MIT
import BlockingThread
public import MainDatabase
import SQLiteConnection
import Synchronization
public import TransactionModel

/// A SQLite file that is only read: on a connection and a thread of its own.
///
/// The file may be missing, be locked or be replaced at any time: a call fails then, and a later one opens it anew.
/// Cancelling the task of a ``read(_:)`` interrupts it.
public final class SQLiteReader: DatabaseReader {
    private struct State {
        var turns = ReadTurns()
        /// Of the connection in use; harmless after it was closed.
        var interrupt: SQLiteInterrupt?
    }

    private let thread: BlockingThread<DatabaseFile>
    private let state = Mutex(State())

    /// - Parameter timeout: How long a call may wait for locks before it fails as contention.
    public init(path: String, timeout: Duration = .seconds(30)) {
        thread = BlockingThread(name: "sqlite-read") {
            DatabaseFile(path: path, role: .reader(busyTimeout: timeout / 2))
        }
    }

    public func introspect() async throws(DatabaseError) -> Schema {
        try await run { connection, _ throws(DatabaseError) in
            try at(.run) { () throws(SQLiteError) in try Introspection(connection).schema() }
        }
    }

    public func read<R: Sendable>(
        _ body: @escaping @Sendable (any DatabaseSnapshot) throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        try await run { _, snapshot throws(DatabaseError) in try body(snapshot) }
    }

    public func position() async throws(DatabaseError) -> Position {
        try await run { connection, _ throws(DatabaseError) in
            try at(.run) { () throws(SQLiteError) in try Ledger(connection: connection).position() }
        }
    }

    /// Interrupts the read that runs; later ones fail as unavailable.
    public func close() async {
        state.withLock { if $0.turns.close() { $0.interrupt?.interrupt() } }
        await thread.run { $0.close() }
    }

    private func run<R: Sendable>(
        _ body: @escaping @Sendable (SQLiteConnection, SQLiteSnapshot) throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        let turn = state.withLock { $0.turns.enter() }
        let result: Result<R, DatabaseError> = await withTaskCancellationHandler {
            let result: Result<R, DatabaseError> = await thread.run { [self] file in
                do throws(DatabaseError) {
                    return .success(try transact(turn, file, body))
                } catch {
                    return .failure(error)
                }
            }
            return result
        } onCancel: {
            state.withLock { if $0.turns.cancel(turn) { $0.interrupt?.interrupt() } }
        }
        state.withLock { $0.turns.end(turn) }
        return try result.get()
    }

    private func transact<R>(
        _ turn: Int, _ file: DatabaseFile, _ body: (SQLiteConnection, SQLiteSnapshot) throws(DatabaseError) -> R
    ) throws(DatabaseError) -> R {
        try file.withConnection { connection throws(DatabaseError) in
            let begins = state.withLock { state in
                state.interrupt = connection.interruptHandle()
                return state.turns.begin(turn)
            }
            guard begins else { throw DatabaseError(.unavailable, code: "cancelled", "The read is no longer wanted.") }
            defer { state.withLock { $0.turns.end(turn) } }
            try at(.run) { () throws(SQLiteError) in try connection.execute("BEGIN") }
            // A read transaction has nothing to lose: an error of its end is none of the reader's.
            defer { if connection.isInTransaction { try? connection.execute("ROLLBACK") } }
            let snapshot = SQLiteSnapshot(connection) { [self] in state.withLock { !$0.turns.isInterrupted } }
            return try body(connection, snapshot)
        }
    }
}
