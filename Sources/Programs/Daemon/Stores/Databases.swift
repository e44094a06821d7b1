// SPDX-License-Identifier: MIT
import MainDatabase
import SQLiteMainDatabase
import TransactionModel

#if Postgres
import PostgresMainDatabase
#endif

/// Opens databases by what was chosen. Opening connects to nothing yet.
struct Databases {
    let timeout: Duration
    let now: @Sendable () -> Timestamp

    /// - Parameter isKnown: It was seen before: then a missing SQLite file is away, and a new, empty one in its place would
    ///   fail everything.
    func main(_ choice: DatabaseChoice, isKnown: Bool) throws -> any MainDatabase {
        switch choice {
        case .sqlite(let path):
            var settings = SQLiteMainDatabase.Configuration(path: path)
            settings.timeout = timeout
            settings.createsFile = !isKnown
            return SQLiteMainDatabase(settings, now: now)
        case .postgres(let url):
            #if Postgres
            return try PostgresMainDatabase(PostgresSettings(url, timeout: timeout), now: now)
            #else
            preconditionFailure("a configuration with PostgreSQL was refused: \(url.count) bytes")
            #endif
        }
    }

    /// A replica.
    func reader(_ choice: DatabaseChoice) throws -> any DatabaseReader {
        switch choice {
        case .sqlite(let path): return SQLiteReader(path: path, timeout: timeout)
        case .postgres(let url):
            #if Postgres
            return try PostgresReader(PostgresSettings(url, timeout: timeout))
            #else
            preconditionFailure("a configuration with PostgreSQL was refused: \(url.count) bytes")
            #endif
        }
    }
}
