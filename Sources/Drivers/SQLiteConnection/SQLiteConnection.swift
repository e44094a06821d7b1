// SPDX-License-Identifier: MIT
import CGatheredLog
import CSQLite
import Glibc

/// One connection to a SQLite file, used by one thread at a time.
///
/// It is opened with `SQLITE_OPEN_NOMUTEX` and is not `Sendable`: SQLite's own locks would only hide a misuse.
public final class SQLiteConnection {
    public enum Mode: Sendable {
        case readOnly
        /// The file must exist.
        case readWrite
        /// The file is created when it is missing.
        case create
    }

    /// How many prepared statements a connection keeps; the least recently used goes first.
    public static let statementsMax = 256

    private let interruptible: SQLiteInterrupt
    private var handle: OpaquePointer?
    private var statements = StatementCache(statementsMax: SQLiteConnection.statementsMax)

    /// Opens the file. `path` is a path, never a URI; `:memory:` is a database of this connection alone.
    ///
    /// - Parameter gathersLog: Hands each commit to the write-ahead log in one write instead of two a page. Only for a file
    ///   that this connection holds exclusively and syncs at each commit.
    public init(path: String, mode: Mode, gathersLog: Bool = false) throws(SQLiteError) {
        let access =
            switch mode {
            case .readOnly: SQLITE_OPEN_READONLY
            case .readWrite: SQLITE_OPEN_READWRITE
            case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            }
        let flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(Self.plain(path), &handle, flags, gathersLog ? sluice_gathered_log_vfs() : nil)
        interruptible = SQLiteInterrupt(handle)
        guard code == SQLITE_OK else {
            let error = SQLiteError(code, of: handle)
            close()
            throw error
        }
    }

    deinit { close() }

    /// Runs one or many statements without parameters; rows are dropped.
    public func execute(_ sql: String) throws(SQLiteError) {
        try check(sqlite3_exec(handle, sql, nil, nil, nil))
    }

    /// The prepared statement of this text, reset and without bindings.
    ///
    /// The same text is the same object: two uses of it can't be in progress at once.
    public func statement(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        if let known = statements[sql] {
            known.reset()
            return known
        }
        var prepared: OpaquePointer?
        try check(sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil))
        guard let prepared else { throw SQLiteError(extendedCode: SQLITE_MISUSE, detail: "no statement in the text") }
        let statement = SQLiteStatement(prepared)
        statements[sql] = statement
        return statement
    }

    /// Whether a text can be compiled against the schema as it is now. It is not kept.
    public func compiles(_ sql: String) -> Bool {
        var prepared: OpaquePointer?
        defer { sqlite3_finalize(prepared) }
        return sqlite3_prepare_v3(handle, sql, -1, 0, &prepared, nil) == SQLITE_OK
    }

    /// The first column of the first row as text; nil when there is no row or it is NULL.
    public func text(_ sql: String) throws(SQLiteError) -> String? {
        let statement = try statement(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.text(0) : nil
    }

    /// The first column of the first row as an integer; nil when there is no row or it is NULL.
    public func integer(_ sql: String) throws(SQLiteError) -> Int64? {
        let statement = try statement(sql)
        defer { statement.reset() }
        return try statement.step() && !statement.isNull(0) ? statement.int64(0) : nil
    }

    /// Rows the last INSERT, UPDATE or DELETE changed itself, those of triggers and cascades not counted.
    public var changes: Int { handle == nil ? 0 : Int(sqlite3_changes64(handle)) }

    public var lastInsertRowID: Int64 { handle == nil ? 0 : sqlite3_last_insert_rowid(handle) }

    /// Whether a BEGIN is open. An error inside a transaction may have rolled it back: look here, do not assume.
    public var isInTransaction: Bool { handle != nil && sqlite3_get_autocommit(handle) == 0 }

    /// How long a statement waits for another connection's lock before it fails as busy; 0 at first.
    public func setBusyTimeout(_ duration: Duration) {
        guard handle != nil else { return }
        let milliseconds = duration / .milliseconds(1)
        sqlite3_busy_timeout(handle, Int32(clamping: Int64(milliseconds.rounded(.up))))
    }

    /// Moves the write-ahead log into the database, as far as readers allow; with `truncate`, waits for them and
    /// empties it.
    ///
    /// - Returns: frames in the log and frames moved; -1 each when the file has no write-ahead log.
    public func checkpoint(truncate: Bool) throws(SQLiteError) -> (logFrames: Int, checkpointed: Int) {
        guard handle != nil else { throw SQLiteError(SQLITE_MISUSE, of: nil) }
        var frames: Int32 = -1
        var moved: Int32 = -1
        let mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
        try check(sqlite3_wal_checkpoint_v2(handle, nil, mode, &frames, &moved))
        return (Int(frames), Int(moved))
    }

    /// Makes an empty file that only this user can read, which SQLite then fills: it would let everybody read one of its
    /// own. Its log gets the same permissions.
    ///
    /// - Returns: 0, or the system's error: `EEXIST` where there is one.
    @discardableResult
    public static func createForOwner(_ path: String) -> Int32 {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return errno }
        Glibc.close(file)
        return 0
    }

    /// Writes a consistent, compact copy to a file that does not exist yet, for this user alone.
    public func backup(to path: String) throws(SQLiteError) {
        let fault = Self.createForOwner(path)
        guard fault == 0 else {
            throw SQLiteError(
                extendedCode: SQLITE_CANTOPEN, systemErrno: fault,
                detail: fault == EEXIST ? "the file exists" : "the file can't be created")
        }
        do throws(SQLiteError) {
            let statement = try statement("VACUUM INTO ?1")
            statement.bind(1, Self.plain(path))
            try statement.run()
        } catch {
            unlink(path)
            throw error
        }
    }

    /// A handle that ends a running statement from another thread.
    public func interruptHandle() -> SQLiteInterrupt { interruptible }

    /// Finalises the cached statements and closes the file. Afterwards everything fails as misuse.
    public func close() {
        guard let handle else { return }
        self.handle = nil
        interruptible.forget()
        statements.removeAll()
        // v2: a statement that somebody still holds keeps the connection alive until it goes too.
        sqlite3_close_v2(handle)
    }

    private func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw SQLiteError(code, of: handle) }
    }

    /// SQLite may be configured, or compiled, to read `file:` as a URI; a path that begins with `./` is none.
    private static func plain(_ path: String) -> String { path.hasPrefix("file:") ? "./" + path : path }
}
