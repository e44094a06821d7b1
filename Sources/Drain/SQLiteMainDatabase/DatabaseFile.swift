// SPDX-License-Identifier: MIT
import MainDatabase
import SQLiteConnection
import TransactionModel

/// A connection to the file at a path that survives the file's absence and replacement: it is opened when it is needed,
/// and again after a failure or when the path names another file.
final class DatabaseFile {
    enum Role {
        /// Changes the database; the only connection of ours that checkpoints. `now`: for the mark in a file that it
        /// creates.
        case writer(busyTimeout: Duration, mayCreate: Bool, now: @Sendable () -> Timestamp)
        /// `query_only`.
        case reader(busyTimeout: Duration)
    }

    private let path: String
    private let role: Role
    private var decision: OpenDecision
    private var current: SQLiteConnection?
    private var isClosed = false
    /// The file in which the lease was taken.
    private var leased: FileIdentity?

    init(path: String, role: Role) {
        self.path = path
        self.role = role
        switch role {
        case .writer(_, let mayCreate, _): decision = OpenDecision(mayCreate: mayCreate)
        case .reader: decision = OpenDecision(mayCreate: false)
        }
    }

    /// The open connection to the file that the path names now.
    func connection() throws(DatabaseError) -> SQLiteConnection {
        guard !isClosed else { throw DatabaseError(.unavailable, code: "closed", "The database was closed.") }
        switch decision.action(for: FileIdentity.look(at: path)) {
        case .use:
            if let current { return current }
            return try open(.readWrite)
        case .openExisting:
            drop()
            return try open(.readWrite)
        case .create:
            drop()
            return try open(.create)
        case .fail(let error):
            drop()
            throw error
        }
    }

    /// The lease that was taken just now is that of the open file.
    func noteLease() { leased = decision.open }

    /// A backup that was moved into the place of the file may know the same token, and lacks what came later.
    func checkLeased() throws(DatabaseError) {
        guard leased == nil || leased == decision.open else {
            throw DatabaseError(.leaseLost, code: "origin", "The main database is another file than a moment ago.")
        }
    }

    /// Closes the connection; the next call opens another one.
    func drop() {
        current?.close()
        current = nil
        decision.closed()
    }

    /// Closes for good.
    func close() {
        drop()
        isClosed = true
    }

    /// Runs `body`, and drops a connection that failed as a whole or is stuck in a transaction: the next call starts
    /// afresh.
    func withConnection<R>(_ body: (SQLiteConnection) throws(DatabaseError) -> R) throws(DatabaseError) -> R {
        let connection = try connection()
        defer { if connection.isInTransaction { drop() } }
        do throws(DatabaseError) {
            return try body(connection)
        } catch {
            if error.kind == .unavailable || error.kind == .outcomeUnknown { drop() }
            throw error
        }
    }

    private func open(_ mode: SQLiteConnection.Mode) throws(DatabaseError) -> SQLiteConnection {
        let before = FileIdentity.look(at: path)
        let connection = try at(.open) { () throws(SQLiteError) in try SQLiteConnection(path: path, mode: mode) }
        do throws(SQLiteError) {
            switch role {
            case .writer(let busyTimeout, let mayCreate, let now):
                connection.setBusyTimeout(busyTimeout)
                // An empty file is nobody's yet.
                if mayCreate, try connection.integer("PRAGMA page_count") == 0 { try found(connection, at: now()) }
                try prepareWriter(connection)
            case .reader(let busyTimeout):
                connection.setBusyTimeout(busyTimeout)
                try prepareReader(connection)
            }
        } catch {
            connection.close()
            throw DatabaseError(error, at: .open)
        }
        // What was opened is what the path named before, if it still names it.
        guard case .present(let file) = FileIdentity.look(at: path), before == .missing || before == .present(file)
        else {
            connection.close()
            throw DatabaseError(.contention, code: "replaced", "The database file was replaced while it was opened.")
        }
        decision.opened(file)
        current = connection
        return connection
    }

    private func prepareReader(_ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.execute("PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0")
        // Opening reads nothing yet: this finds out whether the file is a database.
        _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
    }

    private func prepareWriter(_ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.execute("PRAGMA foreign_keys = ON")
        if try connection.integer("PRAGMA synchronous") ?? 0 < Self.synchronousFull {
            try connection.execute("PRAGMA synchronous = FULL")
        }
        guard try connection.integer("PRAGMA foreign_keys") == 1,
            try connection.integer("PRAGMA synchronous") ?? 0 >= Self.synchronousFull
        else { throw SQLiteError(extendedCode: Self.misuse, detail: "a setting was not accepted") }
        let frames = try Origin.isOurs(connection) ? Self.checkpointFrames : 0
        try connection.execute("PRAGMA wal_autocheckpoint = \(frames)")
    }

    /// Makes an empty file a database of ours. The mark comes first: a crash between the two leaves a slower journal,
    /// the other way round a write-ahead log that nobody ever checkpoints.
    private func found(_ connection: SQLiteConnection, at time: Timestamp) throws(SQLiteError) {
        guard try Origin.mark(connection, at: time) else { return }
        _ = try connection.text("PRAGMA journal_mode = WAL")
    }

    private static let synchronousFull: Int64 = 2
    /// Pages in the write-ahead log that make our connection checkpoint, where the file is ours: 4 MiB.
    private static let checkpointFrames = 1000
    private static let misuse: Int32 = 21
}
