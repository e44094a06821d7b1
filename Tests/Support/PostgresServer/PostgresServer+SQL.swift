// SPDX-License-Identifier: MIT
import Foundation

extension PostgresServer {
    /// Runs SQL with psql, which is not ours: whatever it counts, nothing of Sluice has counted before. One line per
    /// row, columns separated by `|`.
    @discardableResult
    public func psql(_ sql: String, database: String = "postgres") throws -> String {
        let text = try Program.run(
            "psql", ["-h", directory, "-U", "postgres", "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql],
            folder: directory)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    // MARK: Replication

    public func pauseReplay() throws {
        try psql("SELECT pg_wal_replay_pause()")
        try wait { try self.psql("SELECT pg_get_wal_replay_pause_state()") == "paused" }
    }

    public func resumeReplay() throws { try psql("SELECT pg_wal_replay_resume()") }

    public func promote() throws { try psql("SELECT pg_promote(true, 30)") }

    /// Until this replica has replayed all that the primary has written by now.
    public func catchUp(with primary: PostgresServer) throws {
        let position = try primary.psql("SELECT pg_current_wal_insert_lsn()")
        try wait { try self.psql("SELECT pg_last_wal_replay_lsn() >= '\(position)'") == "t" }
    }

    private func wait(until condition: () throws -> Bool) throws {
        let deadline = Date().addingTimeInterval(30)
        while try !condition() {
            guard Date() < deadline else { throw Failure(description: "The server did not get there: \(logText)") }
            usleep(5000)
        }
    }
}
