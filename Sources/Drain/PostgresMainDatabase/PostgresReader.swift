// SPDX-License-Identifier: MIT
#if Postgres
public import MainDatabase
import PostgresConnection
public import TransactionModel

/// A PostgreSQL that is only read: a replica by physical replication, or the primary itself.
///
/// The server may be away, restart, or be promoted at any time: a call fails then, and a later one connects anew.
/// Cancelling the task of a ``read(_:)`` interrupts it.
public final class PostgresReader: DatabaseReader {
    private let pool: SessionPool

    public convenience init(_ configuration: PostgresConfiguration) { self.init(configuration, role: .reader) }

    init(_ configuration: PostgresConfiguration, role: Session.Role) {
        pool = SessionPool(configuration, role: role, name: "postgres-read", isInterruptible: true)
    }

    public func introspect() async throws(DatabaseError) -> Schema {
        try await pool.run { session, connection throws(DatabaseError) in
            try Introspection(session, connection).schema()
        }
    }

    public func missingRights() async throws(DatabaseError) -> [MissingRight] {
        try await pool.run { session, connection throws(DatabaseError) in
            let snapshot = PostgresSnapshot(session, connection)
            defer { snapshot.end() }
            let rows = try snapshot.query(CatalogSQL.missingRights, PostgresParameters(), prepared: false)
            return (0..<rows.rowCount).map { row in
                MissingRight(rows.text(row, 0) ?? "", on: rows.text(row, 1) ?? "", isVital: rows.text(row, 2) == "t")
            }
        }
    }

    public func read<R: Sendable>(
        _ body: @escaping @Sendable (any DatabaseSnapshot) throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        try await pool.run { session, connection throws(DatabaseError) in
            let snapshot = PostgresSnapshot(session, connection)
            defer { snapshot.end() }
            return try body(snapshot)
        }
    }

    /// What it has replayed; after its promotion, what it has written.
    public func position() async throws(DatabaseError) -> Position {
        try await pool.run { session, connection throws(DatabaseError) in
            try connection.exchange {
                connection.begin()
                connection.queue(ServerPosition.sql)
            } take: { () throws(DatabaseError) in
                ServerPosition.read(try connection.result(), system: session.origin.system)
            }
        }
    }

    func renew() { pool.renew() }

    func share(with writers: SessionPool) { pool.share(with: writers) }

    public func identity() async throws(DatabaseError) -> PostgresIdentity {
        try await pool.run { _, connection throws(DatabaseError) in try PostgresIdentity(connection) }
    }

    /// Interrupts the reads that run; later ones fail as unavailable.
    public func close() async { await pool.close() }
}
#endif
