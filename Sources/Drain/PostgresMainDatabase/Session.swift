// SPDX-License-Identifier: MIT
#if Postgres
import MainDatabase
import PostgresConnection

/// A connection that survives the server's absence: it is opened when it is needed, and again after a failure.
final class Session {
    enum Role {
        /// Must reach a server that takes writes.
        case writer
        /// Reads the main database: never a standby of it.
        case mainReader
        /// Any server.
        case reader
    }

    private let configuration: PostgresConfiguration
    private let role: Role
    private let interrupt: PostgresInterrupt
    private var current: PostgresConnection?
    private var isClosed = false
    /// The ledger was seen.
    var hasLedger = false
    /// The server's, since it was connected to: a server changes its system never, its timeline only while it is a
    /// standby. Timeline 0: it was one.
    private(set) var origin = DatabaseOrigin.unnamed
    /// ``SessionPool/epoch`` of the connection.
    private var epoch = 0

    init(_ configuration: PostgresConfiguration, role: Role, interrupt: PostgresInterrupt) {
        self.configuration = configuration
        self.role = role
        self.interrupt = interrupt
    }

    /// Runs `body`, and drops a connection that ended or is stuck in a transaction: the next call starts afresh.
    /// - Parameter epoch: An older connection is given up first.
    func withConnection<R>(
        epoch: Int, _ body: (PostgresConnection) throws(DatabaseError) -> R
    ) throws(DatabaseError) -> R {
        if epoch != self.epoch { drop() }
        self.epoch = epoch
        let connection = try connection()
        defer { if connection.isInTransaction { drop() } }
        do throws(DatabaseError) {
            return try body(connection)
        } catch {
            if error.kind == .unavailable || error.kind == .outcomeUnknown { drop() }
            throw error
        }
    }

    /// Closes for good.
    func close() {
        drop()
        isClosed = true
    }

    /// Closes until it is needed again.
    func disconnect() { drop() }

    /// As far as it is known without asking.
    var isConnected: Bool { current != nil }

    private func drop() {
        current?.close()
        current = nil
    }

    private func connection() throws(DatabaseError) -> PostgresConnection {
        guard !isClosed else { throw DatabaseError(.unavailable, code: "closed", "The database was closed.") }
        if let current, isUsable(current) { return current }
        drop()
        let connection: PostgresConnection
        do throws(PostgresError) {
            connection = try PostgresConnection(
                configuration.connectionString, limit: configuration.silenceMax, interrupt: interrupt)
        } catch {
            throw DatabaseError(error)
        }
        do throws(DatabaseError) {
            try prepare(connection)
        } catch {
            connection.close()
            throw error
        }
        hasLedger = false
        current = connection
        return connection
    }

    private func isUsable(_ connection: PostgresConnection) -> Bool {
        do throws(DatabaseError) {
            if connection.isOwed { try connection.finish() }
            return !connection.isGone()
        } catch {
            return false
        }
    }

    /// Sets the session up, and reads back what must hold.
    private func prepare(_ connection: PostgresConnection) throws(DatabaseError) {
        var parameters = PostgresParameters()
        var terms: [String] = []
        for (name, value) in configuration.settings(role) {
            terms.append("set_config($\(parameters.count + 1), $\(parameters.count + 2), false)")
            parameters.append(name)
            parameters.append(value)
        }
        let sql = """
            SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                    WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
                pg_is_in_recovery(), current_setting('server_version_num')::int, \(ServerPosition.originColumns),
                \(terms.joined(separator: ", "))
            """
        let result = try connection.exchange {
            connection.queue(sql, parameters, prepared: false)
        } take: { () throws(DatabaseError) in
            try connection.result()
        }
        guard let version = result.int64(0, 2), version >= Self.versionMin else {
            throw DatabaseError(.unavailable, code: "version", "The server is older than PostgreSQL 12.")
        }
        guard result.text(0, 0) == "on" || result.text(0, 0) == "remote_apply" else {
            throw DatabaseError(.unavailable, code: "setting", "The server did not accept synchronous_commit.")
        }
        if role != .reader, result.text(0, 1) == "t" {
            throw DatabaseError(
                .unavailable, code: "standby", "The server is a standby, which takes no writes; name the primary.")
        }
        origin = ServerPosition.origin(result, column: 3)
    }

    private static let versionMin: Int64 = 120_000
}
#endif
