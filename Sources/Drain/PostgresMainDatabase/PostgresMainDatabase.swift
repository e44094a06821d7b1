// SPDX-License-Identifier: MIT
#if Postgres
public import MainDatabase
import PostgresConnection
import Synchronization
public import TransactionModel

/// The main database as a PostgreSQL, possibly far away: a batch costs two round trips, however many transactions it
/// holds, and three when one of them refers to an id that only the ledger can tell.
///
/// Sessions that write have their `synchronous_commit` on, and a server that takes no writes is unavailable. The
/// server may be away, restart or fail over at any time: a call fails then, and a later one connects anew. A lost
/// connection at COMMIT is ``DatabaseError/Kind/outcomeUnknown``: applying again finds out, since the next batch waits
/// for what the lost connection may have left running.
public final class PostgresMainDatabase: MainDatabase {
    public let dialect = SQLDialect.postgres
    /// A connection each.
    public let lanesMax: Int
    private let now: @Sendable () -> Timestamp
    private let writers: SessionPool
    private let reader: PostgresReader
    private let lost = Mutex(LostBatches())

    /// - Parameters:
    ///   - configuration: `connections` counts for writing and for reading each.
    ///   - now: The time for `applied_at`.
    public init(_ configuration: PostgresConfiguration, now: @escaping @Sendable () -> Timestamp) {
        self.now = now
        lanesMax = configuration.connections
        writers = SessionPool(configuration, role: .writer, name: "postgres-write", isInterruptible: false)
        // Never a standby that the connection string may name too: reads of the main database are never behind.
        reader = PostgresReader(configuration, role: .mainReader)
        reader.share(with: writers)
    }

    // MARK: Writing

    public func takeLease(site: String, atLeast: Int64) async throws(DatabaseError) -> Lease {
        try await writers.run { session, connection throws(DatabaseError) in
            try LeaseToken.take(site: site, atLeast: atLeast, on: connection, of: session.origin)
        }
    }

    public func verify(_ lease: Lease) async throws(DatabaseError) {
        try await write(under: lease) { connection throws(DatabaseError) in
            var parameters = PostgresParameters()
            parameters.append(lease.site)
            let result = try connection.exchange {
                connection.begin()
                // A lock is refused where writes are.
                connection.queue(LedgerSQL.shareToken, parameters)
            } take: { () throws(DatabaseError) in
                try connection.ownResult()
            }
            try LeaseToken.check(result, lease)
        }
    }

    public func apply(
        _ batch: [PreparedTransaction], under lease: Lease
    ) async throws(DatabaseError) -> BatchOutcome {
        guard !batch.isEmpty else { return .applied([]) }
        let open = lost.withLock { $0.open }
        do throws(DatabaseError) {
            let outcome = try await write(under: lease) { [now] connection throws(DatabaseError) in
                try BatchTransaction(connection: connection, lease: lease, time: now(), waitsOut: open != nil).run(
                    batch)
            }
            lost.withLock { $0.settle(open) }
            return outcome
        } catch {
            if error.kind == .unavailable || error.kind == .outcomeUnknown { lost.withLock { $0.lose() } }
            throw error
        }
    }

    /// Runs `body` on a server of the lease's origin. A connection tells its server's once, when it is made: that costs no
    /// batch a round trip, and a batch runs on one connection or not at all.
    private func write<R: Sendable>(
        under lease: Lease, _ body: @escaping @Sendable (PostgresConnection) throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        do throws(DatabaseError) {
            return try await writers.run { session, connection throws(DatabaseError) in
                guard session.origin == lease.origin else { throw LeaseToken.elsewhere }
                return try body(connection)
            }
        } catch {
            // This one may have come to the new server, or have stayed with the old one: where they differ, all ask again.
            if error == LeaseToken.elsewhere {
                writers.renew()
                reader.renew()
            }
            throw error
        }
    }

    public func pruneLedger(before time: Timestamp, rowsMax: Int) async throws(DatabaseError) -> Int {
        try await writers.run { _, connection throws(DatabaseError) in
            let found = try connection.exchange {
                connection.begin()
                connection.queue(LedgerSQL.exists)
            } take: { () throws(DatabaseError) in
                try connection.ownResult()
            }
            guard found.text(0, 0) == "t" else { return 0 }
            var parameters = PostgresParameters()
            parameters.append(time.description)
            parameters.append(String(rowsMax))
            return try connection.exchange {
                connection.queue(LedgerSQL.prune, parameters)
            } take: { () throws(DatabaseError) in
                try connection.ownResult()
            }.affectedRows
        }
    }

    // MARK: Reading

    public func introspect() async throws(DatabaseError) -> Schema { try await reader.introspect() }

    public func missingRights() async throws(DatabaseError) -> [MissingRight] { try await reader.missingRights() }

    public func read<R: Sendable>(
        _ body: @escaping @Sendable (any DatabaseSnapshot) throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        try await reader.read(body)
    }

    /// The insert position of the write-ahead log.
    public func position() async throws(DatabaseError) -> Position { try await reader.position() }

    public func identity() async throws(DatabaseError) -> PostgresIdentity { try await reader.identity() }

    /// Interrupts reads; a batch in progress comes to its end, which the timeouts bound.
    public func close() async {
        await reader.close()
        await writers.close()
    }
}
#endif
