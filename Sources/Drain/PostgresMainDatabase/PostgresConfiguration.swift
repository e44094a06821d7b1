// SPDX-License-Identifier: MIT
#if Postgres
import PostgresConnection

/// Where a PostgreSQL is and how long it may take.
public struct PostgresConfiguration: Sendable {
    /// Writers and readers at most, each a connection and a thread.
    public static let connectionsMax = 64

    /// `postgres://...`, `postgresql://...` or `host=... dbname=...`, as libpq reads them: TLS modes, password and
    /// service files and the environment included. A pooler between must keep a session for its client (session
    /// pooling): statements stay prepared, and settings stay set.
    public var connection: String
    /// How long a statement, a lock or a silence of the server may last.
    public var timeout: Duration = .seconds(30)
    /// How many calls run beside each other.
    public var connections = 1

    public init(_ connection: String) { self.connection = connection }

    /// Whether libpq can read the connection string. Why not is not said: it could quote a password.
    public var isValid: Bool { ConnectionString(connection).isValid }

    private var milliseconds: Int { max(1, Int(clamping: Int64((timeout / .milliseconds(1)).rounded(.up)))) }

    /// The string with what libpq watches for us: a peer that is gone is noticed within the timeout.
    var connectionString: ConnectionString {
        var string = ConnectionString(connection)
        let seconds = max(1, milliseconds / 3000)
        string.defaults = [
            ("fallback_application_name", "sluice"), ("tcp_user_timeout", "\(milliseconds)"), ("keepalives", "1"),
            ("keepalives_idle", "\(seconds)"), ("keepalives_interval", "\(seconds)"), ("keepalives_count", "2"),
        ]
        return string
    }

    /// Longest silence. Longer than what the server allows a statement, so that it speaks first.
    var silenceMax: Duration { timeout + max(timeout / 2, .seconds(1)) }

    /// Settings of a session. Values depend on some of them, so nothing of the server's or the role's own counts.
    func settings(_ role: Session.Role) -> [(name: String, value: String)] {
        let common = [
            ("statement_timeout", "\(milliseconds)"),
            // Less, so that who waits for a lock is told so.
            ("lock_timeout", "\(max(1, milliseconds / 2))"),
            // We never think for long inside a transaction: then we are gone, and our locks must be.
            ("idle_in_transaction_session_timeout", "\(milliseconds * 2)"),
            ("TimeZone", "UTC"), ("DateStyle", "ISO, YMD"), ("IntervalStyle", "postgres"), ("bytea_output", "hex"),
            ("extra_float_digits", "1"), ("standard_conforming_strings", "on"), ("client_min_messages", "error"),
            // Compiling pays only where a statement runs for seconds.
            ("jit", "off"),
        ]
        switch role {
        case .reader, .mainReader:
            // What is looked for decides how it is best found: a plan per question, parsed once.
            return common + [("plan_cache_mode", "force_custom_plan")]
        case .writer:
            // Who writes finds records by their keys, with statements that are planned once, perhaps when the table was
            // still small: that plan must do when it has grown.
            return common + [("enable_seqscan", "off"), ("plan_cache_mode", "force_generic_plan")]
        }
    }
}
#endif
