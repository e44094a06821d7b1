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
    /// Transactions that run beside each other in the main database, where it has more than one writer.
    var lanes = 1
    let now: @Sendable () -> Timestamp

    /// - Parameter mayCreate: A missing SQLite file is created. Else it is away: a new, empty one in its place would fail
    ///   everything.
    func main(_ choice: DatabaseChoice, mayCreate: Bool) throws -> any MainDatabase {
        switch choice {
        case .sqlite(let path):
            var settings = SQLiteMainDatabase.Configuration(path: path)
            settings.timeout = timeout
            settings.createsFile = mayCreate
            return SQLiteMainDatabase(settings, now: now)
        case .postgres(let url):
            #if Postgres
            return PostgresMainDatabase(try settings(url, connections: lanes), now: now)
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
            return PostgresReader(try settings(url, connections: Self.readers))
            #else
            preconditionFailure("a configuration with PostgreSQL was refused: \(url.count) bytes")
            #endif
        }
    }

    #if Postgres
    /// Reads of clients that run beside each other.
    private static let readers = 4

    private func settings(_ url: String, connections: Int) throws -> PostgresConfiguration {
        var settings = PostgresConfiguration(url)
        guard settings.isValid else {
            throw ConfigurationError(
                "a PostgreSQL URL or connection string can't be read by libpq; check main.url and replica.urls")
        }
        settings.timeout = timeout
        settings.connections = connections
        return settings
    }
    #endif
}
