// SPDX-License-Identifier: MIT
#if Postgres
import MainDatabase
import PostgresConnection
import TransactionModel

/// How far a server is in the write-ahead log: as a primary what it wrote, as a standby what it replayed.
enum ServerPosition {
    /// Two columns. The position that covers a commit is the insert position after it.
    ///
    /// A primary writes its timeline into the names of its files. A standby has no word for the timeline that it
    /// replays; its control file follows with the next restart point, so what it says may be behind, never ahead.
    static let columns = """
        CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_replay_lsn(), '0/0')
            ELSE pg_current_wal_insert_lsn() END - '0/0'::pg_lsn,
        CASE WHEN pg_is_in_recovery()
            THEN (SELECT greatest(c.timeline_id, r.min_recovery_end_timeline)
                FROM pg_control_checkpoint() c, pg_control_recovery() r)
            ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END
        """

    /// Two columns: the system identifier, and a primary's timeline.
    static let originColumns = """
        (SELECT system_identifier FROM pg_control_system()),
        CASE WHEN NOT pg_is_in_recovery()
            THEN ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END
        """

    static func origin(_ result: PostgresResult, column: Int) -> DatabaseOrigin {
        DatabaseOrigin(
            system: result.int64(0, column).map { UInt64(bitPattern: $0) } ?? 0,
            timeline: result.int64(0, column + 1).map { UInt32(truncatingIfNeeded: $0) } ?? 0)
    }

    static let sql = "SELECT " + columns

    /// A third column: whether the server only replays.
    static let standbySQL = sql + ", pg_is_in_recovery()"

    static func read(_ result: PostgresResult, column: Int = 0, system: UInt64 = 0) -> Position {
        Position(
            result.text(0, column).flatMap { UInt64($0) } ?? 0,
            timeline: result.int64(0, column + 1).map { UInt32(truncatingIfNeeded: $0) } ?? 0, system: system)
    }
}
#endif
