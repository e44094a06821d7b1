// SPDX-License-Identifier: MIT
import BlockingThread
public import MainDatabase
import SQLiteConnection
public import TransactionModel

/// The main database as one SQLite file.
///
/// One connection writes, on a thread of its own, and is the only one that checkpoints (SQLite 3.40 can damage a
/// write-ahead log that two connections reset at once); another one reads. The file may be missing, be
/// locked, be removed or replaced at any time: a call fails then as unavailable or contention, and a later one opens
/// it anew.
///
/// A missing file is created only where it was never seen before, in a directory that exists. The journal mode of a
/// file that others created stays, and checkpointing it stays their task.
public final class SQLiteMainDatabase: MainDatabase {
    public struct Configuration: Sendable {
        /// A path, never a URI.
        public var path: String
        /// How long a call may wait for the locks of others before it fails as contention.
        public var timeout: Duration = .seconds(30)
        /// Whether a missing file is created at the first call. To be false where the database is known to have
        /// existed.
        public var createsFile = true

        public init(path: String) { self.path = path }
    }

    public let dialect = SQLDialect.sqlite
    private let now: @Sendable () -> Timestamp
    private let writer: BlockingThread<DatabaseFile>
    private let reader: SQLiteReader
    private let configuration: Configuration

    /// - Parameter now: The time for `applied_at`.
    public init(_ configuration: Configuration, now: @escaping @Sendable () -> Timestamp) {
        self.now = now
        self.configuration = configuration
        // A call may wait twice: at BEGIN for other writers, at COMMIT for readers of a rollback journal.
        let busyTimeout = configuration.timeout / 2
        writer = BlockingThread(name: "sqlite-write") {
            DatabaseFile(
                path: configuration.path,
                role: .writer(busyTimeout: busyTimeout, mayCreate: configuration.createsFile, now: now))
        }
        reader = SQLiteReader(path: configuration.path, timeout: configuration.timeout)
    }

    // MARK: Writing

    public func takeLease(site: String, atLeast: Int64) async throws(DatabaseError) -> Lease {
        try await writer.run { file throws(DatabaseError) in
            let lease = try file.withConnection { connection throws(DatabaseError) in
                try WriteTransaction(connection).run { () throws(DatabaseError) in
                    try at(.run) { () throws(SQLiteError) in
                        let ledger = Ledger(connection: connection)
                        try ledger.createTables()
                        return try ledger.takeLease(site: site, atLeast: atLeast)
                    }
                }
            }
            file.noteLease()
            return lease
        }
    }

    public func verify(_ lease: Lease) async throws(DatabaseError) {
        try await writer.run { file throws(DatabaseError) in
            try file.withConnection { connection throws(DatabaseError) in
                try file.checkLeased()
                let transaction = WriteTransaction(connection)
                try transaction.begin()
                defer { transaction.rollBack() }
                try transaction.check(lease)
            }
        }
    }

    public func apply(
        _ batch: [PreparedTransaction], under lease: Lease
    ) async throws(DatabaseError) -> BatchOutcome {
        guard !batch.isEmpty else { return .applied([]) }
        return try await writer.run { [now] file throws(DatabaseError) in
            try file.withConnection { connection throws(DatabaseError) in
                try file.checkLeased()
                return try Self.apply(batch, under: lease, to: connection, at: now())
            }
        }
    }

    private static func apply(
        _ batch: [PreparedTransaction], under lease: Lease, to connection: SQLiteConnection, at time: Timestamp
    ) throws(DatabaseError) -> BatchOutcome {
        let transaction = WriteTransaction(connection)
        try transaction.begin()
        let outcome: BatchOutcome
        do throws(DatabaseError) {
            try transaction.check(lease)
            outcome = try BatchApplier(connection, site: lease.site, at: time).apply(batch)
        } catch {
            transaction.rollBack()
            throw error
        }
        guard case .applied = outcome else {
            transaction.rollBack()
            return outcome
        }
        do throws(DatabaseError) {
            try transaction.commit()
            return outcome
        } catch {
            // A deferred foreign key is checked only here, and SQLite does not say whose it is: the last one stands
            // for all.
            if error.category == .final { return .failed(index: batch.count - 1, error) }
            throw error
        }
    }

    public func pruneLedger(before time: Timestamp, rowsMax: Int) async throws(DatabaseError) -> Int {
        try await writer.run { file throws(DatabaseError) in
            try file.withConnection { connection throws(DatabaseError) in
                try WriteTransaction(connection).run { () throws(DatabaseError) in
                    try at(.run) { () throws(SQLiteError) in
                        guard try Ledger.exists(in: connection) else { return 0 }
                        return try Ledger(connection: connection).prune(before: time, rowsMax: rowsMax)
                    }
                }
            }
        }
    }

    // MARK: Reading

    public func introspect() async throws(DatabaseError) -> Schema {
        try await createIfMissing()
        return try await reader.introspect()
    }

    public func read<R: Sendable>(
        _ body: @escaping @Sendable (any DatabaseSnapshot) throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        try await createIfMissing()
        return try await reader.read(body)
    }

    public func position() async throws(DatabaseError) -> Position {
        try await createIfMissing()
        return try await reader.position()
    }

    /// The reader first, so that the writer is the last one, whose closing checkpoints.
    public func close() async {
        await reader.close()
        await writer.run { $0.close() }
    }

    /// The reader can't create the file. One that is there it reads, whatever the writer waits for.
    private func createIfMissing() async throws(DatabaseError) {
        guard configuration.createsFile, FileIdentity.look(at: configuration.path) == .missing else { return }
        do throws(DatabaseError) {
            try await writer.run { file throws(DatabaseError) in _ = try file.connection() }
        } catch {
            guard error.category == .outage else { throw error }
        }
    }
}
