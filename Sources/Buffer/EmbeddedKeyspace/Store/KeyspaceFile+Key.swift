// SPDX-License-Identifier: MIT
import Glibc
import SQLiteConnection

extension KeyspaceFile {
    /// Whether the file holds a key of the ordinary commands; nil: it can't be looked into, for instance because a daemon
    /// has it. What SQLite puts beside the file to read it goes again.
    public static func holds(_ key: String, at path: String) -> Bool? {
        // While the lock is ours no daemon begins to use the file.
        guard access(path + ".lock", F_OK) == 0, let lock = try? FileLock(path: path + ".lock") else { return nil }
        defer { lock.release() }
        let beside = ["-shm", "-wal"].map { path + $0 }.filter { access($0, F_OK) != 0 }
        defer { for file in beside { unlink(file) } }
        do throws(SQLiteError) {
            let connection = try SQLiteConnection(path: path, mode: .readOnly)
            defer { connection.close() }
            // An empty file is a new one.
            guard try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'entry'") != 0 else {
                return false
            }
            let statement = try connection.statement("SELECT 1 FROM entry WHERE key = ?1")
            statement.bind(1, Array(key.utf8))
            return try statement.step()
        } catch {
            return nil
        }
    }
}
