// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection

/// Opens the database file so that an acknowledgement means what it says.
///
/// Before it returns, the write-ahead log is moved into the database and both are synced: what a process that failed
/// at an fsync left in memory only is on stable storage again, or gone.
enum StoreFile {
    static func open(_ settings: EmbeddedSettings) throws(KeyspaceError) -> SQLiteConnection {
        // It holds what clients write.
        SQLiteConnection.createForOwner(settings.path)
        do throws(SQLiteError) {
            let connection = try SQLiteConnection(path: settings.path, mode: .create, gathersLog: true)
            // First of all: no other connection may slip in between, and the log needs no shared memory then.
            try connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            let version = try checkedVersion(connection)
            if version == 0 { try connection.execute("PRAGMA page_size = \(EmbeddedSettings.pageBytes)") }
            try configure(connection, settings)
            _ = try connection.checkpoint(truncate: true)
            try migrate(connection, from: version, site: settings.site.site)
            try checkSite(connection, settings.site.site)
            FileSync.directory(of: settings.path)
            return connection
        } catch {
            throw KeyspaceError(opening: error)
        }
    }

    /// The version of the file: 0 when it is new. Throws what is not ours as `SQLITE_NOTADB`.
    private static func checkedVersion(_ connection: SQLiteConnection) throws(SQLiteError) -> Int {
        let application = try connection.integer("PRAGMA application_id") ?? 0
        let version = Int(try connection.integer("PRAGMA user_version") ?? 0)
        let tables = try connection.integer("SELECT count(*) FROM sqlite_schema") ?? 0
        if tables == 0 && application == 0 && version == 0 { return 0 }
        guard application == StoreSchema.applicationID else { throw .foreign("not a keyspace file") }
        guard version <= StoreSchema.migrations.count else { throw .foreign("of a newer version") }
        return version
    }

    private static func configure(_ connection: SQLiteConnection, _ settings: EmbeddedSettings) throws(SQLiteError) {
        guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else { throw .foreign("refusing the log") }
        try connection.execute(
            """
            PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY;
            PRAGMA cache_size = -\(settings.cacheBytes >> 10); PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF;
            PRAGMA journal_size_limit = \(4 * settings.logBytesMax)
            """)
        guard try connection.integer("PRAGMA synchronous") == 2 else { throw .foreign("refusing to sync") }
    }

    private static func migrate(
        _ connection: SQLiteConnection, from version: Int, site: String
    ) throws(SQLiteError) {
        guard version < StoreSchema.migrations.count else { return }
        try connection.execute("BEGIN IMMEDIATE")
        for migration in StoreSchema.migrations[version...] { try connection.execute(migration) }
        try connection.execute(
            """
            PRAGMA application_id = \(StoreSchema.applicationID);
            PRAGMA user_version = \(StoreSchema.migrations.count)
            """)
        if version == 0 {
            let statement = try connection.statement("INSERT INTO site VALUES(?)")
            statement.bind(1, site)
            try statement.run()
        }
        try connection.execute("COMMIT")
    }

    private static func checkSite(_ connection: SQLiteConnection, _ site: String) throws(SQLiteError) {
        guard let stored = try connection.text("SELECT name FROM site"), stored.utf8.elementsEqual(site.utf8) else {
            throw .foreign(
                "of another site; start with that site's --site or --config, or with another state directory")
        }
    }
}

extension SQLiteError {
    /// `SQLITE_NOTADB` with our own reason.
    fileprivate static func foreign(_ reason: String) -> SQLiteError { SQLiteError(extendedCode: 26, detail: reason) }
}
