// SPDX-License-Identifier: MIT
import Glibc
import Keyspace
import SQLiteConnection
import TransactionModel

/// What each kind of job does.
extension Writer {
    /// Inside a group.
    func run(_ job: Job, now: Timestamp) throws(SQLiteError) -> Job.Result {
        switch job.work {
        case .perform(let operations):
            return .success(.replies(try store.perform(operations, now: now)))
        case .execute(let operations, let connection):
            return .success(.execution(try execute(operations, connection, now: now)))
        case .watch(let keys, let connection):
            for key in keys {
                let existed = try CommandRouter(store: store).exists(key, now: now)
                store.memory.watches.watch(key, by: connection, existed: existed)
            }
            return .success(.done)
        case .forget(let connection):
            store.memory.watches.forget(connection)
            return .success(.done)
        case .maintain:
            if store.isFull, reserve.rebuild(for: store.connection) { store.isFull = false }
            try expire(rowsMax: EmbeddedSettings.maintenanceStep, now: now)
            return .success(.done)
        case .statistics:
            return .success(.statistics(try currentStatistics()))
        case .backup, .close:
            preconditionFailure("These stand alone.")
        }
    }

    private func execute(
        _ operations: [Operation], _ connection: Int?, now: Timestamp
    ) throws(SQLiteError) -> Execution {
        if let connection {
            let hasExpired = try hasExpired(connection, now: now)
            let isBroken = store.memory.watches.isBroken(connection) || hasExpired
            store.memory.watches.forget(connection)
            if isBroken { return .aborted }
        }
        return .executed(try store.perform(operations, now: now))
    }

    /// A watched key whose time came since, even if nothing has removed it yet.
    private func hasExpired(_ connection: Int, now: Timestamp) throws(SQLiteError) -> Bool {
        for key in store.memory.watches.keysThatExisted(connection)
        where try !CommandRouter(store: store).exists(key, now: now) { return true }
        return false
    }

    /// Outside any group.
    func runAlone(_ job: Job) -> Job.Result {
        switch job.work {
        case .backup(let path):
            do throws(SQLiteError) {
                try store.connection.backup(to: path)
                guard FileSync.file(path), FileSync.directory(of: path) else {
                    return .failure(KeyspaceError(.unavailable, "The backup's file can't be synced."))
                }
                return .success(.done)
            } catch {
                return .failure(
                    error.isCannotOpen
                        ? KeyspaceError(.unavailable, "The backup's file can't be made: \(error.detail).")
                        : KeyspaceError(running: error))
            }
        case .close:
            checkpoint()
            let closed = KeyspaceError(.unavailable, "The keyspace is closed.")
            refuse(queue.close(closed), closed)
            store.connection.close()
            return .success(.done)
        case .perform, .execute, .watch, .forget, .maintain, .statistics:
            preconditionFailure("These run in a group.")
        }
    }

    private func currentStatistics() throws(SQLiteError) -> KeyspaceStatistics {
        var result = statistics
        for (name, value) in CountersView(store: store).fields { result.counters[name] = value }
        let pageBytes = try store.connection.integer("PRAGMA page_size") ?? 0
        result.fileBytes = (try store.connection.integer("PRAGMA page_count") ?? 0) * pageBytes
        result.freeBytes = (try store.connection.integer("PRAGMA freelist_count") ?? 0) * pageBytes
        result.logBytes = Self.fileBytes(settings.path + "-wal")
        result.isFull = store.isFull
        return result
    }

    private static func fileBytes(_ path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }
}
